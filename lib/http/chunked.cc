#include "http/chunked.h"

#include <algorithm>

namespace m8::http {
namespace {

constexpr std::size_t kMaxLine = 4096;
constexpr std::size_t kMaxTrailer = 64 << 10;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool ChunkedReader::take_line(std::string_view bytes, std::size_t& at) {
  const std::size_t end = bytes.find('\n', at);
  const std::size_t stop = end == std::string_view::npos ? bytes.size() : end;
  line_.append(bytes.substr(at, std::min(stop - at, kMaxLine + 1)));
  at = end == std::string_view::npos ? bytes.size() : end + 1;
  if (line_.size() > kMaxLine) state_ = State::kBroken;
  if (end == std::string_view::npos) return false;
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  return state_ == State::kReading;
}

void ChunkedReader::on_size_line() {
  std::string_view digits(line_);
  digits = digits.substr(0, digits.find(';'));
  while (!digits.empty() && (digits.back() == ' ' || digits.back() == '\t'))
    digits.remove_suffix(1);
  std::uint64_t size = 0;
  for (const char c : digits) {
    const int digit = hex_digit(c);
    if (digit < 0 || size >> 56 != 0) {
      state_ = State::kBroken;
      return;
    }
    size = size << 4 | static_cast<std::uint64_t>(digit);
  }
  if (digits.empty()) state_ = State::kBroken;
  left_ = size;
  part_ = size == 0 ? Part::kTrailer : Part::kData;
}

void ChunkedReader::on_line() {
  if (part_ == Part::kSize) {
    on_size_line();
  } else if (part_ == Part::kDataEnd) {
    if (!line_.empty()) state_ = State::kBroken;
    part_ = Part::kSize;
  } else {
    trailer_bytes_ += line_.size();
    if (line_.empty()) state_ = State::kDone;
    if (trailer_bytes_ > kMaxTrailer) state_ = State::kBroken;
  }
  line_.clear();
}

std::size_t ChunkedReader::take_data(std::string_view bytes, std::string& body,
                                     std::size_t max_body) {
  const std::size_t room = max_body - std::min(body.size(), max_body);
  std::size_t take = bytes.size();
  if (take > left_) take = static_cast<std::size_t>(left_);
  if (take > room) {
    take = room;
    full_ = true;
  }
  body.append(bytes.substr(0, take));
  left_ -= take;
  if (left_ == 0) part_ = Part::kDataEnd;
  return take;
}

std::size_t ChunkedReader::feed(std::string_view bytes, std::string& body, std::size_t max_body) {
  std::size_t at = 0;
  while (state_ == State::kReading && !full_ && at < bytes.size()) {
    if (part_ == Part::kData) {
      at += take_data(bytes.substr(at), body, max_body);
    } else if (take_line(bytes, at)) {
      on_line();
    }
  }
  return at;
}

}  // namespace m8::http
