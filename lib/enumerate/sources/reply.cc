#include "enumerate/sources/reply.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"
#include "enumerate/sources/paths.h"
#include "http/text.h"

namespace m8::enumerate::sources {
namespace {

constexpr std::size_t kLongestProse = 300;

bool contains_any(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != text.npos; });
}

bool is_html(std::string_view body) { return trim(body.substr(0, 1024)).starts_with('<'); }

Status read_document(Reply& reply) {
  auto document = json::parse(reply.body);
  if (document.ok()) {
    reply.documents.push_back(std::move(*document));
    return {};
  }
  return Error{ErrorCode::kProtocol, is_html(reply.body) ? "HTML instead of JSON"
                                                         : "not JSON: " + document.error().message};
}

/// Lines that are no JSON are passed over, unless all of them are.
Status read_lines(Reply& reply) {
  std::string_view rest = reply.body;
  bool any = false;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    any = true;
    auto document = json::parse(line);
    if (document.ok()) reply.documents.push_back(std::move(*document));
  }
  if (!any || !reply.documents.empty()) return {};
  return Error{ErrorCode::kProtocol, is_html(reply.body) ? "HTML instead of JSON" : "not JSON"};
}

/// One line of words is no list of names.
std::string prose_in(std::string_view body) {
  const std::string_view line = trim(body);
  const bool prose = line.find(' ') != line.npos && line.find('\n') == line.npos;
  return prose && line.size() < kLongestProse ? std::string(line) : std::string();
}

/// What stands at the record's `error` path; a text says more than "true".
std::string error_at(const Source& source, const Reply& reply) {
  std::string said;
  for (const auto& document : reply.documents) {
    select_text(document, source.error, [&](std::string_view text) {
      const bool nothing = text.empty() || text == "false" || text == "0";
      if (!nothing && (said.empty() || said == "true")) said = text;
    });
  }
  return said == "true" ? "the source tells an error" : said;
}

}  // namespace

std::string Reply::text(std::string_view path) const {
  for (const auto& document : documents) {
    if (std::string text = text_at(document, path); !text.empty()) return text;
  }
  return {};
}

Result<Reply> read_reply(const Source& source, http::Response& response) {
  Reply reply;
  reply.status = response.status;
  reply.headers = response.headers;
  reply.body = std::move(response.body);
  reply.cut = response.body_truncated;
  if (reply.status != 200 && reply.status == source.accept) return reply;
  const bool blank = trim(reply.body).empty();
  switch (source.form) {
    case Form::kJson:
      // No content is a way to say that nothing is known.
      if (!blank && !reply.cut) M8_TRY(read_document(reply));
      break;
    case Form::kJsonLines:
      if (!reply.cut) M8_TRY(read_lines(reply));
      break;
    case Form::kLines:
      if (is_html(reply.body)) return Error{ErrorCode::kProtocol, "HTML instead of text"};
      break;
    case Form::kText:
      break;
  }
  return reply;
}

Failure judge_status(const http::Response& response) {
  const int status = response.status;
  const http::Header* left = http::find_header(response.headers, "x-ratelimit-remaining");
  const bool used_up = (left != nullptr && left->value == "0") ||
                       http::find_header(response.headers, "retry-after") != nullptr;
  if (status == 429 || status == 402 || status == 509)
    return {State::kLimited, fmt::format("HTTP {}: limit reached", status)};
  if (status == 403 && used_up) return {State::kLimited, "HTTP 403: limit reached"};
  if (status == 401 || status == 403)
    return {State::kAuth, fmt::format("HTTP {}: refused", status)};
  return {State::kDown, fmt::format("HTTP {}", status)};
}

std::optional<Failure> told_failure(const Source& source, const Reply& reply) {
  std::string text = source.form == Form::kLines ? prose_in(reply.body) : error_at(source, reply);
  if (text.empty()) return std::nullopt;
  const State state = judge_words(text);
  const bool vague = source.form == Form::kLines && state == State::kDown;
  if (state == State::kEmpty || vague) return std::nullopt;
  return Failure{state, std::move(text)};
}

State judge_words(std::string_view text) {
  const std::string words = http::lower_text(text);
  if (contains_any(words, {"limit", "quota", "credit", "too many", "exceed", "throttl"}))
    return State::kLimited;
  if (contains_any(words, {"not found", "no result", "no subdomain", "no data", "no record"}))
    return State::kEmpty;
  if (contains_any(words, {"key", "token", "auth", "permission", "forbidden", "denied", "account",
                           "log in", "login", "subscri"}))
    return State::kAuth;
  return State::kDown;
}

}  // namespace m8::enumerate::sources
