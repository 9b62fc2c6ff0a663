// The life of issues and endpoints, in every backend.
#include <atomic>
#include <thread>

#include "store/backends.h"
#include "store/judged.h"
#include "store/store_sink.h"

using namespace m8;
using namespace m8::store;
using namespace m8::test;

namespace {

/// "R>U m8 7 found again": what the history of an issue says, one change after the other.
std::string history_of(Store& store, std::int64_t issue) {
  std::string out;
  const auto add = [&out](const model::IssueEvent& event) -> Status {
    out += fmt::format("{}{}>{} {} {} {}", out.empty() ? "" : "; ", event.was.status,
                       event.now.status, event.author, event.run, event.note);
    return {};
  };
  REQUIRE(store.life().for_each_event(issue, add).ok());
  return out;
}

/// "new:one gone:two"
std::string issue_changes(Store& store, const ChangeSpan& span) {
  std::string out;
  const auto add = [&out](const model::IssueChange& change) -> Status {
    out += fmt::format("{}{}:{}", out.empty() ? "" : " ", to_string(change.kind),
                       change.now.template_id);
    return {};
  };
  REQUIRE(store.life().for_each_issue_change(span, add).ok());
  return out;
}

std::string issue_changes(Store& store, int since) {
  return issue_changes(store, at_second(since));
}

std::string endpoint_changes(Store& store, const ChangeSpan& span) {
  std::string out;
  const auto add = [&out](const model::EndpointChange& change) -> Status {
    out += fmt::format("{}{}:{}", out.empty() ? "" : " ", to_string(change.kind), change.now.url);
    for (const std::string& field : change.fields()) out += "+" + field;
    return {};
  };
  REQUIRE(store.life().for_each_endpoint_change(span, add).ok());
  return out;
}

std::string endpoint_changes(Store& store, int since) {
  return endpoint_changes(store, at_second(since));
}

std::string all_changes(Store& store, int since, std::optional<int> until) {
  ChangeSpan span(at_second(since));
  if (until) span.until = at_second(*until);
  return changes_of(store, {"", span.since, span.until}) + " | " + issue_changes(store, span) +
         " | " + endpoint_changes(store, span);
}

IssueEdit edit(char status, int second, const std::string& note = "") {
  return {status, "eve", note, at_second(second)};
}

IssueFilter of_template(const std::string& id) {
  IssueFilter filter;
  filter.template_id = id;
  return filter;
}

model::Issue issue_at(const std::string& id, const std::string& target, int second) {
  model::Finding finding = make_finding(id, target + "/x", second);
  finding.url = target;
  finding.host = target.substr(target.rfind('/') + 1);
  return model::to_issue(finding);
}

/// A run that scanned \p targets with \p templates and found \p found.
std::uint64_t scan(Store& store, std::int64_t run, int second, std::vector<std::string> targets,
                   std::vector<std::string> templates, std::vector<model::Issue> found = {},
                   int gone_after = 1, std::vector<Piece> failed = {}) {
  REQUIRE(store.life().add_templates(run, templates).ok());
  REQUIRE(store.upsert_issues(run, found).ok());
  for (const std::string& target : targets)
    failed.push_back({target, target.substr(target.rfind('/') + 1), ""});
  REQUIRE(store.life().add_pieces(run, failed).ok());
  const auto gone = store.life().conclude(run, at_second(second), gone_after);
  REQUIRE_MESSAGE(gone.ok(), (gone.ok() ? "" : gone.error().message));
  return *gone;
}

}  // namespace

TEST_CASE("store/life: what people say of issues is kept, with author, time and note") {
  on_each_backend([](Store& store, const auto&) {
    const std::vector<model::Issue> batch = {make_issue("one", "http://a.com/", 0),
                                             make_issue("two", "http://a.com/", 0)};
    REQUIRE(store.upsert_issues(1, batch).ok());
    CHECK(store.life().set_issues(of_template("one"), edit('F', 10, "a test page")).value() == 1);
    CHECK(store.life().set_issues(of_template("one"), edit('F', 20)).value() == 0);
    CHECK(store.life().set_issues({}, edit('V', 30)).value() == 2);
    CHECK(history_of(store, 1) == "U>F eve 0 a test page; F>V eve 0 ");
    CHECK(history_of(store, 3).empty());
  });
}

TEST_CASE("store/life: what was judged is known by its signature") {
  on_each_backend([](Store& store, const auto&) {
    for (const char status : std::string("VIFRU")) {
      const model::Issue issue = make_issue(std::string(1, status), "http://a.com/", 0);
      REQUIRE(store.upsert_issues(1, {&issue, 1}).ok());
      REQUIRE(store.life().set_issues(of_template(issue.template_id), edit(status, 10)).ok());
    }
    const auto judged = Judged::load(store.life());
    REQUIRE(judged.ok());
    CHECK(judged->size() == 3);
    for (const char status : std::string("VIFRU")) {
      const model::Issue issue = make_issue(std::string(1, status), "http://a.com/", 0);
      CHECK(judged->contains(issue.signature) == model::is_suppressed(status));
    }
    CHECK(!judged->contains(""));
    CHECK(!Judged().contains("x"));
  });
}

TEST_CASE("store/life: a judged issue stays judged, a remediated one is reopened with a note") {
  on_each_backend([](Store& store, const auto&) {
    for (const char status : std::string("VIFRU")) {
      const std::string id(1, status);
      const model::Issue issue = make_issue(id, "http://a.com/", 0);
      REQUIRE(store.upsert_issues(1, {&issue, 1}).ok());
      REQUIRE(store.life().set_issues(of_template(id), edit(status, 10)).ok());
      const model::Issue again = make_issue(id, "http://a.com/", 20);
      REQUIRE(store.upsert_issues(7, {&again, 1}).ok());
      const auto row = issues_of(store, of_template(id)).at(0);
      CHECK(row.status == (status == 'R' ? 'U' : status));
      CHECK(row.first_run == 1);
      CHECK(row.last_run == 7);
      if (status == 'R')
        CHECK(history_of(store, row.id).find("; R>U m8 7 found again") != std::string::npos);
    }
  });
}

TEST_CASE("store/life: gone is what a finished template no longer finds at a reachable target") {
  on_each_backend([](Store& store, const auto&) {
    const std::string a = "http://a.com", b = "http://b.com";
    const auto both = std::vector{issue_at("one", a, 0), issue_at("one", b, 0)};
    CHECK(scan(store, 1, 0, {a, b}, {"one", "two"}, both) == 0);
    CHECK(scan(store, 2, 10, {a}, {"two"}) == 0);                                // another template
    CHECK(scan(store, 3, 20, {"http://c.com"}, {"one"}) == 0);                   // another target
    CHECK(scan(store, 4, 30, {a}, {"one"}, {}, 1, {{a, "a.com", "one"}}) == 0);  // no answer
    CHECK(scan(store, 5, 40, {a, b}, {"one"}, {issue_at("one", b, 40)}) == 1);
    const auto rows = issues_of(store);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].status == 'R');
    CHECK((rows[0].gone == at_second(40)));
    CHECK_FALSE(rows[1].gone);
    CHECK(history_of(store, 1) == "U>R m8 5 no longer found");
    CHECK(issue_changes(store, 35) == "gone:one");
    CHECK(scan(store, 6, 50, {a}, {"one"}, {issue_at("one", a, 50)}) == 0);
    CHECK(issues_of(store).at(0).status == 'U');
    CHECK(issue_changes(store, 45) == "returned:one");
    CHECK(issue_changes(store, 35).empty());
  });
}

TEST_CASE("store/life: gone may take several runs in a row, and a false positive stays one") {
  on_each_backend([](Store& store, const auto&) {
    const std::string a = "http://a.com";
    scan(store, 1, 0, {a}, {"one"}, {issue_at("one", a, 0)}, 2);
    REQUIRE(store.life().set_issues({}, edit('F', 5)).ok());
    CHECK(scan(store, 2, 10, {a}, {"one"}, {}, 2) == 0);
    // The run is asked once more, as after a kill: nothing is missed twice.
    CHECK(scan(store, 2, 10, {a}, {"one"}, {}, 2) == 0);
    CHECK(scan(store, 3, 20, {a}, {"one"}, {issue_at("one", a, 20)}, 2) == 0);
    CHECK(scan(store, 4, 30, {a}, {"one"}, {}, 2) == 0);
    CHECK(scan(store, 5, 40, {a}, {"one"}, {}, 0) == 0);  // never
    CHECK(scan(store, 6, 50, {a}, {"one"}, {}, 2) == 1);
    CHECK(issues_of(store).at(0).status == 'F');
    scan(store, 7, 60, {a}, {"one"}, {issue_at("one", a, 60)}, 2);
    CHECK(issues_of(store).at(0).status == 'F');
    CHECK_FALSE(issues_of(store).at(0).gone);
  });
}

TEST_CASE("store/life: a scan's outcomes come through the sink, after what it found") {
  on_each_backend([](Store& store, const auto&) {
    const model::Issue old = issue_at("one", "http://a.com", 0);
    REQUIRE(store.upsert_issues(1, {&old, 1}).ok());
    REQUIRE(store.life().add_templates(2, std::vector<std::string>{"one"}).ok());
    {
      StoreSinkOptions options;
      options.pieces = true;
      StoreSink sink(store, 2, options);
      using Kind = model::Outcome::Kind;
      REQUIRE(sink.outcome({Kind::kSkipped, "http://a.com", "scan", "no answer"}).ok());
      REQUIRE(sink.flush().ok());
      CHECK(store.life().conclude(2, at_second(10), 1).value() == 0);
      REQUIRE(store.life().add_templates(3, std::vector<std::string>{"one"}).ok());
    }
    StoreSinkOptions options;
    options.pieces = true;
    StoreSink sink(store, 3, options);
    REQUIRE(sink.outcome({model::Outcome::Kind::kDone, "http://a.com", "scan", ""}).ok());
    REQUIRE(sink.flush().ok());
    CHECK(store.life().conclude(3, at_second(20), 1).value() == 1);
  });
}

TEST_CASE("store/life: the difference of issues names new, changed, gone and returned ones") {
  on_each_backend([](Store& store, const auto&) {
    std::vector<model::Issue> batch;
    for (const char* id : {"same", "judged", "fixed", "worse"})
      batch.push_back(make_issue(id, "http://a.com/", 0));
    REQUIRE(store.upsert_issues(1, batch).ok());
    REQUIRE(store.life().set_issues(of_template("judged"), edit('V', 10)).ok());
    REQUIRE(store.life().set_issues(of_template("fixed"), edit('R', 10)).ok());
    model::Issue worse = make_issue("worse", "http://a.com/", 11);
    worse.severity = model::Severity::kCritical;
    const std::vector<model::Issue> later = {worse, make_issue("fresh", "http://a.com/", 12)};
    REQUIRE(store.upsert_issues(2, later).ok());
    CHECK(issue_changes(store, 5) == "changed:judged gone:fixed changed:worse new:fresh");
    CHECK(issue_changes(store, 12) == "new:fresh");
    CHECK(issue_changes(store, 13).empty());
    CHECK(issue_changes(store, 0) == "new:same new:judged new:worse new:fresh");
    // There and back is no difference.
    REQUIRE(store.life().set_issues(of_template("judged"), edit('U', 20)).ok());
    CHECK(issue_changes(store, 5).find("judged") == std::string::npos);
  });
}

TEST_CASE("store/life: the difference of endpoints names technologies and certificates") {
  on_each_backend([](Store& store, const auto&) {
    const auto make = [](const std::string& url, int second) {
      model::Endpoint endpoint;
      endpoint.url = url;
      endpoint.status = 200;
      endpoint.title = "Home";
      endpoint.technologies = {"Nginx:1.22"};
      endpoint.last_seen = at_second(second);
      auto peer = std::make_shared<net::TlsPeer>();
      peer->has_certificate = true;
      peer->sha256 = "aa";
      peer->subject_dn = "CN=a\nb";
      peer->not_after = at_second(1000);
      endpoint.tls = peer;
      return endpoint;
    };
    std::vector<model::Endpoint> batch = {make("https://a.com", 0), make("https://b.com", 0),
                                          make("https://c.com", 0)};
    REQUIRE(store.upsert_endpoints(1, batch).ok());
    batch = {make("https://a.com", 10), make("https://b.com", 10), make("https://c.com", 10),
             make("https://d.com", 10)};
    batch[0].technologies = {"Nginx:1.23"};
    auto other = std::make_shared<net::TlsPeer>(*batch[1].tls);
    other->sha256 = "bb";
    batch[1].tls = other;
    batch[2].live = false;
    batch[3].tls = nullptr;
    REQUIRE(store.upsert_endpoints(2, batch).ok());
    CHECK(endpoint_changes(store, 5) ==
          "changed:https://a.com+technologies changed:https://b.com+certificate "
          "gone:https://c.com new:https://d.com");
    // Who did not look at certificates and technologies forgets none.
    batch[1].tls = nullptr;
    batch[1].technologies.clear();
    batch[1].last_seen = at_second(20);
    REQUIRE(store.upsert_endpoints(3, {&batch[1], 1}).ok());
    CHECK(endpoint_changes(store, 15).empty());
    const auto check = [](const model::EndpointChange& change) -> Status {
      if (change.now.url != "https://b.com") return {};
      CHECK(change.certificate.sha256 == "bb");
      CHECK(change.was.certificate.sha256 == "aa");
      CHECK(change.was.certificate.subject == "CN=a b");
      CHECK((change.was.certificate.not_after == at_second(1000)));
      return {};
    };
    REQUIRE(store.life().for_each_endpoint_change(at_second(5), check).ok());
  });
}

TEST_CASE("store/life: what differed between two moments is told also when more has changed") {
  on_each_backend([](Store& store, const auto&) {
    const auto stage = [&store](int i) {
      const int second = 10 * i;
      std::vector<model::Hostname> names;
      std::vector<model::Issue> issues;
      std::vector<model::Endpoint> endpoints;
      for (int k = 0; k <= 8; ++k) {
        if (k > i + 3) continue;  // three are new at first, then one at a time
        const std::string host = fmt::format("h{}.a.org", k);
        model::Hostname name = make_hostname(host, "a.org", second);
        name.a = {fmt::format("10.0.0.{}", (i * k) % 3 + 1)};
        if ((i + k) % 4 != 3) names.push_back(name);
        if ((i * 7 + k) % 5 == 0) REQUIRE(store.deny_hostnames({&name, 1}).ok());
        model::Issue issue = issue_at("one", "http://" + host, second);
        issue.severity = static_cast<model::Severity>(1 + (i + k) / 3 % 4);
        if ((i + k) % 3 != 2) issues.push_back(issue);
        model::Endpoint endpoint;
        endpoint.url = "http://" + host;
        endpoint.status = 200 + i / 2 * k;
        endpoint.live = (i + 2 * k) % 5 != 4;
        endpoint.technologies = {k % 2 == 0 ? "Nginx" : fmt::format("Nginx:{}", i)};
        endpoint.last_seen = at_second(second);
        endpoints.push_back(endpoint);
      }
      REQUIRE(store.upsert_hostnames(i, names).ok());
      REQUIRE(store.upsert_endpoints(i, endpoints).ok());
      std::vector<std::string> targets;
      for (const model::Endpoint& endpoint : endpoints) targets.push_back(endpoint.url);
      scan(store, i, second + 1, targets, {"one"}, issues);
    };
    std::map<std::pair<int, int>, std::string> told;
    for (int i = 1; i <= 6; ++i) {
      stage(i);
      for (int since = 0; since < i; ++since)
        told[{since, i}] = all_changes(store, 10 * since + 5, std::nullopt);
    }
    CHECK(told[{1, 2}] != told[{1, 3}]);
    for (const char* kind : {"new:", "gone:", "returned:", "changed:"})
      CHECK(told[{2, 6}].find(kind) != std::string::npos);
    for (const auto& [moments, wanted] : told) {
      const auto [since, until] = moments;
      const std::string span = fmt::format("{} to {}", since, until);
      CAPTURE(span);
      CHECK(all_changes(store, 10 * since + 5, 10 * until + 5) == wanted);
    }
  });
}

TEST_CASE("store/life: what a template without a target no longer finds is gone") {
  on_each_backend([](Store& store, const auto&) {
    const std::string a = "http://a.com";
    const auto found = std::vector{issue_at("once", a, 0), issue_at("other", a, 0)};
    const auto templates = std::vector{once("once"), std::string("other")};
    CHECK(scan(store, 1, 0, {""}, templates, found) == 0);
    CHECK(scan(store, 2, 10, {}, templates) == 0);                               // did not end
    CHECK(scan(store, 3, 20, {""}, templates, {}, 1, {{"", "", "once"}}) == 0);  // failed
    CHECK(scan(store, 4, 30, {""}, {"other"}) == 0);                             // did not run
    CHECK(scan(store, 5, 40, {""}, templates) == 1);
    CHECK(issues_of(store, of_template("once")).at(0).gone.has_value());
    CHECK(!issues_of(store, of_template("other")).at(0).gone.has_value());
  });
}

TEST_CASE("store/life: issues are filtered by tag, severities, presence, age and id") {
  on_each_backend([](Store& store, const auto&) {
    std::vector<model::Issue> batch = {make_issue("one", "http://a.com/", 0),
                                       make_issue("two", "http://a.com/", 10),
                                       make_issue("three", "http://a.com/", 20)};
    batch[0].tags = "cve,rce";
    batch[1].tags = "cve2021,a_b";
    batch[1].severity = model::Severity::kLow;
    batch[2].tags = "";
    REQUIRE(store.upsert_issues(1, batch).ok());
    const auto ids = [&](const IssueFilter& filter) {
      std::string out;
      for (const auto& row : issues_of(store, filter)) out += row.template_id + " ";
      return out;
    };
    IssueFilter filter;
    filter.tag = "cve";
    CHECK(ids(filter) == "one ");
    filter.tag = "a_b";
    CHECK(ids(filter) == "two ");
    filter.tag = "a%";
    CHECK(ids(filter).empty());
    filter = {};
    filter.severities = {model::Severity::kLow, model::Severity::kCritical};
    CHECK(ids(filter) == "two ");
    filter.at_least = model::Severity::kHigh;
    CHECK(ids(filter).empty());
    filter = {};
    filter.first_before = at_second(10);
    CHECK(ids(filter) == "one ");
    filter = {};
    filter.ids = {1, 3};
    CHECK(ids(filter) == "one three ");
    filter.after = 1;
    filter.limit = 1;
    filter.without_event = true;
    CHECK(ids(filter) == "three ");
    CHECK(issues_of(store, filter).at(0).event.empty());
    filter = {};
    filter.presence = IssueFilter::Presence::kGone;
    CHECK(ids(filter).empty());
  });
}

TEST_CASE("store/life: two scans that write the same issues at once lose no update") {
  on_each_backend([](Store& store, const auto& reopen) {
    constexpr int kRounds = 15, kIssues = 200;
    const auto other = reopen();
    const auto write = [](Store& into, std::int64_t run, bool backwards) {
      std::vector<model::Issue> batch;
      for (int i = 0; i < kIssues; ++i)
        batch.push_back(make_issue(fmt::format("t{}", i), "http://a.com/"));
      if (backwards) std::reverse(batch.begin(), batch.end());
      for (int i = 0; i < kRounds; ++i) {
        for (auto& issue : batch) issue.last_seen = at_second(i);
        if (!into.upsert_issues(run, batch).ok()) return false;
        IssueFilter some;
        some.ids = {1 + i, 2 + i, 3 + i};
        if (!into.life().set_issues(some, edit(backwards ? 'R' : 'V', i)).ok()) return false;
      }
      return true;
    };
    std::atomic<bool> first{false}, second{false};
    {
      std::jthread one([&] { first = write(store, 1, false); });
      std::jthread two([&] { second = write(*other, 2, true); });
    }
    CHECK(first);
    CHECK(second);
    const auto rows = issues_of(store);
    CHECK(rows.size() == kIssues);
    for (const auto& row : rows) {
      CHECK((row.last_seen == at_second(kRounds - 1)));
      if (row.id <= kRounds + 2) CHECK_FALSE(history_of(store, row.id).empty());
    }
  });
}

TEST_CASE("store/life: a message is queued once, claimed by one, and tried again when it is due") {
  on_each_backend([](Store& store, const auto& reopen) {
    const auto other = reopen();
    Message message;
    message.channel = "hook";
    message.key = "run 7";
    message.body = "{\"text\":\"'; DROP TABLE outbox; --\"}";
    message.created = message.due = at_second(0);
    CHECK(store.life().add_message(message).value());
    CHECK_FALSE(other->life().add_message(message).value());
    const auto lease = std::chrono::seconds(60);
    CHECK_FALSE(store.life().claim_message("hook", at_second(-1), lease)->has_value());
    CHECK_FALSE(store.life().claim_message("mail", at_second(0), lease)->has_value());
    auto claimed = store.life().claim_message("hook", at_second(0), lease).value();
    REQUIRE(claimed);
    CHECK(claimed->body == message.body);
    CHECK_FALSE(other->life().claim_message("hook", at_second(1), lease)->has_value());
    // Who claimed it died: another may.
    claimed = other->life().claim_message("hook", at_second(61), lease).value();
    REQUIRE(claimed);
    claimed->attempts = 1;
    claimed->state = "waiting";
    claimed->error = "answered 500";
    claimed->due = at_second(100);
    REQUIRE(other->life().end_message(*claimed).ok());
    CHECK_FALSE(store.life().claim_message("hook", at_second(99), lease)->has_value());
    claimed = store.life().claim_message("hook", at_second(100), lease).value();
    REQUIRE(claimed);
    CHECK(claimed->attempts == 1);
    CHECK(claimed->error == "answered 500");
    claimed->state = "sent";
    REQUIRE(store.life().end_message(*claimed).ok());
    CHECK_FALSE(store.life().claim_message("hook", at_second(1000), lease)->has_value());
    CHECK_FALSE(store.life().told("hook")->has_value());
    REQUIRE(store.life().set_told("hook", at_second(5)).ok());
    REQUIRE(store.life().set_told("hook", at_second(6)).ok());
    CHECK((store.life().told("hook").value() == at_second(6)));
  });
}

TEST_CASE("store/life: messages of a channel are claimed in the order they were queued") {
  on_each_backend([](Store& store, const auto&) {
    const auto add = [&store](const char* key, const char* channel, int due) {
      Message message;
      message.channel = channel;
      message.key = message.body = key;
      message.created = at_second(0);
      message.due = at_second(due);
      CHECK(store.life().add_message(message).value());
    };
    add("first", "hook", 50);
    add("second", "hook", 0);
    add("other", "mail", 0);
    const auto claim = [&store](const char* channel, int second) {
      return store.life()
          .claim_message(channel, at_second(second), std::chrono::seconds(1))
          .value();
    };
    CHECK_FALSE(claim("hook", 49));
    CHECK(claim("mail", 49)->body == "other");
    auto first = claim("hook", 50);
    REQUIRE(first);
    CHECK(first->body == "first");
    CHECK_FALSE(claim("hook", 50));
    first->state = "failed";
    REQUIRE(store.life().end_message(*first).ok());
    CHECK(claim("hook", 51)->body == "second");
  });
}

TEST_CASE("store/life: pruning keeps what is there, what was judged and the last run of a kind") {
  on_each_backend([](Store& store, const auto&) {
    const std::string a = "http://a.com";
    scan(store, 1, 0, {a}, {"one", "two", "three"},
         {issue_at("one", a, 0), issue_at("two", a, 0), issue_at("three", a, 0)});
    REQUIRE(store.life().set_issues(of_template("two"), edit('F', 1)).ok());
    scan(store, 2, 10, {a}, {"one", "two", "three"}, {issue_at("three", a, 10)});
    auto names = make_hostnames(2);
    REQUIRE(store.upsert_hostnames(1, names).ok());
    names[0].last_seen = at_second(5);
    REQUIRE(store.deny_hostnames({&names[0], 1}).ok());
    model::Run run;
    for (int i = 0; i < 3; ++i) {
      run.command = i < 2 ? "num8 scan" : "asmm8 enum";
      run.started = run.ended = at_second(i);
      REQUIRE(store.begin_run(run).ok());
    }
    const auto pruned = store.life().prune(at_second(100));
    REQUIRE_MESSAGE(pruned.ok(), (pruned.ok() ? "" : pruned.error().message));
    std::string left;
    for (const auto& row : issues_of(store)) left += row.template_id + " ";
    CHECK(left == "two three ");
    CHECK(hostnames_of(store).size() == 1);
    CHECK(history_of(store, 1).empty());
    std::vector<model::Run> runs;
    REQUIRE(store.for_each_run({}, collect(runs)).ok());
    CHECK(runs.size() == 2);
    CHECK(store.life().prune(at_second(100)).ok());
  });
}
