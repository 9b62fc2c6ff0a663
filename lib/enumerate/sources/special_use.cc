#include "enumerate/sources/special_use.h"

namespace m8::enumerate::sources {
namespace {

/// https://www.iana.org/assignments/special-use-domain-names, and internal (reserved by ICANN).
constexpr std::string_view kSpecial[] = {
    "alt",      "arpa",    "example", "example.com", "example.net", "example.org",
    "internal", "invalid", "local",   "localhost",   "onion",       "test",
};

}  // namespace

std::string_view special_use(const net::Name& name) {
  for (const std::string_view special : kSpecial) {
    if (net::name_is_inside(name.text(), special)) return special;
  }
  return name.labels() < 2 ? std::string_view(name.text()) : std::string_view();
}

}  // namespace m8::enumerate::sources
