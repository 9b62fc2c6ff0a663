#include "cache/redis_url.h"

#include <charconv>

#include <fmt/format.h>

#include "net/url.h"

namespace m8::cache {
namespace {

constexpr int kMostDatabases = 1'000'000;
constexpr std::size_t kLongestUrl = 4096;
constexpr std::size_t kLongestSocketPath = 107;  // sun_path of unix(7)

Error bad(std::string_view why) {
  return {ErrorCode::kInvalidArgument, fmt::format("cache URL: {}", why)};
}

template <typename Number>
Result<Number> number(std::string_view text, Number most, std::string_view what) {
  Number value = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || value < 0 || value > most)
    return bad(fmt::format("{} is no number up to {}", what, most));
  return value;
}

/// Takes what stands before the last '@'; "PASSWORD", "USER:PASSWORD" or ":PASSWORD".
void take_login(std::string_view& rest, RedisUrl& url) {
  const std::size_t at = rest.rfind('@');
  if (at == rest.npos) return;
  const std::string_view login = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  const std::size_t colon = login.find(':');
  if (colon != login.npos) url.user = net::percent_decode(login.substr(0, colon));
  url.password = net::percent_decode(colon == login.npos ? login : login.substr(colon + 1));
}

Status read_options(std::string_view options, RedisUrl& url) {
  while (!options.empty()) {
    const std::string_view one = options.substr(0, options.find('&'));
    options.remove_prefix(std::min(one.size() + 1, options.size()));
    const std::string_view name = one.substr(0, one.find('='));
    const std::string_view value = one.substr(std::min(name.size() + 1, one.size()));
    if (name == "db") {
      url.database = M8_TRY(number(value, kMostDatabases, "db"));
    } else if (name == "password") {
      url.password = net::percent_decode(value);
    } else if (name == "user") {
      url.user = net::percent_decode(value);
    } else {
      return bad(fmt::format("unknown option {:.32}: known are db, user, password", name));
    }
  }
  return {};
}

Status read_socket(std::string_view rest, RedisUrl& url) {
  const std::size_t question = rest.find('?');
  if (question != rest.npos) {
    M8_TRY(read_options(rest.substr(question + 1), url));
    rest = rest.substr(0, question);
  }
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    take_login(rest, url);
  }
  url.path = net::percent_decode(rest);
  if (url.path.empty() || url.path.size() > kLongestSocketPath ||
      url.path.find('\0') != std::string::npos)
    return bad("the path of the socket is empty or longer than 107 bytes");
  return {};
}

Status read_server(std::string_view rest, RedisUrl& url) {
  if (!rest.starts_with("//")) return bad("redis: needs redis://HOST:PORT/DB");
  rest.remove_prefix(2);
  if (const std::size_t question = rest.find('?'); question != rest.npos) {
    M8_TRY(read_options(rest.substr(question + 1), url));
    rest = rest.substr(0, question);
  }
  // A password may hold a slash; what follows the last '@' can't.
  take_login(rest, url);
  const std::size_t slash = rest.find('/');
  if (slash != rest.npos) {
    const std::string_view database = rest.substr(slash + 1);
    if (!database.empty()) url.database = M8_TRY(number(database, kMostDatabases, "the database"));
    rest = rest.substr(0, slash);
  }
  const auto place = net::HostPort::parse(rest);
  if (!place.ok()) return bad("the host is missing or is none");
  url.host = place->host;
  url.port = place->port.value_or(url.port);
  if (url.port == 0) return bad("port 0");
  return {};
}

}  // namespace

Result<RedisUrl> RedisUrl::parse(std::string_view text) {
  if (text.size() > kLongestUrl) return bad("longer than 4096 bytes");
  RedisUrl url;
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view scheme = text.substr(0, colon);
  const std::string_view rest = text.substr(std::min(colon + 1, text.size()));
  if (scheme == "redis") {
    M8_TRY(read_server(rest, url));
  } else if (scheme == "unix" || scheme == "redis+unix") {
    M8_TRY(read_socket(rest, url));
  } else {
    return Error{ErrorCode::kInvalidArgument, "cache URL: neither redis: nor unix:"};
  }
  return url;
}

std::string RedisUrl::shown() const {
  const bool v6 = host.find(':') != std::string::npos;
  if (!host.empty())
    return fmt::format("redis://{}{}{}:{}/{}", v6 ? "[" : "", host, v6 ? "]" : "", port, database);
  return fmt::format("unix:{}{}", path, database ? fmt::format("?db={}", database) : "");
}

}  // namespace m8::cache
