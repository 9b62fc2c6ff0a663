/// The queries of the store that are the same in every database. What is written here is what
/// `m8 db explain` shows.
#pragma once

#include <string>
#include <vector>

#include "store/query.h"
#include "store/store.h"

namespace m8::store {

Query insert_run(const model::Run& run);  ///< gives its id
Query end_run(const model::Run& run);
Query select_run(std::int64_t id);
Query select_runs(const RunFilter& filter);

Query save_journal(std::int64_t run, const JournalState& journal);
Query load_journal(std::int64_t run);
Query delete_journal(std::int64_t run);

Query insert_domain(const model::Domain& domain);
Query enable_domain(const std::string& name, bool enabled);
Query delete_domain(const std::string& name);
Query any_domain_enabled();
Query select_domains(const DomainFilter& filter);

/// By domain, then name, straight from the indexes, so that rows stream without a sort.
Query select_hostnames(const HostnameFilter& filter);
/// A name that changed more than once since then has a row for each, the first of which counts.
Query select_changes(const ChangeFilter& filter);
Query select_endpoint(const std::string& url);
Query select_endpoints();

/// A query with values that stand for any.
struct Sample {
  std::string name;  ///< "issues of a host"
  Query query;
  bool whole = false;     ///< it is for all rows: reading a table from end to end is right
  bool streamed = false;  ///< run by SqlStore::stream()
  std::string before{};   ///< statements that it needs first, in its transaction
};

/// Every query above, the filtered ones in the forms that matter.
std::vector<Sample> sample_queries();

}  // namespace m8::store
