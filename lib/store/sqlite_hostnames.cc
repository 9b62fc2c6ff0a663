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

// Most names are new, or known and as they were. Each of the two has a statement of its own that
// can fire no trigger: for one that can, SQLite copies every page that a row touches, to be able
// to undo that row alone, which takes longer than the row.
constexpr std::string_view kInsert =
    "INSERT INTO hostname (domain_id, hostname, sources, first_seen, last_seen, first_run, "
    "last_run,"
    " a, aaaa, cname, resolver, wildcard, live)"
    " VALUES (?, ?, ?, ?, ?, ?6, ?6, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
// It takes the parameters of the others: the last line gives ?4 a place.
constexpr std::string_view kTouch =
    "UPDATE hostname SET last_seen = ?5, last_run = ?6, resolver = ?10, wildcard = ?11,"
    " sources = CASE WHEN sources = ?3 THEN sources ELSE join_words(sources, ?3) END"
    " WHERE domain_id = ?1 AND hostname = ?2"
    " AND a = ?7 AND aaaa = ?8 AND cname = ?9 AND live = ?12"
    " AND ?4 IS NOT NULL";
constexpr std::string_view kUpsert =
    "INSERT INTO hostname (domain_id, hostname, sources, first_seen, last_seen, first_run, "
    "last_run,"
    " a, aaaa, cname, resolver, wildcard, live)"
    " VALUES (?, ?, ?, ?, ?, ?6, ?6, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (domain_id, hostname) DO UPDATE SET"
    " sources = join_words(sources, excluded.sources), last_seen = excluded.last_seen,"
    " last_run = excluded.last_run, a = excluded.a, aaaa = excluded.aaaa, cname = excluded.cname,"
    " resolver = excluded.resolver, wildcard = excluded.wildcard, live = excluded.live,"
    " changed = CASE WHEN live <> excluded.live OR a <> excluded.a OR aaaa <> excluded.aaaa"
    " OR cname <> excluded.cname THEN excluded.last_seen ELSE changed END";

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

std::vector<std::string_view> HostnameWriter::statements() {
  return {kDomainId, kInsert, kTouch, kUpsert};
}

Status HostnameWriter::write(std::span<const model::Hostname> batch) {
  M8_TRY(place(batch));
  return write_all();
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

Status HostnameWriter::write_all() {
  auto insert = M8_TRY(db_.prepare(kInsert));
  auto touch = M8_TRY(db_.prepare(kTouch));
  auto upsert = M8_TRY(db_.prepare(kUpsert));
  // The next is likely to be as the last was.
  SqliteStatement *likely = &insert, *other = &touch;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    if (i + 8 < order_.size()) {
      prefetch_record(*order_[i + 8].record);
      prefetch_texts(*order_[i + 4].record);
    }
    lists_.set(*order_[i].record);
    if (M8_TRY(write_one(*likely, order_[i]))) continue;
    if (M8_TRY(write_one(*other, order_[i]))) {
      std::swap(likely, other);
    } else {
      M8_TRY(write_one(upsert, order_[i]));
    }
  }
  return {};
}

/// Whether \p statement was the right one.
Result<bool> HostnameWriter::write_one(SqliteStatement& statement, const Placed& placed) {
  const model::Hostname& record = *placed.record;
  const std::int64_t live = record.live ? 1 : 0;
  statement.bind(placed.domain).bind(record.hostname).bind(lists_.sources);
  statement.bind(to_millis(record.first_seen)).bind(to_millis(record.last_seen)).bind(run_);
  statement.bind(lists_.a).bind(lists_.aaaa).bind(lists_.cname);
  M8_TRY(statement.bind(record.resolver).bind(record.wildcard).bind(live).run());
  return db_.changes() > 0;
}

}  // namespace m8::store
