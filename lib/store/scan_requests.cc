#include "store/scan_requests.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "store/columns.h"

namespace m8::store {
namespace {

constexpr std::size_t kAtOnce = 100;  // requests of one statement

constexpr std::string_view kColumns =
    "SELECT id, type, target, options, owner, state, created, started, ended, run, found, reason"
    " FROM api_scan";

std::int64_t millis_or_zero(const std::optional<WallTime>& time) {
  return time ? to_millis(*time) : 0;
}

std::optional<WallTime> time_or_none(std::int64_t millis) {
  if (millis == 0) return std::nullopt;
  return from_millis(millis);
}

/// What a request is for: by that, those that come back are known, in whatever order they do.
auto purpose(const ScanRequest& request) {
  return std::tie(request.type, request.options, request.target);
}

Query insert_requests(std::span<const ScanRequest> requests) {
  Query query{"INSERT INTO api_scan (type, target, options, owner, state, created) VALUES ", {}};
  for (const ScanRequest& request : requests) {
    const std::size_t n = query.values.size();
    query.sql += fmt::format("{}(${}, ${}, ${}, ${}, ${}, ${})", n == 0 ? "" : ", ", n + 1, n + 2,
                             n + 3, n + 4, n + 5, n + 6);
    query.values.insert(query.values.end(),
                        {request.type, request.target, request.options, request.owner,
                         request.state, to_millis(request.created)});
  }
  query.sql += " RETURNING id, type, options, target";
  return query;
}

/// \p requests differ in id and found alone.
Query update_requests(std::span<const ScanRequest> requests) {
  const ScanRequest& first = requests.front();
  Query query{
      "UPDATE api_scan SET state = $1, started = $2, ended = $3, run = $4, reason = $5,"
      " found = CASE id",
      {first.state, millis_or_zero(first.started), millis_or_zero(first.ended), first.run,
       first.reason}};
  std::string ids;
  for (const ScanRequest& request : requests) {
    query.values.emplace_back(request.id);
    const std::string id = fmt::format("${}", query.values.size());
    query.values.emplace_back(request.found);
    query.sql += fmt::format(" WHEN {} THEN CAST(${} AS bigint)", id, query.values.size());
    ids += (ids.empty() ? "" : ", ") + id;
  }
  query.sql += fmt::format(" END WHERE id IN ({}) AND state IN ('queued', 'running')", ids);
  return query;
}

/// True if one statement can write both.
bool end_alike(const ScanRequest& a, const ScanRequest& b) {
  return a.state == b.state && a.started == b.started && a.ended == b.ended && a.run == b.run &&
         a.reason == b.reason;
}

Query select_request(std::int64_t id) { return {std::string(kColumns) + " WHERE id = $1", {id}}; }

Query select_open() {
  // The condition is the partial index's own.
  return Select(kColumns).where("state IN ('queued', 'running')").order("id");
}

Query select_page(std::int64_t before, std::size_t limit) {
  Select select(kColumns);
  if (before != 0) select.where("id < ", before);
  return select.order("id DESC", limit);
}

ScanRequest read_request(const Row& row) {
  ScanRequest request;
  request.id = row.integer(0);
  request.type = row.text(1);
  request.target = row.text(2);
  request.options = row.text(3);
  request.owner = row.text(4);
  request.state = row.text(5);
  request.created = from_millis(row.integer(6));
  request.started = time_or_none(row.integer(7));
  request.ended = time_or_none(row.integer(8));
  request.run = row.integer(9);
  request.found = row.integer(10);
  request.reason = row.text(11);
  return request;
}

}  // namespace

Status ScanRequests::add(std::span<ScanRequest> requests) {
  while (!requests.empty()) {
    const auto some = requests.first(std::min(requests.size(), kAtOnce));
    M8_TRY(sql_.run(insert_requests(some), [&some](const Row& row) {
      const std::tuple it(row.text(1), row.text(2), row.text(3));
      const auto written = std::find_if(some.begin(), some.end(), [&it](const ScanRequest& one) {
        return one.id == 0 && purpose(one) == it;
      });
      if (written == some.end()) return Status(Error{ErrorCode::kInternal, "a scan too many"});
      written->id = row.integer(0);
      return Status();
    }));
    requests = requests.subspan(some.size());
  }
  return {};
}

Status ScanRequests::update(std::span<const ScanRequest> requests) {
  while (!requests.empty()) {
    std::size_t alike = 1;
    while (alike < std::min(requests.size(), kAtOnce) &&
           end_alike(requests.front(), requests[alike]))
      ++alike;
    M8_TRY(sql_.run(update_requests(requests.first(alike)), [](const Row&) { return Status(); }));
    requests = requests.subspan(alike);
  }
  return {};
}

Result<ScanRequest> ScanRequests::find(std::int64_t id) {
  std::optional<ScanRequest> found;
  M8_TRY(sql_.run(select_request(id), [&found](const Row& row) {
    found = read_request(row);
    return Status();
  }));
  if (found) return *std::move(found);
  return Error{ErrorCode::kNotFound, fmt::format("no scan {}", id)};
}

Status ScanRequests::for_each_open(const std::function<Status(const ScanRequest&)>& each) {
  M8_TRY(sql_.run(select_open(), [&](const Row& row) { return each(read_request(row)); }));
  return {};
}

Status ScanRequests::page(std::int64_t before, std::size_t limit,
                          const std::function<Status(const ScanRequest&)>& each) {
  M8_TRY(sql_.run(select_page(before, limit),
                  [&](const Row& row) { return each(read_request(row)); }));
  return {};
}

std::vector<Sample> scan_request_samples() {
  return {
      {"add a scan that was asked for", insert_requests(std::vector<ScanRequest>(2))},
      {"what became of scans", update_requests(std::vector<ScanRequest>(2))},
      {"a scan", select_request(1)},
      {"scans that are not over", select_open()},
      {"a page of scans", select_page(1, 1)},
  };
}

}  // namespace m8::store
