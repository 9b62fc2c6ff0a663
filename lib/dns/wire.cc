#include "dns/wire.h"

#include <charconv>
#include <cstring>

namespace m8::dns {
namespace {

std::uint8_t byte_at(Bytes message, std::size_t at) {
  return static_cast<std::uint8_t>(message[at]);
}

/// REQUIRES: at + 2 <= size.
std::uint16_t u16_at(Bytes message, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(message, at) << 8 | byte_at(message, at + 1));
}

void put_u16(std::byte* out, std::uint16_t value) {
  out[0] = static_cast<std::byte>(value >> 8);
  out[1] = static_cast<std::byte>(value & 0xff);
}

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Reads `\DDD` or `\X` at \p at of \p text, moves past it. False if it is malformed.
bool unescape(std::string_view text, std::size_t& at, std::uint8_t& byte) {
  const auto digit = [&](std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9';
  };
  if (at + 1 >= text.size()) return false;
  if (!digit(at + 1)) {
    byte = static_cast<std::uint8_t>(text[at + 1]);
    at += 2;
    return true;
  }
  if (!digit(at + 2) || !digit(at + 3)) return false;
  const int value = (text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 + (text[at + 3] - '0');
  if (value > 255) return false;
  byte = static_cast<std::uint8_t>(value);
  at += 4;
  return true;
}

/// Writes \p name uncompressed; the length on the wire, 0 if it can't be encoded or does not fit.
std::size_t put_name(std::span<std::byte> out, std::string_view name) {
  if (out.empty() || name.empty()) return 0;
  std::size_t length_at = 0, used = 1;
  if (name == ".") {
    out[0] = std::byte{0};
    return 1;
  }
  for (std::size_t i = 0; i < name.size();) {
    if (name[i] == '.') {
      const std::size_t label = used - length_at - 1;
      if (label == 0 || label > 63) return 0;
      if (i + 1 == name.size()) break;  // one final dot says nothing
      out[length_at] = static_cast<std::byte>(label);
      length_at = used++;
      ++i;
      if (used > out.size()) return 0;
      continue;
    }
    auto byte = static_cast<std::uint8_t>(name[i]);
    if (name[i] != '\\') {
      ++i;
    } else if (!unescape(name, i, byte)) {
      return 0;
    }
    if (used >= out.size() || used >= kMaxNameBytes) return 0;
    out[used++] = static_cast<std::byte>(byte);
  }
  const std::size_t label = used - length_at - 1;
  if (label > 63) return 0;
  out[length_at] = static_cast<std::byte>(label);
  if (used >= out.size() || used >= kMaxNameBytes) return 0;
  out[used++] = std::byte{0};
  return used;
}

std::size_t append_v4(char* out, const std::byte* octets) {
  char* at = out;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *at++ = '.';
    at = std::to_chars(at, at + 3, static_cast<unsigned>(octets[i])).ptr;
  }
  return static_cast<std::size_t>(at - out);
}

}  // namespace

std::size_t write_query(std::span<std::byte> out, std::string_view name,
                        const QueryOptions& options) {
  if (out.size() < kHeaderBytes) return 0;
  std::memset(out.data(), 0, kHeaderBytes);
  put_u16(out.data(), options.id);
  if (options.recursion_desired) out[2] = std::byte{0x01};
  out[5] = std::byte{1};
  const std::size_t name_size = put_name(out.subspan(kHeaderBytes), name);
  if (name_size == 0) return 0;
  std::size_t at = kHeaderBytes + name_size;
  if (out.size() - at < 4) return 0;
  put_u16(&out[at], static_cast<std::uint16_t>(options.type));
  put_u16(&out[at + 2], kClassIn);
  at += 4;
  if (options.edns_payload == 0) return at;
  at = add_opt(out, at, options.edns_payload);
  // Who asks for an NSEC record wants the proof that stands in its place too (DO, RFC 3225).
  if (at > 0 && options.type == RrType::kNsec) out[at - 4] = std::byte{0x80};
  return at;
}

std::size_t add_opt(std::span<std::byte> out, std::size_t size, std::uint16_t payload) {
  if (size < kHeaderBytes || out.size() < size + kOptBytes) return 0;
  std::memset(&out[size], 0, kOptBytes);
  put_u16(&out[size + 1], static_cast<std::uint16_t>(RrType::kOpt));
  put_u16(&out[size + 3], payload);
  out[11] = std::byte{1};
  return size + kOptBytes;
}

void set_id(std::span<std::byte> message, std::uint16_t id) { put_u16(message.data(), id); }

bool read_header(Bytes message, Header& header) {
  if (message.size() < kHeaderBytes) return false;
  header = {u16_at(message, 0), u16_at(message, 2), u16_at(message, 4),
            u16_at(message, 6), u16_at(message, 8), u16_at(message, 10)};
  return true;
}

void NameText::lower() {
  for (std::size_t i = 0; i < size_; ++i) text_[i] = lower_char(text_[i]);
}

bool read_name(Bytes message, std::size_t& at, NameText& out) {
  std::size_t here = at;
  std::size_t limit = at;     // a pointer must lead to before the part that it ends (no loops)
  std::size_t wire_size = 1;  // with the final zero
  bool jumped = false;
  std::size_t used = 0;
  for (;;) {
    if (here >= message.size()) return false;
    const std::uint8_t length = byte_at(message, here);
    if (length >= 0xc0) {
      if (here + 1 >= message.size()) return false;
      const std::size_t target = u16_at(message, here) & 0x3fff;
      if (!jumped) at = here + 2;
      jumped = true;
      if (target >= limit) return false;
      limit = here = target;
      continue;
    }
    if (length > 63) return false;
    ++here;
    if (length == 0) break;
    wire_size += 1u + length;
    if (wire_size > kMaxNameBytes || message.size() - here < length) return false;
    if (used > 0) out.text_[used++] = '.';
    for (std::size_t end = here + length; here < end; ++here) {
      const std::uint8_t byte = byte_at(message, here);
      if (byte <= 0x20 || byte > 0x7e) {
        out.text_[used++] = '\\';
        out.text_[used++] = static_cast<char>('0' + byte / 100);
        out.text_[used++] = static_cast<char>('0' + byte / 10 % 10);
        out.text_[used++] = static_cast<char>('0' + byte % 10);
        continue;
      }
      if (byte == '.' || byte == '\\') out.text_[used++] = '\\';
      out.text_[used++] = static_cast<char>(byte);
    }
  }
  if (!jumped) at = here;
  if (used == 0) out.text_[used++] = '.';
  out.size_ = used;
  return true;
}

bool skip_name(Bytes message, std::size_t& at) {
  const std::size_t start = at;
  while (at < message.size()) {
    const std::uint8_t length = byte_at(message, at);
    if (length >= 0xc0) {
      at += 2;
      return at <= message.size();
    }
    if (length > 63) return false;
    at += 1u + length;
    if (at - start > kMaxNameBytes) return false;
    if (length == 0) return true;
  }
  return false;
}

bool RecordCursor::fail() {
  bad_ = true;
  left_ = 0;
  return false;
}

bool RecordCursor::next(RecordView& record) {
  if (left_ == 0) return false;
  --left_;
  record.name_at = at_;
  if (!skip_name(message_, at_) || message_.size() - at_ < 10) return fail();
  record.type = static_cast<RrType>(u16_at(message_, at_));
  record.rr_class = u16_at(message_, at_ + 2);
  record.ttl =
      static_cast<std::uint32_t>(u16_at(message_, at_ + 4)) << 16 | u16_at(message_, at_ + 6);
  // RFC 2181 8. In an OPT record the field holds no time, and its reader wants the bits.
  if (record.ttl > 0x7fffffff && record.type != RrType::kOpt) record.ttl = 0;
  record.data_size = u16_at(message_, at_ + 8);
  record.data_at = at_ + 10;
  if (message_.size() - record.data_at < record.data_size) return fail();
  at_ = record.data_at + record.data_size;
  return true;
}

bool same_question(Bytes query, Bytes reply, bool exact_case) {
  std::size_t end = kHeaderBytes;
  if (query.size() < kHeaderBytes || !skip_name(query, end) || query.size() - end < 4) return false;
  end += 4;
  if (reply.size() < end || u16_at(reply, 4) != 1) return false;
  const std::size_t size = end - kHeaderBytes;
  if (std::memcmp(&query[kHeaderBytes], &reply[kHeaderBytes], size) == 0) return true;
  if (exact_case) return false;
  // Type and class hold no letters that the comparison could confuse: they are compared as bytes.
  for (std::size_t i = kHeaderBytes; i < end; ++i) {
    const auto a = static_cast<char>(query[i]), b = static_cast<char>(reply[i]);
    if (a != b && (i + 4 >= end || lower_char(a) != lower_char(b))) return false;
  }
  return true;
}

bool append_simple_data(Bytes message, const RecordView& record, std::string& out) {
  const std::byte* data = message.data() + record.data_at;
  switch (record.type) {
    case RrType::kA: {
      if (record.data_size != 4) return false;
      char text[15];
      out.append(text, append_v4(text, data));
      return true;
    }
    case RrType::kAaaa: {
      if (record.data_size != 16) return false;
      std::array<std::uint8_t, 16> bytes;
      std::memcpy(bytes.data(), data, bytes.size());
      out += net::IpAddress::v6(bytes).to_string();
      return true;
    }
    case RrType::kCname:
    case RrType::kNs:
    case RrType::kPtr: {
      NameText name;
      std::size_t at = record.data_at;
      if (!read_name(message, at, name) || at != record.data_at + record.data_size) return false;
      name.lower();
      out += name.view();
      return true;
    }
    default:
      return false;
  }
}

}  // namespace m8::dns
