#include "base/yaml.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include <fmt/format.h>
#include <yaml.h>

#include "base/json.h"
#include "base/yaml_storage.h"

namespace m8::yaml {
namespace {

constexpr std::size_t kMaxBytes = 16u << 20;
constexpr int kMaxNodes = 200'000;
constexpr std::size_t kMaxLevels = 100;

std::string_view unsigned_part(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace

/// Builds the tree from events; aliases are copied, and every copied node counts.
class TreeBuilder {
 public:
  Tree take() {
    Tree tree;
    static_cast<Node&>(tree) = root_;
    tree.storage_ = std::move(storage_);
    return tree;
  }

  /// kExhausted above a cap, kInvalidArgument for an alias of nothing.
  Status add(const yaml_event_t& event) {
    const int line = static_cast<int>(event.start_mark.line) + 1;
    switch (event.type) {
      case YAML_ALIAS_EVENT:
        return add_alias(text_of(event.data.alias.anchor), line);
      case YAML_SCALAR_EVENT:
        return add_scalar(event, line);
      case YAML_SEQUENCE_START_EVENT:
        return open(Node::Type::kSequence, text_of(event.data.sequence_start.anchor), line);
      case YAML_MAPPING_START_EVENT:
        return open(Node::Type::kMap, text_of(event.data.mapping_start.anchor), line);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return close();
      default:
        return {};
    }
  }

 private:
  struct Level {
    Node node;
    std::string anchor;
    std::vector<Node> items;
    std::vector<Node::Member> members;
    bool has_key = false;
    std::string_view key;
    int key_line = 0;
  };

  static std::string text_of(const yaml_char_t* text) {
    return text ? reinterpret_cast<const char*>(text) : std::string();
  }

  static Error exhausted(int line, std::string_view what) {
    return {ErrorCode::kExhausted, fmt::format("line {}: {}", line, what)};
  }

  Status add_alias(const std::string& anchor, int line) {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end())
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("line {}: unknown anchor '{}' referenced", line, anchor)};
    M8_TRY(count(size_of(it->second), line));
    return place(it->second, {});
  }

  Status add_scalar(const yaml_event_t& event, int line) {
    const auto& scalar = event.data.scalar;
    Node node = M8_TRY(make(Node::Type::kScalar, line));
    node.quoted_ = scalar.style != YAML_PLAIN_SCALAR_STYLE || scalar.tag != nullptr;
    node.text_ = storage_->keep({reinterpret_cast<const char*>(scalar.value), scalar.length});
    if (!node.quoted_ && is_null_word(node.text_)) node.type_ = Node::Type::kNull;
    return place(node, text_of(scalar.anchor));
  }

  Result<Node> make(Node::Type type, int line) {
    M8_TRY(count(1, line));
    Node node;
    node.type_ = type;
    node.line_ = line;
    return node;
  }

  Status count(int nodes, int line) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes) return exhausted(line, "more than 200000 nodes");
    return {};
  }

  static int size_of(const Node& node) {
    int size = 1;
    for (const auto& item : node.items()) size += size_of(item);
    for (const auto& member : node.members()) size += size_of(member.second);
    return size;
  }

  Status open(Node::Type type, std::string anchor, int line) {
    if (levels_.size() >= kMaxLevels) return exhausted(line, "more than 100 levels");
    levels_.push_back({M8_TRY(make(type, line)), std::move(anchor), {}, {}, false, {}, 0});
    return {};
  }

  Status close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (level.node.is_sequence()) {
      level.node.items_ = storage_->keep(level.items);
      level.node.children_ = static_cast<std::uint32_t>(level.items.size());
    } else {
      level.node.members_ = storage_->keep(level.members);
      level.node.children_ = static_cast<std::uint32_t>(level.members.size());
    }
    return place(level.node, level.anchor);
  }

  Status place(Node node, const std::string& anchor) {
    if (!anchor.empty()) {
      M8_TRY(count(size_of(node), node.line_));
      anchors_[anchor] = node;
    }
    if (levels_.empty()) {
      root_ = node;
      return {};
    }
    Level& parent = levels_.back();
    if (parent.node.is_sequence()) {
      parent.items.push_back(node);
    } else if (!parent.has_key) {
      parent.key = node.text_;
      parent.key_line = node.line_;
      parent.has_key = true;
    } else {
      node.key_line_ = parent.key_line;
      add_member(parent.members, parent.key, node);
      parent.has_key = false;
    }
    return {};
  }

  /// `<<: *defaults` gives the members that the map does not have itself (YAML 1.1 merge key).
  static void add_member(std::vector<Node::Member>& map, std::string_view key, const Node& value) {
    if (key != "<<" || !value.is_map()) {
      map.emplace_back(key, value);
      return;
    }
    for (const auto& [name, member] : value.members()) {
      const bool known = std::any_of(map.begin(), map.end(),
                                     [&name = name](const auto& own) { return own.first == name; });
      if (!known) map.emplace_back(name, member);
    }
  }

  std::shared_ptr<Storage> storage_ = std::make_shared<Storage>();
  Node root_;
  std::vector<Level> levels_;
  std::map<std::string, Node> anchors_;
  int nodes_ = 0;
};

const Node* Node::find(std::string_view key) const {
  const auto all = members();
  for (std::size_t i = all.size(); i-- > 0;)
    if (all[i].first == key) return &all[i].second;
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
  const std::string text(text_);
  out = std::strtod(text.c_str(), &end);
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

namespace {

struct Parser {
  yaml_parser_t state{};
  bool ready = yaml_parser_initialize(&state) != 0;
  Parser() = default;
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { yaml_parser_delete(&state); }

  Error error() const {
    const auto line = std::max(state.problem_mark.line, state.context_mark.line) + 1;
    const char* problem = state.problem ? state.problem : "out of memory";
    return {ErrorCode::kInvalidArgument, fmt::format("line {}: {}", line, problem)};
  }
};

struct Event {
  yaml_event_t state{};
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&state); }
};

}  // namespace

Result<Tree> parse(std::string_view text) {
  if (text.size() > kMaxBytes) return Error{ErrorCode::kExhausted, "yaml: larger than 16 MiB"};
  Parser parser;
  if (!parser.ready) return parser.error();
  yaml_parser_set_input_string(&parser.state, reinterpret_cast<const yaml_char_t*>(text.data()),
                               text.size());
  TreeBuilder builder;
  for (;;) {
    Event event;
    if (!yaml_parser_parse(&parser.state, &event.state)) return parser.error();
    const auto type = event.state.type;
    if (type == YAML_DOCUMENT_END_EVENT || type == YAML_STREAM_END_EVENT) return builder.take();
    M8_TRY(builder.add(event.state));
  }
}

}  // namespace m8::yaml
