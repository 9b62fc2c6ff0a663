#include "store/query_cache.h"

#include "store/backends.h"

using namespace m8;
using namespace m8::store;
using namespace m8::test;
using namespace std::chrono_literals;

namespace {

class OneText final : public Row {
 public:
  explicit OneText(std::string text) : text_(std::move(text)) {}
  int columns() const override { return 1; }
  std::int64_t integer(int) const override { return 0; }
  std::string_view text(int) const override { return text_; }

 private:
  std::string text_;
};

std::shared_ptr<const KeptRows> rows_with(const std::string& text) {
  const auto rows = std::make_shared<KeptRows>();
  rows->add(OneText(text));
  return rows;
}

Query query_of(const std::string& value) { return {"SELECT $1", {value}}; }

OpenOptions cached_for(std::chrono::milliseconds ttl) {
  OpenOptions options;
  options.query_cache_ttl = ttl;
  return options;
}

}  // namespace

TEST_CASE("store/query_cache: an answer is given again until its time is over") {
  FakeClock clock;
  QueryCache cache(10s, clock);
  CHECK(cache.find(query_of("a")) == nullptr);
  cache.keep(query_of("a"), rows_with("42"), cache.generation());
  clock.advance(9s);
  const auto rows = cache.find(query_of("a"));
  REQUIRE(rows != nullptr);
  std::int64_t number = 0;
  REQUIRE(rows->for_each([&](const Row& row) {
                number = row.integer(0);
                return Status();
              })
              .ok());
  CHECK(number == 42);
  clock.advance(1s);
  CHECK(cache.find(query_of("a")) == nullptr);
  CHECK(cache.stats().hits == 1);
  CHECK(cache.stats().misses == 2);
}

TEST_CASE("store/query_cache: queries are told apart by each value and its kind") {
  QueryCache cache(10s);
  const auto keep = [&](const Query& query) {
    cache.keep(query, rows_with("x"), cache.generation());
  };
  keep({"SELECT", {std::string("a"), std::string("bc")}});
  keep({"SELECT", {std::int64_t{1}}});
  CHECK(cache.find({"SELECT", {std::string("ab"), std::string("c")}}) == nullptr);
  CHECK(cache.find({"SELECT", {std::string("1")}}) == nullptr);
  CHECK(cache.find({"SELECT", {std::string("a"), std::string("bc")}}) != nullptr);
}

TEST_CASE("store/query_cache: what was asked before a write is not kept after it") {
  QueryCache cache(10s);
  const auto generation = cache.generation();
  cache.forget();
  cache.keep(query_of("a"), rows_with("old"), generation);
  CHECK(cache.find(query_of("a")) == nullptr);
}

TEST_CASE("store/query_cache: it stays small") {
  QueryCache cache(10s);
  for (int i = 0; i < 5'000; ++i) {
    cache.keep(query_of(std::to_string(i)), rows_with(std::string(2'000, 'x')), cache.generation());
    REQUIRE(cache.stats().entries <= QueryCache::kMaxEntries);
    REQUIRE(cache.stats().bytes <= QueryCache::kMaxBytes);
  }
  cache.keep(query_of("large"), rows_with(std::string(QueryCache::kMaxBytes, 'x')),
             cache.generation());
  CHECK(cache.find(query_of("large")) == nullptr);
}

TEST_CASE("store/query_cache: a store that caches sees its own writes at once") {
  on_each_backend(
      [](Store& store, const auto&) {
        CHECK_FALSE(store.any_domain_enabled().value());
        CHECK_FALSE(store.any_domain_enabled().value());
        CHECK(store.info()->cache.hits == 1);
        REQUIRE(store.add_domain({"example.com", true, {}}).ok());
        CHECK(store.any_domain_enabled().value());
        REQUIRE(store.set_domain_enabled("example.com", false).ok());
        CHECK_FALSE(store.any_domain_enabled().value());
        const model::Hostname record = make_hostname("www.example.org", "example.org");
        REQUIRE(store.upsert_hostnames(1, {&record, 1}).ok());  // adds the domain, enabled
        CHECK(store.any_domain_enabled().value());

        model::Endpoint endpoint;
        endpoint.url = "http://a.example.com";
        CHECK_FALSE(store.find_endpoint(endpoint.url)->has_value());
        for (const char* title : {"first", "second"}) {
          endpoint.title = title;
          REQUIRE(store.upsert_endpoints(1, {&endpoint, 1}).ok());
          for (int twice = 0; twice < 2; ++twice) {
            const auto found = store.find_endpoint(endpoint.url);
            REQUIRE(found.ok());
            CHECK((*found)->title == title);
          }
        }
      },
      cached_for(1h));
}

TEST_CASE(
    "store/query_cache: other programs' writes are seen when the time is over; off by default") {
  on_each_backend(
      [](Store& store, const auto& reopen) {
        CHECK_FALSE(store.any_domain_enabled().value());
        const auto other = reopen();
        REQUIRE(other->add_domain({"example.com", true, {}}).ok());
        CHECK_FALSE(store.any_domain_enabled().value());
      },
      cached_for(1h));
  on_each_backend([](Store& store, const auto& reopen) {
    CHECK_FALSE(store.any_domain_enabled().value());
    REQUIRE(reopen()->add_domain({"example.com", true, {}}).ok());
    CHECK(store.any_domain_enabled().value());
    CHECK(store.info()->cache.misses == 0);
  });
}
