/// DNS bytes (RFC 1035 4, RFC 6891): whole messages, and the allocation-free pieces that the query
/// engine runs on.
///
/// Everything here reads bytes from strangers: every length is checked before it is used, a
/// compression pointer must point backwards, and no name passes 255 bytes. Pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/message.h"

namespace m8::dns {

using Bytes = std::span<const std::byte>;

inline constexpr std::size_t kHeaderBytes = 12;
inline constexpr std::size_t kMaxNameBytes = 255;  ///< on the wire (RFC 1035 2.3.4)
inline constexpr std::size_t kMaxMessageBytes = 65535;
inline constexpr std::size_t kOptBytes = 11;  ///< an OPT record without options
/// The longest query that write_query() makes.
inline constexpr std::size_t kMaxQueryBytes = kHeaderBytes + kMaxNameBytes + 4 + kOptBytes;

// ---- whole messages -------------------------------------------------------------------------

/// Parses one message. \p wire is borrowed for the call. kProtocol with the reason if it is
/// truncated, compressed in a loop, a name exceeds 255 bytes, or a record's data does not fit its
/// type. Bytes after the last record are ignored. Allocates O(records).
Result<Message> decode(Bytes wire);

/// The message as bytes, names compressed (RFC 1035 4.1.4). When it exceeds \p max_bytes, whole
/// records are left out and TC is set (RFC 2181 9). kInvalidArgument for a name or string that
/// can't be encoded.
Result<std::string> encode(const Message& message, std::size_t max_bytes = kMaxMessageBytes);

struct RecordView;
/// The typed data of one record. kProtocol if it does not fit the type.
Result<Rdata> read_data(Bytes message, const RecordView& record);

// ---- pieces for the hot path: no allocation ---------------------------------------------------

struct QueryOptions {
  std::uint16_t id = 0;
  RrType type = RrType::kA;
  bool recursion_desired = true;
  std::uint16_t edns_payload = 0;  ///< bytes of answer that we take; 0 sends no OPT
};

/// Writes a query for \p name (presentation form) into \p out; returns its length, at most
/// kMaxQueryBytes. 0 if the name can't be encoded or \p out is too small.
std::size_t write_query(std::span<std::byte> out, std::string_view name,
                        const QueryOptions& options);

/// Adds an OPT record for \p payload bytes of answer to the query of \p size bytes at the start of
/// \p out; returns its length now. 0 if \p out has no room.
std::size_t add_opt(std::span<std::byte> out, std::size_t size, std::uint16_t payload);

/// Overwrites the id of a message of at least two bytes.
void set_id(std::span<std::byte> message, std::uint16_t id);

/// RFC 1035 4.1.1.
struct Header {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;  ///< the second 16 bits as they came
  std::uint16_t questions = 0, answers = 0, authorities = 0, additionals = 0;

  bool response() const { return (flags & 0x8000) != 0; }
  bool truncated() const { return (flags & 0x0200) != 0; }
  Rcode rcode() const { return static_cast<Rcode>(flags & 0x000f); }
};

/// False if \p message is shorter than a header.
bool read_header(Bytes message, Header& header);

/// A name in presentation form, in place: 255 bytes on the wire are at most 1016 characters.
class NameText {
 public:
  std::string_view view() const { return {text_.data(), size_}; }
  /// Lower-cases ASCII in place.
  void lower();

 private:
  friend bool read_name(Bytes message, std::size_t& at, NameText& out);
  std::array<char, 1016> text_;
  std::size_t size_ = 0;
};

/// Reads the name at \p at and moves \p at past it. False if it is malformed.
bool read_name(Bytes message, std::size_t& at, NameText& out);
/// Moves \p at past a name without reading what it points to. False if it is malformed.
bool skip_name(Bytes message, std::size_t& at);

/// A record where it lies. Offsets are into the message.
struct RecordView {
  std::size_t name_at = 0;
  RrType type = RrType::kA;
  std::uint16_t rr_class = kClassIn;
  std::uint32_t ttl = 0;  ///< seconds; a value with the top bit set reads as 0 (RFC 2181 8)
  std::size_t data_at = 0;
  std::size_t data_size = 0;
};

/// Walks records one after the other:
///
///     RecordCursor cursor(message, after_question, header.answers);
///     for (RecordView record; cursor.next(record);) ...
///     if (cursor.bad()) ...
class RecordCursor {
 public:
  /// \p message is borrowed for the life of the cursor.
  RecordCursor(Bytes message, std::size_t at, std::size_t count)
      : message_(message), at_(at), left_(count) {}
  /// False at the end and at the first malformed record.
  bool next(RecordView& record);
  bool bad() const { return bad_; }
  /// Where the next record begins.
  std::size_t at() const { return at_; }

 private:
  bool fail();
  Bytes message_;
  std::size_t at_;
  std::size_t left_;
  bool bad_ = false;
};

/// True if \p reply carries exactly the one question of \p query: same name (\p exact_case compares
/// letters as they are), type and class. Both are whole messages.
bool same_question(Bytes query, Bytes reply, bool exact_case = false);

/// Appends the data of an A, AAAA, CNAME, NS or PTR record as lower-case text to \p out. False (and
/// \p out untouched) for another type or malformed data.
bool append_simple_data(Bytes message, const RecordView& record, std::string& out);

}  // namespace m8::dns
