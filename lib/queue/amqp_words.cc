#include "queue/amqp_words.h"

#include <fmt/format.h>

namespace m8::queue::amqp {
namespace {

constexpr std::uint16_t kNoConsumers = 313, kForced = 320, kInvalidPath = 402, kAccessRefused = 403,
                        kNotFoundCode = 404, kLocked = 405, kPrecondition = 406, kNoRoute = 312,
                        kNotAllowed = 530, kResource = 506;

/// What lies between \p before and \p after, the first time; empty if they are not there.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t start = text.find(before);
  if (start == text.npos) return {};
  text.remove_prefix(start + before.size());
  const std::size_t end = text.find(after);
  return end == text.npos ? std::string_view() : text.substr(0, end);
}

/// "10" of "the value '10' of type 'long'", "true" of "'true'", "none" of "none".
std::string value_in(std::string_view text) {
  const std::size_t open = text.find('\'');
  if (open == text.npos) return std::string(text.substr(0, text.find(' ')));
  const std::string_view rest = text.substr(open + 1);
  return std::string(rest.substr(0, rest.find('\'')));
}

/// "queue 'q'" of "NOT_FOUND - no queue 'q' in vhost '/'".
std::string missing_thing(std::string_view text) {
  for (const std::string_view kind : {"queue", "exchange", "vhost"}) {
    const std::string_view name = between(text, fmt::format("no {} '", kind), "'");
    if (!name.empty()) return fmt::format("{} '{}' does not exist", kind, name);
  }
  return std::string(text);
}

Error not_allowed(std::string_view text) {
  const std::string_view vhost = between(text, "vhost ", " not found");
  if (!vhost.empty())
    return {ErrorCode::kNotFound,
            fmt::format("vhost '{}' does not exist",
                        vhost.front() == '\'' ? vhost.substr(1, vhost.size() - 2) : vhost)};
  return {ErrorCode::kDenied, std::string(text)};
}

ErrorCode code_of(std::uint16_t code) {
  switch (code) {
    case kNoRoute:
    case kNoConsumers:
      return ErrorCode::kNotFound;
    case kForced:
      return ErrorCode::kNetwork;
    case kInvalidPath:
      return ErrorCode::kNotFound;
    case kLocked:
    case kResource:
      return ErrorCode::kExhausted;
    default:
      return ErrorCode::kProtocol;
  }
}

}  // namespace

Error reply_error(std::uint16_t code, std::string_view text) {
  switch (code) {
    case kAccessRefused:
      return {ErrorCode::kDenied, text.find("Login was refused") != text.npos
                                      ? "login refused: wrong user or password"
                                      : std::string(text)};
    case kNotFoundCode:
      return {ErrorCode::kNotFound, missing_thing(text)};
    case kNotAllowed:
      return not_allowed(text);
    case kPrecondition:
      return {difference_in(text) ? ErrorCode::kExists : ErrorCode::kProtocol, std::string(text)};
    default:
      return {code_of(code), fmt::format("{} (reply code {})", text, code)};
  }
}

std::optional<Difference> difference_in(std::string_view text) {
  const std::string_view name = between(text, "inequivalent arg '", "' for ");
  const std::string_view what = between(text, "' for ", " in vhost ");
  const std::string_view wanted = between(text, ": received ", " but current is ");
  const std::size_t current = text.find(" but current is ");
  if (name.empty() || what.empty() || wanted.empty()) return std::nullopt;
  Difference out;
  out.what = what;
  out.name = name;
  out.wanted = value_in(wanted);
  out.found = value_in(text.substr(current + 16));
  return out;
}

}  // namespace m8::queue::amqp
