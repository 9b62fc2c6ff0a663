#include "enumerate/permute.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include <fmt/format.h>

#include "base/yaml.h"
#include "enumerate/words.h"
#include "net/name.h"

namespace m8::enumerate {
namespace {

constexpr std::size_t kMaxPieces = 32;
constexpr std::size_t kMaxLearned = 100'000;
constexpr std::size_t kKnownWords = 1u << 18;  // room for all of them
constexpr std::size_t kMaxName = 253, kMaxLabel = 63;
constexpr std::size_t kBuiltInWords = 160;

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Eight bytes at a time; good enough for a table whose keys nobody profits from choosing.
std::uint64_t hash_of(std::string_view text) {
  constexpr std::uint64_t kMul = 0x9e3779b97f4a7c15ull;
  std::uint64_t hash = text.size() * kMul;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kMul;
    hash ^= hash >> 29;
  };
  while (text.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    mix(word);
    text.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  mix(rest);
  mix(hash >> 32);
  return hash;
}

Result<std::vector<std::string>> texts_of(const yaml::Node& node, const std::string& what) {
  std::vector<std::string> texts;
  for (const yaml::Node& item : node.items()) {
    if (!item.is_scalar() || item.text().empty())
      return invalid(fmt::format("line {}: {}: not a list of texts", item.line(), what));
    texts.push_back(item.str());
  }
  if (!node.is_sequence() || texts.empty())
    return invalid(fmt::format("line {}: {}: not a list of texts", node.line(), what));
  return texts;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_digit(c) || is_letter(c) || c == '_' || c == '-';
  });
}

/// sub, suffix, sub1... and what else comes from the name.
bool is_of_name(const std::string& variable) {
  for (const char* known : {"sub", "suffix", "root", "sld", "tld", "etld", "step"}) {
    if (variable == known) return true;
  }
  return variable.size() > 3 && variable.compare(0, 3, "sub") == 0 &&
         std::all_of(variable.begin() + 3, variable.end(), is_digit);
}

bool is_possible(std::string_view name) {
  if (name.size() > kMaxName || name[0] == '-' || name[0] == '.') return false;
  while (name.size() > kMaxLabel) {
    const auto dot = name.find('.');
    if (dot > kMaxLabel) return false;
    name.remove_prefix(dot + 1);
  }
  return true;
}

/// Calls \p call with each longest run of characters that \p is accepts.
template <class Is, class Call>
void each_run(std::string_view text, const Is& is, const Call& call) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && is(text[end])) ++end;
    if (end > begin) call(begin, end);
    begin = std::max(end, begin + 1);
  }
}

}  // namespace

PermuteConfig PermuteConfig::built_in() {
  PermuteConfig config;
  config.patterns = {
      "{{step}}.{{suffix}}",           "{{sub}}-{{word}}.{{suffix}}",
      "{{word}}-{{sub}}.{{suffix}}",   "{{word}}.{{suffix}}",
      "{{word}}.{{sub}}.{{suffix}}",   "{{sub}}{{number}}.{{suffix}}",
      "{{sub}}-{{number}}.{{suffix}}", "{{sub}}{{word}}.{{suffix}}",
      "{{sub}}.{{word}}.{{suffix}}",
  };
  const auto labels = common_labels();
  for (const auto label : labels.subspan(0, std::min(labels.size(), kBuiltInWords)))
    config.payloads["word"].push_back(label);
  config.payloads["number"] = {"1", "2", "3", "4", "5", "01", "02", "03", "10", "11", "12", "20"};
  return config;
}

Result<PermuteConfig> PermuteConfig::parse(std::string_view yaml) {
  const yaml::Tree root = M8_TRY(yaml::parse(yaml));
  if (!root.is_map()) return invalid("line 1: not a map with patterns and payloads");
  PermuteConfig config;
  for (const auto& [key, node] : root.members()) {
    if (key == "patterns") {
      config.patterns = M8_TRY(texts_of(node, std::string(key)));
    } else if (key == "payloads" && node.is_map()) {
      for (const auto& [key_of_list, values] : node.members()) {
        const std::string name(key_of_list);
        for (const auto& text : M8_TRY(texts_of(values, name)))
          config.payloads[name].push_back(text);
      }
    } else {
      return invalid(fmt::format("line {}: unknown key: {}", node.key_line(), key));
    }
  }
  return config;
}

Result<Pattern> parse_pattern(std::string_view text) {
  Pattern pattern;
  const std::string all(text);
  while (!text.empty()) {
    const auto open = text.find("{{");
    if (open != 0) pattern.pieces.push_back({std::string(text.substr(0, open)), false});
    if (open == std::string_view::npos) break;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) return invalid("pattern " + all + ": {{ without }}");
    const auto name = text.substr(open + 2, close - open - 2);
    if (!is_variable_name(name))
      return invalid(fmt::format("pattern {}: not a variable: {}", all, name));
    pattern.pieces.push_back({std::string(name), true});
    text.remove_prefix(close + 2);
  }
  if (pattern.pieces.empty()) return invalid("pattern: empty");
  if (pattern.pieces.size() > kMaxPieces) return invalid("pattern " + all + ": too many parts");
  return pattern;
}

bool RecentSet::insert(std::string_view text) {
  const std::uint64_t hash = hash_of(text);
  const std::uint32_t mark = static_cast<std::uint32_t>(hash >> 32) | 1;  // an empty slot is 0
  // Two places for each, side by side in memory: what a busy place pushes out mostly survives.
  const std::size_t at = hash & (slots_.size() - 1);
  std::uint32_t& first = slots_[at];
  std::uint32_t& second = slots_[at ^ 1];
  if (first == mark || second == mark) return false;
  second = first;
  first = mark;
  return true;
}

Permuter::Permuter(std::vector<Pattern> patterns, std::shared_ptr<Payloads> payloads,
                   Options options)
    : patterns_(std::move(patterns)),
      payloads_(std::move(payloads)),
      options_(options),
      seen_statements_(options.statements),
      seen_(std::max<std::size_t>(options.candidates, 2)) {}

Result<Permuter> Permuter::create(PermuteConfig config, Options options) {
  return create(config.patterns, std::make_shared<Payloads>(std::move(config.payloads)), options);
}

Result<Permuter> Permuter::create(const std::vector<std::string>& texts,
                                  std::shared_ptr<Payloads> payloads, Options options) {
  std::vector<Pattern> patterns;
  for (const std::string& text : texts) {
    patterns.push_back(M8_TRY(parse_pattern(text)));
    for (const auto& piece : patterns.back().pieces) {
      if (piece.variable && !is_of_name(piece.text) && payloads->count(piece.text) == 0)
        return invalid(fmt::format("pattern {}: nothing gives {}", text, piece.text));
    }
  }
  if (patterns.empty()) return invalid("no patterns");
  return Permuter(std::move(patterns), std::move(payloads), options);
}

void Permuter::learn_word(const char* payload, std::string_view word) {
  const auto list = payloads_->find(payload);
  if (list == payloads_->end() || word.size() > kMaxLabel) return;
  auto& [name, values] = *list;
  auto known = known_.find(name);
  if (known == known_.end()) {
    known = known_.emplace(name, RecentSet(kKnownWords)).first;
    for (std::size_t i = 0; i < values.size(); ++i) (void)known->second.insert(values[i]);
  }
  if (values.size() < kMaxLearned && known->second.insert(word)) values.push_back(word);
}

void Permuter::learn(std::string_view name) {
  const auto split = net::split_suffix(name);
  if (!split.ok()) return;
  const std::string_view labels = split->sub;
  const auto word = [&](std::size_t begin, std::size_t end) {
    learn_word("word", labels.substr(begin, end - begin));
  };
  each_run(labels, is_digit, [&](std::size_t begin, std::size_t end) {
    learn_word("number", labels.substr(begin, end - begin));
  });
  each_run(
      labels, [](char c) { return is_digit(c) || is_letter(c); }, word);
  each_run(labels, is_letter, [&](std::size_t begin, std::size_t end) {
    if (end - begin >= 3) word(begin, end);
  });
}

bool Permuter::set_variables(std::string_view name) {
  if (name.substr(0, 2) == "*.") name.remove_prefix(2);
  const auto split = net::split_suffix(name);
  if (!split.ok()) return false;
  variables_.clear();
  const auto set = [this](std::string variable, std::string_view value) {
    if (!value.empty()) variables_[std::move(variable)] = value;
  };
  std::string_view labels = split->sub;
  const std::string_view sub = labels.substr(0, labels.find('.'));
  set("sub", sub);
  set("suffix", sub.empty() ? name : name.substr(sub.size() + 1));
  set("root", split->registrable);
  set("sld", split->domain);
  set("tld", split->suffix.substr(split->suffix.rfind('.') + 1));
  if (split->suffix.find('.') != std::string::npos) set("etld", split->suffix);
  for (int level = 1; labels.find('.') != std::string_view::npos; ++level) {
    labels.remove_prefix(labels.find('.') + 1);
    set(fmt::format("sub{}", level), labels.substr(0, labels.find('.')));
  }
  step_numbers();
  return true;
}

/// Each number of sub, moved up and down, nearest first, in its width.
void Permuter::step_numbers() {
  steps_.clear();
  const auto found = variables_.find("sub");
  if (found == variables_.end()) return;
  const std::string& sub = found->second;
  each_run(sub, is_digit, [&](std::size_t begin, std::size_t end) {
    if (end - begin > 9) return;
    const int number = std::stoi(sub.substr(begin, end - begin));
    for (int by = 1; by <= options_.step; ++by) {
      for (const int moved : {number + by, number - by}) {
        if (moved < 0) continue;
        steps_.push_back(
            fmt::format("{}{:0{}}{}", sub.substr(0, begin), moved, end - begin, sub.substr(end)));
      }
    }
  });
}

bool Permuter::begin(std::string_view name) {
  running_ = false;
  pattern_ = first_value_ = 0;
  last_pattern_ = patterns_.size();
  if (set_variables(name)) return true;
  pattern_ = last_pattern_;
  return false;
}

bool Permuter::begin(std::string_view name, std::size_t pattern) {
  if (!begin(name)) return false;
  pattern_ = pattern;
  last_pattern_ = pattern + 1;
  return true;
}

bool Permuter::begin_at(std::string_view name, std::size_t value) {
  if (!begin(name)) return false;
  first_value_ = value;
  return true;
}

bool Permuter::add_part(const Pattern::Piece& piece) {
  if (!piece.variable) {
    parts_.push_back({piece.text, -1});
    return true;
  }
  if (is_of_name(piece.text) && piece.text != "step") {
    const auto found = variables_.find(piece.text);
    if (found == variables_.end()) return false;
    parts_.push_back({found->second, -1});
    return true;
  }
  const auto known = std::find(wheel_names_.begin(), wheel_names_.end(), piece.text);
  const auto index = static_cast<int>(known - wheel_names_.begin());
  if (known == wheel_names_.end()) {
    const auto* values = piece.text == "step" ? &steps_ : &payloads_->find(piece.text)->second;
    if (values->empty()) return false;
    wheels_.push_back({values, 0});
    wheel_names_.push_back(piece.text);
  }
  parts_.push_back({{}, index});
  return true;
}

/// The pattern with the name's own values put in: the same for many names when it has no sub.
std::string Permuter::statement() const {
  std::string text;
  for (const Part& part : parts_)
    text += part.wheel < 0 ? std::string(part.text)
                           : "{{" + wheel_names_[static_cast<std::size_t>(part.wheel)] + "}}";
  return text;
}

/// What the first label certainly begins and ends with.
void Permuter::find_edges() {
  std::string text;
  bool turning = false, ended = false;
  head_.clear();
  for (const Part& part : parts_) {
    if (ended) break;
    if (part.wheel >= 0) {
      if (!turning) head_ = text;
      turning = true;
      text.clear();
    } else {
      const auto dot = part.text.find('.');
      ended = dot != std::string_view::npos;
      text += part.text.substr(0, dot);
    }
  }
  if (!turning) head_ = text;
  tail_ = std::move(text);
}

bool Permuter::apply(const Pattern& pattern) {
  parts_.clear();
  wheels_.clear();
  wheel_names_.clear();
  for (const auto& piece : pattern.pieces) {
    if (!add_part(piece)) return false;
  }
  const std::string text = statement();
  const bool steps =
      std::find(wheel_names_.begin(), wheel_names_.end(), "step") != wheel_names_.end();
  std::string applied = steps ? text + variables_["sub"] : text;
  if (first_value_ > 0) applied += fmt::format(" {}", first_value_);
  if (!seen_statements_.insert(applied)) return false;
  find_edges();
  if (first_value_ > 0 && wheels_.size() == 1) wheels_[0].at = first_value_;
  for (std::size_t i = 0; i < wheels_.size(); ++i) {
    if (!settle(i)) return false;
  }
  return true;
}

bool Permuter::fits(const Wheel& wheel) const {
  const std::string_view value = (*wheel.values)[wheel.at];
  const auto begins = [&](std::string_view text) {
    return text.size() >= value.size() && text.compare(0, value.size(), value) == 0;
  };
  const auto ends = [&](std::string_view text) {
    return text.size() >= value.size() &&
           text.compare(text.size() - value.size(), value.size(), value) == 0;
  };
  return wheel.values == &steps_ || (!begins(head_) && !ends(tail_));
}

/// Turns \p wheel to the first value that fits, from where it stands. False if none is left.
bool Permuter::settle(std::size_t wheel) {
  Wheel& w = wheels_[wheel];
  while (w.at < w.values->size() && !fits(w)) ++w.at;
  return w.at < w.values->size();
}

/// The next combination. False after the last.
bool Permuter::advance() {
  for (std::size_t i = wheels_.size(); i-- > 0;) {
    ++wheels_[i].at;
    if (settle(i)) return true;
    wheels_[i].at = 0;
    settle(i);
  }
  return false;
}

void Permuter::render() {
  out_.clear();
  for (const Part& part : parts_) {
    if (part.wheel < 0) {
      out_ += part.text;
    } else {
      const Wheel& wheel = wheels_[static_cast<std::size_t>(part.wheel)];
      out_ += (*wheel.values)[wheel.at];
    }
  }
}

std::string_view Permuter::next() {
  for (;;) {
    if (running_) running_ = advance();
    while (!running_) {
      if (pattern_ == last_pattern_) return {};
      running_ = apply(patterns_[pattern_++]);
    }
    render();
    if (!is_possible(out_)) continue;
    if (options_.candidates == 0 || seen_.insert(out_)) return out_;
    ++repeated_;
  }
}

}  // namespace m8::enumerate
