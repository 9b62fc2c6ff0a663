/// Sharing: several http blocks whose requests are the same, sent once (templates 10).
///
/// The first of them, the leader, sends; each answer is shown to all. One pass over an answer finds
/// the literals of all members, and who lacks one that it needs is not asked at all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "operators/need_index.h"
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
  const std::vector<Member> members_;
  const operators::NeedIndex index_;  ///< of the members' needs
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
