/// Store: what is remembered between runs. SQLite behind it; opened by URL.
///
/// Thread-safe. Batches are one transaction each: all of it is kept, or nothing. Errors that every
/// function may give: kExhausted (disk full), kTimeout (locked by another process), kDenied, kIo,
/// kCorrupt; each names the database, and what was committed before stays.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/domain.h"
#include "model/endpoint.h"
#include "model/hostname.h"
#include "model/issue.h"
#include "model/run.h"

namespace m8::store {

/// Called for each row, in order; an error ends the reading and is returned by the reader. It must
/// not call the store.
template <typename Record>
using Each = std::function<Status(const Record&)>;

struct HostnameFilter {
  std::string domain;                 ///< of this apex only; empty: all
  bool live_only = false;             ///< without names that no longer answer
  std::optional<WallTime> new_since;  ///< first seen at or after
};

struct IssueFilter {
  std::optional<model::Severity> at_least;
  std::string host;                   ///< empty: all
  std::string template_id;            ///< empty: all
  std::string statuses;               ///< any of these letters; empty: all
  std::optional<WallTime> new_since;  ///< first seen at or after
};

class Store {
 public:
  virtual ~Store() = default;

  /// Adds \p run and returns its id. run.id is not read.
  virtual Result<std::int64_t> begin_run(const model::Run& run) = 0;
  /// Sets end, status and counts of run.id. kNotFound.
  virtual Status end_run(const model::Run& run) = 0;

  /// Adds the domain, or sets `enabled` of the one that is there.
  virtual Status add_domain(const model::Domain& domain) = 0;
  /// O(log n), however many domains there are.
  virtual Result<bool> any_domain_enabled() = 0;

  /// Adds what is new; of what is known, sources are joined, first_seen stays, the rest is
  /// replaced. Unknown domains are added, enabled. \p run: id of the run that saw them.
  virtual Status upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) = 0;
  /// Adds or replaces by URL; first seen stays.
  virtual Status upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) = 0;
  /// Adds or replaces by signature. Id, status and first_seen stay, but a remediated issue that is
  /// found again is unreviewed again.
  virtual Status upsert_issues(std::int64_t run, std::span<const model::Issue> batch) = 0;

  /// By name.
  virtual Status for_each_domain(const Each<model::Domain>& each) = 0;
  /// By domain, then name. Streams: memory does not grow with the rows.
  virtual Status for_each_hostname(const HostnameFilter& filter,
                                   const Each<model::Hostname>& each) = 0;
  /// By URL.
  virtual Status for_each_endpoint(const Each<model::Endpoint>& each) = 0;
  /// By id.
  virtual Status for_each_issue(const IssueFilter& filter, const Each<model::Issue>& each) = 0;
  /// The newest first.
  virtual Status for_each_run(const Each<model::Run>& each) = 0;
};

struct OpenOptions {
  bool create_parents = false;  ///< make missing directories (mode 0700): for the default place
  std::chrono::milliseconds busy_timeout{10'000};  ///< how long to wait for another process
};

/// Opens or creates the database that \p url names: "sqlite:PATH" or a bare path. Brings its schema
/// up to date. kUnsupported for other schemes and for a schema newer than this program;
/// kInvalidArgument for a file that is no database of ours; kIo for a directory; kNotFound,
/// kDenied, kCorrupt.
Result<std::unique_ptr<Store>> open_store(const std::string& url, const OpenOptions& options = {});

/// "sqlite:$XDG_DATA_HOME/m8/m8.db"; without an absolute \p xdg_data_home under
/// \p home/.local/share.
std::string default_store_url(std::string_view xdg_data_home, std::string_view home);

}  // namespace m8::store
