#include "dns/shared_answers.h"

#include <charconv>
#include <utility>

#include "base/hash.h"
#include "net/address.h"
#include "net/name.h"

namespace m8::dns {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMostLines = 1'000;

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

std::int64_t unix_time(Clock& clock) {
  return std::chrono::duration_cast<seconds>(clock.wall().time_since_epoch()).count();
}

}  // namespace

std::string SharedAnswer::to_text() const {
  std::string text = std::to_string(expires) + '\n';
  for (const auto& address : addresses) text += "A " + address.to_string() + '\n';
  for (const auto& alias : addresses.aliases) text += "C " + alias + '\n';
  return text + ".\n";
}

std::optional<SharedAnswer> SharedAnswer::parse(std::string_view text) {
  SharedAnswer answer;
  const std::string_view head = take_line(text);
  const auto read = std::from_chars(head.data(), head.data() + head.size(), answer.expires);
  if (read.ec != std::errc() || read.ptr != head.data() + head.size()) return std::nullopt;
  for (std::size_t lines = 0; lines < kMostLines && !text.empty(); ++lines) {
    const std::string_view line = take_line(text);
    if (line == ".") return text.empty() ? std::optional(std::move(answer)) : std::nullopt;
    if (line.starts_with("A ")) {
      const auto address = net::IpAddress::parse(line.substr(2));
      if (!address.ok()) return std::nullopt;
      answer.addresses.push_back(*address);
    } else if (line.starts_with("C ")) {
      const auto alias = net::Name::parse(line.substr(2));
      if (!alias.ok()) return std::nullopt;
      answer.addresses.aliases.push_back(alias->text());
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

SharedAnswers::SharedAnswers(cache::Backend& backend, const std::string& asked, Clock& clock)
    : clock_(clock), cache_({"dns", "1-" + sha256_hex(asked).substr(0, 16)}, backend) {}

void SharedAnswers::find(const std::string& host, Done done) {
  cache_.get_later(host, [this, done = std::move(done)](const cache::Bytes& value) {
    auto answer = value ? SharedAnswer::parse(*value) : std::nullopt;
    const seconds remaining(answer ? answer->expires - unix_time(clock_) : 0);
    if (remaining < seconds(1)) answer.reset();
    done(std::move(answer), remaining);
  });
}

void SharedAnswers::keep(const std::string& host, const net::HostLookup::Addresses& addresses,
                         seconds ttl) {
  cache_.put(host, SharedAnswer{addresses, unix_time(clock_) + ttl.count()}.to_text(), {ttl, {}});
}

}  // namespace m8::dns
