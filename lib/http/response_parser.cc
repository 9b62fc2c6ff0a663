#include "http/response_parser.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "http/text.h"

namespace m8::http {
namespace {

constexpr int kMaxInterim = 16;
/// A length is a stranger's promise: memory is set aside for no more than this.
constexpr std::size_t kMaxReserve = 256u << 10;

Error protocol_error(std::string message) {
  return {ErrorCode::kProtocol, "http answer: " + std::move(message)};
}

std::string excerpt(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, 40)) shown += c >= 0x20 && c < 0x7f ? c : '.';
  return shown;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "HTTP/1.1", and "HTTP/2" without a minor version.
bool parse_version(std::string_view text, Response& response) {
  if (!text.starts_with("HTTP/")) return false;
  text.remove_prefix(5);
  const bool whole = text.size() == 1 && is_digit(text[0]);
  const bool dotted = text.size() == 3 && is_digit(text[0]) && text[1] == '.' && is_digit(text[2]);
  if (!whole && !dotted) return false;
  response.version_major = text[0] - '0';
  response.version_minor = dotted ? text[2] - '0' : 0;
  return true;
}

Result<std::int64_t> parse_length(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || !is_digit(text[0]) || error != std::errc() ||
      end != text.data() + text.size()) {
    return protocol_error(fmt::format("bad Content-Length \"{}\"", excerpt(text)));
  }
  return value;
}

/// \p token is an element of a comma-separated header value.
bool has_token(const std::vector<Header>& headers, std::string_view name, std::string_view token) {
  for (const Header& header : headers) {
    if (!same_text(header.name, name)) continue;
    std::string_view rest(header.value);
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (same_text(trim_blanks(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

void drop_headers(std::vector<Header>& headers, std::string_view name, std::size_t keep) {
  std::erase_if(headers, [&](const Header& header) {
    if (!same_text(header.name, name)) return false;
    if (keep == 0) return true;
    --keep;
    return false;
  });
}

bool ends_connection(const Response& response) {
  if (response.version_major < 1) return true;
  if (has_token(response.headers, "connection", "close")) return true;
  return response.version_major == 1 && response.version_minor == 0 &&
         !has_token(response.headers, "connection", "keep-alive");
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

Result<std::size_t> ResponseParser::feed(std::string_view bytes) {
  std::size_t at = 0;
  if (framing_ == Framing::kHead) {
    const Status status = feed_head(bytes, at);
    if (!status.ok()) return status.error();
  }
  if (!done_ && framing_ != Framing::kHead) at += feed_body(bytes.substr(at));
  return at;
}

Status ResponseParser::feed_head(std::string_view bytes, std::size_t& at) {
  while (framing_ == Framing::kHead && at < bytes.size()) {
    const std::size_t end = bytes.find('\n', at);
    const std::size_t stop = end == std::string_view::npos ? bytes.size() : end + 1;
    head_bytes_ += stop - at;
    if (head_bytes_ > options_.max_head) {
      return protocol_error(fmt::format("head over {} bytes", options_.max_head));
    }
    std::string_view line = bytes.substr(at, stop - at);
    at = stop;
    const bool complete = end != std::string_view::npos;
    if (!complete || !line_.empty()) line_.append(line);
    if (!complete) return {};
    if (!line_.empty()) line = line_;
    line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const Status status = on_line(line);
    if (!status.ok()) return status;
    line_.clear();
  }
  return {};
}

Status ResponseParser::on_line(std::string_view line) {
  if (!have_status_) return on_status_line(line);
  if (line.empty()) return on_head_end();
  if (line[0] == ' ' || line[0] == '\t') return on_fold(line);
  return on_header_line(line);
}

Status ResponseParser::on_status_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !parse_version(line.substr(0, space), response_)) {
    return protocol_error(fmt::format("no status line but \"{}\"", excerpt(line)));
  }
  line.remove_prefix(std::min(line.find_first_not_of(' ', space), line.size()));
  const std::string_view code = line.substr(0, line.find(' '));
  if (code.size() != 3 || !std::all_of(code.begin(), code.end(), is_digit)) {
    return protocol_error(fmt::format("bad status code \"{}\"", excerpt(code)));
  }
  response_.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  response_.reason.assign(line.substr(std::min<std::size_t>(4, line.size())));
  response_.headers.reserve(8);
  have_status_ = true;
  return {};
}

Status ResponseParser::on_header_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return protocol_error(fmt::format("header line without colon \"{}\"", excerpt(line)));
  }
  const std::string_view name = line.substr(0, colon);
  have_fold_base_ = true;
  dropped_last_ = !is_token(name);
  if (dropped_last_) return {};
  response_.headers.push_back(
      {std::string(name), std::string(trim_blanks(line.substr(colon + 1)))});
  return {};
}

Status ResponseParser::on_fold(std::string_view line) {
  if (!have_fold_base_) {
    return protocol_error(fmt::format("first header line is indented \"{}\"", excerpt(line)));
  }
  if (dropped_last_) return {};
  std::string& value = response_.headers.back().value;
  const std::string_view more = trim_blanks(line);
  if (!value.empty() && !more.empty()) value += ' ';
  value += more;
  return {};
}

Status ResponseParser::on_head_end() {
  const int status = response_.status;
  if (status >= 100 && status < 200 && status != 101) {
    if (++interim_ > kMaxInterim) return protocol_error("too many interim answers");
    response_ = Response{};
    have_status_ = have_fold_base_ = dropped_last_ = false;
    return {};
  }
  M8_TRY(read_framing_headers());
  framing_ = pick_framing();
  if (framing_ == Framing::kNone) finish(status != 101);
  return {};
}

Status ResponseParser::read_content_length() {
  const Header* length = find_header(response_.headers, "content-length");
  if (length == nullptr) return {};
  for (const Header& header : response_.headers) {
    if (!same_text(header.name, "content-length")) continue;
    if (header.value != length->value) return protocol_error("two lengths in Content-Length");
  }
  response_.content_length = M8_TRY(parse_length(length->value));
  drop_headers(response_.headers, "content-length", 1);
  return {};
}

Status ResponseParser::read_framing_headers() {
  M8_TRY(read_content_length());
  const bool since_1_1 =
      response_.version_major > 1 || (response_.version_major == 1 && response_.version_minor >= 1);
  if (since_1_1 && has_token(response_.headers, "transfer-encoding", "chunked")) {
    response_.chunked = true;
    response_.content_length = -1;
    drop_headers(response_.headers, "content-length", 0);
  }
  response_.closes = ends_connection(response_);
  return {};
}

ResponseParser::Framing ResponseParser::pick_framing() {
  if (has_no_body(response_.status)) {
    if (response_.content_length > 0) response_.content_length = 0;
    return Framing::kNone;
  }
  if (options_.head_request) return Framing::kNone;
  if (response_.chunked) return Framing::kChunked;
  if (response_.content_length >= 0 && !options_.read_to_end) {
    left_ = static_cast<std::uint64_t>(response_.content_length);
    response_.body.reserve(
        std::min({static_cast<std::size_t>(left_), options_.max_body, kMaxReserve}));
    return left_ == 0 ? Framing::kNone : Framing::kLength;
  }
  if (response_.content_length < 0) response_.closes = true;
  return Framing::kUntilClose;
}

std::size_t ResponseParser::body_bytes_after(std::size_t next) const {
  const std::size_t now = response_.body.size();
  const std::uint64_t whole = framing_ == Framing::kLength ? now + left_ : now + next;
  return static_cast<std::size_t>(std::min<std::uint64_t>(whole, options_.max_body));
}

std::size_t ResponseParser::feed_body(std::string_view bytes) {
  return framing_ == Framing::kChunked ? feed_chunked(bytes) : feed_plain(bytes);
}

std::size_t ResponseParser::feed_plain(std::string_view bytes) {
  const bool counted = framing_ == Framing::kLength;
  std::size_t take = bytes.size();
  if (counted && take > left_) take = static_cast<std::size_t>(left_);
  const std::size_t room = options_.max_body - response_.body.size();
  response_.body.append(bytes.substr(0, std::min(take, room)));
  if (counted) left_ -= take;
  if (counted && left_ == 0) {
    response_.body_truncated = take > room;
    finish(true);
  } else if (take > room) {
    response_.body_truncated = true;
    finish(false);
  }
  return take;
}

std::size_t ResponseParser::feed_chunked(std::string_view bytes) {
  const std::size_t used = chunks_.feed(bytes, response_.body, options_.max_body);
  if (chunks_.state() == ChunkedReader::State::kDone) {
    finish(true);
  } else if (chunks_.full() || chunks_.state() == ChunkedReader::State::kBroken) {
    response_.body_truncated = true;
    finish(false);
  }
  return used;
}

Status ResponseParser::end() {
  if (done_) return {};
  if (framing_ == Framing::kHead) {
    return Error{ErrorCode::kNetwork, started() ? "connection closed within the head of the answer"
                                                : "connection closed without an answer"};
  }
  response_.body_truncated = framing_ != Framing::kUntilClose;
  finish(false);
  return {};
}

void ResponseParser::finish(bool reusable) {
  done_ = true;
  reusable_ = reusable && !response_.closes;
}

}  // namespace m8::http
