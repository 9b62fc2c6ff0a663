// What every backend must do.
#include <algorithm>
#include <functional>

#include <fmt/ranges.h>

#include "store/backends.h"

using namespace m8;
using namespace m8::store;
using namespace m8::test;

namespace {

/// Enough rows that an index is worth it, of all kinds.
void fill_large(Store& store) {
  for (int i = 0; i < 20; ++i)
    REQUIRE(store.upsert_hostnames(1, make_hostnames(1000, i * 1000)).ok());
  auto moved = make_hostnames(5000);
  for (auto& record : moved) record.a = {"192.0.2.99"};
  REQUIRE(store.upsert_hostnames(2, moved).ok());
  std::vector<model::Hostname> others;
  for (int i = 0; i < 2000; ++i) {
    const std::string domain = fmt::format("d{:04}.org", i);
    others.push_back(make_hostname("www." + domain, domain));
  }
  REQUIRE(store.upsert_hostnames(1, others).ok());
  std::vector<model::Issue> issues;
  for (int i = 0; i < 5000; ++i) {
    const auto id = fmt::format("template-{:04}", i % 1000);
    issues.push_back(make_issue(id, fmt::format("http://h{:04}.org/{}", i, i), i));
    issues.back().host = fmt::format("h{:04}.org", i);
    issues.back().severity = i % 50 == 0 ? model::Severity::kCritical : model::Severity::kInfo;
    issues.back().status = i % 50 == 1 ? 'V' : 'U';
    issues.back().tags = fmt::format("tag-{},common", i % 100);
  }
  REQUIRE(store.upsert_issues(1, issues).ok());
  std::vector<model::Endpoint> endpoints(5000);
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    endpoints[i].hostname = fmt::format("h{:04}.org", i);
    endpoints[i].url = "http://" + endpoints[i].hostname;
    endpoints[i].last_seen = at_second(static_cast<int>(i));
  }
  REQUIRE(store.upsert_endpoints(1, endpoints).ok());
  model::Run run;
  run.arguments = std::string(1000, 'x');
  for (int i = 0; i < 200; ++i) {
    run.command = fmt::format("command {}", i % 100);
    REQUIRE(store.begin_run(run).ok());
  }
}

}  // namespace

TEST_CASE("store/contract: what was stored is read back, also by the next program") {
  on_each_backend([](Store& store, const auto& reopen) {
    model::Hostname record = make_hostname("www.example.com");
    record.wildcard = "shared";
    record.live = false;
    record.aaaa = {"2001:db8::1"};
    REQUIRE(store.upsert_hostnames(1, {&record, 1}).ok());
    const auto again = reopen();
    const auto rows = hostnames_of(*again);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].domain == record.domain);
    CHECK(rows[0].hostname == record.hostname);
    CHECK(rows[0].sources == record.sources);
    CHECK(rows[0].first_seen == record.first_seen);
    CHECK(rows[0].a == record.a);
    CHECK(rows[0].aaaa == record.aaaa);
    CHECK(rows[0].cname == record.cname);
    CHECK(rows[0].resolver == record.resolver);
    CHECK(rows[0].wildcard == "shared");
    CHECK_FALSE(rows[0].live);
  });
}

TEST_CASE("store/contract: a known name keeps its first sighting and joins its sources") {
  on_each_backend([](Store& store, const auto&) {
    model::Hostname first = make_hostname("www.example.com", "example.com", 0);
    model::Hostname second = make_hostname("www.example.com", "example.com", 60);
    second.sources = {"permute", "bruteforce"};
    second.a = {"192.0.2.9"};
    REQUIRE(store.upsert_hostnames(1, {&first, 1}).ok());
    REQUIRE(store.upsert_hostnames(2, {&second, 1}).ok());
    REQUIRE(store.upsert_hostnames(3, {&second, 1}).ok());
    const auto rows = hostnames_of(store);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].first_seen == at_second(0));
    CHECK(rows[0].last_seen == at_second(60));
    CHECK(rows[0].sources == std::vector<std::string>{"bruteforce", "permute"});
    CHECK(rows[0].a == second.a);
  });
}

TEST_CASE("store/contract: a batch mixes what is new, known, moved and denied, in any order") {
  on_each_backend([](Store& store, const auto&) {
    auto known = make_hostname("known.example.com"), moved = make_hostname("moved.example.com");
    auto gone = make_hostname("gone.example.com"), other = make_hostname("known.b.org", "b.org");
    REQUIRE(store.upsert_hostnames(1, std::vector{moved, known, other, gone}).ok());
    for (auto* record : {&known, &moved, &gone, &other}) record->last_seen = at_second(60);
    known.sources = {"permute"};
    known.resolver = "127.0.0.2:53";
    moved.a = {"192.0.2.9"};
    gone.live = false;
    const auto fresh = make_hostname("fresh.b.org", "b.org", 60);
    const auto before = make_hostname("a.example.com", "example.com", 60);
    REQUIRE(store.upsert_hostnames(2, std::vector{other, gone, fresh, known, before, moved}).ok());
    CHECK(changes_of(store, {"", at_second(30)}) ==
          "new:fresh.b.org new:a.example.com gone:gone.example.com changed:moved.example.com");
    HostnameFilter filter;
    filter.not_seen_by = 2;
    CHECK(hostnames_of(store, filter).empty());
    filter = {};
    filter.domain = "example.com";
    filter.after = "gone.example.com";
    const auto rows = hostnames_of(store, filter);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].sources == std::vector<std::string>{"bruteforce", "permute"});
    CHECK(rows[0].resolver == "127.0.0.2:53");
    CHECK(rows[0].first_seen == at_second(0));
    CHECK(rows[0].last_seen == at_second(60));
    CHECK(rows[1].a == moved.a);
  });
}

TEST_CASE("store/contract: names are listed by domain and name, and filtered") {
  on_each_backend([](Store& store, const auto&) {
    std::vector<model::Hostname> batch = {make_hostname("b.z.org", "z.org", 10),
                                          make_hostname("b.a.org", "a.org", 20),
                                          make_hostname("a.z.org", "z.org", 30)};
    batch[2].live = false;
    REQUIRE(store.upsert_hostnames(1, batch).ok());
    const auto names = [&](const HostnameFilter& filter) {
      std::string out;
      for (const auto& row : hostnames_of(store, filter)) out += row.hostname + " ";
      return out;
    };
    HostnameFilter filter;
    CHECK(names(filter) == "b.a.org a.z.org b.z.org ");
    filter.domain = "z.org";
    CHECK(names(filter) == "a.z.org b.z.org ");
    filter.live_only = true;
    CHECK(names(filter) == "b.z.org ");
    filter = {};
    filter.new_since = at_second(20);
    CHECK(names(filter) == "b.a.org a.z.org ");
    filter.domain = "none.org";
    CHECK(names(filter).empty());
  });
}

TEST_CASE("store/contract: domains are added once, switched on and off, and asked for") {
  on_each_backend([](Store& store, const auto&) {
    CHECK_FALSE(*store.any_domain_enabled());
    CHECK(*store.add_domain({"b.org", false, at_second(0)}));
    CHECK_FALSE(*store.any_domain_enabled());
    CHECK(*store.add_domain({"a.org", true, at_second(1)}));
    CHECK(*store.any_domain_enabled());
    REQUIRE(store.set_domain_enabled("a.org", false).ok());
    CHECK_FALSE(*store.any_domain_enabled());
    CHECK_FALSE(*store.add_domain({"a.org", true, at_second(2)}));  // stays as it was set
    CHECK_FALSE(*store.any_domain_enabled());
    std::vector<model::Hostname> found = {make_hostname("www.c.org", "c.org"),
                                          make_hostname("www.a.org", "a.org")};
    REQUIRE(store.upsert_hostnames(1, found).ok());  // and so when names of it are found
    CHECK(*store.any_domain_enabled());
    std::vector<model::Domain> rows, enabled;
    REQUIRE(store.for_each_domain({}, collect(rows)).ok());
    REQUIRE(store.for_each_domain({.enabled_only = true}, collect(enabled)).ok());
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].name == "a.org");
    CHECK(rows[0].first_seen == at_second(1));
    CHECK_FALSE(rows[0].enabled);
    CHECK(rows[2].name == "c.org");
    CHECK(rows[2].enabled);
    REQUIRE(enabled.size() == 1);
    CHECK(enabled[0].name == "c.org");
    CHECK(store.set_domain_enabled("d.org", true).error().code == ErrorCode::kNotFound);
  });
}

TEST_CASE("store/contract: a domain is removed with its names, and nothing else is") {
  on_each_backend([](Store& store, const auto&) {
    std::vector<model::Hostname> batch = {make_hostname("a.z.org", "z.org"),
                                          make_hostname("b.y.org", "y.org")};
    REQUIRE(store.upsert_hostnames(1, batch).ok());
    batch[0].a = {"192.0.2.7"};
    batch[0].last_seen = at_second(5);
    REQUIRE(store.upsert_hostnames(2, batch).ok());  // with a history
    REQUIRE(store.remove_domain("z.org").ok());
    const auto rows = hostnames_of(store);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].hostname == "b.y.org");
    CHECK(store.remove_domain("z.org").error().code == ErrorCode::kNotFound);
    CHECK(*store.add_domain({"z.org", true, {}}));
    CHECK(changes_of(store, {"z.org", at_second(0)}).empty());
  });
}

TEST_CASE("store/contract: names are read in pages, without those that a run saw") {
  on_each_backend([](Store& store, const auto&) {
    REQUIRE(store.upsert_hostnames(1, make_hostnames(5)).ok());
    REQUIRE(store.upsert_hostnames(2, make_hostnames(1, 3)).ok());
    HostnameFilter filter;
    filter.domain = "example.com";
    filter.limit = 2;
    filter.not_seen_by = 2;
    std::string names;
    for (;;) {
      const auto page = hostnames_of(store, filter);
      if (page.empty()) break;
      for (const auto& row : page) names += row.hostname.substr(0, 11) + " ";
      filter.after = page.back().hostname;
    }
    CHECK(names == "host-000000 host-000001 host-000002 host-000004 ");
  });
}

TEST_CASE("store/contract: the difference names what is new, changed, gone and returned") {
  on_each_backend([](Store& store, const auto& reopen) {
    const auto seen = [&](int second, std::vector<const char*> names, const char* address) {
      std::vector<model::Hostname> batch;
      for (const char* name : names) {
        batch.push_back(make_hostname(name, "z.org", second));
        batch.back().a = {address};
      }
      REQUIRE(store.upsert_hostnames(second, batch).ok());
    };
    const auto denied = [&](int second, const char* name) {
      const auto record = make_hostname(name, "z.org", second);
      REQUIRE(store.deny_hostnames({&record, 1}).ok());
    };
    seen(10, {"same.z.org", "changes.z.org", "goes.z.org", "flaps.z.org", "back.z.org"}, "::1");
    denied(20, "back.z.org");
    seen(30, {"same.z.org", "comes.z.org", "blinks.z.org", "back.z.org"}, "::1");
    seen(30, {"changes.z.org"}, "::2");
    denied(31, "goes.z.org");
    denied(31, "flaps.z.org");
    denied(32, "blinks.z.org");
    seen(40, {"flaps.z.org"}, "::1");

    const auto since = [&](int second) { return changes_of(store, {"", at_second(second)}); };
    CHECK(since(25) == "returned:back.z.org changed:changes.z.org new:comes.z.org gone:goes.z.org");
    CHECK(since(15) == "changed:changes.z.org new:comes.z.org gone:goes.z.org");
    CHECK(since(5) ==
          "new:back.z.org new:changes.z.org new:comes.z.org new:flaps.z.org"
          " new:same.z.org");
    CHECK(since(35) == "returned:flaps.z.org");
    CHECK(since(41).empty());
    CHECK(changes_of(*reopen(), {"z.org", at_second(35)}) == "returned:flaps.z.org");
    CHECK(changes_of(store, {"y.org", at_second(0)}).empty());
  });
}

TEST_CASE("store/contract: a change says what was before") {
  on_each_backend([](Store& store, const auto&) {
    model::Hostname record = make_hostname("a.org", "a.org", 0);
    REQUIRE(store.upsert_hostnames(1, {&record, 1}).ok());
    for (int second : {10, 20}) {  // what lies between is not told
      record.last_seen = at_second(second);
      record.a = {fmt::format("192.0.2.{}", second)};
      REQUIRE(store.upsert_hostnames(2, {&record, 1}).ok());
    }
    std::vector<model::HostnameChange> rows;
    REQUIRE(store.for_each_change({"", at_second(5)}, collect(rows)).ok());
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].kind == model::HostnameChange::Kind::kChanged);
    CHECK(rows[0].now.a == std::vector<std::string>{"192.0.2.20"});
    CHECK(rows[0].was.a == std::vector<std::string>{"192.0.2.1", "192.0.2.2"});
    CHECK(rows[0].was.cname == std::vector<std::string>{"web.example.net"});
    CHECK(rows[0].was.live);
  });
}

TEST_CASE("store/contract: only what is known, live and not seen since is gone") {
  on_each_backend([](Store& store, const auto&) {
    REQUIRE(store.upsert_hostnames(1, make_hostnames(2)).ok());
    std::vector<model::Hostname> denials = {make_hostname("host-000000.example.com", "example.com"),
                                            make_hostname("none.example.com", "example.com"),
                                            make_hostname("host-000001.example.com", "none.com"),
                                            make_hostname("host-000001.example.com")};
    denials[0].last_seen = at_second(5);
    denials[0].a = {};
    denials[3].last_seen = at_second(-5);
    REQUIRE(store.deny_hostnames(denials).ok());
    const auto rows = hostnames_of(store);
    REQUIRE(rows.size() == 2);
    CHECK_FALSE(rows[0].live);
    CHECK(rows[0].a.size() == 2);  // as it was last seen
    CHECK(rows[0].last_seen == at_second(0));
    CHECK(rows[1].live);
  });
}

TEST_CASE("store/contract: endpoints are kept by URL") {
  on_each_backend([](Store& store, const auto&) {
    model::Endpoint endpoint;
    endpoint.url = "https://a.com:8443";
    endpoint.hostname = "a.com";
    endpoint.ip = "192.0.2.1";
    endpoint.port = 8443;
    endpoint.status = 200;
    endpoint.title = "Welcome";
    endpoint.server = "nginx";
    endpoint.technologies = {"Nginx:1.2", "Some Thing"};
    endpoint.last_seen = at_second(0);
    REQUIRE(store.upsert_endpoints(1, {&endpoint, 1}).ok());
    endpoint.status = 404;
    endpoint.live = false;
    endpoint.technologies.clear();  // it was not asked what it is
    endpoint.last_seen = at_second(9);
    REQUIRE(store.upsert_endpoints(2, {&endpoint, 1}).ok());
    std::vector<model::Endpoint> rows;
    REQUIRE(store.for_each_endpoint(collect(rows)).ok());
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].url == endpoint.url);
    CHECK(rows[0].hostname == "a.com");
    CHECK(rows[0].ip == "192.0.2.1");
    CHECK(rows[0].port == 8443);
    CHECK(rows[0].status == 404);
    CHECK(rows[0].title == "Welcome");
    CHECK(rows[0].server == "nginx");
    CHECK_FALSE(rows[0].live);
    CHECK(rows[0].technologies == std::vector<std::string>{"Nginx:1.2", "Some Thing"});
    CHECK(rows[0].last_seen == at_second(9));
  });
}

TEST_CASE("store/contract: who did not see an endpoint's front page forgets nothing of it") {
  on_each_backend([](Store& store, const auto&) {
    model::Endpoint endpoint;
    endpoint.url = "https://a.com";
    endpoint.status = 200;
    endpoint.title = "Welcome";
    REQUIRE(store.upsert_endpoints(1, {&endpoint, 1}).ok());
    endpoint.status = 0;
    endpoint.title = "";
    endpoint.server = "nginx";
    REQUIRE(store.upsert_endpoints(2, {&endpoint, 1}).ok());
    const auto found = store.find_endpoint("https://a.com");
    REQUIRE((found && *found));
    CHECK((*found)->status == 200);
    CHECK((*found)->title == "Welcome");
    CHECK((*found)->server == "nginx");
    endpoint.status = 404;
    REQUIRE(store.upsert_endpoints(3, {&endpoint, 1}).ok());
    CHECK((*store.find_endpoint("https://a.com"))->title == "");
  });
}

TEST_CASE("store/contract: an endpoint is found by its URL") {
  on_each_backend([](Store& store, const auto&) {
    std::vector<model::Endpoint> batch(3);
    for (int i = 0; i < 3; ++i) {
      batch[static_cast<std::size_t>(i)].url = fmt::format("https://h{}.example.com", i);
      batch[static_cast<std::size_t>(i)].title = fmt::format("Title {}", i);
      batch[static_cast<std::size_t>(i)].status = 200 + i;
    }
    REQUIRE(store.upsert_endpoints(1, batch).ok());
    const auto found = store.find_endpoint("https://h1.example.com");
    REQUIRE(found.ok());
    REQUIRE(found->has_value());
    CHECK((*found)->title == "Title 1");
    CHECK((*found)->status == 201);
    const auto unknown = store.find_endpoint("https://h1.example.com/");
    REQUIRE(unknown.ok());
    CHECK_FALSE(unknown->has_value());
  });
}

TEST_CASE("store/contract: an issue that is found again keeps its id, status and first sighting") {
  on_each_backend([](Store& store, const auto&) {
    model::Issue issue = make_issue("flaw", "http://a.com/x?p=1", 0);
    issue.status = 'I';
    REQUIRE(store.upsert_issues(1, {&issue, 1}).ok());
    const model::Issue again = make_issue("flaw", "http://a.com/x?p=2", 60);
    REQUIRE(store.upsert_issues(2, {&again, 1}).ok());
    const auto rows = issues_of(store);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].id == 1);
    CHECK(rows[0].status == 'I');
    CHECK(rows[0].first_seen == at_second(0));
    CHECK(rows[0].last_seen == at_second(60));
    CHECK(rows[0].matched_at == "http://a.com/x?p=2");
    CHECK(rows[0].event == again.event);
    CHECK(rows[0].tags == "a,b");
    CHECK(rows[0].severity == model::Severity::kHigh);
  });
}

TEST_CASE("store/contract: issues whose signatures begin alike are told apart") {
  on_each_backend([](Store& store, const auto&) {
    std::vector<model::Issue> batch;
    for (const char* end : {"a", "b", "", "b"}) {  // one of them twice
      batch.push_back(make_issue("flaw", "http://a.com/"));
      batch.back().signature = "1-0123456789abcdef" + std::string(end);
      batch.back().name = fmt::format("{}{}", end, batch.size());
    }
    for (std::int64_t run : {1, 2}) {
      REQUIRE(store.upsert_issues(run, batch).ok());
      const auto rows = issues_of(store);
      REQUIRE(rows.size() == 3);
      CHECK(rows[0].name == "a1");
      CHECK(rows[1].name == "b4");  // the last stands
      CHECK(rows[2].name == "3");
      CHECK(rows[1].last_run == run);
    }
    IssueFilter one;
    one.signatures = {batch[1].signature};
    CHECK(issues_of(store, one).size() == 1);
    one.signatures.push_back(batch[0].signature);
    CHECK(issues_of(store, one).size() == 2);
  });
}

TEST_CASE("store/contract: a batch of issues mixes what is new, known, graver and found again") {
  on_each_backend([](Store& store, const auto&) {
    const auto all = [](int second) {
      std::vector<model::Issue> batch;
      for (int i = 0; i < 6; ++i)
        batch.push_back(make_issue(fmt::format("t{}", i), "http://a.com/", second));
      return batch;
    };
    auto known = all(0);
    known[3].status = 'R';
    known[4].status = 'F';
    REQUIRE(store.upsert_issues(1, std::span(known).first(5)).ok());
    auto again = all(9);
    again[1].severity = model::Severity::kCritical;
    again[2].host = "b.com";
    std::swap(again[0], again[5]);
    REQUIRE(store.upsert_issues(2, again).ok());
    std::string seen;
    for (const auto& row : issues_of(store)) {
      seen += fmt::format("{}{}{}{}{} ", row.template_id, row.status,
                          static_cast<int>(row.severity), row.host, row.first_run);
      CHECK(row.last_run == 2);
      CHECK(row.last_seen == at_second(9));
    }
    CHECK(seen == "t0U4a.com1 t1U5a.com1 t2U4b.com1 t3U4a.com1 t4F4a.com1 t5U4a.com2 ");
  });
}

TEST_CASE("store/contract: a remediated issue that is found again is unreviewed") {
  on_each_backend([](Store& store, const auto&) {
    model::Issue issue = make_issue("flaw", "http://a.com/");
    issue.status = 'R';
    REQUIRE(store.upsert_issues(1, {&issue, 1}).ok());
    issue.status = 'U';
    REQUIRE(store.upsert_issues(2, {&issue, 1}).ok());
    CHECK(issues_of(store).at(0).status == 'U');
  });
}

TEST_CASE("store/contract: issues are filtered by severity, host, template, status and age") {
  on_each_backend([](Store& store, const auto&) {
    std::vector<model::Issue> batch = {make_issue("one", "http://a.com/", 0),
                                       make_issue("two", "http://a.com/", 10),
                                       make_issue("three", "http://b.com/", 20)};
    batch[1].severity = model::Severity::kLow;
    batch[1].status = 'V';
    batch[2].host = "b.com";
    batch[2].status = 'F';
    REQUIRE(store.upsert_issues(1, batch).ok());
    const auto ids = [&](const IssueFilter& filter) {
      std::string out;
      for (const auto& row : issues_of(store, filter)) out += row.template_id + " ";
      return out;
    };
    CHECK(ids({}) == "one two three ");
    IssueFilter filter;
    filter.at_least = model::Severity::kMedium;
    CHECK(ids(filter) == "one three ");
    filter.host = "b.com";
    CHECK(ids(filter) == "three ");
    filter = {};
    filter.statuses = "VF";
    CHECK(ids(filter) == "two three ");
    filter.template_id = "two";
    CHECK(ids(filter) == "two ");
    filter = {};
    filter.new_since = at_second(10);
    CHECK(ids(filter) == "two three ");
  });
}

TEST_CASE("store/contract: runs are begun, ended and listed, the newest first") {
  on_each_backend([](Store& store, const auto&) {
    model::Run run;
    run.command = "asmm8 enum";
    run.arguments = "-d example.com";
    run.version = "1.0";
    run.started = at_second(0);
    run.status = "running";
    const auto first = store.begin_run(run);
    const auto second = store.begin_run(run);
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    CHECK(*first != *second);
    run.id = *first;
    run.ended = at_second(5);
    run.status = "done";
    run.counts = {{"asked", 7}, {"errors.timeout", 1}};
    REQUIRE(store.end_run(run).ok());
    std::vector<model::Run> rows;
    REQUIRE(store.for_each_run({}, collect(rows)).ok());
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].id == *second);
    CHECK(rows[0].status == "running");
    CHECK(rows[1].status == "done");
    CHECK(rows[1].ended == at_second(5));
    CHECK(rows[1].counts == run.counts);
    CHECK(store.find_run(*first)->counts == run.counts);
    run.id = 12345;
    CHECK(store.end_run(run).error().code == ErrorCode::kNotFound);
    CHECK(store.find_run(run.id).error().code == ErrorCode::kNotFound);
    run.command = "num8 scan";
    REQUIRE(store.begin_run(run).ok());
    const auto ids = [&](const RunFilter& filter) {
      std::vector<model::Run> found;
      REQUIRE(store.for_each_run(filter, collect(found)).ok());
      std::vector<std::int64_t> out;
      for (const auto& one : found) out.push_back(one.id);
      return out;
    };
    CHECK(ids({"asmm8 enum", 0}) == std::vector<std::int64_t>{*second, *first});
    CHECK(ids({"asmm8 enum", 1}) == std::vector<std::int64_t>{*second});
    CHECK(ids({"", 2}).size() == 2);
  });
}

TEST_CASE("store/contract: a run's journal is replaced, read back, and forgotten when it is done") {
  on_each_backend([](Store& store, const auto& reopen) {
    model::Run run;
    run.status = "running";
    run.id = store.begin_run(run).value();
    CHECK_FALSE(store.load_journal(run.id)->has_value());
    REQUIRE(store.save_journal(run.id, {"key", "1"}).ok());
    REQUIRE(store.save_journal(run.id, {"key", "2'--"}).ok());
    run.status = "interrupted";
    REQUIRE(store.end_run(run).ok());
    const auto journal = reopen()->load_journal(run.id);
    REQUIRE(journal->has_value());
    CHECK((*journal)->key == "key");
    CHECK((*journal)->state == "2'--");
    run.status = "done";
    REQUIRE(store.end_run(run).ok());
    CHECK_FALSE(store.load_journal(run.id)->has_value());
  });
}

TEST_CASE("store/contract: samples of metrics are kept for a day, alerts until the next check") {
  on_each_backend([](Store& store, const auto&) {
    Samples& samples = store.samples();
    const WallTime now{std::chrono::hours(1'000)};
    for (const int hours : {30, 20, 1})
      REQUIRE(samples.add_sample({"num8 scan 7", now - std::chrono::hours(hours), "a 1\n"}).ok());
    REQUIRE(samples.add_sample({"asmm8 enum 9", now, "b 2\n"}).ok());
    std::vector<std::string> seen;
    const auto note = [&seen](const MetricSample& sample) {
      seen.push_back(sample.process + "|" + sample.body);
      return Status();
    };
    REQUIRE(samples.for_each_sample(now - std::chrono::hours(48), note).ok());
    CHECK(seen ==
          std::vector<std::string>{"asmm8 enum 9|b 2\n", "num8 scan 7|a 1\n", "num8 scan 7|a 1\n"});
    REQUIRE(samples.set_alerts({{"memory", {2, now, 1}}, {"db_pool", {1, now, 0}}}).ok());
    REQUIRE(samples.set_alerts({{"memory", {1, now, 2}}}).ok());
    const auto alerts = samples.alerts();
    REQUIRE(alerts.ok());
    REQUIRE(alerts->size() == 1);
    CHECK(alerts->at("memory").level == 1);
    CHECK(alerts->at("memory").told == 2);
    CHECK(alerts->at("memory").since == now);
  });
}

TEST_CASE("store/contract: a store tells of itself, and how it answers") {
  on_each_backend([](Store& store, const auto&) {
    REQUIRE(store.upsert_hostnames(1, make_hostnames(3)).ok());
    const auto info = store.info();
    REQUIRE(info.ok());
    CHECK(info->version == info->newest);
    CHECK(info->pending.empty());
    CHECK(info->bytes > 0);
    CHECK(std::find(info->rows.begin(), info->rows.end(),
                    std::pair<std::string, std::uint64_t>("hostname", 3)) != info->rows.end());
    std::vector<QueryPlan> plans;
    REQUIRE(store.explain(collect(plans)).ok());
    CHECK(plans.size() > 120);
    for (const auto& plan : plans) CHECK_FALSE(plan.name.empty());
  });
}

TEST_CASE("store/contract: an error of the reader ends the reading") {
  on_each_backend([](Store& store, const auto&) {
    REQUIRE(store.upsert_hostnames(1, make_hostnames(10)).ok());
    int seen = 0;
    const Status status = store.for_each_hostname({}, [&](const model::Hostname&) -> Status {
      if (++seen == 3) return Error{ErrorCode::kCancelled, "enough"};
      return {};
    });
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message == "enough");
    CHECK(seen == 3);
    CHECK(hostnames_of(store).size() == 10);
  });
}

TEST_CASE("store/contract: odd texts come back as they were") {
  on_each_backend([](Store& store, const auto&) {
    model::Issue issue = make_issue("flaw", "http://a.com/");
    issue.name = "";
    issue.event = std::string(3'000'000, 'x') + "\xc3\xa9";
    REQUIRE(store.upsert_issues(1, {&issue, 1}).ok());
    const auto rows = issues_of(store);
    CHECK(rows.at(0).name.empty());
    CHECK(rows.at(0).event == issue.event);
    CHECK(store.upsert_issues(1, {}).ok());
  });
}

TEST_CASE("store/contract: a batch is kept as a whole or not at all") {
  on_each_backend([](Store& store, const auto&) {
    std::vector<model::Issue> batch = {make_issue("one", "http://a.com/"),
                                       make_issue("two", "http://a.com/")};
    batch[1].status = '?';  // the schema refuses it
    CHECK_FALSE(store.upsert_issues(1, batch).ok());
    CHECK(issues_of(store).empty());
    batch.pop_back();
    CHECK(store.upsert_issues(1, batch).ok());
    CHECK(issues_of(store).size() == 1);
    IssueFilter tagged;  // what was refused with the batch is not taken for stored
    tagged.tag = "b";
    CHECK(issues_of(store, tagged).size() == 1);
  });
}

TEST_CASE("store/contract: two programs write at once and lose nothing") {
  on_each_backend([](Store& store, const auto& reopen) {
    const auto other = reopen();
    for (int i = 0; i < 10; ++i) {
      REQUIRE(store.upsert_hostnames(1, make_hostnames(20, i * 20)).ok());
      REQUIRE(other->upsert_hostnames(2, make_hostnames(20, i * 20 + 10)).ok());
    }
    CHECK(hostnames_of(store).size() == 210);
    CHECK(hostnames_of(*other).size() == 210);
  });
}

TEST_CASE("store/contract: no query for a part of a large table reads all of it") {
  on_each_backend([](Store& store, const auto&) {
    fill_large(store);
    std::vector<QueryPlan> plans;
    REQUIRE(store.explain(collect(plans)).ok());
    CHECK(plans.size() > 120);
    for (const QueryPlan& plan : plans) {
      CAPTURE(plan.name);
      CAPTURE(fmt::format("{}", fmt::join(plan.plan, "\n")));
      CHECK(plan.scanned.empty());
    }
  });
}
