/// Sharing: several http blocks whose requests are the same, sent once (templates 10).
///
/// The first of them, the leader, sends; each answer is shown to all. One pass over an answer finds
/// the literals of all members, and who lacks one that it needs is not asked at all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "match/literal_index.h"
#include "operators/need.h"
#include "protocols/http_event.h"
#include "protocols/http_plan.h"
#include "protocols/protocol.h"

namespace m8::protocols {

class HttpRun;

/// Equal for blocks whose requests are the same on every target; empty for a block that can't share
/// its requests: only what such a request depends on may differ from target to target, so no
/// payloads, raw texts, bodies, or names that a template defines itself.
std::string share_key(const HttpPlan& plan);

/// Head and body of \p answer as operators::fold() gives them. Borrowed until the thread's next
/// call.
std::string_view folded_answer(const HttpFields& answer);

/// The members of one cluster. Immutable, shared by all targets.
class HttpGroup {
 public:
  struct Member {
    const HttpPlan* plan = nullptr;
    Sharer sharer;  ///< of the leader: empty
  };
  /// Members are borrowed and must outlive this; the first is the leader.
  explicit HttpGroup(std::vector<Member> members);

  const std::vector<Member>& members() const { return members_; }
  /// The numbers of the members that \p answer may give something to, in order. Some 10 ns per
  /// member, and a pass over the answer.
  void candidates(const HttpFields& answer, std::vector<std::uint32_t>& out) const;
  /// All of them.
  void everybody(std::vector<std::uint32_t>& out) const;

 private:
  /// A member's need with literals as numbers: ranges of `literals_` in `groups_`.
  struct Wanted {
    std::uint32_t first_group = 0, groups = 0;
    std::vector<std::int64_t> statuses;
  };
  struct Range {
    std::uint32_t first = 0, size = 0;
  };
  bool may_match(const Wanted& wanted, const std::vector<char>& present, int status) const;

  const std::vector<Member> members_;
  std::vector<Wanted> wanted_;           ///< per member
  std::vector<Range> groups_;            ///< of literals_
  std::vector<std::uint32_t> literals_;  ///< numbers in the index
  match::LiteralIndex index_;
};

/// What the leader's run keeps of its group.
struct HttpGroupRun {
  explicit HttpGroupRun(const HttpGroup& of) : group(of), runs(of.members().size()) {}

  const HttpGroup& group;
  std::vector<std::shared_ptr<HttpRun>> runs;  ///< of the others, made when first needed
  std::vector<std::uint32_t> candidates;       ///< of the current event
  std::size_t satisfied = 0;  ///< members that stop at their first match, and had it
};

}  // namespace m8::protocols
