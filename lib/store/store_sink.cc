#include "store/store_sink.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "model/size.h"
#include "net/url.h"
#include "store/store_metrics.h"

namespace m8::store {
namespace {

template <typename Record>
void move_all(std::vector<Record>& from, std::vector<Record>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

}  // namespace

void StoreSink::Batch::append(Batch&& other) {
  move_all(other.hostnames, hostnames);
  move_all(other.endpoints, endpoints);
  move_all(other.issues, issues);
  move_all(other.pieces, pieces);
  bytes += std::exchange(other.bytes, 0);
}

StoreSink::StoreSink(Store& store, std::int64_t run, StoreSinkOptions options)
    : store_(store), run_(run), options_(options) {
  writer_ = std::jthread([this](std::stop_token stop) { work(stop); });
}

StoreSink::~StoreSink() {
  writer_.request_stop();
  writer_.join();
}

Status StoreSink::hostname(const model::Hostname& record) {
  model::Hostname kept = record;
  // Servers rotate them: an order is no change.
  std::sort(kept.a.begin(), kept.a.end());
  std::sort(kept.aaaa.begin(), kept.aaaa.end());
  const std::size_t bytes = bytes_of(kept);
  return add(&Batch::hostnames, std::move(kept), bytes);
}

Status StoreSink::endpoint(const model::Endpoint& record) {
  return add(&Batch::endpoints, record, bytes_of(record));
}

Status StoreSink::finding(const model::Finding& record) {
  if (!record.matched) return {};
  model::Issue issue = model::to_issue(record);
  const std::size_t bytes = bytes_of(issue);
  return add(&Batch::issues, std::move(issue), bytes);
}

Status StoreSink::outcome(const model::Outcome& record) {
  using Kind = model::Outcome::Kind;
  if (!options_.pieces || record.kind == Kind::kSkipped) return {};
  const bool whole = record.what == "scan";
  if (whole != (record.kind == Kind::kDone)) return {};
  const auto url = net::Url::parse(record.target);
  Piece piece{record.target, url ? url->host : record.target, whole ? "" : record.what};
  const std::size_t bytes =
      sizeof piece + piece.target.size() + piece.host.size() + piece.template_id.size();
  return add(&Batch::pieces, std::move(piece), bytes);
}

bool StoreSink::due(std::size_t batches) const {
  return options_.batch.reached(pending_.records(), pending_.bytes, batches);
}

template <typename Record>
Status StoreSink::add(std::vector<Record> Batch::*list, Record record, std::size_t bytes) {
  std::unique_lock lock(mutex_);
  // Writing is bounded by the store's own time-outs, so this ends.
  // One batch beside the one that is written.
  const auto full = [this] { return due(writing_ ? 1 : 2); };
  done_.wait(lock, [&] { return !full() || !last_.ok(); });
  if (full()) return last_.error();
  const bool first = pending_.records() == 0;
  (pending_.*list).push_back(std::move(record));
  pending_.bytes += bytes;
  // The first record starts the writer's clock, a full batch ends its wait.
  if (first || due(1)) work_.notify_one();
  return {};
}

Status StoreSink::flush() {
  std::unique_lock lock(mutex_);
  // A batch that is being written holds older records: the round after it holds the rest.
  const std::uint64_t wanted = rounds_ + (writing_ ? 1 : 0) + (pending_.records() > 0 ? 1 : 0);
  flush_wanted_ = pending_.records() > 0;
  work_.notify_one();
  done_.wait(lock, [&] { return rounds_ >= wanted; });
  return last_;
}

std::uint64_t StoreSink::unwritten() const {
  std::lock_guard lock(mutex_);
  return pending_.records();
}

void StoreSink::work(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (work_.wait(lock, stop, [this] { return pending_.records() > 0; }) &&
         !stop.stop_requested()) {
    work_.wait_for(lock, stop, options_.max_age,
                   [this] { return flush_wanted_ || (due(1) && last_.ok()); });
    write_pending(lock);
  }
  if (pending_.records() > 0) write_pending(lock);
}

/// One round: writes what is pending with the lock released; takes it back if the store refuses.
void StoreSink::write_pending(std::unique_lock<std::mutex>& lock) {
  Batch batch = std::exchange(pending_, {});
  flush_wanted_ = false;
  writing_ = true;
  done_.notify_all();  // there is room again
  lock.unlock();
  Status status = batch_status(write(batch));
  lock.lock();
  if (!status.ok()) {
    batch.append(std::move(pending_));
    pending_ = std::move(batch);
  }
  last_ = std::move(status);
  writing_ = false;
  ++rounds_;
  done_.notify_all();
}

/// Those that are live are seen, the others are gone.
Status StoreSink::write_hostnames(std::vector<model::Hostname>& records) {
  const auto gone = std::stable_partition(
      records.begin(), records.end(), [](const model::Hostname& record) { return record.live; });
  const std::span seen(records.begin(), gone), denied(gone, records.end());
  if (!seen.empty()) {
    M8_TRY(
        counted(Operation::kUpsertHostnames, [&] { return store_.upsert_hostnames(run_, seen); }));
  }
  if (denied.empty()) return {};
  return counted(Operation::kDenyHostnames, [&] { return store_.deny_hostnames(denied); });
}

/// Clears each list that was written, so that another try does not write it again.
Status StoreSink::write(Batch& batch) {
  M8_TRY(write_hostnames(batch.hostnames));
  batch.hostnames.clear();
  if (!batch.endpoints.empty()) {
    M8_TRY(counted(Operation::kUpsertEndpoints,
                   [&] { return store_.upsert_endpoints(run_, batch.endpoints); }));
  }
  batch.endpoints.clear();
  if (!batch.issues.empty()) {
    M8_TRY(counted(Operation::kUpsertIssues,
                   [&] { return store_.upsert_issues(run_, batch.issues); }));
  }
  batch.issues.clear();
  // Last: what is finished has all that it found in the store.
  if (!batch.pieces.empty()) {
    M8_TRY(counted(Operation::kAddPieces,
                   [&] { return store_.life().add_pieces(run_, batch.pieces); }));
  }
  batch.pieces.clear();
  return {};
}

}  // namespace m8::store
