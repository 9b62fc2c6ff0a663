#include "bench/db_diff.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "store/store.h"

namespace m8::bench {
namespace {

constexpr std::size_t kBatch = 60'000;
constexpr auto kTimeout = std::chrono::seconds(120);
constexpr WallTime kFirst{std::chrono::seconds(1'700'000'000)};
constexpr WallTime kSince = kFirst + std::chrono::hours(12);
constexpr WallTime kSecond = kFirst + std::chrono::hours(24);

/// Of so many names each: the second run finds one that was gone, one new, one with another
/// address.
constexpr std::size_t kOneIn = 100;

struct World {
  std::size_t names = 0;
  bool all_change = false;

  bool gone(std::size_t i) const { return i % kOneIn == 7; }
  bool changed(std::size_t i) const { return !gone(i) && (all_change || i % kOneIn == 8); }
  /// Lines that are expected, the header among them.
  std::size_t lines() const {
    std::size_t lines = 1 + names / kOneIn;  // the new ones
    for (std::size_t i = 0; i < names; ++i) lines += gone(i) || changed(i) ? 1 : 0;
    return lines;
  }
};

model::Hostname record_of(std::size_t i, WallTime seen, bool moved) {
  model::Hostname record;
  record.domain = "bench.example";
  record.hostname = fmt::format("{:08x}.{}", static_cast<std::uint32_t>(i * 2654435761u),
                                record.domain);  // scattered
  record.sources = {"bruteforce"};
  record.first_seen = record.last_seen = seen;
  record.a = {fmt::format("{}.{}.{}.{}", moved ? 11 : 10, i >> 16 & 255, i >> 8 & 255, i & 255)};
  record.resolver = "127.0.0.1:53";
  return record;
}

/// What two runs found.
Status fill(const Context& context, const World& world, const std::string& url) {
  const auto store = M8_TRY(store::open_store(url));
  std::vector<model::Hostname> seen, denied;
  for (const bool second : {false, true}) {
    const std::size_t end = world.names + (second ? world.names / kOneIn : 0);
    for (std::size_t i = 0; i < end; i += kBatch) {
      if (context.stop.stop_requested()) return Error{ErrorCode::kCancelled, "stopped"};
      seen.clear();
      denied.clear();
      for (std::size_t j = i; j < std::min(end, i + kBatch); ++j) {
        const bool known = j < world.names;
        auto& list = second && known && world.gone(j) ? denied : seen;
        list.push_back(
            record_of(j, second ? kSecond : kFirst, second && known && world.changed(j)));
      }
      M8_TRY(store->upsert_hostnames(second ? 2 : 1, seen));
      M8_TRY(store->deny_hostnames(denied));
    }
  }
  return {};
}

/// In pieces: the file is larger than the memory that this benchmark allows itself.
std::size_t count_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::size_t lines = 0;
  for (std::vector<char> buffer(1u << 16); file;) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    lines +=
        static_cast<std::size_t>(std::count(buffer.begin(), buffer.begin() + file.gcount(), '\n'));
  }
  return lines;
}

/// Runs the program once.
Status difference(const Context& context, const World& world, const std::string& url, Row& time,
                  Series& memory) {
  const std::string out = context.temp_directory + "/difference";
  const std::string program = M8_TRY(context.own_program("asmm8"));
  const ChildOptions options{
      {program, "host", "diff", "-q", "--store", url, "--since", rfc3339(kSince)},
      {},
      ChildStream::file(out),
      ChildStream::file(out + ".log")};
  const ChildUsage usage = M8_TRY(run_checked(context, options, kTimeout));
  const std::size_t lines = count_lines(out);
  if (lines != world.lines()) {
    return Error{ErrorCode::kInternal,
                 fmt::format("bench db: {} lines of a difference of {}", lines, world.lines())};
  }
  time.ours.add(std::chrono::duration<double>(usage.wall).count());
  memory.add(static_cast<double>(usage.peak_rss_bytes) / 1e6);
  return {};
}

}  // namespace

Status measure_difference(const Context& context, std::size_t names, Report& report) {
  Series memory;
  for (const bool all_change : {false, true}) {
    const World world{names, all_change};
    const std::string path = context.temp_directory + "/difference.db";
    M8_TRY(fill(context, world, "sqlite:" + path));
    // The bar is for what two runs of one zone are like; the other row is the worst that can be.
    Row& time = report.row(fmt::format("asmm8 host diff, {} names, {}", names,
                                       all_change ? "all changed" : "3 % differ"),
                           "s", all_change ? std::nullopt : std::optional(Bar::at_most(2)));
    M8_TRY(alternate(
        context, [&] { return difference(context, world, "sqlite:" + path, time, memory); },
        nullptr));
    ::unlink(path.c_str());
  }
  Row& peak = report.row("asmm8 host diff, peak memory", "MB", Bar::at_most(100));
  for (const double value : memory.values()) peak.ours.add(value);
  return {};
}

}  // namespace m8::bench
