// The binary form of a YAML tree: for each node a byte (type, quoted), its lines, its text, its
// children with their keys. Numbers are varints, little end first.
#include "base/yaml.h"
#include "base/yaml_storage.h"

namespace m8::yaml {
namespace {

constexpr std::size_t kMaxNodes = 200'000;
constexpr int kMaxLevels = 101;
constexpr unsigned kQuoted = 4, kTypeMask = 3;

void put_number(std::string& out, std::size_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}

}  // namespace

/// Reads what pack() wrote; after the first bad byte everything is empty, and failed() says so.
class Unpacker {
 public:
  Unpacker(std::string_view bytes, Storage& storage) : rest_(bytes), storage_(storage) {}

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }

  void node(Node& out, int level) {
    if (level > kMaxLevels || ++nodes_ > kMaxNodes) failed_ = true;
    const unsigned head = byte();
    out.type_ = static_cast<Node::Type>(head & kTypeMask);
    out.quoted_ = (head & kQuoted) != 0;
    if (head > (kQuoted | kTypeMask)) failed_ = true;
    out.line_ = static_cast<int>(number() & 0x7fffffff);
    out.key_line_ = static_cast<int>(number() & 0x7fffffff);
    if (out.is_sequence()) {
      items(out, level);
    } else if (out.is_map()) {
      members(out, level);
    } else {
      out.text_ = text();
    }
    if (failed_) out = Node();
  }

 private:
  void items(Node& out, int level) {
    const std::size_t count = children();
    Node* place = storage_.make<Node>(count);
    for (std::size_t i = 0; i < count; ++i) node(place[i], level + 1);
    out.items_ = place;
    out.children_ = static_cast<std::uint32_t>(count);
  }

  void members(Node& out, int level) {
    const std::size_t count = children();
    auto* place = storage_.make<Node::Member>(count);
    for (std::size_t i = 0; i < count; ++i) {
      place[i].first = text();
      node(place[i].second, level + 1);
    }
    out.members_ = place;
    out.children_ = static_cast<std::uint32_t>(count);
  }

  unsigned byte() {
    if (rest_.empty()) failed_ = true;
    if (failed_) return 0;
    const auto value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

  std::size_t number() {
    std::size_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const unsigned next = byte();
      value |= static_cast<std::size_t>(next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }

  /// Every child takes four bytes at least, so that a lie costs no memory.
  std::size_t children() {
    const std::size_t count = number();
    if (count > rest_.size() / 4) failed_ = true;
    return failed_ ? 0 : count;
  }

  std::string_view text() {
    const std::size_t size = number();
    if (size > rest_.size()) failed_ = true;
    if (failed_) return {};
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  std::string_view rest_;
  Storage& storage_;
  std::size_t nodes_ = 0;
  bool failed_ = false;
};

void Node::pack(std::string& out) const {
  out += static_cast<char>(static_cast<unsigned>(type_) | (quoted_ ? kQuoted : 0));
  put_number(out, static_cast<std::size_t>(line_));
  put_number(out, static_cast<std::size_t>(key_line_));
  if (is_sequence()) {
    put_number(out, items().size());
    for (const Node& item : items()) item.pack(out);
  } else if (is_map()) {
    put_number(out, members().size());
    for (const auto& [key, value] : members()) {
      put_text(out, key);
      value.pack(out);
    }
  } else {
    put_text(out, text_);
  }
}

Result<Tree> Tree::unpack(std::string_view bytes) {
  auto storage = std::make_shared<Storage>();
  Tree tree;
  Unpacker unpacker(bytes, *storage);
  unpacker.node(tree, 1);
  if (unpacker.failed() || !unpacker.at_end())
    return Error{ErrorCode::kCorrupt, "yaml: not a packed tree"};
  tree.storage_ = std::move(storage);
  return tree;
}

}  // namespace m8::yaml
