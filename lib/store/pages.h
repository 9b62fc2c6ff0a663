/// Pages: lists of the large tables, a page at a time, as rows that are written on without a
/// detour.
///
/// Part of a Store (Store::pages()), lives as long as that; the same threads and errors. A page
/// costs O(rows), wherever it lies: it begins behind a key, in the order of an index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/queries.h"
#include "store/query.h"

namespace m8::store {

inline constexpr std::size_t kMaxPage = 1'000;

struct EndpointPage {
  std::string after;        ///< only URLs behind this one
  std::string hostname;     ///< empty: all
  bool live_only = false;   ///< without those that no longer answer
  std::size_t limit = 100;  ///< rows, 1..kMaxPage
};

struct HostnamePage {
  std::string domain;         ///< of this apex, by name; empty: of all, by id
  std::string after;          ///< with domain: only names behind this one
  std::int64_t after_id = 0;  ///< without domain: only ids above
  bool live_only = false;
  std::size_t limit = 100;
};

/// Columns of a row of Pages::endpoints().
namespace endpoint_row {
enum : int {
  kUrl,
  kHostname,
  kIp,
  kPort,
  kStatus,
  kTitle,
  kServer,
  kLive,
  kFirstSeen,
  kLastSeen,
  kTechnologies
};
}
/// Columns of a row of Pages::hostnames().
namespace hostname_row {
enum : int {
  kId,
  kDomain,
  kHostname,
  kSources,
  kFirstSeen,
  kLastSeen,
  kA,
  kAaaa,
  kCname,
  kResolver,
  kWildcard,
  kLive
};
}

class Pages {
 public:
  /// \p statements is borrowed.
  explicit Pages(Statements& statements) : sql_(statements) {}

  /// Each gets one row more than the limit if there is one: then there is a next page. Times are
  /// milliseconds since 1970; lists are words separated by one space, technologies are lines.
  Status endpoints(const EndpointPage& page, const EachRow& each);
  Status hostnames(const HostnamePage& page, const EachRow& each);
  /// Severity and number of the issues that are there and not judged away. O(issues).
  Status open_issues(const EachRow& each);

 private:
  Status first_rows(const Query& query, std::size_t count, const EachRow& each);

  Statements& sql_;
};

/// For `m8 db explain`.
std::vector<Sample> page_samples();

}  // namespace m8::store
