#include "bench/db_guides.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/guarded.h"
#include "store/store.h"

namespace m8::bench {
namespace {

constexpr std::size_t kRecords = 10'000;  // domains, and endpoints
constexpr int kCallers = 10;
constexpr auto kTime = std::chrono::milliseconds(500);  // of each measurement

std::string url_of(std::uint64_t i) { return fmt::format("https://www.d{:05}.example/", i); }

Status fill(store::Store& store) {
  std::vector<model::Hostname> names(kRecords);
  std::vector<model::Endpoint> endpoints(kRecords);
  for (std::size_t i = 0; i < kRecords; ++i) {
    names[i].domain = fmt::format("d{:05}.example", i);
    names[i].hostname = "www." + names[i].domain;
    endpoints[i].url = url_of(i);
    endpoints[i].hostname = names[i].hostname;
    endpoints[i].title = fmt::format("Title {}", i);
    endpoints[i].status = 200;
  }
  M8_TRY(store.upsert_hostnames(1, names));
  return store.upsert_endpoints(1, endpoints);
}

Status get_endpoint(store::Store& store, std::uint64_t random) {
  const std::uint64_t i = random % kRecords;
  const auto found = M8_TRY(store.find_endpoint(url_of(i)));
  if (found && found->title == fmt::format("Title {}", i)) return {};
  return Error{ErrorCode::kInternal, "bench db: an endpoint came back wrong"};
}

Status all_domains(store::Store& store, bool enabled_only) {
  std::size_t rows = 0;
  M8_TRY(store.for_each_domain({enabled_only}, [&rows](const model::Domain&) {
    ++rows;
    return Status();
  }));
  if (rows == kRecords) return {};
  return Error{ErrorCode::kInternal, fmt::format("bench db: {} domains of {}", rows, kRecords)};
}

Status exist_enabled(store::Store& store) {
  if (M8_TRY(store.any_domain_enabled())) return {};
  return Error{ErrorCode::kInternal, "bench db: no domain is enabled"};
}

using One = std::function<Status(std::uint64_t random)>;

/// How often \p callers threads do \p one in a second; added to \p series.
Status rate(const Context& context, int callers, const One& one, Series& series) {
  std::atomic<std::uint64_t> done{0};
  Guarded<Status> failure;
  const auto began = context.clock.now();
  {
    std::vector<std::jthread> threads;
    for (int caller = 0; caller < callers; ++caller) {
      threads.emplace_back([&, caller] {
        auto state = static_cast<std::uint64_t>(caller) + 1;
        std::uint64_t mine = 0;
        Status status;
        while (status.ok() && context.clock.now() - began < kTime) {
          state = state * 6364136223846793005u + 1442695040888963407u;
          status = one(state >> 33);
          ++mine;
        }
        done += mine;
        if (!status.ok()) *failure.lock() = status;
      });
    }
  }
  series.add(static_cast<double>(done) /
             std::chrono::duration<double>(context.clock.now() - began).count());
  return *failure.lock();
}

/// One row: \p ours against \p peer, each once a repeat.
struct Comparison {
  std::string metric;
  One ours;
  int callers = 1;
  std::string peer_name;
  One peer;
  std::optional<Bar> bar;
};

Status compare(const Context& context, const Comparison& what, Report& report) {
  Row& row = report.row(what.metric, "1/s", what.bar);
  row.peer_name = what.peer_name;
  const auto ours = [&] { return rate(context, what.callers, what.ours, row.ours); };
  if (!what.peer) return alternate(context, ours, nullptr);
  return alternate(context, ours, [&] { return rate(context, 1, what.peer, row.peer); });
}

}  // namespace

Status measure_guides(const Context& context, const std::string& backend,
                      const std::string& store_url, Report& report) {
  const auto store = M8_TRY(store::open_store(store_url));
  store::OpenOptions options;
  options.query_cache_ttl = std::chrono::hours(1);
  const auto caching = M8_TRY(store::open_store(store_url, options));
  M8_TRY(fill(*store));
  const One get = [&](std::uint64_t random) { return get_endpoint(*store, random); };
  const One get_cached = [&](std::uint64_t random) { return get_endpoint(*caching, random % 500); };
  const One all = [&](std::uint64_t) { return all_domains(*store, false); };
  const One enabled = [&](std::uint64_t) { return all_domains(*store, true); };
  const One exists = [&](std::uint64_t) { return exist_enabled(*store); };
  // The guides ask for 10 to 20 ms a query: 50 a second at least.
  const Comparison comparisons[] = {
      {backend + ": get-endpoint", get, 1, {}, nullptr, Bar::at_least(50)},
      {fmt::format("{}: get-endpoint, {} callers", backend, kCallers), get, kCallers, "one caller",
       get, std::nullopt},
      {backend + ": get-endpoint, query cache on", get_cached, 1, "off", get, std::nullopt},
      {fmt::format("{}: get-all-domain, {} rows", backend, kRecords),
       all,
       1,
       {},
       nullptr,
       std::nullopt},
      {backend + ": exist-enabled", exists, 1, "reading the rows", enabled,
       Bar::ratio_at_least(10)},
  };
  for (const Comparison& comparison : comparisons) M8_TRY(compare(context, comparison, report));
  return {};
}

}  // namespace m8::bench
