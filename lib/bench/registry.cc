#include "bench/registry.h"

namespace m8::bench {

// One declaration and one entry for each lib/bench/<workload>.cc.
extern const Workload kApi;
extern const Workload kCacheBench;
extern const Workload kDb;
extern const Workload kDns;
extern const Workload kEnum;
extern const Workload kFleet;
extern const Workload kHttp;
extern const Workload kMatch;
extern const Workload kMemory;
extern const Workload kMetrics;
extern const Workload kPermute;
extern const Workload kProbe;
extern const Workload kQueueBench;
extern const Workload kResolversBench;
extern const Workload kScan;
extern const Workload kStartup;

namespace {

constexpr const Workload* kWorkloads[] = {
    &kApi,    &kCacheBench, &kDb,      &kDns,   &kEnum,       &kFleet,          &kHttp, &kMatch,
    &kMemory, &kMetrics,    &kPermute, &kProbe, &kQueueBench, &kResolversBench, &kScan, &kStartup,
};

}  // namespace

std::span<const Workload* const> workloads() { return kWorkloads; }

std::vector<cli::Flag> bench_flags() {
  cli::Flag repeat;
  repeat.name = "repeat";
  repeat.aliases = {"n"};
  repeat.argument = "N";
  repeat.section = "Benchmark";
  repeat.brief = "how often to measure; the median counts";
  repeat.initial = "5";
  repeat.type = cli::ValueType::number(1, 1000);
  repeat.common = true;
  cli::Flag json;
  json.name = "json";
  json.section = "Benchmark";
  json.brief = "one line of JSON with every value instead of the table";
  json.common = true;
  return {repeat, json};
}

}  // namespace m8::bench
