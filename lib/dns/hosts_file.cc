#include "dns/hosts_file.h"

#include <algorithm>

#include "base/file.h"
#include "dns/message.h"

namespace m8::dns {
namespace {

/// Cuts the first word off \p text.
std::string_view take_word(std::string_view& text) {
  constexpr std::string_view kSpace = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  const std::size_t size = std::min(text.find_first_of(kSpace), text.size());
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

void add_line(std::string_view line, HostsTable& table) {
  line = line.substr(0, line.find('#'));
  const auto address = net::IpAddress::parse(take_word(line));
  if (!address.ok()) return;
  for (auto name = take_word(line); !name.empty(); name = take_word(line))
    table[lower(name)].push_back(*address);
}

}  // namespace

Result<HostsTable> read_hosts(const std::string& path) {
  HostsTable table;
  const auto text = read_file(path);
  if (!text.ok()) {
    if (text.error().code == ErrorCode::kNotFound) return table;
    return text.error();
  }
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    add_line(std::string_view(*text).substr(begin, end - begin), table);
    begin = end + 1;
  }
  return table;
}

}  // namespace m8::dns
