/// `m8 bench resolvers`: `asmm8 resolve` on ten resolvers of the lab, of which two lose 30 % of the
/// queries and one lies, against the same without those three.
///
/// The lab answers after some milliseconds, as resolvers do. In each run every name has to end with
/// the address that the zone gives it.
#include <cstdlib>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "bench/registry.h"
#include "lab/zone.h"

namespace m8::bench {
namespace {

constexpr auto kTimeout = std::chrono::seconds(300);
constexpr auto kReadyTimeout = std::chrono::seconds(20);
constexpr std::size_t kResolvers = 10, kLossy = 2;
constexpr const char* kZone = "bench.example";

struct Setup {
  std::string asmm8, names_file;
  std::size_t names = 0;
  std::string in_flight;
  std::string good, all;  ///< lists for -r
};

struct Rows {
  Row &speed, &right, &queries;
};

Status write_names(const Setup& setup) {
  std::string text;
  for (std::size_t i = 0; i < setup.names; ++i)
    fmt::format_to(std::back_inserter(text), "{}.{}\n", lab::numbered_label(i), kZone);
  return write_file_atomically(setup.names_file, text);
}

/// The lab with its ten resolvers: the good ones first, then those that lose, then the liar.
Result<Child> start_lab(const Context& context, Setup& setup) {
  const std::string ready = context.temp_directory + "/ready";
  const std::string latency = "latency=" + context.flags.text("latency");
  ChildOptions options;
  const std::string m8 = M8_TRY(context.own_program("m8"));
  options.arguments = {m8,
                       "lab",
                       "--zone",
                       kZone,
                       "--port",
                       "0",
                       "--dns-port",
                       "0",
                       "--names",
                       std::to_string(setup.names),
                       "--ready-file",
                       ready};
  for (std::size_t i = 0; i < kResolvers; ++i) {
    std::string faults = latency;
    if (i >= kResolvers - 1 - kLossy) faults += i == kResolvers - 1 ? ",lie=50" : ",loss=30";
    options.arguments.insert(options.arguments.end(), {"--more-resolver", faults});
  }
  options.errors = ChildStream::file(context.temp_directory + "/lab.errors");
  Child child = M8_TRY(Child::start(options, context.clock));
  M8_TRY(wait_for_file(context, ready, child, kReadyTimeout));
  const std::string text = M8_TRY(read_file(ready));
  const auto record = M8_TRY(json::parse(text));
  const json::Value* resolvers = record.find("resolvers");
  if (resolvers == nullptr || resolvers->items().size() != kResolvers)
    return Error{ErrorCode::kInternal, "m8 lab: no resolvers in its ready file"};
  for (std::size_t i = 0; i < kResolvers; ++i) {
    const std::string address(resolvers->items()[i].as_string());
    setup.all += (i > 0 ? "," : "") + address;
    if (i < kResolvers - 1 - kLossy) setup.good += (i > 0 ? "," : "") + address;
  }
  return child;
}

/// Names with their own address and no other, each once.
Result<std::size_t> count_right(const Context& context, const Setup& setup,
                                const std::string& answers) {
  std::vector<bool> seen(setup.names, false);
  std::size_t right = 0;
  LineReader lines = M8_TRY(LineReader::open(answers));
  for (;;) {
    const auto line = M8_TRY(lines.next(context.stop));
    if (!line) return right;
    const auto record = M8_TRY(json::parse(*line));
    const std::string host(record.string_at("host"));
    const json::Value* addresses = record.find("a");
    if (host.size() < 8 || addresses == nullptr || addresses->items().size() != 1) continue;
    const std::size_t i = std::strtoull(host.c_str() + 1, nullptr, 10);
    if (i >= setup.names || seen[i]) continue;
    seen[i] = true;
    const bool good = addresses->items()[0].as_string() == lab::numbered_address(i).to_string();
    right += good ? 1 : 0;
  }
}

struct Ran {
  double names_per_second = 0, right_percent = 0, queries_per_name = 0;
};

Result<Ran> resolve(const Context& context, const Setup& setup, const std::string& resolvers) {
  const std::string answers = context.temp_directory + "/answers";
  const std::string summary = context.temp_directory + "/summary";
  // A name that lost every attempt would be lost: as many as puredns and massdns are run with.
  const std::vector<std::string> command{setup.asmm8, "resolve",       "-q",      "--jsonl",
                                         "-r",        resolvers,       "-l",      setup.names_file,
                                         "-t",        setup.in_flight, "--retry", "8",
                                         "--summary", summary};
  const auto usage = M8_TRY(run_checked(context,
                                        {command,
                                         {},
                                         ChildStream::file(answers),
                                         ChildStream::file(context.temp_directory + "/errors")},
                                        kTimeout));
  const std::string text = M8_TRY(read_file(summary));
  const auto record = M8_TRY(json::parse(text));
  const json::Value* counts = record.find("counts");
  const json::Value* queries = counts != nullptr ? counts->find("queries") : nullptr;
  if (queries == nullptr)
    return Error{ErrorCode::kInternal, "bench resolvers: summary without counts"};
  const auto names = static_cast<double>(setup.names);
  const std::chrono::duration<double> wall = usage.wall;
  const auto right = static_cast<double>(M8_TRY(count_right(context, setup, answers)));
  return Ran{names / wall.count(), 100 * right / names, queries->as_double() / names};
}

Result<Report> measure(const Context& context, const Setup& setup) {
  Report report("resolvers");
  Rows rows{report.row("ten, two lossy, one lying", "names/s", Bar::ratio_at_least(0.8)),
            report.row("names right", "%", Bar::at_least(100)), report.row("queries per name", "")};
  for (Row* row : {&rows.speed, &rows.right, &rows.queries}) row->peer_name = "the good seven";
  const auto add = [&](const std::string& resolvers, Series Row::*side) -> Status {
    const Ran ran = M8_TRY(resolve(context, setup, resolvers));
    (rows.speed.*side).add(ran.names_per_second);
    (rows.right.*side).add(ran.right_percent);
    (rows.queries.*side).add(ran.queries_per_name);
    return {};
  };
  M8_TRY(alternate(
      context, [&] { return add(setup.all, &Row::ours); },
      [&] { return add(setup.good, &Row::peer); }));
  report.note(
      fmt::format("{} names, -t {}, each answer after {}; two resolvers lose 30 %, one "
                  "lies about half of all names",
                  setup.names, setup.in_flight, context.flags.text("latency")));
  return report;
}

Result<Report> run(const Context& context) {
  Setup setup;
  setup.asmm8 = M8_TRY(context.own_program("asmm8"));
  setup.names_file = context.temp_directory + "/names";
  setup.names = context.flags.number<std::size_t>("names");
  setup.in_flight = context.flags.text("in-flight");
  M8_TRY(write_names(setup));
  Child lab = M8_TRY(start_lab(context, setup));
  auto report = measure(context, setup);
  M8_TRY(lab.stop(std::chrono::seconds(5)));
  return report;
}

cli::Flag valued(const char* name, const char* argument, const char* initial, const char* brief,
                 cli::ValueType type) {
  cli::Flag flag;
  flag.name = name;
  flag.argument = argument;
  flag.initial = initial;
  flag.section = "Resolvers";
  flag.brief = brief;
  flag.type = type;
  return flag;
}

std::vector<cli::Flag> flags() {
  using cli::ValueType;
  return {valued("names", "N", "100000", "names asked", ValueType::number(1, lab::kMaxNumbered)),
          valued("in-flight", "N", "1000", "queries in flight", ValueType::number(1, 32768)),
          valued("latency", "TIME", "20ms", "before every answer",
                 ValueType::duration(std::chrono::milliseconds(0), std::chrono::hours(1)))};
}

}  // namespace

extern const Workload kResolversBench;
const Workload kResolversBench{
    "resolvers", "asmm8 resolve with lossy and lying resolvers, and without", flags, run};

}  // namespace m8::bench
