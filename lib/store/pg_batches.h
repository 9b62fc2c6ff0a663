/// The batches of the PostgreSQL store: how records become rows. Each is called inside a
/// transaction, writes all of its records, or fails with the connection's error.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/endpoint.h"
#include "model/hostname.h"
#include "model/issue.h"
#include "store/known_tags.h"
#include "store/pg_connection.h"
#include "store/queries.h"

namespace m8::store {

/// Every statement that the following merge with.
std::vector<Sample> batch_samples();

/// Waits until no other transaction changes many issues, and keeps others waiting until the end of
/// this one: their rows are locked in no order that two programs share.
Status take_issue_turn(PgConnection& connection);

Status write_hostnames(PgConnection& connection, std::int64_t run,
                       std::span<const model::Hostname> batch);
Status write_denials(PgConnection& connection, std::span<const model::Hostname> batch);
Status write_endpoints(PgConnection& connection, std::int64_t run,
                       std::span<const model::Endpoint> batch);
/// \p tags: what of the batch issue_tag may lack.
Status write_issues(PgConnection& connection, std::int64_t run, std::span<const model::Issue> batch,
                    std::span<const TemplateTag> tags);

}  // namespace m8::store
