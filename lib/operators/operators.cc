#include "operators/operators.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include "base/regex.h"
#include "operators/fields.h"
#include "operators/registry.h"

namespace m8::operators {
namespace {

bool is_excluded(const std::set<std::string>& excluded, std::string_view id,
                 const std::string& name) {
  if (excluded.empty()) return false;
  const std::string template_id(id);
  return excluded.contains(template_id) || excluded.contains(template_id + ":*") ||
         excluded.contains(template_id + ":" + name) || excluded.contains("*:" + name);
}

/// What asking a matcher of that type costs, about.
int cost_of(std::string_view type) {
  constexpr std::array<std::string_view, 7> kCheapestFirst{"status", "size",  "word", "binary",
                                                           "dsl",    "regex", "xpath"};
  return static_cast<int>(std::find(kCheapestFirst.begin(), kCheapestFirst.end(), type) -
                          kCheapestFirst.begin());
}

/// True if \p extractor may publish a value as \p part; internal ones number theirs.
bool gives(const ExtractorFields& extractor, std::string_view part) {
  return !extractor.name.empty() && part.starts_with(extractor.name);
}

/// One value as itself, several as a list; internal ones are also numbered (templates 7.4).
void publish(Parts& parts, const ExtractorFields& fields, const dsl::List& values) {
  if (fields.name.empty() || values.empty()) return;
  if (values.size() == 1) {
    parts.set(fields.name, values.front());
    return;
  }
  parts.set(fields.name, values);
  if (!fields.internal) return;
  for (std::size_t i = 0; i < values.size(); ++i) {
    parts.set(fields.name + std::to_string(i), values[i]);
  }
}

}  // namespace

Result<Operators> Operators::compile(const yaml::Node& block, std::string_view template_id,
                                     const std::set<std::string>& excluded) {
  Operators out;
  out.all_ = M8_TRY(word_field(block, "matchers-condition", {"or", "and"}, 0)) == 1;
  bool any_visible = false;
  for (const yaml::Node* node : M8_TRY(items_of(block, "matchers"))) {
    auto matcher = M8_TRY(compile_matcher(*node));
    if (!matcher->fields().internal) any_visible = true;
    if (is_excluded(excluded, template_id, matcher->fields().name)) continue;
    out.matchers_.push_back(std::move(matcher));
  }
  out.all_internal_ = !out.matchers_.empty() && !any_visible;
  for (const yaml::Node* node : M8_TRY(items_of(block, "extractors"))) {
    out.extractors_.push_back(M8_TRY(compile_extractor(*node)));
  }
  out.plan_order();
  return out;
}

struct Operators::Waiting {
  explicit Waiting(Later from) : later(std::move(from)) {}

  const Later later;
  bool matchers = false, extractors = false, internal_names = false;
  std::once_flag once;
  std::atomic<bool> is_made{false};
  Operators made;
};

Operators Operators::later(const yaml::Node& block, Later later) {
  Operators out;
  out.waiting_ = std::make_shared<Waiting>(std::move(later));
  const auto items = [&block](std::string_view key) {
    const yaml::Node* list = block.find(key);
    return list ? list->items() : std::span<const yaml::Node>();
  };
  out.waiting_->matchers = !items("matchers").empty();
  for (const yaml::Node& extractor : items("extractors")) {
    out.waiting_->extractors = true;
    bool internal = false;
    const yaml::Node* flag = extractor.find("internal");
    const yaml::Node* name = extractor.find("name");
    if (flag && flag->as_bool(internal) && internal && name && !name->text().empty())
      out.waiting_->internal_names = true;
  }
  return out;
}

bool Operators::is_waiting() const {
  return waiting_ && !waiting_->is_made.load(std::memory_order_relaxed);
}

std::string_view Operators::waiting_need() const { return waiting_->later.need; }

const Operators& Operators::made() const {
  std::call_once(waiting_->once, [this] {
    const DeferredRegexes trusted(true);
    auto made = waiting_->later.source->operators_of(waiting_->later.block);
    if (made.ok()) waiting_->made = std::move(made).value();
    waiting_->is_made.store(true, std::memory_order_relaxed);
  });
  return waiting_->made;
}

/// Where all must match, the cheap ones are asked first.
void Operators::plan_order() {
  order_.resize(matchers_.size());
  std::iota(order_.begin(), order_.end(), std::uint16_t{0});
  const auto cost = [this](std::uint16_t i) { return cost_of(matchers_[i]->fields().type); };
  if (all_) {
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::uint16_t a, std::uint16_t b) { return cost(a) < cost(b); });
  }
  constexpr std::size_t kMany = 32;
  if (!all_ && matchers_.size() >= kMany) filter_ = std::make_unique<Filter>();
  named_ = !all_ && std::any_of(matchers_.begin(), matchers_.end(), [](const auto& matcher) {
    return !matcher->fields().name.empty();
  });
  const auto independent = [this](const auto& matcher) {
    return matcher->reads_part_only() &&
           std::none_of(extractors_.begin(), extractors_.end(), [&](const auto& extractor) {
             return gives(extractor->fields(), matcher->fields().part);
           });
  };
  extracts_late_ = !extractors_.empty() && !has_internal_names() && has_matchers() &&
                   std::all_of(matchers_.begin(), matchers_.end(), independent);
}

Need Operators::need() const {
  if (waiting_) {
    auto known = unpack_need(waiting_->later.need);
    return known ? *std::move(known) : made().need();
  }
  if (empty() || has_internal_names()) return {};
  for (const auto& extractor : extractors_) {
    const std::string& name = extractor->fields().name;
    // Its values would stand in the place of the answer.
    if (!name.empty() && (is_of_answer(name) || name == "status_code")) return {};
  }
  std::vector<Need> needs;
  for (const auto& matcher : matchers_) needs.push_back(matcher->need());
  if (has_matchers()) return all_ ? need_all(std::move(needs)) : need_any(std::move(needs));
  for (const auto& extractor : extractors_) needs.push_back(extractor->need());
  return need_any(std::move(needs));
}

bool Operators::has_matchers() const { return waiting_ ? waiting_->matchers : !matchers_.empty(); }

bool Operators::empty() const {
  return !has_matchers() && (waiting_ ? !waiting_->extractors : extractors_.empty());
}

bool Operators::has_internal_names() const {
  if (waiting_) return waiting_->internal_names;
  return std::any_of(extractors_.begin(), extractors_.end(), [](const auto& extractor) {
    return extractor->fields().internal && !extractor->fields().name.empty();
  });
}

std::vector<Operators::Extracted> Operators::extract(Parts& parts, Context& context) const {
  std::vector<Extracted> out;
  for (const auto& extractor : extractors_) {
    dsl::List values = extractor->extract(parts, context);
    if (values.empty()) continue;
    publish(parts, extractor->fields(), values);
    out.push_back({extractor.get(), std::move(values)});
  }
  return out;
}

/// The matchers that are to be asked, in order. Valid until the next call on this thread.
const std::vector<std::uint16_t>& Operators::candidates(const Parts& parts) const {
  if (!filter_) return order_;
  const auto answer = parts.answer();
  if (!answer) return order_;
  std::call_once(filter_->made, [this] {
    std::vector<Need> needs;
    for (const auto& matcher : matchers_) needs.push_back(matcher->need());
    filter_->index = std::make_unique<const NeedIndex>(needs);
  });
  thread_local std::vector<std::uint32_t> numbers;
  thread_local std::vector<std::uint16_t> out;
  filter_->index->may_meet(answer->head, answer->body, answer->status, numbers);
  out.assign(numbers.begin(), numbers.end());
  return out;
}

/// The name under which a matcher that fired is told; empty if it has none that counts.
std::string Operators::name_of(std::size_t index, const Context& context) const {
  const MatcherFields& fields = matchers_[index]->fields();
  if (context.names_all && fields.name.empty()) return fmt::format("{}-{}", fields.type, index + 1);
  return all_ && !context.names_all ? std::string() : fields.name;
}

bool Operators::match(const Parts& parts, Context& context, std::vector<std::string>& names) const {
  bool any = false;
  for (const std::uint16_t index : candidates(parts)) {
    const auto& matcher = matchers_[index];
    const bool matched = matcher->matches(parts, context);
    if (!matched && all_) {
      names.clear();
      return false;
    }
    if (!matched) continue;
    any = true;
    if (!all_ && !named_ && !context.names_all) return true;
    std::string name = name_of(index, context);
    const bool counts = !name.empty() && std::find(names.begin(), names.end(), name) == names.end();
    if (counts) names.push_back(std::move(name));
  }
  return any;
}

std::vector<Hit> Operators::hits(const std::vector<std::string>& names,
                                 const std::vector<Extracted>& extracted) {
  std::vector<Hit> out;
  dsl::List all;
  for (const auto& [extractor, values] : extracted) {
    if (extractor->fields().internal) continue;
    all.insert(all.end(), values.begin(), values.end());
    const std::string& name = extractor->fields().name;
    if (!names.empty() || name.empty()) continue;
    const auto same = std::find_if(out.begin(), out.end(),
                                   [&](const Hit& hit) { return hit.extractor_name == name; });
    if (same == out.end()) {
      out.push_back({"", name, values});
    } else {
      same->extracted = values;  // the later extractor of a name wins, as in the reference
    }
  }
  drop_duplicates(all);
  for (const std::string& name : names) out.push_back({name, "", all});
  if (out.empty()) out.push_back({"", "", std::move(all)});
  return out;
}

Verdict Operators::evaluate(Parts& parts, Context& context) const {
  if (waiting_) return made().evaluate(parts, context);
  Verdict verdict;
  const bool late = extracts_late_ && !context.wants_values;
  if (late && !match(parts, context, verdict.names)) return verdict;
  const std::vector<Extracted> extracted = extract(parts, context);
  verdict.extracted = !extracted.empty();
  bool any_visible = false;
  for (const auto& [extractor, values] : extracted) {
    const ExtractorFields& fields = extractor->fields();
    any_visible = any_visible || !fields.internal;
    if (fields.name.empty()) continue;
    (fields.internal ? verdict.internal : verdict.visible).emplace_back(fields.name, values);
  }
  verdict.matched = late || match(parts, context, verdict.names);
  verdict.succeeded = verdict.matched || empty() || (!has_matchers() && verdict.extracted);
  const bool result = has_matchers() ? verdict.matched && !all_internal_ : any_visible;
  if (result) verdict.hits = hits(verdict.names, extracted);
  return verdict;
}

Explanation Operators::explain(const Parts& parts, Context& context) const {
  if (waiting_) return made().explain(parts, context);
  const auto bytes_of = [&parts](const std::string& part) -> std::optional<std::size_t> {
    const auto text = parts.text(part);
    return text ? std::optional(text->size()) : std::nullopt;
  };
  Explanation out;
  out.all = all_;
  for (const auto& extractor : extractors_) {
    const ExtractorFields& fields = extractor->fields();
    out.extractors.push_back({&fields, bytes_of(fields.part), extractor->extract(parts, context)});
  }
  for (const auto& matcher : matchers_) {
    const MatcherFields& fields = matcher->fields();
    out.matchers.push_back({&fields, matcher->matches(parts, context), bytes_of(fields.part),
                            matcher->tried(parts, context)});
  }
  return out;
}

}  // namespace m8::operators
