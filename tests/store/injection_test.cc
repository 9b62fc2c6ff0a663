// Hostile texts in every text field of every record, and in everything that is asked for by text.
#include <map>
#include <tuple>

#include "store/backends.h"

using namespace m8;
using namespace m8::store;
using namespace m8::test;

namespace {

/// Against statements, COPY, arrays, patterns and parameters of both databases.
const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts = {
      "x'); DROP TABLE hostname; --",
      "' OR '1'='1",
      "\"; DELETE FROM issue; --",
      "\\'; DROP TABLE domain CASCADE; --",
      "'; UPDATE run SET status = 'x'; COMMIT; --",
      "' UNION SELECT signature, event FROM issue --",
      "'||(SELECT count(*) FROM run)||'",
      "$$; DROP TABLE run; $$",
      "$1",
      "?1",
      ":name @name ?",
      "%s%n%_*",
      "/* comment */ -- comment",
      "\\N",
      "\\.",
      "a\tb\nc\rd\\n\\x41\b",
      "{\"a\",NULL}",
      "NULL",
      "E'\\\\047'",
      "\xca\xbc \xe2\x80\x99 \xef\xbc\x87 \xd7\x90",  // what some take for quotes
      std::string(100'000, '\''),
  };
  return texts;
}

template <typename Record>
struct Field {
  const char* name;
  std::string Record::*text;
};

/// Records as \p plain makes them (its argument: how many were made before), each with one hostile
/// text in one of \p fields.
template <typename Record, std::size_t N, typename Plain>
std::vector<Record> hostile_records(const Field<Record> (&fields)[N], Plain plain) {
  std::vector<Record> records;
  for (const auto& field : fields) {
    for (const std::string& text : hostile_texts()) {
      records.push_back(plain(records.size()));
      records.back().*field.text = text;
    }
  }
  return records;
}

/// All of \p wanted, and nothing else, is in \p found.
template <typename Record, std::size_t N, typename Key>
void check_same(const std::vector<Record>& wanted, const std::vector<Record>& found, Key key,
                const Field<Record> (&fields)[N]) {
  std::map<decltype(key(wanted[0])), const Record*> by_key;
  for (const Record& record : found) by_key[key(record)] = &record;
  CHECK(found.size() == wanted.size());
  for (const Record& record : wanted) {
    const auto it = by_key.find(key(record));
    REQUIRE(it != by_key.end());
    for (const auto& field : fields) {
      CAPTURE(std::string(field.name));
      CHECK((it->second->*field.text == record.*field.text));
    }
  }
}

constexpr Field<model::Hostname> kHostname[] = {{"domain", &model::Hostname::domain},
                                                {"hostname", &model::Hostname::hostname},
                                                {"resolver", &model::Hostname::resolver},
                                                {"wildcard", &model::Hostname::wildcard}};
constexpr Field<model::Endpoint> kEndpoint[] = {{"url", &model::Endpoint::url},
                                                {"hostname", &model::Endpoint::hostname},
                                                {"ip", &model::Endpoint::ip},
                                                {"title", &model::Endpoint::title},
                                                {"server", &model::Endpoint::server}};
constexpr Field<model::Issue> kIssue[] = {
    {"signature", &model::Issue::signature}, {"template_id", &model::Issue::template_id},
    {"name", &model::Issue::name},           {"matcher", &model::Issue::matcher},
    {"host", &model::Issue::host},           {"matched_at", &model::Issue::matched_at},
    {"tags", &model::Issue::tags},           {"event", &model::Issue::event},
    {"target", &model::Issue::target}};
constexpr Field<model::Run> kRun[] = {{"command", &model::Run::command},
                                      {"arguments", &model::Run::arguments},
                                      {"version", &model::Run::version},
                                      {"status", &model::Run::status}};

std::uint64_t rows_of(Store& store, std::string_view table) {
  const auto info = store.info();
  REQUIRE(info.ok());
  for (const auto& [name, rows] : info->rows) {
    if (name == table) return rows;
  }
  FAIL("a table is gone");
  return 0;
}

std::tuple<std::string, std::string> hostname_key(const model::Hostname& record) {
  return {record.domain, record.hostname};
}

}  // namespace

TEST_CASE("store/injection: every text of a hostname comes back as it was") {
  on_each_backend([](Store& store, const auto&) {
    const auto records = hostile_records(
        kHostname, [](std::size_t i) { return make_hostname(fmt::format("h{}.example.com", i)); });
    for (int twice = 0; twice < 2; ++twice) {  // new, and known
      REQUIRE(store.upsert_hostnames(1, records).ok());
      check_same(records, hostnames_of(store), hostname_key, kHostname);
    }
    CHECK(rows_of(store, "domain") == hostile_texts().size() + 1);
  });
}

TEST_CASE("store/injection: every word of a hostname's lists comes back as it was") {
  on_each_backend([](Store& store, const auto&) {
    std::vector<std::string> words;  // a word has no space
    for (std::string text : hostile_texts()) {
      std::replace(text.begin(), text.end(), ' ', '/');
      words.push_back(text);
    }
    model::Hostname record = make_hostname("lists.example.com");
    for (auto list : {&model::Hostname::sources, &model::Hostname::a, &model::Hostname::aaaa,
                      &model::Hostname::cname}) {
      record.*list = words;
      REQUIRE(store.upsert_hostnames(1, {&record, 1}).ok());
    }
    REQUIRE(store.upsert_hostnames(1, {&record, 1}).ok());
    const auto rows = hostnames_of(store);
    REQUIRE(rows.size() == 1);
    CHECK((rows[0].a == words));
    CHECK((rows[0].aaaa == words));
    CHECK((rows[0].cname == words));
    CHECK(rows[0].sources.size() == words.size());
  });
}

TEST_CASE("store/injection: hostnames are denied, filtered and compared by hostile texts") {
  on_each_backend([](Store& store, const auto&) {
    const model::Hostname bystander = make_hostname("www.example.com");
    REQUIRE(store.upsert_hostnames(1, {&bystander, 1}).ok());
    for (const std::string& text : hostile_texts()) {
      const model::Hostname record = make_hostname(text, text);
      REQUIRE(store.upsert_hostnames(1, {&record, 1}).ok());
      HostnameFilter filter;
      filter.domain = text;
      CHECK(hostnames_of(store, filter).size() == 1);
      filter.after = text;
      CHECK(hostnames_of(store, filter).empty());
      CHECK((changes_of(store, {text, at_second(-9)}) == "new:" + text));
      model::Hostname gone = record;
      gone.last_seen = at_second(5);
      REQUIRE(store.deny_hostnames({&gone, 1}).ok());
      CHECK((changes_of(store, {text, at_second(1)}) == "gone:" + text));
    }
    HostnameFilter live;
    live.live_only = true;
    const auto rows = hostnames_of(store, live);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].hostname == "www.example.com");
  });
}

TEST_CASE("store/injection: every text of an endpoint comes back as it was") {
  on_each_backend([](Store& store, const auto&) {
    const auto records = hostile_records(kEndpoint, [](std::size_t i) {
      model::Endpoint endpoint;
      endpoint.url = fmt::format("http://h{}", i);
      return endpoint;
    });
    REQUIRE(store.upsert_endpoints(1, records).ok());
    REQUIRE(store.upsert_endpoints(2, records).ok());
    std::vector<model::Endpoint> found;
    REQUIRE(store.for_each_endpoint(collect(found)).ok());
    check_same(
        records, found, [](const auto& record) { return record.url; }, kEndpoint);
    for (const std::string& text : hostile_texts()) {
      const auto one = store.find_endpoint(text);
      REQUIRE(one.ok());
      REQUIRE(one->has_value());
      CHECK(((*one)->url == text));
    }
  });
}

TEST_CASE("store/injection: every text of an issue comes back as it was") {
  on_each_backend([](Store& store, const auto&) {
    const auto records = hostile_records(kIssue, [](std::size_t i) {
      return make_issue(fmt::format("t{}", i), fmt::format("http://h/{}", i));
    });
    REQUIRE(store.upsert_issues(1, records).ok());
    REQUIRE(store.upsert_issues(2, records).ok());
    check_same(
        records, issues_of(store), [](const auto& record) { return record.signature; }, kIssue);
    for (const std::string& text : hostile_texts()) {
      IssueFilter host, source, statuses;
      host.host = source.template_id = text;
      statuses.statuses = text.substr(0, 30);
      CHECK(issues_of(store, host).size() == 1);
      CHECK(issues_of(store, source).size() == 1);
      const bool asks_for_unreviewed = statuses.statuses.find('U') != std::string::npos;
      CHECK(issues_of(store, statuses).size() == (asks_for_unreviewed ? records.size() : 0));
    }
  });
}

TEST_CASE("store/injection: every text of a run and its journal comes back as it was") {
  on_each_backend([](Store& store, const auto&) {
    auto records = hostile_records(kRun, [](std::size_t) {
      model::Run run;
      run.command = "asmm8 enum";
      return run;
    });
    for (auto& run : records) {
      run.counts["x'); DROP TABLE run; --\"\\"] = 7;
      run.id = store.begin_run(run).value();
      REQUIRE(store.end_run(run).ok());
      const std::string& text =
          hostile_texts()[static_cast<std::size_t>(run.id) % hostile_texts().size()];
      REQUIRE(store.save_journal(run.id, {text, text}).ok());
      const auto journal = store.load_journal(run.id);
      REQUIRE(journal.ok());
      CHECK(((*journal)->key == text));
      CHECK(((*journal)->state == text));
      CHECK((store.find_run(run.id)->counts == run.counts));
    }
    std::vector<model::Run> found;
    REQUIRE(store.for_each_run({}, collect(found)).ok());
    check_same(
        records, found, [](const auto& record) { return record.id; }, kRun);
    for (const std::string& text : hostile_texts()) {
      found.clear();
      REQUIRE(store.for_each_run({text, 0}, collect(found)).ok());
      CHECK(found.size() == 1);
    }
  });
}

TEST_CASE("store/injection: domains are added, switched and removed by hostile names") {
  on_each_backend([](Store& store, const auto&) {
    REQUIRE(store.add_domain({"example.com", true, at_second(0)}).ok());
    for (const std::string& text : hostile_texts()) {
      CHECK(store.set_domain_enabled(text, true).error().code == ErrorCode::kNotFound);
      CHECK(store.remove_domain(text).error().code == ErrorCode::kNotFound);
    }
    for (const std::string& text : hostile_texts()) {
      CHECK(store.add_domain({text, true, at_second(0)}).value());
      CHECK(store.set_domain_enabled(text, false).ok());
    }
    std::vector<model::Domain> all, enabled;
    REQUIRE(store.for_each_domain({}, collect(all)).ok());
    REQUIRE(store.for_each_domain({true}, collect(enabled)).ok());
    CHECK(all.size() == hostile_texts().size() + 1);
    CHECK(enabled.size() == 1);
    for (const std::string& text : hostile_texts()) CHECK(store.remove_domain(text).ok());
    CHECK(rows_of(store, "domain") == 1);
  });
}

TEST_CASE("store/injection: issues are judged, looked for and told of in hostile words") {
  on_each_backend([](Store& store, const auto&) {
    const model::Issue bystander = make_issue("bystander", "http://a.com/");
    REQUIRE(store.upsert_issues(1, {&bystander, 1}).ok());
    for (const std::string& text : hostile_texts()) {
      model::Issue issue = make_issue(text, "http://h/");
      issue.tags = "x," + text;
      issue.target = issue.host = text;
      REQUIRE(store.upsert_issues(1, {&issue, 1}).ok());
      IssueFilter tagged;
      tagged.tag = text;
      CHECK(issues_of(store, tagged).size() == 1);
      IssueFilter mine;
      mine.template_id = mine.host = text;
      CHECK(store.life().set_issues(mine, {'V', text, text, at_second(9)}).value() == 1);
      std::vector<model::IssueEvent> events;
      REQUIRE(store.life().for_each_event(issues_of(store, mine).at(0).id, collect(events)).ok());
      REQUIRE(events.size() == 1);
      CHECK((events[0].author == text));
      CHECK((events[0].note == text));
      const std::string ids[] = {text};
      REQUIRE(store.life().add_templates(2, ids).ok());
      const Piece pieces[] = {{text, text, ""}, {text, text, text + "x"}};
      REQUIRE(store.life().add_pieces(2, pieces).ok());
      CHECK(store.life().conclude(2, at_second(20), 1).value() == 1);
      const Message message{0, text, text, text, at_second(0), at_second(0), 0, "", ""};
      CHECK(store.life().add_message(message).value());
      auto claimed =
          store.life().claim_message(text, at_second(1), std::chrono::seconds(1)).value();
      REQUIRE(claimed);
      CHECK((claimed->body == text));
      claimed->state = "failed";
      claimed->error = text;
      REQUIRE(store.life().end_message(*claimed).ok());
      REQUIRE(store.life().set_told(text, at_second(3)).ok());
      CHECK(store.life().told(text)->has_value());
    }
    CHECK(issues_of(store).at(0).status == 'U');
    CHECK(rows_of(store, "issue") == hostile_texts().size() + 1);
  });
}
