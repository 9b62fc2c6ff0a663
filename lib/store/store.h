/// Store: what is remembered between runs. SQLite or PostgreSQL behind it; opened by URL.
///
/// Thread-safe. Batches are one transaction each: all of it is kept, or nothing, also if the
/// program is killed. SQLite: a power cut may take the last batches, never half of one. Errors that
/// every function may give: kExhausted (disk full, no connection left), kTimeout (locked by another
/// process, no answer), kNetwork (the server is gone), kDenied, kIo, kCorrupt; each names the
/// database, never its password, and what was committed before stays.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/domain.h"
#include "model/endpoint.h"
#include "model/hostname.h"
#include "model/hostname_change.h"
#include "model/issue.h"
#include "model/run.h"
#include "store/life.h"
#include "store/pool_options.h"
#include "store/samples.h"

namespace m8::store {

/// Called for each row, in order; an error ends the reading and is returned by the reader. It must
/// not call the store.
template <typename Record>
using Each = std::function<Status(const Record&)>;

/// The same for changes, which are handed over.
using EachChange = std::function<Status(model::HostnameChange&&)>;

struct DomainFilter {
  bool enabled_only = false;
  std::string after;      ///< only names behind this one; for pages
  std::size_t limit = 0;  ///< at most so many; 0: all
};

struct HostnameFilter {
  std::string domain;                 ///< of this apex only; empty: all
  bool live_only = false;             ///< without names that no longer answer
  std::optional<WallTime> new_since;  ///< first seen at or after
  std::int64_t not_seen_by = 0;       ///< without what this run saw; 0: no such limit
  std::int64_t seen_by = 0;           ///< only what this run saw last; 0: no such limit
  std::string after;                  ///< with domain: only names behind this one; for pages
  std::size_t limit = 0;              ///< at most so many; 0: all
};

struct ChangeFilter {
  std::string domain;                  ///< of this apex only; empty: all
  WallTime since{};                    ///< what is at the end is compared with what was then
  std::optional<WallTime> until = {};  ///< the end; empty: now
};

struct RunFilter {
  std::string command;      ///< "asmm8 enum"; empty: all
  std::size_t limit = 0;    ///< at most so many; 0: all
  std::int64_t before = 0;  ///< only ids below it; 0: all; for pages
};

/// Where a run stands, so that it can go on after it was ended: see model::Journal.
struct JournalState {
  std::string key;    ///< hash of input, options and lists: another run's state is of no use
  std::string state;  ///< the journal's own text
};

/// What the connections of a pool do, and did since it was opened.
struct PoolStats {
  int open = 0, idle = 0, in_use = 0;       ///< now
  int most_open = 0;                        ///< at once
  std::uint64_t opened = 0;                 ///< connections made
  std::uint64_t broken = 0;                 ///< dropped because they no longer worked
  std::uint64_t expired = 0;                ///< dropped for their age or idleness
  std::uint64_t waits = 0;                  ///< callers that had to wait for a connection,
  std::uint64_t timeouts = 0, refused = 0;  ///< in vain; turned away because the queue was full
  std::chrono::nanoseconds wait_time{};     ///< of all waits together
};

/// What the cache of query results did since the store was opened.
struct QueryCacheStats {
  std::uint64_t hits = 0, misses = 0;
  std::size_t entries = 0, bytes = 0;  ///< now
};

/// What `m8 db status` tells.
struct StoreInfo {
  std::string backend;                                      ///< "sqlite 3.40.1", "postgresql 15.18"
  std::string place;                                        ///< path or URL, without a password
  int version = 0;                                          ///< of the schema; 0: none yet
  int newest = 0;                                           ///< that this program knows
  std::vector<std::string> pending;                         ///< migrations not applied yet
  std::uint64_t bytes = 0;                                  ///< on disk
  std::vector<std::pair<std::string, std::uint64_t>> rows;  ///< by table; none without a schema
  std::optional<PoolStats> pool;                            ///< of a server's connections
  QueryCacheStats cache;                                    ///< all 0 if it is off
};

/// How the database answers one of the queries that this program uses.
struct QueryPlan {
  std::string name;  ///< "hostnames of a domain"
  std::string sql;
  std::vector<std::string> plan;  ///< the database's own lines, indented
  /// Tables that are read from end to end although the query is for a part of them: an index is
  /// missing, or the table is so small that the database does not bother.
  std::vector<std::string> scanned;
};

class Statements;

class Store {
 public:
  virtual ~Store() = default;

  /// Adds \p run and returns its id. run.id is not read.
  virtual Result<std::int64_t> begin_run(const model::Run& run) = 0;
  /// Sets end, status and counts of run.id; one that is done has no journal any more. kNotFound.
  virtual Status end_run(const model::Run& run) = 0;
  /// kNotFound.
  virtual Result<model::Run> find_run(std::int64_t id) = 0;

  /// Replaces the journal of \p run. The state holds only what earlier batches hold too.
  virtual Status save_journal(std::int64_t run, const JournalState& journal) = 0;
  /// Empty if \p run has none.
  virtual Result<std::optional<JournalState>> load_journal(std::int64_t run) = 0;

  /// Adds the domain: true. One that is there stays as it is: false.
  virtual Result<bool> add_domain(const model::Domain& domain) = 0;
  /// kNotFound.
  virtual Status set_domain_enabled(const std::string& name, bool enabled) = 0;
  /// With all that is known of it: its names and their history. kNotFound.
  virtual Status remove_domain(const std::string& name) = 0;
  /// O(log n), however many domains there are.
  virtual Result<bool> any_domain_enabled() = 0;

  /// Adds what is new; of what is known, sources are joined, first_seen stays, the rest is
  /// replaced, and if live or records differ, what was is remembered for for_each_change().
  /// Unknown domains are added, enabled. \p run: id of the run that saw them.
  virtual Status upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) = 0;
  /// Of each (domain, hostname) that is known and live and was not seen after last_seen: it is
  /// gone since then. The rest of the record is not read, and the rest of the row stays.
  virtual Status deny_hostnames(std::span<const model::Hostname> batch) = 0;
  /// Adds or replaces by URL; first seen stays, and so do status and title where the new status is
  /// 0 (not seen).
  virtual Status upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) = 0;
  /// Adds or replaces by signature. Id, status and first_seen stay, but a remediated issue that is
  /// found again is unreviewed again, and one that was gone is there; its history says so.
  virtual Status upsert_issues(std::int64_t run, std::span<const model::Issue> batch) = 0;

  /// By name.
  virtual Status for_each_domain(const DomainFilter& filter, const Each<model::Domain>& each) = 0;
  /// By domain, then name. Streams: memory does not grow with the rows.
  virtual Status for_each_hostname(const HostnameFilter& filter,
                                   const Each<model::Hostname>& each) = 0;
  /// By domain, then name: what the inventory gained and lost. Streams, in one pass.
  virtual Status for_each_change(const ChangeFilter& filter, const EachChange& each) = 0;
  /// The endpoint with this URL; empty if it is not known. O(log n).
  virtual Result<std::optional<model::Endpoint>> find_endpoint(const std::string& url) = 0;
  /// By URL.
  virtual Status for_each_endpoint(const Each<model::Endpoint>& each) = 0;
  /// By id.
  virtual Status for_each_issue(const IssueFilter& filter, const Each<model::Issue>& each) = 0;
  /// The newest first.
  virtual Status for_each_run(const RunFilter& filter, const Each<model::Run>& each) = 0;

  /// What becomes of issues and endpoints over many runs.
  virtual Life& life() = 0;
  /// What processes exported, and which alerts are on.
  virtual Samples& samples() = 0;

  /// For the parts of the store that are made of queries alone: Pages, Tokens, ScanRequests.
  virtual Statements& statements() = 0;

  virtual Result<StoreInfo> info() = 0;
  /// Closes a server's connections that were idle for too long, and tells what its pool does; empty
  /// without a pool. There is no thread behind a store: who keeps one open calls this now and then.
  virtual std::optional<PoolStats> tend() = 0;
  /// Every query that this program uses, with its plan.
  virtual Status explain(const Each<QueryPlan>& each) = 0;
};

struct OpenOptions {
  bool create_parents = false;  ///< make missing directories (mode 0700): for the default place
  bool must_exist = false;      ///< kNotFound instead of a new database: for who only reads
  bool migrate = true;  ///< false: take the schema as it is, also a newer one: for info() alone
  std::chrono::milliseconds busy_timeout{10'000};  ///< how long SQLite waits for another process
  /// Statements that take longer are logged (info), without their values; 0: none.
  std::chrono::milliseconds slow_query{100};
  /// How long an answer to a small query (any_domain_enabled(), find_endpoint(), find_run()) is
  /// given again without asking; 0: never. Own writes are seen at once, those of other programs
  /// after this time.
  std::chrono::milliseconds query_cache_ttl{0};
  PoolOptions pool;  ///< of a database server
};

/// Opens the database that \p url names: "sqlite:PATH" or a bare path (created if missing), or
/// "postgresql://user:password@host:port/database?option=value" (or postgres://, as libpq has it).
/// Brings its schema up to date. kUnsupported for other schemes and for a schema newer than this
/// program; kInvalidArgument for what is no database of ours; kIo for a directory; kNotFound,
/// kDenied, kCorrupt, kNetwork ("failed to open database", "failed to ping database").
Result<std::unique_ptr<Store>> open_store(const std::string& url, const OpenOptions& options = {});

/// The database of this user, below the directory \p data_home (cli::data_home()).
std::string default_store_url(std::string_view data_home);

}  // namespace m8::store
