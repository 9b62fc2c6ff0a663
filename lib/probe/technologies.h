/// Technologies: which products an answer comes from, by fingerprints (recon 5).
///
/// All literals that the patterns can't match without are searched in one pass over each text of
/// the page; only patterns whose literal is there are evaluated as RE2. A regular expression is
/// compiled when it is first needed. Immutable but for that; threads share one detector.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "http/response.h"
#include "match/literal_index.h"
#include "probe/fingerprints.h"
#include "probe/page.h"

namespace m8::probe {

struct Technology {
  std::string name;
  std::string version;   ///< empty if it was not seen
  int confidence = 100;  ///< 1..100

  /// "Nginx:1.22.1", "Nginx"
  std::string text() const { return version.empty() ? name : name + ":" + version; }
};

class TechnologyDetector {
 public:
  /// Which patterns are looked at.
  enum class Depth {
    kField,  ///< those that the field's tools look at
    kDeep,   ///< also URL, inline scripts, elements, who signed the certificate
  };
  explicit TechnologyDetector(Fingerprints fingerprints, Depth depth = Depth::kField);
  ~TechnologyDetector();

  /// What \p response shows, sorted by name; \p page is read_page() of its body. With a technology
  /// comes what it implies; without what it requires it is none. Thread-safe.
  std::vector<Technology> detect(const http::Response& response, const Page& page) const;
  /// The same by evaluating every pattern: what the search for literals must agree with, and what
  /// it is measured against.
  std::vector<Technology> detect_slowly(const http::Response& response, const Page& page) const;

  std::size_t technologies() const { return fingerprints_.technologies.size(); }
  std::size_t patterns() const { return fingerprints_.patterns.size(); }
  /// Patterns without a literal: evaluated for every text of their part.
  std::size_t always_evaluated() const;
  /// Compiles every pattern now. Returns how many RE2 refuses (look-around, mostly).
  std::size_t compile_all() const;

 private:
  struct Lazy;
  struct Evidence;
  /// The patterns of one part, or of one key of a part.
  struct Group {
    match::LiteralIndex literals;
    std::vector<std::uint32_t> pattern_of;  ///< per literal
    std::vector<std::uint32_t> always;      ///< patterns without a literal
    std::vector<std::uint32_t> all;
  };
  using Keys = std::unordered_map<std::string, Group, SeededHash, std::equal_to<>>;

  Group* group_of(const Pattern& pattern);
  std::vector<std::string> literals_of(const Pattern& pattern) const;
  void index(Group& group);
  void search(const Group& group, std::string_view text, Evidence& evidence) const;
  void search_key(const Keys& keys, std::string_view key, std::string_view text,
                  Evidence& evidence) const;
  void candidates_of(const Group& group, std::string_view text, Evidence& evidence) const;
  void look_deep(const http::Response& response, std::string_view body, Evidence& evidence) const;
  void look_at_elements(std::string_view body, std::string_view lower_body,
                        Evidence& evidence) const;
  bool has_what_it_needs(const Fingerprint& one, const std::vector<Technology>& there) const;
  bool drop_unneeded(const std::vector<Technology>& there, Evidence& evidence) const;
  void exclude(std::vector<Technology>& there) const;
  std::vector<Technology> seen_and_implied(const Evidence& evidence) const;
  void evaluate(std::uint32_t pattern, std::string_view text, Evidence& evidence) const;
  std::vector<Technology> look(const http::Response& response, const Page& page, bool slowly) const;
  std::vector<Technology> conclude(Evidence& evidence) const;

  const Fingerprints fingerprints_;
  const Depth depth_;
  std::unique_ptr<Lazy[]> compiled_;  ///< per pattern
  Group html_, scripts_, urls_, inline_scripts_, issuers_, elements_;
  /// By name, for those that require or exclude something, and their categories.
  std::unordered_map<std::string, std::uint32_t, SeededHash, std::equal_to<>> by_name_;
  bool relations_ = false;  ///< some technology requires or excludes another
  Keys headers_, cookies_, metas_;
};

}  // namespace m8::probe
