/// YAML: a value tree with source lines, made from libyaml's events with caps against bombs. The
/// reference's decoder is a port of libyaml, so both read the same.
///
/// Scalars keep their source text (templates need `1.10` and `007` as written) and whether they
/// were quoted. Maps keep order and duplicates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace m8::yaml {

class Node {
 public:
  enum class Type { kNull, kScalar, kSequence, kMap };
  using Member = std::pair<std::string, Node>;

  Type type() const { return type_; }
  bool is_null() const { return type_ == Type::kNull; }
  bool is_scalar() const { return type_ == Type::kScalar; }
  bool is_sequence() const { return type_ == Type::kSequence; }
  bool is_map() const { return type_ == Type::kMap; }
  /// 1-based line in the source.
  int line() const { return line_; }
  /// 1-based line of the key, for the value of a map member (line() for other nodes).
  int key_line() const { return key_line_ != 0 ? key_line_ : line_; }
  /// Text of a scalar as written (after unquoting and folding); empty else.
  const std::string& text() const { return text_; }
  /// Written in quotes or as a block: never a number, bool, null.
  bool quoted() const { return quoted_; }
  const std::vector<Node>& items() const { return items_; }
  const std::vector<Member>& members() const { return members_; }
  /// Last member of that name (the last duplicate wins), null if none.
  const Node* find(std::string_view key) const;

  /// YAML 1.1-style plain scalars as Go's decoder reads them. Empty/false if it is none.
  bool as_bool(bool& out) const;
  bool as_int(std::int64_t& out) const;
  bool as_double(double& out) const;
  /// The value as JSON text (for info.metadata).
  std::string to_json() const;

  /// Appends the tree in a binary form, a little shorter than the text.
  void pack(std::string& out) const;
  /// The tree that pack() wrote. kCorrupt for other bytes; more nodes or levels than parse() takes
  /// are refused too.
  static Result<Node> unpack(std::string_view bytes);

 private:
  friend class TreeBuilder;
  friend class Unpacker;
  Type type_ = Type::kNull;
  int line_ = 0;
  int key_line_ = 0;
  bool quoted_ = false;
  std::string text_;
  std::vector<Node> items_;
  std::vector<Member> members_;
};

/// Parses the first document. kInvalidArgument "line N: reason"; kExhausted above 200,000 nodes
/// (aliases count as copies), 16 MiB of text, or 100 levels.
Result<Node> parse(std::string_view text);

}  // namespace m8::yaml
