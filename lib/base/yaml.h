/// YAML: a value tree with source lines, made from libyaml's events with caps against bombs. The
/// reference's decoder is a port of libyaml, so both read the same.
///
/// Scalars keep their source text (templates need `1.10` and `007` as written) and whether they
/// were quoted. Maps keep order and duplicates.
///
/// A Node is a view: nodes and texts lie one behind the other in the storage of their Tree, so that
/// reading thousands of templates costs no allocation per node. Immutable, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace m8::yaml {

class Tree;
struct Storage;  ///< base/yaml_storage.h

/// Borrowed from its Tree, like all that it gives; cheap to copy.
class Node {
 public:
  enum class Type : std::uint8_t { kNull, kScalar, kSequence, kMap };
  using Member = std::pair<std::string_view, Node>;

  Node() = default;
  Node(const Node&) = default;
  Node& operator=(const Node&) = default;
  Node(const Tree&) = delete;  // would outlive it
  Node& operator=(const Tree&) = delete;

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
  std::string_view text() const { return text_; }
  /// The same as a value of its own.
  std::string str() const { return std::string(text_); }
  /// Written in quotes or as a block: never a number, bool, null.
  bool quoted() const { return quoted_; }
  std::span<const Node> items() const { return {items_, is_sequence() ? children_ : 0u}; }
  std::span<const Member> members() const { return {members_, is_map() ? children_ : 0u}; }
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

 private:
  friend class TreeBuilder;
  friend class Unpacker;
  friend class Tree;
  std::string_view text_;
  union {
    const Node* items_ = nullptr;
    const Member* members_;
  };
  std::uint32_t children_ = 0;
  int line_ = 0;
  int key_line_ = 0;
  Type type_ = Type::kNull;
  bool quoted_ = false;
};

/// The root of a tree, and the owner of its storage. Copies share it.
class Tree : public Node {
 public:
  Tree() = default;

  /// The tree that pack() wrote. \p bytes are borrowed: its texts lie there. kCorrupt for other
  /// bytes; more nodes or levels than parse() takes are refused too.
  static Result<Tree> unpack(std::string_view bytes);

 private:
  friend class TreeBuilder;
  std::shared_ptr<const Storage> storage_;  ///< shared by copies
};

/// Parses the first document. kInvalidArgument "line N: reason"; kExhausted above 200,000 nodes
/// (aliases count as copies), 16 MiB of text, or 100 levels.
Result<Tree> parse(std::string_view text);

}  // namespace m8::yaml
