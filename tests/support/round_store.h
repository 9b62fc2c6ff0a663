// A store for one round of a test that stops runs: afterwards its rows are counted again, by
// another connection.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "store/store.h"
#include "store/store_sink.h"

namespace m8::test {

/// Keeps what a run gives, in small batches, and remembers what that was.
class RoundStore final : public model::Sink {
 public:
  /// A database in \p folder, which is gone with this.
  explicit RoundStore(std::string folder) : path_(std::move(folder) + "/round.db") {
    run_.command = "test";
    run_.status = "running";
    store_ = store::open_store("sqlite:" + path_).value();
    run_.id = store_->begin_run(run_).value();
    store::StoreSinkOptions options;
    options.batch.records = 5;
    sink_ = std::make_unique<store::StoreSink>(*store_, run_.id, options);
  }
  ~RoundStore() override {
    sink_.reset();
    store_.reset();
    std::filesystem::remove(path_);
  }

  Status hostname(const model::Hostname& record) override {
    names_.insert(record.hostname);
    return sink_->hostname(record);
  }
  Status endpoint(const model::Endpoint& record) override {
    endpoints_.insert(record.url);
    return sink_->endpoint(record);
  }
  Status finding(const model::Finding& record) override {
    issues_.insert(record.info->id + ' ' + record.matched_at);
    return sink_->finding(record);
  }
  Status flush() override { return sink_->flush(); }

  /// Ends the run with \p found in its record, closes the store, and checks that it holds exactly
  /// what was given, and the record what the rows say.
  void end_and_check(const std::string& status, std::uint64_t found) {
    CHECK(sink_->unwritten() == 0);
    sink_.reset();
    run_.status = status;
    run_.counts["found"] = found;
    CHECK(store_->end_run(run_).ok());
    store_.reset();
    CHECK(!std::filesystem::exists(path_ + "-wal"));
    const auto again = store::open_store("sqlite:" + path_, {.must_exist = true}).value();
    const model::Run kept = again->find_run(run_.id).value();
    CHECK(kept.status == status);
    std::set<std::string> names, endpoints;
    std::uint64_t issues = 0;
    CHECK(again->for_each_hostname({}, [&](const auto& row) { return put(names, row.hostname); })
              .ok());
    CHECK(again->for_each_endpoint([&](const auto& row) { return put(endpoints, row.url); }).ok());
    CHECK(again->for_each_issue({}, [&](const auto&) { return ++issues, Status(); }).ok());
    CHECK(names == names_);
    CHECK(endpoints == endpoints_);
    CHECK(issues == issues_.size());
    CHECK(kept.counts.at("found") == names.size() + issues);
  }

 private:
  static Status put(std::set<std::string>& all, const std::string& one) {
    all.insert(one);
    return {};
  }

  const std::string path_;
  model::Run run_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::StoreSink> sink_;
  std::set<std::string> names_, endpoints_, issues_;
};

}  // namespace m8::test
