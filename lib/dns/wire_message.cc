// Whole messages: decode() and encode(). The pieces are in wire.cc.
#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "dns/wire.h"

namespace m8::dns {
namespace {

Error malformed(const char* what) {
  return {ErrorCode::kProtocol, std::string("dns message: ") + what};
}

// ---- reading ----------------------------------------------------------------------------------

/// Reads the fields of one record's data. Never leaves [at, end).
class DataReader {
 public:
  DataReader(Bytes message, std::size_t at, std::size_t end)
      : message_(message), at_(at), end_(end) {}

  bool ok() const { return ok_; }
  /// Everything was read, and nothing is left.
  bool complete() const { return ok_ && at_ == end_; }
  bool more() const { return ok_ && at_ < end_; }
  std::size_t at() const { return at_; }

  std::uint8_t u8() {
    return has(1) ? static_cast<std::uint8_t>(message_[at_++]) : std::uint8_t{0};
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  std::string bytes(std::size_t count) {
    if (!has(count)) return {};
    std::string out(reinterpret_cast<const char*>(message_.data()) + at_, count);
    at_ += count;
    return out;
  }
  std::string rest() { return bytes(end_ - at_); }
  /// <character-string> (RFC 1035 3.3).
  std::string counted() { return bytes(u8()); }
  std::string name() {
    NameText text;
    if (!ok_ || !read_name(message_, at_, text) || at_ > end_) {
      ok_ = false;
      return {};
    }
    return std::string(text.view());
  }

 private:
  bool has(std::size_t count) { return ok_ = ok_ && end_ - at_ >= count; }
  Bytes message_;
  std::size_t at_, end_;
  bool ok_ = true;
};

Rdata read_address(DataReader& in, std::size_t size) {
  const std::string bytes = in.bytes(size);
  if (!in.ok()) return RawData{};
  const auto copy = [&bytes](auto array) {
    std::memcpy(array.data(), bytes.data(), array.size());
    return array;
  };
  if (size == 4) return net::IpAddress::v4(copy(std::array<std::uint8_t, 4>{}));
  return net::IpAddress::v6(copy(std::array<std::uint8_t, 16>{}));
}

Soa read_soa(DataReader& in) {
  Soa soa;
  soa.ns = in.name();
  soa.mailbox = in.name();
  for (auto* field : {&soa.serial, &soa.refresh, &soa.retry, &soa.expire, &soa.minimum})
    *field = in.u32();
  return soa;
}

Rdata read_fields(DataReader& in, RrType type) {
  switch (type) {
    case RrType::kA:
      return read_address(in, 4);
    case RrType::kAaaa:
      return read_address(in, 16);
    case RrType::kNs:
    case RrType::kCname:
    case RrType::kPtr:
      return NameData{in.name()};
    case RrType::kMx: {
      const auto preference = in.u16();
      return Mx{preference, in.name()};
    }
    case RrType::kTxt: {
      Txt txt;
      do txt.strings.push_back(in.counted());
      while (in.more());
      return txt;
    }
    case RrType::kSoa:
      return read_soa(in);
    case RrType::kSrv: {
      const auto priority = in.u16(), weight = in.u16(), port = in.u16();
      return Srv{priority, weight, port, in.name()};
    }
    case RrType::kCaa: {
      const auto flags = in.u8();
      auto tag = in.counted();
      return Caa{flags, std::move(tag), in.rest()};
    }
    case RrType::kDs: {
      const auto key_tag = in.u16();
      const auto algorithm = in.u8(), digest_type = in.u8();
      return Ds{key_tag, algorithm, digest_type, in.rest()};
    }
    default:
      return RawData{in.rest()};
  }
}

void read_opt(const RecordView& view, Bytes wire, Message& message) {
  Edns edns;
  edns.udp_payload = view.rr_class;
  edns.version = static_cast<std::uint8_t>(view.ttl >> 16);
  edns.dnssec_ok = (view.ttl & 0x8000) != 0;
  edns.options.assign(reinterpret_cast<const char*>(wire.data()) + view.data_at, view.data_size);
  message.edns = std::move(edns);
  message.rcode = static_cast<Rcode>((view.ttl >> 24) << 4 | static_cast<unsigned>(message.rcode));
}

/// Reads \p count records at \p at; an OPT among the additional ones goes to message.edns.
Status read_section(Bytes wire, std::size_t& at, std::size_t count, std::vector<Record>& out,
                    Message& message) {
  RecordCursor cursor(wire, at, count);
  for (RecordView view; cursor.next(view);) {
    if (view.type == RrType::kOpt && &out == &message.additionals) {
      if (message.edns) return malformed("two OPT records");
      read_opt(view, wire, message);
      continue;
    }
    Record record;
    NameText name;
    std::size_t name_at = view.name_at;
    if (!read_name(wire, name_at, name)) return malformed("bad name of a record");
    record.name = std::string(name.view());
    record.type = view.type;
    record.rr_class = view.rr_class;
    record.ttl = view.ttl;
    record.data = M8_TRY(dns::read_data(wire, view));
    out.push_back(std::move(record));
  }
  if (cursor.bad()) return malformed("truncated record");
  at = cursor.at();
  return {};
}

void read_flags(std::uint16_t flags, Message& message) {
  message.response = (flags & 0x8000) != 0;
  message.opcode = static_cast<std::uint8_t>(flags >> 11 & 0xf);
  message.authoritative = (flags & 0x0400) != 0;
  message.truncated = (flags & 0x0200) != 0;
  message.recursion_desired = (flags & 0x0100) != 0;
  message.recursion_available = (flags & 0x0080) != 0;
  message.authentic_data = (flags & 0x0020) != 0;
  message.checking_disabled = (flags & 0x0010) != 0;
  message.rcode = static_cast<Rcode>(flags & 0xf);
}

// ---- writing ----------------------------------------------------------------------------------

std::uint16_t flags_of(const Message& message) {
  unsigned flags = static_cast<unsigned>(message.rcode) & 0xf;
  flags |= static_cast<unsigned>(message.opcode & 0xf) << 11;
  if (message.response) flags |= 0x8000;
  if (message.authoritative) flags |= 0x0400;
  if (message.truncated) flags |= 0x0200;
  if (message.recursion_desired) flags |= 0x0100;
  if (message.recursion_available) flags |= 0x0080;
  if (message.authentic_data) flags |= 0x0020;
  if (message.checking_disabled) flags |= 0x0010;
  return static_cast<std::uint16_t>(flags);
}

/// Appends to a message, compressing names against those already there.
class Encoder {
 public:
  explicit Encoder(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void u8(unsigned value) { out_ += static_cast<char>(value & 0xff); }
  void u16(unsigned value) {
    u8(value >> 8);
    u8(value);
  }
  void u32(std::uint32_t value) {
    u16(value >> 16);
    u16(value);
  }
  void raw(std::string_view bytes) { out_ += bytes; }
  void counted(std::string_view bytes) {
    if (bytes.size() > 255) ok_ = false;
    u8(static_cast<unsigned>(bytes.size()));
    raw(bytes);
  }
  void name(std::string_view text, bool compress = true);
  void data(const Rdata& data);
  /// False (and nothing appended) if the record does not fit.
  bool record(const Record& record);
  void opt(const Edns& edns, Rcode rcode);

  bool ok() const { return ok_; }
  /// Keeps \p bytes free for what must come last.
  void reserve(std::size_t bytes) { max_bytes_ -= std::min(bytes, max_bytes_); }
  std::string& bytes() { return out_; }

 private:
  struct DataWriter;
  void roll_back(std::size_t size);

  std::size_t max_bytes_;
  std::string out_;
  bool ok_ = true;
  /// Where each name tail (lower case, wire form without the final zero) begins.
  std::unordered_map<std::string, std::size_t, SeededHash, std::equal_to<>> tails_;
};

void Encoder::name(std::string_view text, bool compress) {
  std::array<std::byte, kMaxQueryBytes> query;
  const std::size_t end = write_query(query, text, {});
  if (end == 0) {
    ok_ = false;
    return;
  }
  // Header before, zero, type and class after the labels.
  const std::string labels(reinterpret_cast<const char*>(query.data()) + kHeaderBytes,
                           end - kHeaderBytes - 5);
  const std::string key = lower(labels);
  for (std::size_t at = 0; at < labels.size(); at += 1u + static_cast<unsigned char>(labels[at])) {
    const auto known = tails_.find(std::string_view(key).substr(at));
    if (compress && known != tails_.end()) {
      u16(0xc000u | static_cast<unsigned>(known->second));
      return;
    }
    if (known == tails_.end() && out_.size() < 0x4000) tails_.emplace(key.substr(at), out_.size());
    out_.append(labels, at, 1u + static_cast<unsigned char>(labels[at]));
  }
  u8(0);
}

/// Names are compressed only inside the types of RFC 1035 (RFC 3597 4).
struct Encoder::DataWriter {
  Encoder& out;
  void operator()(const RawData& raw) { out.raw(raw.bytes); }
  void operator()(const net::IpAddress& ip) {
    out.raw({reinterpret_cast<const char*>(ip.data()), ip.size()});
  }
  void operator()(const NameData& data) { out.name(data.name); }
  void operator()(const Mx& mx) {
    out.u16(mx.preference);
    out.name(mx.exchange);
  }
  void operator()(const Txt& txt) {
    for (const auto& part : txt.strings) out.counted(part);
    if (txt.strings.empty()) out.u8(0);
  }
  void operator()(const Soa& soa) {
    out.name(soa.ns);
    out.name(soa.mailbox);
    for (const auto field : {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum})
      out.u32(field);
  }
  void operator()(const Srv& srv) {
    out.u16(srv.priority);
    out.u16(srv.weight);
    out.u16(srv.port);
    out.name(srv.target, false);
  }
  void operator()(const Caa& caa) {
    out.u8(caa.flags);
    out.counted(caa.tag);
    out.raw(caa.value);
  }
  void operator()(const Ds& ds) {
    out.u16(ds.key_tag);
    out.u8(ds.algorithm);
    out.u8(ds.digest_type);
    out.raw(ds.digest);
  }
};

void Encoder::roll_back(std::size_t size) {
  out_.resize(size);
  std::erase_if(tails_, [size](const auto& tail) { return tail.second >= size; });
}

bool Encoder::record(const Record& record) {
  const std::size_t start = out_.size();
  name(record.name);
  u16(static_cast<unsigned>(record.type));
  u16(record.rr_class);
  u32(record.ttl);
  const std::size_t length_at = out_.size();
  u16(0);
  std::visit(DataWriter{*this}, record.data);
  const std::size_t length = out_.size() - length_at - 2;
  if (length > 0xffff) ok_ = false;
  out_[length_at] = static_cast<char>(length >> 8 & 0xff);
  out_[length_at + 1] = static_cast<char>(length & 0xff);
  if (out_.size() <= max_bytes_) return true;
  roll_back(start);
  return false;
}

void Encoder::opt(const Edns& edns, Rcode rcode) {
  u8(0);
  u16(static_cast<unsigned>(RrType::kOpt));
  u16(edns.udp_payload);
  u8(static_cast<unsigned>(rcode) >> 4);
  u8(edns.version);
  u16(edns.dnssec_ok ? 0x8000 : 0);
  u16(static_cast<unsigned>(edns.options.size()));
  raw(edns.options);
}

/// Appends records until one does not fit; returns how many went in.
std::size_t write_section(Encoder& out, const std::vector<Record>& records) {
  std::size_t written = 0;
  while (written < records.size() && out.record(records[written])) ++written;
  return written;
}

}  // namespace

Result<Rdata> read_data(Bytes message, const RecordView& record) {
  DataReader in(message, record.data_at, record.data_at + record.data_size);
  Rdata data = read_fields(in, record.type);
  if (!in.complete()) return malformed("data of a record does not fit its type");
  return data;
}

Result<Message> decode(Bytes wire) {
  Header header;
  if (!read_header(wire, header)) return malformed("shorter than a header");
  Message message;
  message.id = header.id;
  read_flags(header.flags, message);
  std::size_t at = kHeaderBytes;
  for (unsigned i = 0; i < header.questions; ++i) {
    DataReader in(wire, at, wire.size());
    Question question;
    question.name = in.name();
    question.type = static_cast<RrType>(in.u16());
    question.rr_class = in.u16();
    if (!in.ok()) return malformed("malformed question");
    message.questions.push_back(std::move(question));
    at = in.at();
  }
  M8_TRY(read_section(wire, at, header.answers, message.answers, message));
  M8_TRY(read_section(wire, at, header.authorities, message.authorities, message));
  M8_TRY(read_section(wire, at, header.additionals, message.additionals, message));
  return message;
}

Result<std::string> encode(const Message& message, std::size_t max_bytes) {
  Encoder out(std::min(max_bytes, kMaxMessageBytes));
  out.u16(message.id);
  out.u16(flags_of(message));
  for (int i = 0; i < 4; ++i) out.u16(0);
  for (const auto& question : message.questions) {
    out.name(question.name);
    out.u16(static_cast<unsigned>(question.type));
    out.u16(question.rr_class);
  }
  if (message.edns) out.reserve(kOptBytes + message.edns->options.size());
  const std::size_t answers = write_section(out, message.answers);
  const bool all_answers = answers == message.answers.size();
  const std::size_t authorities = all_answers ? write_section(out, message.authorities) : 0;
  const bool all_authorities = all_answers && authorities == message.authorities.size();
  std::size_t additionals = all_authorities ? write_section(out, message.additionals) : 0;
  if (message.edns) {
    out.opt(*message.edns, message.rcode);
    ++additionals;
  }
  if (!out.ok())
    return Error{ErrorCode::kInvalidArgument, "encode dns message: name or string too long"};

  std::string& bytes = out.bytes();
  // Additional records are extra: leaving them out is no truncation (RFC 2181 9).
  if (!all_authorities) bytes[2] = static_cast<char>(bytes[2] | 0x02);
  std::size_t at = 4;
  for (const auto count : {message.questions.size(), answers, authorities, additionals}) {
    bytes[at++] = static_cast<char>(count >> 8 & 0xff);
    bytes[at++] = static_cast<char>(count & 0xff);
  }
  return std::move(bytes);
}

}  // namespace m8::dns
