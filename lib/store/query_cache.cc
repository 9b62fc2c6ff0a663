#include "store/query_cache.h"

#include <charconv>
#include <utility>

#include "metrics/metrics.h"

namespace m8::store {
namespace {

/// The text and the values, which are told apart by their kind and length.
std::string key_of(const Query& query) {
  std::string key = query.sql;
  for (const Value& value : query.values) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      key.append("\0i", 2).append(std::to_string(*number));
    } else {
      const auto& text = std::get<std::string>(value);
      key.append("\0t", 2).append(std::to_string(text.size())).append(":").append(text);
    }
  }
  return key;
}

class KeptRow final : public Row {
 public:
  explicit KeptRow(const std::vector<std::string>& texts) : texts_(texts) {}
  int columns() const override { return static_cast<int>(texts_.size()); }
  std::int64_t integer(int column) const override {
    const std::string_view value = text(column);
    if (value == "t") return 1;  // PostgreSQL's true
    std::int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
  }
  std::string_view text(int column) const override {
    return texts_[static_cast<std::size_t>(column)];
  }

 private:
  const std::vector<std::string>& texts_;
};

void count_request(bool hit) {
  auto& all = metrics::Registry::process();
  static metrics::Counter& hits = all.counter(metrics::kCacheRequests, {"queries", "hit"});
  static metrics::Counter& misses = all.counter(metrics::kCacheRequests, {"queries", "miss"});
  (hit ? hits : misses).add();
}

void set_size(std::size_t entries, std::size_t bytes) {
  auto& all = metrics::Registry::process();
  static metrics::Gauge& all_entries = all.gauge(metrics::kCacheEntries, {"queries"});
  static metrics::Gauge& all_bytes = all.gauge(metrics::kCacheBytes, {"queries"});
  all_entries.set(static_cast<double>(entries));
  all_bytes.set(static_cast<double>(bytes));
}

}  // namespace

void KeptRows::add(const Row& row) {
  auto& texts = rows_.emplace_back();
  for (int column = 0; column < row.columns(); ++column) {
    texts.emplace_back(row.text(column));
    bytes_ += sizeof(std::string) + texts.back().size();
  }
}

Status KeptRows::for_each(const EachRow& each) const {
  for (const auto& texts : rows_) M8_TRY(each(KeptRow(texts)));
  return {};
}

std::shared_ptr<const KeptRows> QueryCache::find(const Query& query) {
  const std::string key = key_of(query);
  const auto now = clock_.now();
  auto state = state_.lock();
  const auto found = state->answers.find(key);
  const bool good = found != state->answers.end() && now < found->second.until;
  ++(good ? state->hits : state->misses);
  count_request(good);
  return good ? found->second.rows : nullptr;
}

std::uint64_t QueryCache::generation() const { return state_.lock()->generation; }

void QueryCache::keep(const Query& query, std::shared_ptr<const KeptRows> rows,
                      std::uint64_t generation) {
  std::string key = key_of(query);
  const std::size_t bytes = key.size() + rows->bytes();
  const auto until = clock_.now() + ttl_;
  auto state = state_.lock();
  if (state->generation != generation || bytes > kMaxBytes / 4) return;
  if (state->answers.size() >= kMaxEntries || state->bytes + bytes > kMaxBytes) {
    state->answers.clear();
    state->bytes = 0;
  }
  state->answers.insert_or_assign(std::move(key), Answer{std::move(rows), until});
  state->bytes += bytes;  // one that is replaced counts on: at worst the cache begins anew sooner
  set_size(state->answers.size(), state->bytes);
}

void QueryCache::forget() {
  auto state = state_.lock();
  ++state->generation;
  state->answers.clear();
  state->bytes = 0;
  if (on()) set_size(0, 0);
}

QueryCacheStats QueryCache::stats() const {
  auto state = state_.lock();
  return {state->hits, state->misses, state->answers.size(), state->bytes};
}

}  // namespace m8::store
