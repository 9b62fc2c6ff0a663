/// Canaries: questions whose answer is known, asked of resolvers in between, to catch those that
/// lie.
///
/// Two kinds. A name that can't exist (a random label under "invalid.", RFC 6761 6.4): an address
/// for it is a lie. And a name that is known to be good, because several resolvers gave the same
/// records for it during this run: two denials of such, or the same false record for two of them,
/// are a lie (once may be chance, and records differ by place). Answers that fail say nothing.
/// Plain value, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dns/wire.h"

namespace m8::dns {

class Canaries {
 public:
  /// What one canary asks.
  struct Question {
    enum class Kind : std::uint8_t {
      kNobody,  ///< can't exist
      kGood,    ///< known to be good
      kSurvey,  ///< given by one resolver: do others say the same?
    };
    Kind kind = Kind::kNobody;
    std::string name;
    RrType type = RrType::kA;
    std::size_t good = 0;  ///< which of the good names
  };
  enum class Verdict : std::uint8_t { kHonest, kLie, kNothing };

  /// \p resolvers: how many there are; so many have to agree on a good name, three at most.
  explicit Canaries(std::size_t resolvers);

  /// The next question for resolver \p who.
  Question next(std::uint16_t who);
  /// What \p message, a whole well-formed answer of \p who to \p question, says of it. Learns from
  /// surveys.
  Verdict judge(const Question& question, std::uint16_t who, Bytes message);
  /// An ordinary answer with records, of \p who: it may become a good name. Cheap when no more are
  /// wanted.
  void offer(Bytes message, std::uint16_t who);
  /// \p who was caught: what it vouched for is forgotten.
  void forget(std::uint16_t who);

  std::size_t good_names() const;

 private:
  struct Name {
    std::string name;
    RrType type = RrType::kA;
    std::vector<std::string> values;
    std::vector<std::uint16_t> vouchers;  ///< who gave these records
  };
  bool repeats_itself(std::uint16_t who, const std::string& name,
                      const std::vector<std::string>& values);
  bool good(const Name& name) const { return name.vouchers.size() >= needed_; }
  static constexpr std::size_t kMostNames = 16;

  const std::size_t needed_;
  std::vector<Name> names_;
  std::vector<int> denials_;  ///< by resolver: good names that it denied
  /// By resolver: good names, and other records that it gave for them.
  std::vector<std::vector<std::pair<std::string, std::string>>> wrong_;
  std::size_t turn_ = 0;
};

}  // namespace m8::dns
