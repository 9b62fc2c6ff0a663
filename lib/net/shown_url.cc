#include "net/shown_url.h"

namespace m8::net {

std::string shown_url(std::string_view url) {
  const std::size_t slashes = url.find("://");
  if (slashes == url.npos) return std::string(url);
  // A password may lie before the "@", and among the options after the "?".
  std::string_view rest = url.substr(slashes + 3);
  const std::size_t at = rest.substr(0, rest.find_first_of("/?")).rfind('@');
  if (at != rest.npos) rest.remove_prefix(at + 1);
  return std::string(url.substr(0, slashes + 3)).append(rest.substr(0, rest.find('?')));
}

}  // namespace m8::net
