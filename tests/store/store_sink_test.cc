#include "store/store_sink.h"

#include <atomic>
#include <thread>

#include "store/records.h"

using namespace m8;
using namespace m8::store;
using namespace m8::test;

namespace {

/// A store whose writing can be made to fail, in front of a real one.
class Failing final : public Store {
 public:
  explicit Failing(Store& real) : real_(real) {}
  std::atomic<bool> fails{false};
  std::atomic<int> batches{0};

  Result<std::int64_t> begin_run(const model::Run& run) override { return real_.begin_run(run); }
  Life& life() override { return real_.life(); }
  Statements& statements() override { return real_.statements(); }
  Samples& samples() override { return real_.samples(); }
  Status end_run(const model::Run& run) override { return real_.end_run(run); }
  Result<model::Run> find_run(std::int64_t id) override { return real_.find_run(id); }
  Status save_journal(std::int64_t run, const JournalState& journal) override {
    return real_.save_journal(run, journal);
  }
  Result<std::optional<JournalState>> load_journal(std::int64_t run) override {
    return real_.load_journal(run);
  }
  Result<bool> add_domain(const model::Domain& domain) override { return real_.add_domain(domain); }
  Status set_domain_enabled(const std::string& name, bool enabled) override {
    return real_.set_domain_enabled(name, enabled);
  }
  Status remove_domain(const std::string& name) override { return real_.remove_domain(name); }
  Result<bool> any_domain_enabled() override { return real_.any_domain_enabled(); }
  Status upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) override {
    ++batches;
    if (fails) return Error{ErrorCode::kExhausted, "disk is full"};
    return real_.upsert_hostnames(run, batch);
  }
  Status deny_hostnames(std::span<const model::Hostname> batch) override {
    return real_.deny_hostnames(batch);
  }
  Status upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) override {
    return real_.upsert_endpoints(run, batch);
  }
  Status upsert_issues(std::int64_t run, std::span<const model::Issue> batch) override {
    return real_.upsert_issues(run, batch);
  }
  Status for_each_domain(const DomainFilter& filter, const Each<model::Domain>& each) override {
    return real_.for_each_domain(filter, each);
  }
  Status for_each_hostname(const HostnameFilter& filter,
                           const Each<model::Hostname>& each) override {
    return real_.for_each_hostname(filter, each);
  }
  Status for_each_change(const ChangeFilter& filter, const EachChange& each) override {
    return real_.for_each_change(filter, each);
  }
  Result<std::optional<model::Endpoint>> find_endpoint(const std::string& url) override {
    return real_.find_endpoint(url);
  }
  std::optional<PoolStats> tend() override { return real_.tend(); }
  Status for_each_endpoint(const Each<model::Endpoint>& each) override {
    return real_.for_each_endpoint(each);
  }
  Status for_each_issue(const IssueFilter& filter, const Each<model::Issue>& each) override {
    return real_.for_each_issue(filter, each);
  }
  Status for_each_run(const RunFilter& filter, const Each<model::Run>& each) override {
    return real_.for_each_run(filter, each);
  }
  Result<StoreInfo> info() override { return real_.info(); }
  Status explain(const Each<QueryPlan>& each) override { return real_.explain(each); }

 private:
  Store& real_;
};

struct Fixture {
  TempDirectory directory = make_directory();
  std::unique_ptr<Store> real = open_ok(directory.path() + "/m8.db");
  Failing store{*real};
};

constexpr std::chrono::milliseconds kNever = std::chrono::hours(1);

}  // namespace

TEST_CASE("store/store_sink: flush brings every kind of record into the store") {
  Fixture fixture;
  StoreSink sink(fixture.store, 1, {{100, 1 << 20}, kNever});
  model::Endpoint endpoint;
  endpoint.url = "http://a.com";
  CHECK(sink.hostname(make_hostname("a.example.com")).ok());
  CHECK(sink.endpoint(endpoint).ok());
  CHECK(sink.finding(make_finding("flaw", "http://a.com/x")).ok());
  model::Finding unmatched = make_finding("other", "http://a.com/y");
  unmatched.matched = false;
  CHECK(sink.finding(unmatched).ok());
  CHECK(sink.outcome({}).ok());
  REQUIRE(sink.flush().ok());
  CHECK(hostnames_of(*fixture.real).size() == 1);
  CHECK(issues_of(*fixture.real).size() == 1);
  CHECK(sink.flush().ok());
}

TEST_CASE("store/store_sink: a batch goes out when it is full by count or bytes, or old") {
  Fixture fixture;
  const StoreSinkOptions by_count{{10, 1 << 20}, kNever}, by_bytes{{1000, 1000}, kNever},
      by_age{{1000, 1 << 20}, std::chrono::milliseconds(1)};
  for (const StoreSinkOptions& options : {by_count, by_bytes, by_age}) {
    fixture.store.batches = 0;
    StoreSink sink(fixture.store, 1, options);
    for (const auto& record : make_hostnames(10)) REQUIRE(sink.hostname(record).ok());
    const auto deadline = SystemClock::instance().now() + std::chrono::seconds(20);
    while (fixture.store.batches == 0 && SystemClock::instance().now() < deadline) {
      std::this_thread::yield();
    }
    CHECK(fixture.store.batches > 0);
  }
}

TEST_CASE("store/store_sink: the remainder is written when the sink goes") {
  Fixture fixture;
  {
    StoreSink sink(fixture.store, 1, {{100, 1 << 20}, kNever});
    for (const auto& record : make_hostnames(7)) REQUIRE(sink.hostname(record).ok());
  }
  CHECK(hostnames_of(*fixture.real).size() == 7);
}

TEST_CASE("store/store_sink: several threads give and nothing is lost") {
  Fixture fixture;
  {
    StoreSink sink(fixture.store, 1, {{50, 1 << 20}, kNever});
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&sink, t] {
        for (const auto& record : make_hostnames(500, t * 500)) (void)sink.hostname(record);
      });
    }
    threads.clear();
    REQUIRE(sink.flush().ok());
  }
  CHECK(hostnames_of(*fixture.real).size() == 2000);
}

TEST_CASE("store/store_sink: while the store refuses, records are kept up to a bound") {
  Fixture fixture;
  StoreSink sink(fixture.store, 1, {{10, 1 << 20}, kNever});
  fixture.store.fails = true;
  int accepted = 0;
  Status refused;
  for (const auto& record : make_hostnames(200)) {
    refused = sink.hostname(record);
    if (!refused.ok()) break;
    ++accepted;
  }
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kExhausted);
  CHECK(accepted >= 20);
  CHECK_FALSE(sink.flush().ok());
  fixture.store.fails = false;
  CHECK(sink.flush().ok());
  CHECK(static_cast<int>(hostnames_of(*fixture.real).size()) == accepted);
  CHECK(sink.hostname(make_hostname("late.example.com")).ok());
}
