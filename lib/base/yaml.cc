#include "base/yaml.h"

#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/json.h"

namespace m8::yaml {
namespace {

constexpr std::size_t kMaxBytes = 16u << 20;
constexpr int kMaxNodes = 200'000;
constexpr std::size_t kMaxLevels = 100;

/// Thrown out of yaml-cpp's parser, caught in parse(): the document breaks one of our caps.
struct LimitExceeded {
  int line;
  const char* what;
};

std::string_view unsigned_part(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_null_word(const std::string& text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace

/// Builds the tree from events; aliases are copied, and every copied node counts.
class TreeBuilder final : public YAML::EventHandler {
 public:
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    place(make(mark, Node::Type::kNull), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) throw LimitExceeded{mark.line + 1, "an alias inside its own anchor"};
    count(size_of(it->second), mark.line + 1);
    place(Node(it->second), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(mark, Node::Type::kScalar);
    node.quoted_ = tag != "?" && !tag.empty();
    node.text_ = value;
    if (!node.quoted_ && is_null_word(value)) node.type_ = Node::Type::kNull;
    place(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, Node::Type::kSequence), anchor, mark.line + 1);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, Node::Type::kMap), anchor, mark.line + 1);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Node node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    int key_line = 0;
  };

  Node make(const YAML::Mark& mark, Node::Type type) {
    count(1, mark.line + 1);
    Node node;
    node.type_ = type;
    node.line_ = mark.line + 1;
    return node;
  }

  void count(int nodes, int line) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes) throw LimitExceeded{line, "more than 200000 nodes"};
  }

  static int size_of(const Node& node) {
    int size = 1;
    for (const auto& item : node.items_) size += size_of(item);
    for (const auto& member : node.members_) size += size_of(member.second);
    return size;
  }

  void open(Node node, YAML::anchor_t anchor, int line) {
    if (levels_.size() >= kMaxLevels) throw LimitExceeded{line, "more than 100 levels"};
    levels_.push_back({std::move(node), anchor, false, {}, 0});
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    place(std::move(level.node), level.anchor);
  }

  void place(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      count(size_of(node), node.line_);
      anchors_[anchor] = node;
    }
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& parent = levels_.back();
    if (parent.node.is_sequence()) {
      parent.node.items_.push_back(std::move(node));
    } else if (!parent.has_key) {
      parent.key = node.text_;
      parent.key_line = node.line_;
      parent.has_key = true;
    } else {
      node.key_line_ = parent.key_line;
      add_member(parent.node, std::move(parent.key), std::move(node));
      parent.has_key = false;
    }
  }

  /// `<<: *defaults` gives the members that the map does not have itself (YAML 1.1 merge key).
  static void add_member(Node& map, std::string key, Node value) {
    if (key == "<<" && value.is_map()) {
      for (auto& [name, member] : value.members_) {
        if (!map.find(name)) map.members_.emplace_back(name, std::move(member));
      }
      return;
    }
    map.members_.emplace_back(std::move(key), std::move(value));
  }

  Node root_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Node> anchors_;
  int nodes_ = 0;
};

const Node* Node::find(std::string_view key) const {
  for (auto it = members_.rbegin(); it != members_.rend(); ++it) {
    if (it->first == key) return &it->second;
  }
  return nullptr;
}

bool Node::as_bool(bool& out) const {
  if (!is_scalar() || quoted_) return false;
  for (const char* yes : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
    if (text_ == yes) return out = true;
  }
  for (const char* no : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) {
    if (text_ == no) {
      out = false;
      return true;
    }
  }
  return false;
}

bool Node::as_int(std::int64_t& out) const {
  if (!is_scalar() || quoted_) return false;
  const std::string_view digits = unsigned_part(text_);
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    if (digits[1] == 'x') base = 16;
    if (digits[1] == 'o') base = 8;
  }
  if (base == 10 && !all_digits(digits)) return false;
  std::string plain(digits.substr(base == 10 ? 0 : 2));
  if (text_[0] == '-') plain.insert(0, 1, '-');
  char* end = nullptr;
  errno = 0;
  out = std::strtoll(plain.c_str(), &end, base);
  return errno == 0 && end && *end == '\0';
}

bool Node::as_double(double& out) const {
  std::int64_t whole = 0;
  if (as_int(whole)) {
    out = static_cast<double>(whole);
    return true;
  }
  if (!is_scalar() || quoted_ || text_.find_first_not_of("0123456789+-.eE") != std::string::npos) {
    return false;
  }
  if (text_.find_first_of("0123456789") == std::string::npos) return false;
  char* end = nullptr;
  out = std::strtod(text_.c_str(), &end);
  return end && *end == '\0' && std::isfinite(out);
}

namespace {

void write_json(const Node& node, json::Writer& out) {
  bool flag = false;
  std::int64_t whole = 0;
  double number = 0;
  switch (node.type()) {
    case Node::Type::kNull:
      out.null();
      return;
    case Node::Type::kSequence:
      out.array();
      for (const auto& item : node.items()) write_json(item, out);
      out.end();
      return;
    case Node::Type::kMap:
      out.object();
      for (const auto& [key, value] : node.members()) {
        out.key(key);
        write_json(value, out);
      }
      out.end();
      return;
    case Node::Type::kScalar:
      break;
  }
  if (node.as_bool(flag)) {
    out.value(flag);
  } else if (node.as_int(whole)) {
    out.value(whole);
  } else if (node.as_double(number)) {
    out.value(number);
  } else {
    out.value(node.text());
  }
}

}  // namespace

std::string Node::to_json() const {
  json::Writer out(/*escape_html=*/true);
  write_json(*this, out);
  return out.take();
}

Result<Node> parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return Error{ErrorCode::kExhausted, "yaml: larger than 16 MiB"};
  }
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder builder;
    if (!parser.HandleNextDocument(builder)) return Node();
    return builder.take();
  } catch (const LimitExceeded& limit) {
    return Error{ErrorCode::kExhausted, fmt::format("line {}: {}", limit.line, limit.what)};
  } catch (const YAML::ParserException& e) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("line {}: {}", e.mark.line + 1, e.msg)};
  } catch (const std::exception& e) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("yaml: {}", e.what())};
  }
}

}  // namespace m8::yaml
