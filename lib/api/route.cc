#include "api/route.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "net/name.h"
#include "net/url.h"

namespace m8::api {
namespace {

using Kind = Parameter::Kind;

const std::vector<Parameter>& table() {
  static const std::vector<Parameter> all = {
      {"limit", Kind::kNumber, "rows of a page", 1, 1000},
      {"cursor", Kind::kCursor, "where to go on: next of the page before", 1, 4096},
      {"domain", Kind::kName, "an apex of the inventory", 1, 253},
      {"hostname", Kind::kName, "a host name or an address", 1, 253},
      {"live", Kind::kFlag, "only what answers"},
      {"enabled", Kind::kFlag, "only domains that are enabled"},
      {"id", Kind::kNumber, "the number of a record", 1, INT64_MAX},
      {"command", Kind::kText, "only runs of this command", 1, 64},
      {"severity",
       Kind::kChoice,
       "at least so severe",
       0,
       0,
       {"info", "low", "medium", "high", "critical"}},
      {"status",
       Kind::kChoice,
       "as somebody judged",
       0,
       0,
       {"unreviewed", "verified", "ignored", "false-positive", "remediated"}},
      {"presence", Kind::kChoice, "whether runs still find it", 0, 0, {"there", "gone"}},
      {"template", Kind::kText, "id of a template", 1, 200},
      {"tag", Kind::kText, "a tag of the template", 1, 100},
      {"endpoint", Kind::kText, "an endpoint's URL", 1, 4096},
      {"since", Kind::kNumber, "samples after this time, in seconds since 1970", 0, INT64_MAX},
      {"full", Kind::kText, "every check, too", 0, 5},
      {"file", Kind::kText, "a file of the dashboard", 1, 64},
  };
  return all;
}

Error wrong(const Parameter& parameter, std::string_view reason) {
  return {ErrorCode::kInvalidArgument, fmt::format("{}: {}", parameter.name, reason)};
}

Result<std::string> check_number(const Parameter& parameter, std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    return wrong(parameter, "not a whole number");
  if (number < parameter.min || number > parameter.max)
    return wrong(parameter, parameter.max == INT64_MAX
                                ? fmt::format("must be {} at least", parameter.min)
                                : fmt::format("must be {} to {}", parameter.min, parameter.max));
  return std::to_string(number);
}

Result<std::string> check_name(const Parameter& parameter, std::string_view text) {
  if (const auto address = net::IpAddress::parse(text); address.ok()) return address->to_string();
  const auto name = net::Name::parse(text);
  if (!name.ok()) return wrong(parameter, "no host name");
  return name->text();
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnsupported:
      return 400;
    case ErrorCode::kDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kExists:
      return 409;
    case ErrorCode::kExhausted:
    case ErrorCode::kTimeout:
    case ErrorCode::kNetwork:
    case ErrorCode::kRefused:
    case ErrorCode::kCancelled:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

const char* to_string(Scope scope) {
  switch (scope) {
    case Scope::kRead:
      return "read";
    case Scope::kScan:
      return "scan";
    case Scope::kAdmin:
      return "admin";
    default:
      return "";
  }
}

Result<Scope> parse_scope(std::string_view text) {
  for (const Scope scope : {Scope::kRead, Scope::kScan, Scope::kAdmin})
    if (text == to_string(scope)) return scope;
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("not a scope: {} (read, scan, admin)", text)};
}

Route Route::for_all() && {
  scope = Scope::kNone;
  return std::move(*this);
}

Route Route::for_admin() && {
  scope = Scope::kAdmin;
  return std::move(*this);
}

Route Route::asks(std::vector<const char*> names) && {
  query.insert(query.begin(), names.begin(), names.end());
  return std::move(*this);
}

Route Route::takes(const char* schema) && {
  body = schema;
  return std::move(*this);
}

Route Route::gives(const char* schema, int when_good) && {
  answer = schema;
  status = when_good;
  return std::move(*this);
}

Route Route::gives_many(const char* schema, bool cursor) && {
  answer = schema;
  list = true;
  if (cursor) query.insert(query.end(), {"limit", "cursor"});
  return std::move(*this);
}

Route reads(const char* pattern, const char* summary, Handler handler) {
  return {"GET", pattern, summary, std::move(handler)};
}

Route writes(const char* method, const char* pattern, const char* summary, Handler handler) {
  return {method, pattern, summary, std::move(handler), Scope::kScan};
}

std::string Call::text(std::string_view name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

bool Call::flag(std::string_view name) const { return text(name) == "true"; }

std::int64_t Call::number(std::string_view name, std::int64_t fallback) const {
  const std::string digits = text(name);
  std::from_chars(digits.data(), digits.data() + digits.size(), fallback);
  return fallback;
}

const Parameter* find_parameter(std::string_view name) {
  for (const Parameter& parameter : table())
    if (parameter.name == name) return &parameter;
  return nullptr;
}

Result<std::string> check_parameter(const Parameter& parameter, std::string_view text) {
  switch (parameter.kind) {
    case Kind::kNumber:
      return check_number(parameter, text);
    case Kind::kName:
      return check_name(parameter, text);
    case Kind::kFlag:
      if (text.empty() || text == "true" || text == "1") return std::string("true");
      if (text == "false" || text == "0") return std::string("false");
      return wrong(parameter, "true or false");
    case Kind::kChoice:
      if (std::find(parameter.choices.begin(), parameter.choices.end(), text) !=
          parameter.choices.end())
        return std::string(text);
      return wrong(parameter, fmt::format("one of {}", fmt::join(parameter.choices, ", ")));
    default:
      break;
  }
  const auto size = static_cast<std::int64_t>(text.size());
  if (size < parameter.min) return wrong(parameter, "empty");
  if (size > parameter.max) return wrong(parameter, "too long");
  if (text.find('\0') != text.npos) return wrong(parameter, "holds a zero byte");
  return std::string(text);
}

serve::Response json_answer(std::string body, int status) {
  return {status, std::move(body), "application/json; charset=utf-8"};
}

serve::Response refusal(int status, std::string_view message) {
  return serve::json_response(status, "error", message);
}

serve::Response answer_of(const Error& error) {
  const int status = status_of(error.code);
  if (status < 500) return refusal(status, error.message);
  log::get("api")->warn("a request failed: {}", error.message);
  serve::Response response =
      refusal(status, status == 503 ? "not available now: try again" : "an internal error");
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

std::string cursor_of(std::string_view key) { return base64_url_encode(key); }

Result<std::string> key_of(std::string_view cursor) {
  std::string text(cursor);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  auto key = base64_decode(text);
  if (key.ok() && !key->empty() && key->find('\0') == key->npos) return key;
  return Error{ErrorCode::kInvalidArgument, "cursor: not one of ours"};
}

}  // namespace m8::api
