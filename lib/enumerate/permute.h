/// Permute: candidate names made of names that are known, by patterns such as
/// "{{word}}-{{sub}}.{{suffix}}" (the language of alterx).
///
/// A pattern is text with variables. Those of the name it is applied to: sub (first label), suffix
/// (the rest), sub1, sub2... (the labels between sub and root), root, sld, tld, and etld if the
/// public suffix has several labels. step: sub with each of its numbers moved, keeping its width
/// ("web01" -> "web02"). Any other variable is a payload list of the configuration: word, number,
/// region... A pattern with a variable that the name lacks is passed over. Like there, a payload
/// value that the first label so far begins or ends with is left out (no "api-api").
///
/// Candidates are pulled one at a time; memory is bounded by the payload lists and two tables that
/// remember what was made, whatever the input. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "enumerate/value_list.h"

namespace m8::enumerate {

using Payloads = std::map<std::string, ValueList>;

/// Patterns and payload lists.
struct PermuteConfig {
  std::vector<std::string> patterns;
  Payloads payloads;

  /// What was written for this project.
  static PermuteConfig built_in();
  /// alterx's file: a map with the lists `patterns` and `payloads` of lists. kInvalidArgument
  /// "line N: ...".
  static Result<PermuteConfig> parse(std::string_view yaml);
};

/// One pattern, taken apart. \see parse_pattern()
struct Pattern {
  struct Piece {
    std::string text;       ///< literal, or the name of the variable
    bool variable = false;  ///< of the name or a payload
  };
  std::vector<Piece> pieces;
};

/// kInvalidArgument: nothing in it, braces without end, a name that is not of letters, digits, '_'
/// and '-', more than 32 pieces.
Result<Pattern> parse_pattern(std::string_view text);

/// Remembers texts in a table of fixed size, the newest in place of older ones, by 31 bits beside
/// their place: one text in a billion is taken for another.
class RecentSet {
 public:
  /// \p slots a power of two, 4 bytes each.
  explicit RecentSet(std::size_t slots) : slots_(slots) {}
  /// False if \p text is remembered; else it is from now on.
  bool insert(std::string_view text);

 private:
  std::vector<std::uint32_t> slots_;
};

class Permuter {
 public:
  struct Options {
    int step = 3;                      ///< how far numbers of a name are moved, both ways
    std::size_t statements = 1 << 18;  ///< remembered applied patterns; 4 bytes each
    std::size_t candidates = 1 << 22;  ///< remembered candidates; 4 bytes each, 0 for none
  };

  /// kInvalidArgument for a bad pattern or one with a variable that nothing gives.
  static Result<Permuter> create(PermuteConfig config, Options options);
  /// The same with payloads that others read too, and that may grow meanwhile.
  static Result<Permuter> create(const std::vector<std::string>& patterns,
                                 std::shared_ptr<Payloads> payloads, Options options);

  /// Words and numbers of \p name's labels join the payloads word and number, if those exist: runs
  /// of digits; of letters and digits; of three letters or more. A payload learns up to 100,000.
  void learn(std::string_view name);

  /// Starts on \p name (canonical, or with "*." in front). False if it makes nothing: no name under
  /// a public suffix.
  bool begin(std::string_view name);
  /// Starts on \p name with one pattern only, by its index.
  bool begin(std::string_view name, std::size_t pattern);
  /// Starts on \p name without the first \p value values of each pattern that has one list.
  bool begin_at(std::string_view name, std::size_t value);
  /// The next candidate of the name, borrowed until the next call; empty when there are no more.
  /// Candidates that are too long for a name, or were made lately, are left out.
  std::string_view next();

  std::size_t patterns() const { return patterns_.size(); }
  std::uint64_t repeated() const { return repeated_; }  ///< candidates left out as made before

 private:
  /// A payload list in a statement, where it stands among its values.
  struct Wheel {
    const ValueList* values = nullptr;
    std::size_t at = 0;
  };
  /// A piece of a statement: a literal, or the value of a wheel.
  struct Part {
    std::string_view text;  ///< into statement_ text or variables_
    int wheel = -1;
  };

  Permuter(std::vector<Pattern> patterns, std::shared_ptr<Payloads> payloads, Options options);
  bool set_variables(std::string_view name);
  bool apply(const Pattern& pattern);
  bool add_part(const Pattern::Piece& piece);
  void learn_word(const char* payload, std::string_view word);
  void step_numbers();
  std::string statement() const;
  void find_edges();
  bool fits(const Wheel& wheel) const;
  bool settle(std::size_t wheel);
  bool advance();
  void render();

  std::vector<Pattern> patterns_;
  std::shared_ptr<Payloads> payloads_;  ///< with the permuters and the owner that it was made for
  Options options_;
  std::map<std::string, std::string, std::less<>> variables_;
  ValueList steps_;
  std::size_t pattern_ = 0, last_pattern_ = 0;  ///< the next one, one past the last
  std::size_t first_value_ = 0;
  std::vector<Part> parts_;
  std::vector<Wheel> wheels_;
  std::vector<std::string> wheel_names_;
  std::string head_, tail_;  ///< literal begin and end of the first label
  bool running_ = false;
  std::string out_;
  RecentSet seen_statements_, seen_;
  std::map<std::string, RecentSet, std::less<>> known_;  ///< values of the payloads that learn
  std::uint64_t repeated_ = 0;
};

}  // namespace m8::enumerate
