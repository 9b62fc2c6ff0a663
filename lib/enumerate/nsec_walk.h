/// NsecWalk: the names of a signed zone, one after the other, by its NSEC records (RFC 4034 4: each
/// names the next one that exists).
///
/// A plain state machine: ask for type NSEC of ask(), give the reply to take(). Where another zone
/// begins, the chain is taken up behind it. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/resolver.h"

namespace m8::enumerate {

/// The order of names in a zone (RFC 4034 6.1). Both canonical.
bool canonical_less(std::string_view a, std::string_view b);

class NsecWalk {
 public:
  enum class State : std::uint8_t {
    kWalking,
    kComplete,  ///< the chain came back to the zone
    kNoChain,   ///< the zone has no NSEC record: unsigned, or NSEC3
    kMadeUp,    ///< names made up for each question (RFC 4470): nothing can be learned
    kTooLong,   ///< the limit was reached
    kLost,      ///< no answer, or one that leads nowhere
  };

  /// \p most: names, at most.
  NsecWalk(std::string zone, std::size_t most) : zone_(std::move(zone)), ask_(zone_), most_(most) {}

  /// The name whose NSEC record is to be asked for.
  const std::string& ask() const { return ask_; }
  /// What was answered; null for no answer. \p take gets each new name.
  State take(const dns::Reply* reply, const std::function<void(const std::string&)>& take);
  State state() const { return state_; }
  /// Goes on behind \p names, which another walk of the same zone took, in their order; where this
  /// one is further already it stays.
  void skip(const std::vector<std::string>& names);
  std::size_t names() const { return names_; }
  /// For people: "walked to its end", "uses NSEC3 or is not signed".
  const char* why() const;

 private:
  State step(const std::string& next, const std::function<void(const std::string&)>& take);
  State behind(const std::string& name);

  const std::string zone_;
  std::string at_;   ///< whose NSEC record is looked for
  std::string ask_;  ///< at_, or a name right behind it
  const std::size_t most_;
  std::size_t names_ = 0;
  State state_ = State::kWalking;
};

}  // namespace m8::enumerate
