/// SqlLife: the life of issues over any SQL database.
#pragma once

#include "store/life.h"
#include "store/query.h"

namespace m8::store {

class SqlLife final : public Life {
 public:
  /// \p statements is borrowed.
  explicit SqlLife(Statements& statements) : sql_(statements) {}

  Result<std::uint64_t> set_issues(const IssueFilter& filter, const IssueEdit& edit) override;
  Status for_each_judged(const std::function<Status(std::string_view)>& each) override;
  Status for_each_event(std::int64_t issue, const EachOf<model::IssueEvent>& each) override;
  Status for_each_issue_change(const ChangeSpan& span,
                               const EachOf<model::IssueChange>& each) override;
  Status for_each_endpoint_change(const ChangeSpan& span,
                                  const EachOf<model::EndpointChange>& each) override;
  Status add_templates(std::int64_t run, std::span<const std::string> ids) override;
  Status add_pieces(std::int64_t run, std::span<const Piece> pieces) override;
  Result<std::uint64_t> conclude(std::int64_t run, WallTime at, int gone_after) override;
  Result<Pruned> prune(WallTime before) override;
  Result<bool> add_message(const Message& message) override;
  Result<std::optional<Message>> claim_message(const std::string& channel, WallTime now,
                                               std::chrono::milliseconds lease) override;
  Status end_message(const Message& message) override;
  Status for_each_message(const EachOf<Message>& each) override;
  Result<std::optional<WallTime>> told(const std::string& channel) override;
  Status set_told(const std::string& channel, WallTime until) override;

 private:
  Result<std::uint64_t> change(const Query& query);

  Statements& sql_;
};

}  // namespace m8::store
