/// `m8 bench enum`: `asmm8 enum` as a process on NSD: a wildcard zone, and a long word list.
///
/// The wildcard zone answers every word; some of them are real, half of those with the wildcard's
/// own address. Found must be exactly the real ones. The long list is tried on a zone that has none
/// of its words: what counts is memory.
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "bench/nsd.h"
#include "bench/registry.h"

namespace m8::bench {
namespace {

constexpr auto kTimeout = std::chrono::seconds(1800);
const std::string kWild = "wild.example", kPlain = "plain.example";
constexpr std::size_t kRealEvery = 200;  // 500 of 100,000

struct Setup {
  std::string asmm8, server, words, long_words;
  std::size_t word_count = 0, long_count = 0;
};

std::string word_of(std::size_t i) { return fmt::format("w{:07}", i); }
bool is_real(std::size_t i) { return i % kRealEvery == 7; }

std::string wild_zone(std::size_t words) {
  std::string zone = zone_head(kWild) + "* IN A 10.99.0.1\n";
  for (std::size_t i = 0; i < words; ++i) {
    if (!is_real(i)) continue;
    const bool own = i / kRealEvery % 2 == 0;
    zone += own ? fmt::format("{} IN A 10.1.{}.{}\n", word_of(i), i / 256 % 256, i % 256)
                : fmt::format("{} IN A 10.99.0.1\n", word_of(i));
  }
  return zone;
}

Status write_words(const std::string& path, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += word_of(i) + '\n';
  return write_file_atomically(path, text);
}

/// Runs enum; its names and its summary go to files of these names.
Result<ChildUsage> run_enum(const Context& context, const Setup& setup, const std::string& domain,
                            const std::string& words) {
  const std::string& directory = context.temp_directory;
  return run_checked(
      context,
      {{setup.asmm8, "enum", "-q", "--no-store", "-d", domain, "-w", words, "-r", setup.server,
        "--rate", "0", "-t", "200", "--summary", directory + "/summary"},
       {},
       ChildStream::file(directory + "/names"),
       {}},
      kTimeout);
}

Result<double> counted(const Context& context, std::string_view key) {
  const std::string text = M8_TRY(read_file(context.temp_directory + "/summary"));
  const auto record = M8_TRY(json::parse(text));
  const json::Value* counts = record.find("counts");
  const json::Value* value = counts != nullptr ? counts->find(key) : nullptr;
  if (value == nullptr) return Error{ErrorCode::kInternal, "bench enum: summary without counts"};
  return value->as_double();
}

struct Rows {
  Row &precision, &recall, &queries, &speed, &long_speed, &long_memory, &growth;
};

Status measure_wildcard(const Context& context, const Setup& setup, Rows& rows) {
  const auto usage = M8_TRY(run_enum(context, setup, kWild, setup.words));
  std::size_t right = 0, wrong = 0, real = 0;
  for (std::size_t i = 0; i < setup.word_count; ++i) real += is_real(i) ? 1 : 0;
  std::set<std::string> seen;
  LineReader lines = M8_TRY(LineReader::open(context.temp_directory + "/names"));
  for (;;) {
    const auto line = M8_TRY(lines.next(context.stop));
    if (!line) break;
    std::size_t i = 0;
    const bool word = line->size() > 8 && line->front() == 'w';
    if (word) i = std::strtoull(std::string(line->substr(1, 7)).c_str(), nullptr, 10);
    const bool good = word && is_real(i) && seen.insert(std::string(*line)).second;
    ++(good ? right : wrong);
  }
  rows.precision.ours.add(100.0 * static_cast<double>(right) /
                          static_cast<double>(std::max<std::size_t>(right + wrong, 1)));
  rows.recall.ours.add(100.0 * static_cast<double>(right) / static_cast<double>(real));
  rows.queries.ours.add(M8_TRY(counted(context, "queries")) /
                        static_cast<double>(setup.word_count));
  const std::chrono::duration<double> wall = usage.wall;
  rows.speed.ours.add(static_cast<double>(setup.word_count) / wall.count());
  return {};
}

/// Tries \p count words of which none exists.
Result<ChildUsage> run_long(const Context& context, const Setup& setup, std::size_t count) {
  M8_TRY(write_words(setup.long_words, count));
  context.progress(fmt::format("{} candidates", count));
  const auto usage = M8_TRY(run_enum(context, setup, kPlain, setup.long_words));
  const double denied = M8_TRY(counted(context, "nxdomain"));
  if (denied == static_cast<double>(count)) return usage;
  return Error{ErrorCode::kInternal,
               fmt::format("bench enum: {} words of {} were denied", denied, count)};
}

double megabytes(const ChildUsage& usage) {
  return static_cast<double>(usage.peak_rss_bytes) / 1e6;
}

/// Once: the figure is memory, which does not scatter. A tenth of the words shows that it is flat.
Status measure_long(const Context& context, const Setup& setup, Rows& rows) {
  const auto few =
      M8_TRY(run_long(context, setup, std::max<std::size_t>(setup.long_count / 10, 1)));
  const auto many = M8_TRY(run_long(context, setup, setup.long_count));
  const std::chrono::duration<double> wall = many.wall;
  rows.long_speed.ours.add(static_cast<double>(setup.long_count) / wall.count());
  rows.long_memory.ours.add(megabytes(many));
  rows.growth.ours.add(megabytes(many) - megabytes(few));
  return {};
}

Result<Report> run(const Context& context) {
  Setup setup;
  setup.asmm8 = M8_TRY(context.own_program("asmm8"));
  setup.word_count = context.flags.number<std::size_t>("names");
  setup.long_count = context.flags.number<std::size_t>("candidates");
  setup.words = context.temp_directory + "/words";
  setup.long_words = context.temp_directory + "/long-words";
  M8_TRY(write_words(setup.words, setup.word_count));
  context.progress("starting NSD");
  Nsd nsd = M8_TRY(
      start_nsd(context, {{kWild, wild_zone(setup.word_count)}, {kPlain, zone_head(kPlain)}}));
  setup.server = nsd.address.to_string();
  Report report("enum");
  Rows rows{report.row("wildcard zone, precision", "%", Bar::at_least(100)),
            report.row("wildcard zone, recall", "%", Bar::at_least(100)),
            report.row("wildcard zone, queries per name", "", Bar::at_most(3)),
            report.row("wildcard zone", "names/s"),
            report.row("brute force", "candidates/s"),
            report.row("brute force, peak memory", "MB", Bar::at_most(150)),
            report.row("brute force, more than a tenth takes", "MB", Bar::at_most(10))};
  M8_TRY(alternate(context, [&] { return measure_wildcard(context, setup, rows); }, {}));
  M8_TRY(measure_long(context, setup, rows));
  report.note(
      fmt::format("{} names under a wildcard, each {}th real, half with its address; {} "
                  "candidates that don't exist, once",
                  setup.word_count, kRealEvery, setup.long_count));
  return report;
}

cli::Flag number_flag(const char* name, const char* initial, const char* brief) {
  cli::Flag flag;
  flag.name = name;
  flag.argument = "N";
  flag.initial = initial;
  flag.section = "Enumeration";
  flag.brief = brief;
  flag.type = cli::ValueType::number(1000, 10'000'000);
  return flag;
}

std::vector<cli::Flag> flags() {
  return {number_flag("names", "100000", "words tried under the wildcard"),
          number_flag("candidates", "10000000", "words tried on a zone that has none of them")};
}

}  // namespace

extern const Workload kEnum;
const Workload kEnum{"enum", "asmm8 enum on NSD: wildcards, and memory", flags, run};

}  // namespace m8::bench
