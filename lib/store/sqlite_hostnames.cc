#include "store/sqlite_hostnames.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "store/columns.h"
#include "store/queries.h"

namespace m8::store {
namespace {

constexpr std::string_view kDomainId = "SELECT id FROM domain WHERE name = ?";

constexpr const char* kTable = "hostname_batch";
constexpr const char* kColumns =
    "domain_id, hostname, sources, first_seen, last_seen, run, a, aaaa, cname, resolver, wildcard,"
    " live";

#define M8_HOSTNAMES                                                                           \
  "INSERT INTO hostname (domain_id, hostname, sources, first_seen, last_seen, first_run,"      \
  " last_run, a, aaaa, cname, resolver, wildcard, live)"                                       \
  " SELECT domain_id, hostname, sources, first_seen, last_seen, run, run, a, aaaa, cname,"     \
  " resolver, wildcard, live FROM hostname_batch WHERE TRUE"                                   \
  " ON CONFLICT (domain_id, hostname) DO UPDATE SET last_seen = excluded.last_seen,"           \
  " last_run = excluded.last_run, resolver = excluded.resolver, wildcard = excluded.wildcard," \
  " sources = CASE WHEN sources = excluded.sources THEN sources"                               \
  " ELSE join_words(sources, excluded.sources) END"

// Most names are new, or known and as they were. The first statement writes those and can fire no
// trigger: for one that can, SQLite reads the whole row before.
constexpr std::string_view kTouch = M8_HOSTNAMES
    " WHERE batch_same(a = excluded.a AND aaaa = excluded.aaaa AND cname = excluded.cname"
    " AND live = excluded.live)";
constexpr std::string_view kChange = M8_HOSTNAMES
    ", a = excluded.a, aaaa = excluded.aaaa, cname = excluded.cname, live = excluded.live,"
    " changed = CASE WHEN live <> excluded.live OR a <> excluded.a OR aaaa <> excluded.aaaa"
    " OR cname <> excluded.cname THEN excluded.last_seen ELSE changed END";

#undef M8_HOSTNAMES

/// Bytes from \p at on as a number that compares as they do; missing ones are 0.
std::uint64_t bytes_at(std::string_view text, std::size_t at) {
  std::array<unsigned char, 8> bytes{};
  const std::string_view rest = text.substr(std::min(at, text.size()));
  std::memcpy(bytes.data(), rest.data(), std::min(rest.size(), bytes.size()));
  return __builtin_bswap64(std::bit_cast<std::uint64_t>(bytes));
}

std::string_view words_of(const std::vector<std::string>& list, std::string& buffer) {
  if (list.empty()) return {};
  if (list.size() == 1) return list.front();
  join_words(list, buffer);
  return buffer;
}

/// Records are read in the index's order, not in memory's: asks for what is needed soon.
void prefetch_record(const model::Hostname& record) {
  const auto* bytes = reinterpret_cast<const char*>(&record);
  for (std::size_t line = 0; line < sizeof record; line += 64) __builtin_prefetch(bytes + line);
}

/// Of a record that is there already.
void prefetch_texts(const model::Hostname& record) {
  __builtin_prefetch(record.hostname.data());
  __builtin_prefetch(record.sources.data());
  __builtin_prefetch(record.a.data());
}

}  // namespace

bool HostnameWriter::Placed::operator<(const Placed& other) const {
  if (domain != other.domain) return domain < other.domain;
  if (first != other.first) return first < other.first;
  if (second != other.second) return second < other.second;
  const int order = record->hostname.compare(other.record->hostname);
  return order != 0 ? order < 0 : record < other.record;
}

void HostnameWriter::Lists::set(const model::Hostname& record) {
  sources = words_of(record.sources, buffers[0]);
  a = words_of(record.a, buffers[1]);
  aaaa = words_of(record.aaaa, buffers[2]);
  cname = words_of(record.cname, buffers[3]);
}

std::vector<std::string_view> HostnameWriter::statements() { return {kDomainId, kTouch, kChange}; }

Status HostnameWriter::write(std::span<const model::Hostname> batch) {
  M8_TRY(place(batch));
  if (order_.empty()) return {};
  M8_TRY(db_.run_batch(kTouch, *this));
  keep_changed();
  return order_.empty() ? Status() : db_.run_batch(kChange, *this);
}

Result<std::int64_t> HostnameWriter::domain_id(const std::string& name, WallTime seen) {
  auto select = M8_TRY(db_.prepare(kDomainId));
  if (M8_TRY(select.bind(name).step())) return select.integer(0);
  const Query query = insert_domain({name, true, seen});
  auto insert = M8_TRY(db_.prepare(query.sql));
  for (const Value& value : query.values) insert.bind_value(value);
  M8_TRY(insert.run());
  return db_.last_id();
}

/// The batch in the order of the index, same names in the order they came.
Status HostnameWriter::place(std::span<const model::Hostname> batch) {
  std::map<std::string_view, std::int64_t> domains;
  auto domain = domains.end();
  order_.reserve(batch.size());
  for (const model::Hostname& record : batch) {
    if (domain == domains.end() || domain->first != record.domain) {
      domain = domains.find(record.domain);
    }
    if (domain == domains.end()) {
      const auto id = M8_TRY(domain_id(record.domain, record.first_seen));
      domain = domains.emplace(record.domain, id).first;
    }
    const std::string_view name = record.hostname;
    order_.push_back({domain->second, bytes_at(name, 0), bytes_at(name, 8), &record});
  }
  std::sort(order_.begin(), order_.end());
  return {};
}

/// Leaves what has yet to be written: those with other addresses, and what the batch says of the
/// same names later.
void HostnameWriter::keep_changed() {
  for (std::size_t i = 1; i < order_.size(); ++i) {
    const Placed& before = order_[i - 1];
    Placed& placed = order_[i];
    placed.changed |= before.changed && before.domain == placed.domain &&
                      before.record->hostname == placed.record->hostname;
  }
  std::erase_if(order_, [](const Placed& placed) { return !placed.changed; });
}

void HostnameWriter::go_to(std::size_t row) {
  if (row + 8 < order_.size()) {
    prefetch_record(*order_[row + 8].record);
    prefetch_texts(*order_[row + 4].record);
  }
  at_ = row;
  lists_.set(*order_[row].record);
}

BatchRows::Cell HostnameWriter::cell(int column) {
  const model::Hostname& record = *order_[at_].record;
  switch (column) {
    case 0:
      return order_[at_].domain;
    case 1:
      return record.hostname;
    case 2:
      return lists_.sources;
    case 3:
      return to_millis(record.first_seen);
    case 4:
      return to_millis(record.last_seen);
    case 5:
      return run_;
    case 6:
      return lists_.a;
    case 7:
      return lists_.aaaa;
    case 8:
      return lists_.cname;
    case 9:
      return record.resolver;
    case 10:
      return record.wildcard;
    default:
      return std::int64_t{record.live};
  }
}

Status add_hostname_batch(SqliteDb& db) { return db.add_batch_table(kTable, kColumns); }

}  // namespace m8::store
