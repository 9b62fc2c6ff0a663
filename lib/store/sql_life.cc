#include "store/sql_life.h"

#include <algorithm>

#include "store/columns.h"
#include "store/life_queries.h"

namespace m8::store {
namespace {

constexpr const char* kPieceTables[] = {"run_template", "run_target", "run_failure"};

Message read_message(const Row& row) {
  Message message;
  message.id = row.integer(0);
  message.channel = row.text(1);
  message.key = row.text(2);
  message.body = row.text(3);
  message.created = from_millis(row.integer(4));
  message.due = from_millis(row.integer(5));
  message.attempts = static_cast<int>(row.integer(6));
  message.state = row.text(7);
  message.error = row.text(8);
  return message;
}

/// Gives \p write at most kRowsAtOnce of \p all at a time.
template <typename Item, typename Write>
Status in_chunks(std::span<const Item> all, Write write) {
  for (std::size_t at = 0; at < all.size(); at += kRowsAtOnce)
    M8_TRY(write(all.subspan(at, std::min(kRowsAtOnce, all.size() - at))));
  return {};
}

}  // namespace

Result<std::uint64_t> SqlLife::change(const Query& query) {
  const auto changed = sql_.run(query, [](const Row&) { return Status(); });
  sql_.wrote();
  if (!changed.ok()) return changed.error();
  return static_cast<std::uint64_t>(*changed);
}

Result<std::uint64_t> SqlLife::set_issues(const IssueFilter& filter, const IssueEdit& edit) {
  return change(update_issues(filter, edit));
}

Status SqlLife::for_each_judged(const std::function<Status(std::string_view)>& each) {
  return sql_.stream(select_judged(), [&](const Row& row) { return each(row.text(0)); });
}

Status SqlLife::for_each_event(std::int64_t issue, const EachOf<model::IssueEvent>& each) {
  return sql_.stream(select_events(issue),
                     [&](const Row& row) { return each(read_issue_event(row)); });
}

Status SqlLife::for_each_issue_change(const ChangeSpan& span,
                                      const EachOf<model::IssueChange>& each) {
  return sql_.stream(select_issue_changes(span), [&](const Row& row) -> Status {
    const auto change = read_issue_change(row, span);
    return change ? each(*change) : Status();
  });
}

Status SqlLife::for_each_endpoint_change(const ChangeSpan& span,
                                         const EachOf<model::EndpointChange>& each) {
  return sql_.stream(select_endpoint_changes(span), [&](const Row& row) -> Status {
    const auto change = read_endpoint_change(row, span);
    return change ? each(*change) : Status();
  });
}

Status SqlLife::add_templates(std::int64_t run, std::span<const std::string> ids) {
  return in_chunks(ids, [&](std::span<const std::string> some) -> Status {
    M8_TRY(change(insert_templates(run, some)));
    return {};
  });
}

Status SqlLife::add_pieces(std::int64_t run, std::span<const Piece> pieces) {
  std::vector<const Piece*> done, failed;
  for (const Piece& piece : pieces) (piece.template_id.empty() ? done : failed).push_back(&piece);
  const auto write = [&](Query (*insert)(std::int64_t, std::span<const Piece* const>)) {
    return [this, run, insert](std::span<const Piece* const> some) -> Status {
      M8_TRY(change(insert(run, some)));
      return {};
    };
  };
  // Failures first: a target that is done has to have all of them.
  M8_TRY(in_chunks<const Piece*>(failed, write(insert_failures)));
  return in_chunks<const Piece*>(done, write(insert_targets));
}

Result<std::uint64_t> SqlLife::conclude(std::int64_t run, WallTime at, int gone_after) {
  std::uint64_t gone = 0;
  if (gone_after > 0) {
    const auto count = [&gone](const Row& row) {
      gone += row.integer(0) != 0 ? 1 : 0;
      return Status();
    };
    M8_TRY(sql_.run(conclude_run(run, at, gone_after), count));
    M8_TRY(sql_.run(conclude_once(run, at, gone_after), count));
  }
  for (const char* table : kPieceTables) M8_TRY(change(forget_pieces(table, run)));
  return gone;
}

Result<Pruned> SqlLife::prune(WallTime before) {
  Pruned removed;
  for (const PruneStep& step : prune_steps(before)) {
    const std::uint64_t rows = M8_TRY(change(step.query));
    if (removed.empty() || removed.back().first != step.what) removed.emplace_back(step.what, 0);
    removed.back().second += rows;
  }
  M8_TRY(sql_.compact());
  return removed;
}

Result<bool> SqlLife::add_message(const Message& message) {
  return M8_TRY(change(insert_message(message))) > 0;
}

Result<std::optional<Message>> SqlLife::claim_message(const std::string& channel, WallTime now,
                                                      std::chrono::milliseconds lease) {
  std::optional<Message> claimed;
  M8_TRY(sql_.run(store::claim_message(channel, now, now + lease), [&claimed](const Row& row) {
    claimed = read_message(row);
    return Status();
  }));
  return claimed;
}

Status SqlLife::end_message(const Message& message) {
  M8_TRY(change(store::end_message(message)));
  return {};
}

Status SqlLife::for_each_message(const EachOf<Message>& each) {
  return sql_.stream(select_messages(), [&](const Row& row) { return each(read_message(row)); });
}

Result<std::optional<WallTime>> SqlLife::told(const std::string& channel) {
  std::optional<WallTime> until;
  M8_TRY(sql_.run(select_told(channel), [&until](const Row& row) {
    until = from_millis(row.integer(0));
    return Status();
  }));
  return until;
}

Status SqlLife::set_told(const std::string& channel, WallTime until) {
  M8_TRY(change(save_told(channel, until)));
  return {};
}

}  // namespace m8::store
