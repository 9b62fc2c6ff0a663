/// TargetNames: the built-in variables of a target ({{BaseURL}}, {{Hostname}}, ...; templates 2.1).
///
/// Made once per target and shared by all templates that run against it. Immutable; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "dsl/variables.h"
#include "model/target.h"
#include "net/url.h"

namespace m8::protocols {

class TargetNames final : public dsl::Names {
 public:
  static constexpr std::size_t kCount = 16;
  /// \p target.url may be unprobed (scheme empty, host and path set). Splits the host by the public
  /// suffix list: RDN, DN, TLD, SD stay undefined for addresses and unsplittable hosts.
  explicit TargetNames(const model::Target& target);

  /// True if \p name is one that this may know.
  static bool is_name(std::string_view name);
  const dsl::Value* find(std::string_view name) const override;
  void each_name(const std::function<void(std::string_view)>& visit) const override;

  /// Where the target is. Its query is what requests merge into theirs.
  const net::Url& url() const { return url_; }
  /// BaseURL without its final '/', for entries that start with "{{BaseURL}}/" (templates 2.1).
  const dsl::Value& base_url_without_slash() const { return base_without_slash_; }

 private:
  void set_url_names(const model::Target& target);
  void set_suffix_names();

  struct Entry {
    std::string_view name;
    std::optional<dsl::Value> value;
  };

  net::Url url_;
  dsl::Value base_without_slash_;
  std::array<Entry, kCount> entries_;
};

}  // namespace m8::protocols
