/// The values of a command's flags, collected from the lowest source to the highest, each checked
/// when it is set: switches, choices, types.
///
/// Threads: filled by one thread, then read by any.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flag.h"

namespace m8::cli {

class FlagValues : public Values {
 public:
  /// Every flag at its default. \p flags is borrowed and must outlive this.
  explicit FlagValues(const std::vector<Flag>& flags);

  /// Replaces the values of \p flag, one of those given above. \p where names the source in errors:
  /// "--threads", "M8_THREADS", "config.yaml:3: threads". kInvalidArgument "WHERE: reason".
  Status set(const Flag& flag, const std::vector<std::string>& texts, Origin origin,
             const std::string& where);
  void set_arguments(std::vector<std::string> arguments) { arguments_ = std::move(arguments); }

  bool on(std::string_view name) const override;
  std::string text(std::string_view name) const override;
  std::vector<std::string> list(std::string_view name) const override;
  net::Rate rate(std::string_view name) const override;
  Origin origin(std::string_view name) const override;
  const std::vector<std::string>& arguments() const override { return arguments_; }
  /// The source of the value, as given to set(); "--name" for a default.
  const std::string& where(std::string_view name) const { return entry(name).where; }

 private:
  struct Entry {
    const Flag* flag = nullptr;
    Origin origin = Origin::kDefault;
    std::string where;
    std::vector<std::string> texts;
  };
  const Entry& entry(std::string_view name) const;
  const Entry& entry(std::string_view name, ValueType::Kind kind) const;
  long long amount(std::string_view name, ValueType::Kind kind) const override;

  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<std::string> arguments_;
};

/// Sets what environment variables M8_<NAME> say (an empty one counts as absent; NAME may be an
/// alias of four letters or more), and NO_COLOR.
/// kInvalidArgument "M8_THREADS: ...".
Status apply_environment(const std::vector<Flag>& flags, FlagValues& values);

/// "rate-limit" -> "M8_RATE_LIMIT".
std::string environment_name(std::string_view flag);

/// The values that \p texts give \p flag: split at commas if it says so, each checked.
/// kInvalidArgument "not one of a, b: c" and what check_value() says.
Result<std::vector<std::string>> checked_values(const Flag& flag,
                                                const std::vector<std::string>& texts);

}  // namespace m8::cli
