/// Life: what becomes of issues and endpoints over many runs, and the messages about it.
///
/// Part of a Store (Store::life()), lives as long as that; the same threads and errors.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/endpoint_change.h"
#include "model/issue.h"
#include "model/issue_change.h"

namespace m8::store {

struct IssueFilter {
  std::optional<model::Severity> at_least;
  std::vector<model::Severity> severities;  ///< any of these; empty: all
  std::string host;                         ///< empty: all
  std::string template_id;                  ///< empty: all
  std::string tag;                          ///< empty: all
  std::string statuses;                     ///< any of these letters; empty: all
  std::optional<WallTime> new_since;        ///< first seen at or after
  std::optional<WallTime> first_before;     ///< first seen before
  enum class Presence { kAll, kThere, kGone };
  Presence presence = Presence::kAll;   ///< as runs that looked for it found
  std::vector<std::int64_t> ids;        ///< any of these; empty: all
  std::vector<std::string> signatures;  ///< any of these; empty: all
  std::int64_t after = 0;               ///< only ids above it; for pages
  /// Only ids below it, the newest first; 0: all, the oldest first. For pages.
  std::int64_t before = 0;
  std::size_t limit = 0;       ///< at most so many; 0: all
  bool without_event = false;  ///< Issue::event stays empty: for lists
};

/// Two moments to compare what is known at.
struct ChangeSpan {
  ChangeSpan(WallTime from, std::optional<WallTime> to = {}) : since(from), until(to) {}
  WallTime since;                 ///< what was known then
  std::optional<WallTime> until;  ///< and then; empty: now
};

/// What somebody says of issues.
struct IssueEdit {
  char status = 'U';
  std::string author, note;
  WallTime at{};
};

/// The template \p id in Life::add_templates() as one that has no target.
inline std::string once(std::string_view id) { return std::string("once:").append(id); }

/// A piece of work that a run has finished.
struct Piece {
  std::string target;       ///< as in the issues found there; empty: of templates without one
  std::string host;         ///< of the target
  std::string template_id;  ///< this one did not come to its end there; empty: the others did
};

/// What a prune removed, by kind of row.
using Pruned = std::vector<std::pair<std::string, std::uint64_t>>;

/// A message on its way: see Life::add_message().
struct Message {
  std::int64_t id = 0;  ///< given by the store
  std::string channel;  ///< name
  std::string key;      ///< what it is about: one message of a channel for each
  std::string body;
  WallTime created{}, due{};
  int attempts = 0;
  std::string state;  ///< "waiting", "sent", "failed"
  std::string error;  ///< of the last attempt
};

class Life {
 public:
  template <typename Record>
  using EachOf = std::function<Status(const Record&)>;

  virtual ~Life() = default;

  /// Gives all issues of \p filter another status, if they have not that already, with a line in
  /// the history of each. Returns how many were changed.
  virtual Result<std::uint64_t> set_issues(const IssueFilter& filter, const IssueEdit& edit) = 0;
  /// The signatures of what is verified, ignored or a false positive now. Streams.
  virtual Status for_each_judged(const std::function<Status(std::string_view signature)>& each) = 0;
  /// The changes of one issue, the oldest first. Empty for one that there is not.
  virtual Status for_each_event(std::int64_t issue, const EachOf<model::IssueEvent>& each) = 0;
  /// Issues that are at the end of \p span not what they were at its beginning, by id. Streams.
  virtual Status for_each_issue_change(const ChangeSpan& span,
                                       const EachOf<model::IssueChange>& each) = 0;
  /// The same for endpoints, by URL.
  virtual Status for_each_endpoint_change(const ChangeSpan& span,
                                          const EachOf<model::EndpointChange>& each) = 0;

  /// Says that \p run looks for what these templates find; those that run once, whatever the
  /// targets, by once().
  virtual Status add_templates(std::int64_t run, std::span<const std::string> ids) = 0;
  /// Adds finished work of \p run. What it found has to be stored before.
  virtual Status add_pieces(std::int64_t run, std::span<const Piece> pieces) = 0;
  /// The end of \p run: issues of its targets and templates that it did not find, although the
  /// template ran to its end there, are missed once more; those missed by \p gone_after runs in a
  /// row are gone (0: never), and remediated if they were unreviewed or verified. Forgets the
  /// pieces. Returns how many are gone. Once per run: again, it changes nothing.
  virtual Result<std::uint64_t> conclude(std::int64_t run, WallTime at, int gone_after) = 0;

  /// Removes what nobody needs any more: runs that ended before \p before but the last of each
  /// command, their journals, changes that are older, and hostnames, endpoints and issues that are
  /// gone since then. What was judged stays. Gives the space back to the system.
  virtual Result<Pruned> prune(WallTime before) = 0;

  /// Queues \p message, unless its channel has one with that key already: false.
  virtual Result<bool> add_message(const Message& message) = 0;
  /// The oldest message of \p channel that waits, if it is due, for this caller alone until \p
  /// lease has passed; empty if there is none. Younger ones come after it: news arrive in order.
  virtual Result<std::optional<Message>> claim_message(const std::string& channel, WallTime now,
                                                       std::chrono::milliseconds lease) = 0;
  /// What became of a claimed message: state, error, attempts and due are written.
  virtual Status end_message(const Message& message) = 0;
  /// The newest first.
  virtual Status for_each_message(const EachOf<Message>& each) = 0;
  /// Up to when \p channel was told what is new; empty: never.
  virtual Result<std::optional<WallTime>> told(const std::string& channel) = 0;
  virtual Status set_told(const std::string& channel, WallTime until) = 0;
};

}  // namespace m8::store
