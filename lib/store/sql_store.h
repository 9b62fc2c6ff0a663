/// SqlStore: the store over any SQL database. What is the same everywhere is here; a backend runs
/// statements and writes batches.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/migrate.h"
#include "store/queries.h"
#include "store/query.h"
#include "store/query_cache.h"
#include "store/sql_life.h"
#include "store/sql_samples.h"
#include "store/store.h"

namespace m8::store {

class SqlStore : public Store, protected Statements {
 public:
  explicit SqlStore(const OpenOptions& options)
      : cache_(options.query_cache_ttl), life_(*this), samples_(*this) {}

  Result<std::int64_t> begin_run(const model::Run& run) final;
  Status end_run(const model::Run& run) final;
  Result<model::Run> find_run(std::int64_t id) final;
  Status save_journal(std::int64_t run, const JournalState& journal) final;
  Result<std::optional<JournalState>> load_journal(std::int64_t run) final;
  Result<bool> add_domain(const model::Domain& domain) final;
  Status set_domain_enabled(const std::string& name, bool enabled) final;
  Status remove_domain(const std::string& name) final;
  Result<bool> any_domain_enabled() final;
  Status for_each_domain(const DomainFilter& filter, const Each<model::Domain>& each) final;
  Status for_each_hostname(const HostnameFilter& filter, const Each<model::Hostname>& each) final;
  Status for_each_change(const ChangeFilter& filter, const EachChange& each) final;
  Result<std::optional<model::Endpoint>> find_endpoint(const std::string& url) final;
  Status for_each_endpoint(const Each<model::Endpoint>& each) final;
  Status for_each_issue(const IssueFilter& filter, const Each<model::Issue>& each) final;
  Status for_each_run(const RunFilter& filter, const Each<model::Run>& each) final;
  Life& life() final { return life_; }
  Statements& statements() final { return *this; }
  Samples& samples() final { return samples_; }
  Result<StoreInfo> info() final;
  Status explain(const Each<QueryPlan>& each) final;

 protected:
  /// How \p sample is run: the database's own lines, indented.
  virtual Result<std::vector<std::string>> plan(const Sample& sample) = 0;
  /// Statements that only this database has: how batches are stored.
  virtual std::vector<Sample> own_samples() const = 0;
  /// The table that \p line of a plan reads from end to end; empty if none.
  virtual std::string scanned_table(std::string_view line) const = 0;

  /// Path or URL, without a password.
  virtual std::string place() const = 0;
  virtual std::span<const Migration> migrations() const = 0;
  /// Sets what only the backend knows: its name, version of the schema, bytes, pool.
  virtual Status fill_info(StoreInfo& info) = 0;
  void wrote() final { cache_.forget(); }

 private:
  template <typename Record>
  Status read(const Query& query, Record (*read_row)(const Row&), const Each<Record>& each);
  Status ask(const Query& query, const EachRow& each);
  Result<std::int64_t> change(const Query& query);
  Status change_one(const Query& query, std::string_view what, std::string_view name);

  QueryCache cache_;
  SqlLife life_;
  SqlSamples samples_;
};

}  // namespace m8::store
