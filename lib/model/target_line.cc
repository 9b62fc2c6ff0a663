#include "model/target_line.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "net/name.h"

namespace m8::model {
namespace {

constexpr std::size_t kMaxTarget = 8192;
constexpr std::size_t kShownBytes = 80;

std::string shown(std::string_view text) {
  std::string out(text.substr(0, kShownBytes));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text.size() > kShownBytes ? out + "..." : out;
}

Error no_target(std::string_view text, std::string_view reason) {
  return {ErrorCode::kInvalidArgument, fmt::format("not a target: {}: {}", shown(text), reason)};
}

bool is_as_number(std::string_view text) {
  return text.size() > 2 && (text[0] == 'A' || text[0] == 'a') &&
         (text[1] == 'S' || text[1] == 's') &&
         std::all_of(text.begin() + 2, text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Host in its canonical form; a name must be one that DNS can hold.
Status check_host(net::Url& url) {
  if (net::IpAddress::parse(url.host).ok()) return {};
  url.host = M8_TRY(net::Name::parse(url.host)).text();
  return {};
}

Result<TargetSpec> parse_url(std::string_view text) {
  auto url = net::Url::parse(text);
  if (!url.ok()) return no_target(text, url.error().message);
  if (url->scheme != "http" && url->scheme != "https")
    return Error{ErrorCode::kUnsupported,
                 fmt::format("{}: scheme {} can't be scanned", shown(text), url->scheme)};
  if (auto status = check_host(*url); !status.ok()) return no_target(text, status.error().message);
  return TargetSpec{TargetSpec::Kind::kUrl, std::string(text), std::move(url).value(), {}, 0};
}

Result<TargetSpec> parse_bare(std::string_view text) {
  const bool bare_v6 = text.find('[') == std::string_view::npos &&
                       std::count(text.begin(), text.end(), ':') > 1 &&
                       net::IpAddress::parse(text).ok();
  auto url = net::Url::parse(bare_v6 ? fmt::format("https://[{}]", text)
                                     : fmt::format("https://{}", text));
  if (!url.ok()) return no_target(text, url.error().message);
  if (auto status = check_host(*url); !status.ok()) return no_target(text, status.error().message);
  url->scheme.clear();
  return TargetSpec{TargetSpec::Kind::kHost, std::string(text), std::move(url).value(), {}, 0};
}

/// FIRST-LAST of IPv4; empty if \p text is something else.
std::optional<TargetSpec> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = net::IpAddress::parse(text.substr(0, dash));
  const auto last = net::IpAddress::parse(text.substr(dash + 1));
  if (!first.ok() || !last.ok() || !first->is_v4() || !last->is_v4() || *last < *first)
    return std::nullopt;
  const std::uint64_t count = std::uint64_t{last->as_v4()} - first->as_v4() + 1;
  return TargetSpec{TargetSpec::Kind::kRange, std::string(text), {}, net::Cidr(*first, 32), count};
}

/// "80" or 80; 0 if there is none.
std::int64_t port_of(const json::Value& record) {
  const auto* port = record.find("port");
  if (!port) return 0;
  if (port->is_number()) return port->as_int();
  std::int64_t number = 0;
  for (const char c : port->as_string()) {
    if (!std::isdigit(static_cast<unsigned char>(c)) || number > 65535) return 0;
    number = number * 10 + (c - '0');
  }
  return number;
}

std::string_view first_text(const json::Value& record, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (const auto text = record.string_at(key); !text.empty()) return text;
  return {};
}

/// dnsx and asmm8 resolve name what they asked, found or not.
bool resolved(const json::Value& record) {
  const auto code = record.string_at("status_code");
  return code.empty() || code == "NOERROR";
}

Result<TargetSpec> parse_record(std::string_view line) {
  const auto record = json::parse(line);
  if (!record.ok()) return no_target(line, record.error().message);
  if (const auto url = record->string_at("url"); !url.empty()) return parse_target(url);
  const auto host = first_text(*record, {"hostname", "host", "input", "target", "ip"});
  if (host.empty()) return no_target(line, "the record names no url, hostname, host or input");
  if (!resolved(*record))
    return Error{ErrorCode::kNotFound, fmt::format("{}: the record says {}", shown(host),
                                                   record->string_at("status_code"))};
  const std::int64_t port = port_of(*record);
  if (port <= 0 || host.find("://") != std::string_view::npos) return parse_target(host);
  const bool v6 = host.find(':') != std::string_view::npos;
  return parse_target(v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port));
}

}  // namespace

net::IpAddress TargetSpec::address(std::uint64_t index) const {
  if (index < range.count()) return range.at(index);
  return net::IpAddress::v4(range.base().as_v4() + static_cast<std::uint32_t>(index));
}

Result<TargetSpec> parse_target(std::string_view text) {
  text = trim(text);
  if (text.empty()) return no_target(text, "empty");
  if (text.size() > kMaxTarget) return no_target(text, "too long");
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
      return no_target(text, "white space or a control character inside");
  if (text.find("://") != std::string_view::npos) return parse_url(text);
  if (is_as_number(text))
    return Error{ErrorCode::kUnsupported, fmt::format("{}: AS numbers can't be scanned", text)};
  if (const auto range = net::Cidr::parse(text); range.ok())
    return TargetSpec{TargetSpec::Kind::kRange, std::string(text), {}, *range, range->count()};
  if (auto range = parse_range(text)) return *std::move(range);
  return parse_bare(text);
}

Result<TargetSpec> parse_target_line(std::string_view line) {
  line = trim(line);
  return !line.empty() && line.front() == '{' ? parse_record(line) : parse_target(line);
}

}  // namespace m8::model
