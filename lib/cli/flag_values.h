/// The values of a command's flags, collected from the lowest source to the highest, each checked
/// when it is set: switches, choices. Numbers and durations are checked when asked for.
///
/// Threads: filled by one thread, then read by any.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flag.h"

namespace m8::cli {

class FlagValues final : public Values {
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
  Result<long long> number(std::string_view name, long long min, long long max) const override;
  Result<long long> milliseconds(std::string_view name) const override;
  Origin origin(std::string_view name) const override;
  const std::vector<std::string>& arguments() const override { return arguments_; }

 private:
  struct Entry {
    const Flag* flag = nullptr;
    Origin origin = Origin::kDefault;
    std::string where;
    std::vector<std::string> texts;
  };
  const Entry& entry(std::string_view name) const;

  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<std::string> arguments_;
};

/// Sets what environment variables M8_<NAME> say (an empty one counts as absent; NAME may be an
/// alias of four letters or more), and NO_COLOR.
/// kInvalidArgument "M8_THREADS: ...".
Status apply_environment(const std::vector<Flag>& flags, FlagValues& values);

/// "rate-limit" -> "M8_RATE_LIMIT".
std::string environment_name(std::string_view flag);

/// true/false, yes/no, on/off, 1/0. kInvalidArgument "not true or false: x".
Result<bool> parse_switch(std::string_view text);

/// "10", "10s", "500ms", "2m30s", "1h", "1d", "1.5s"; a bare number is seconds. Milliseconds.
/// kInvalidArgument "not a duration: x".
Result<long long> parse_duration(std::string_view text);

}  // namespace m8::cli
