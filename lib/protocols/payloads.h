/// Payloads: named lists of values and the combinations an attack makes of them (templates 5).
///
/// Immutable after compile(), shared by all targets. Combinations are numbered, never stored.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "protocols/payload_values.h"
#include "protocols/protocol.h"

namespace m8::protocols {

class Payloads {
 public:
  struct List {
    std::string name;
    PayloadValues values;
    bool has_markers = false;  ///< some value must be rendered
  };

  /// Reads `payloads` and `attack` of \p block. Names for which \p occurs is false are dropped
  /// first. kInvalidArgument: unknown attack, a missing, empty or forbidden file, batteringram with
  /// other than one name, more than 2^31 combinations.
  using Occurs = std::function<bool(std::string_view name)>;
  static Result<Payloads> compile(const yaml::Node& block, const Occurs& occurs,
                                  const CompileOptions& options);

  bool empty() const { return lists_.empty(); }
  /// Number of combinations; 1 without payloads.
  std::int64_t combinations() const { return combinations_; }
  /// The values of combination \p index < combinations(), one per list. Borrowed.
  std::vector<std::pair<const List*, std::string_view>> at(std::int64_t index) const;

  /// True for the clusterbomb of a list of users and one of passwords.
  bool guesses_logins() const { return users_.has_value(); }
  /// Of such a clusterbomb: how many combinations are a user with its own name for a password.
  std::int64_t likely_logins() const { return static_cast<std::int64_t>(likely_.size()); }
  /// The combination that is \p index-th if those come first. REQUIRES: guesses_logins().
  std::int64_t likely_first(std::int64_t index) const;
  /// The user that combination \p index tries. Borrowed. REQUIRES: guesses_logins().
  std::string_view user(std::int64_t index) const { return at(index)[*users_].second; }

 private:
  enum class Attack { kBatteringRam, kPitchfork, kClusterBomb };
  void find_likely_logins();
  Status add_variable_files(const yaml::Node& block, const CompileOptions& options);
  Status count_combinations(const yaml::Node& block);

  std::vector<List> lists_;
  Attack attack_ = Attack::kBatteringRam;
  std::int64_t combinations_ = 1;
  std::vector<std::int64_t> likely_;  ///< combinations, ascending
  std::optional<std::size_t> users_;  ///< the list of users, where logins are guessed
};

/// True if \p fits holds for a scalar or a key under \p node.
template <typename Fits>
bool any_text(const yaml::Node& node, const Fits& fits) {
  if (node.is_scalar() && fits(node.text())) return true;
  for (const yaml::Node& item : node.items())
    if (any_text(item, fits)) return true;
  for (const auto& [key, value] : node.members())
    if (fits(key) || any_text(value, fits)) return true;
  return false;
}

/// True if \p word is in a scalar or a key under one of the members \p keys of \p block.
bool mentions(const yaml::Node& block, std::initializer_list<std::string_view> keys,
              std::string_view word);

/// The file that \p path names in a template (templates 5.2). kNotFound; kDenied "access to helper
/// file ... denied".
Result<std::string> find_payload_file(const std::string& path, const CompileOptions& options);

}  // namespace m8::protocols
