#include "store/sql_store.h"

#include <fmt/format.h>

#include "store/columns.h"
#include "store/life_queries.h"

namespace m8::store {

Result<std::int64_t> SqlStore::change(const Query& query) {
  auto changed = run(query, [](const Row&) { return Status(); });
  wrote();
  return changed;
}

/// The rows of a small SELECT, from the cache if they are there.
Status SqlStore::ask(const Query& query, const EachRow& each) {
  if (!cache_.on()) {
    M8_TRY(run(query, each));
    return {};
  }
  if (const auto known = cache_.find(query)) return known->for_each(each);
  const std::uint64_t generation = cache_.generation();
  const auto rows = std::make_shared<KeptRows>();
  M8_TRY(run(query, [&rows](const Row& row) {
    rows->add(row);
    return Status();
  }));
  cache_.keep(query, rows, generation);
  return rows->for_each(each);
}

/// kNotFound unless a row was changed.
Status SqlStore::change_one(const Query& query, std::string_view what, std::string_view name) {
  if (M8_TRY(change(query)) > 0) return {};
  return Error{ErrorCode::kNotFound, fmt::format("{}: no {} {}", place(), what, name)};
}

Result<std::int64_t> SqlStore::begin_run(const model::Run& run) {
  std::int64_t id = 0;
  M8_TRY(this->run(insert_run(run), [&id](const Row& row) {
    id = row.integer(0);
    return Status();
  }));
  wrote();
  return id;
}

Status SqlStore::end_run(const model::Run& run) {
  M8_TRY(change_one(store::end_run(run), "run", std::to_string(run.id)));
  if (run.status == "done") M8_TRY(change(delete_journal(run.id)));
  return {};
}

Result<model::Run> SqlStore::find_run(std::int64_t id) {
  std::optional<model::Run> found;
  M8_TRY(ask(select_run(id), [&found](const Row& row) {
    found = read_run(row);
    return Status();
  }));
  if (found) return *std::move(found);
  return Error{ErrorCode::kNotFound, fmt::format("{}: no run {}", place(), id)};
}

Status SqlStore::save_journal(std::int64_t run, const JournalState& journal) {
  M8_TRY(change(store::save_journal(run, journal)));
  return {};
}

Result<std::optional<JournalState>> SqlStore::load_journal(std::int64_t run) {
  std::optional<JournalState> found;
  M8_TRY(this->run(store::load_journal(run), [&found](const Row& row) {
    found = JournalState{std::string(row.text(0)), std::string(row.text(1))};
    return Status();
  }));
  return found;
}

Result<bool> SqlStore::add_domain(const model::Domain& domain) {
  return M8_TRY(change(insert_domain(domain))) > 0;
}

Status SqlStore::set_domain_enabled(const std::string& name, bool enabled) {
  return change_one(enable_domain(name, enabled), "domain", name);
}

Status SqlStore::remove_domain(const std::string& name) {
  return change_one(delete_domain(name), "domain", name);
}

Result<bool> SqlStore::any_domain_enabled() {
  bool any = false;
  M8_TRY(ask(store::any_domain_enabled(), [&any](const Row& row) {
    any = row.integer(0) != 0;
    return Status();
  }));
  return any;
}

template <typename Record>
Status SqlStore::read(const Query& query, Record (*read_row)(const Row&),
                      const Each<Record>& each) {
  return stream(query, [&](const Row& row) { return each(read_row(row)); });
}

Status SqlStore::for_each_domain(const DomainFilter& filter, const Each<model::Domain>& each) {
  return read(select_domains(filter), read_domain, each);
}

Status SqlStore::for_each_hostname(const HostnameFilter& filter,
                                   const Each<model::Hostname>& each) {
  return read(select_hostnames(filter), read_hostname, each);
}

namespace {

/// The changes of names of which the end is a moment too: their rows, by name and time.
class ChangesBetween {
 public:
  ChangesBetween(const ChangeFilter& filter, const EachChange& each)
      : since_(filter.since), until_(to_millis(*filter.until)), each_(each) {}

  Status add(const Row& row) {
    auto now = read_hostname(row);
    if (!now_ || now.hostname != now_->hostname || now.domain != now_->domain) {
      M8_TRY(end());
      now_ = std::move(now);
      before_ = read_before(row);
      ended_ = false;
    }
    if (ended_ || row.integer(11) < until_) return {};
    ended_ = true;  // the first change after the end replaced what was at the end
    auto then = read_before(row);
    now_->live = then->live;
    now_->a = std::move(then->a);
    now_->aaaa = std::move(then->aaaa);
    now_->cname = std::move(then->cname);
    return {};
  }

  /// The name before, of which all is known now.
  Status end() {
    if (!now_) return {};
    auto change = model::change_of(*std::move(now_), since_, std::move(before_));
    now_.reset();
    return change ? each_(*std::move(change)) : Status();
  }

 private:
  const WallTime since_;
  const std::int64_t until_;
  const EachChange& each_;
  std::optional<model::Hostname> now_;
  std::optional<model::HostnameChange::Before> before_;
  bool ended_ = false;
};

}  // namespace

Status SqlStore::for_each_change(const ChangeFilter& filter, const EachChange& each) {
  if (filter.until) {
    ChangesBetween changes(filter, each);
    M8_TRY(stream(select_changes(filter), [&](const Row& row) { return changes.add(row); }));
    return changes.end();
  }
  std::string domain, name;  // of the row before
  return stream(select_changes(filter), [&](const Row& row) -> Status {
    auto now = read_hostname(row);
    if (now.hostname == name && now.domain == domain) return {};
    domain = now.domain;
    name = now.hostname;
    auto change = read_change(row, std::move(now), filter.since);
    return change ? each(*std::move(change)) : Status();
  });
}

Result<std::optional<model::Endpoint>> SqlStore::find_endpoint(const std::string& url) {
  std::optional<model::Endpoint> found;
  M8_TRY(ask(select_endpoint(url), [&found](const Row& row) {
    found = read_endpoint(row);
    return Status();
  }));
  return found;
}

Status SqlStore::for_each_endpoint(const Each<model::Endpoint>& each) {
  return read(select_endpoints(), read_endpoint, each);
}

Status SqlStore::for_each_issue(const IssueFilter& filter, const Each<model::Issue>& each) {
  model::Issue issue;
  return stream(select_issues(filter), [&](const Row& row) {
    read_issue(row, issue);
    return each(issue);
  });
}

Status SqlStore::for_each_run(const RunFilter& filter, const Each<model::Run>& each) {
  return read(select_runs(filter), read_run, each);
}

Result<StoreInfo> SqlStore::info() {
  StoreInfo info;
  info.place = place();
  info.cache = cache_.stats();
  M8_TRY(fill_info(info));
  for (const Migration& step : migrations()) {
    info.newest = step.version;
    if (step.version > info.version) info.pending.emplace_back(step.name);
  }
  for (const char* table : {"domain", "hostname", "endpoint", "issue", "run"}) {
    if (info.version == 0) break;
    M8_TRY(run({fmt::format("SELECT count(*) FROM {}", table), {}}, [&](const Row& row) {
      info.rows.emplace_back(table, static_cast<std::uint64_t>(row.integer(0)));
      return Status();
    }));
  }
  return info;
}

Status SqlStore::explain(const Each<QueryPlan>& each) {
  std::vector<Sample> samples = sample_queries();
  for (Sample& own : own_samples()) samples.push_back(std::move(own));
  for (Sample& sample : samples) {
    QueryPlan shown;
    shown.plan = M8_TRY(plan(sample));
    for (const std::string& line : shown.plan) {
      std::string table = sample.whole ? std::string() : scanned_table(line);
      // One row for each living worker, and for each archive that is in use.
      const bool small = table == "fleet_worker" || table == "fleet_bundle";
      if (!table.empty() && !small) shown.scanned.push_back(std::move(table));
    }
    shown.name = std::move(sample.name);
    shown.sql = std::move(sample.query.sql);
    M8_TRY(each(shown));
  }
  return {};
}

}  // namespace m8::store
