/// Operators: the matchers and extractors of one block, and from an answer to results (templates
/// 6.2, 6.3, 7).
///
/// Immutable after compile(), shared by all targets; evaluate() is thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "operators/explain.h"
#include "operators/extractor.h"
#include "operators/later.h"
#include "operators/matcher.h"
#include "operators/need_index.h"
#include "operators/packed_need.h"

namespace m8::operators {

/// One result of an event: what becomes a finding.
struct Hit {
  std::string matcher_name, extractor_name;
  dsl::List extracted;
};

/// What one event gave.
struct Verdict {
  bool matched = false;    ///< the matchers are there and fired
  bool extracted = false;  ///< some extractor gave a value, internal ones included
  /// The value of the event in a flow (templates 8.4.2).
  bool succeeded = false;
  std::vector<Hit> hits;  ///< empty when all matchers are internal
  /// Names of the matchers that fired and count (templates 6.3.1).
  std::vector<std::string> names;
  /// Values of visible named extractors.
  std::vector<std::pair<std::string, dsl::List>> visible;
  /// Values of internal named extractors, for later requests.
  std::vector<std::pair<std::string, dsl::List>> internal;
};

class Operators {
 public:
  /// Reads `matchers`, `matchers-condition` and `extractors` of \p block. \p excluded: -em entries
  /// that hold for \p template_id drop matchers. Errors as compile_matcher(), compile_extractor().
  static Result<Operators> compile(const yaml::Node& block, std::string_view template_id,
                                   const std::set<std::string>& excluded);

  /// Those of \p block, which are known to compile, without compiling them before they are used.
  /// What does not compile after all matches nothing.
  static Operators later(const yaml::Node& block, Later later);

  /// Extractors first, then matchers. Adds extracted values to \p parts.
  Verdict evaluate(Parts& parts, Context& context) const;

  /// What evaluate() saw in the same \p parts, each matcher and value by itself, whether or not the
  /// ones before it decided.
  Explanation explain(const Parts& parts, Context& context) const;
  /// What an answer can't do without if evaluate() is to give a match, a value or a hit. Computed
  /// with every call. Holds for events of which nothing lies above the answer (Execution::context).
  Need need() const;

  /// True if they are not compiled yet and an answer with \p status, and with the head and body in
  /// \p text(), folded, lacks what they need. \p text is called only if the status does not tell.
  template <typename Text>
  bool rule_out(std::int64_t status, Text text) const {
    if (!is_waiting()) return false;
    return rules_out(waiting_need(), status) || rules_out(waiting_need(), status, text());
  }

  bool has_matchers() const;
  bool empty() const;
  /// True if an internal extractor with a name is there (templates 3.13).
  bool has_internal_names() const;

 private:
  struct Waiting;
  bool is_waiting() const;
  std::string_view waiting_need() const;
  const Operators& made() const;

  struct Extracted {
    const Extractor* extractor;
    dsl::List values;
  };
  /// What rules many matchers out at once, made at first use.
  struct Filter {
    std::once_flag made;
    std::unique_ptr<const NeedIndex> index;
  };
  std::vector<Extracted> extract(Parts& parts, Context& context) const;
  const std::vector<std::uint16_t>& candidates(const Parts& parts) const;
  void plan_order();
  std::string name_of(std::size_t index, const Context& context) const;
  bool match(const Parts& parts, Context& context, std::vector<std::string>& names) const;
  static std::vector<Hit> hits(const std::vector<std::string>& names,
                               const std::vector<Extracted>& extracted);

  std::vector<std::unique_ptr<Matcher>> matchers_;
  std::vector<std::unique_ptr<Extractor>> extractors_;
  std::vector<std::uint16_t> order_;  ///< in which the matchers are asked
  std::unique_ptr<Filter> filter_;    ///< null: the matchers are few, or all must match
  bool all_ = false;                  ///< matchers-condition: and
  bool named_ = false;                ///< a matcher's name may be told
  /// No matcher looks at what extractors find: those may wait until something has matched.
  bool extracts_late_ = false;
  bool all_internal_ = false;         ///< every matcher is internal: nothing is reported
  std::shared_ptr<Waiting> waiting_;  ///< what is compiled later; null: the above is all
};

}  // namespace m8::operators
