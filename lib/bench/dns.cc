/// `m8 bench dns`: `asmm8 resolve` as a process, against dnsperf on the same server.
///
/// The server is NSD with a generated zone on a free loopback port, or whatever --server names.
/// Before anything is timed, every name must come back once, with its address. Names are asked in
/// the zone's order and scattered: scattered, NSD waits for memory at each name and nobody can be
/// faster than that, so the bars are on the first.
#include <algorithm>
#include <charconv>
#include <numeric>
#include <random>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "bench/nsd.h"
#include "bench/registry.h"
#include "net/address.h"

namespace m8::bench {
namespace {

constexpr auto kTimeout = std::chrono::seconds(300);
constexpr std::string_view kApex = "bench.example";

/// The same names twice: for us, and with their type for dnsperf.
struct NameList {
  std::string names_file, queries_file;
};

struct Setup {
  std::string asmm8;
  net::SocketAddress server;
  NameList in_order, scattered;
  std::size_t names = 0;
  std::string in_flight;
};

std::string label_of(std::size_t i) { return fmt::format("h{:06}", i); }

std::string address_of(std::size_t i) {
  return net::IpAddress::v4(static_cast<std::uint32_t>(0x0a000000 + i)).to_string();
}

std::string make_zone(std::size_t count) {
  std::string zone = zone_head(std::string(kApex));
  for (std::size_t i = 0; i < count; ++i)
    fmt::format_to(std::back_inserter(zone), "{} IN A {}\n", label_of(i), address_of(i));
  return zone;
}

Result<NameList> write_list(const std::string& path, const std::vector<std::size_t>& order) {
  std::string names, queries;
  for (const std::size_t i : order) {
    fmt::format_to(std::back_inserter(names), "{}.{}\n", label_of(i), kApex);
    fmt::format_to(std::back_inserter(queries), "{}.{} A\n", label_of(i), kApex);
  }
  NameList list{path + "-names", path + "-queries"};
  M8_TRY(write_file_atomically(list.names_file, names));
  M8_TRY(write_file_atomically(list.queries_file, queries));
  return list;
}

Status write_lists(const Context& context, Setup& setup) {
  std::vector<std::size_t> order(setup.names);
  std::iota(order.begin(), order.end(), std::size_t{0});
  setup.in_order = M8_TRY(write_list(context.temp_directory + "/in-order", order));
  std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
  setup.scattered = M8_TRY(write_list(context.temp_directory + "/scattered", order));
  return {};
}

std::vector<std::string> resolve_command(const Setup& setup, const std::string& names) {
  return {setup.asmm8, "resolve", "-q",      "-r", setup.server.to_string(),
          "-l",        names,     "--jsonl", "-t", setup.in_flight};
}

/// Waits until the server answers a name of the list.
Status wait_for_server(const Context& context, const Setup& setup) {
  const std::string out = context.temp_directory + "/first";
  auto command = resolve_command(setup, "-");
  command.insert(command.end(), {"--timeout", "200ms"});
  const std::string one = context.temp_directory + "/one";
  M8_TRY(write_file_atomically(one, fmt::format("{}.{}\n", label_of(0), kApex)));
  for (int i = 0; i < 150; ++i) {
    M8_TRY(run_child({command, ChildStream::file(one), ChildStream::file(out), {}}, kTimeout,
                     context.clock, context.stop));
    if (M8_TRY(read_file(out)).find(address_of(0)) != std::string::npos) return {};
    const auto next = context.clock.now() + std::chrono::milliseconds(100);
    if (!context.clock.sleep_until(next, context.stop)) break;
  }
  return Error{ErrorCode::kTimeout, "bench dns: the server does not answer"};
}

/// Each name once, with the address that the zone gives it.
Status check_answers(const Context& context, const Setup& setup) {
  const std::string out = context.temp_directory + "/answers";
  M8_TRY(run_checked(
      context, {resolve_command(setup, setup.scattered.names_file), {}, ChildStream::file(out), {}},
      kTimeout));
  std::vector<bool> seen(setup.names, false);
  std::size_t good = 0;
  LineReader lines = M8_TRY(LineReader::open(out));
  for (;;) {
    const auto line = M8_TRY(lines.next(context.stop));
    if (!line) break;
    const auto record = M8_TRY(json::parse(*line));
    const auto host = record.string_at("host");
    std::size_t i = setup.names;
    std::from_chars(host.data() + 1, host.data() + std::min<std::size_t>(host.size(), 7), i);
    const json::Value* addresses = record.find("a");
    if (i >= setup.names || seen[i] || addresses == nullptr || addresses->items().empty() ||
        addresses->items()[0].as_string() != address_of(i)) {
      return Error{ErrorCode::kInternal, fmt::format("bench dns: wrong record: {}", *line)};
    }
    seen[i] = true;
    ++good;
  }
  if (good == setup.names) return {};
  return Error{ErrorCode::kInternal,
               fmt::format("bench dns: {} names of {} came back", good, setup.names)};
}

double microseconds_each(const ChildUsage& usage, std::size_t names) {
  return static_cast<double>(usage.cpu().count()) / static_cast<double>(names);
}

struct Rows {
  Row &speed, &cpu, &memory, &lost, &scattered;
};

/// How many names the last run found, by its own account.
Result<double> found(const std::string& summary) {
  const std::string text = M8_TRY(read_file(summary));
  const auto record = M8_TRY(json::parse(text));
  const json::Value* counts = record.find("counts");
  const json::Value* value = counts != nullptr ? counts->find("found") : nullptr;
  if (value == nullptr) return Error{ErrorCode::kInternal, "bench dns: summary without counts"};
  return value->as_double();
}

double per_second(std::size_t names, const ChildUsage& usage) {
  const std::chrono::duration<double> wall = usage.wall;
  return static_cast<double>(names) / wall.count();
}

/// JSON lines to a file.
Result<ChildUsage> run_ours(const Context& context, const Setup& setup, const NameList& list) {
  auto command = resolve_command(setup, list.names_file);
  command.insert(command.end(), {"--summary", context.temp_directory + "/summary"});
  return run_checked(
      context, {command, {}, ChildStream::file(context.temp_directory + "/answers"), {}}, kTimeout);
}

Status measure_ours(const Context& context, const Setup& setup, Rows& rows) {
  const auto usage = M8_TRY(run_ours(context, setup, setup.in_order));
  rows.speed.ours.add(per_second(setup.names, usage));
  rows.cpu.ours.add(microseconds_each(usage, setup.names));
  rows.memory.ours.add(static_cast<double>(usage.peak_rss_bytes) / 1e6);
  rows.lost.ours.add(static_cast<double>(setup.names) -
                     M8_TRY(found(context.temp_directory + "/summary")));
  const auto scattered = M8_TRY(run_ours(context, setup, setup.scattered));
  rows.scattered.ours.add(per_second(setup.names, scattered));
  return {};
}

/// The number after \p label in dnsperf's report.
Result<double> figure(const std::string& report, std::string_view label) {
  const std::size_t at = report.find(label);
  if (at == report.npos) {
    return Error{ErrorCode::kInternal, fmt::format("dnsperf: no '{}' in its report", label)};
  }
  return std::strtod(report.c_str() + at + label.size(), nullptr);
}

struct DnsperfRun {
  double names_per_second = 0;
  ChildUsage usage;
};

Result<DnsperfRun> run_dnsperf(const Context& context, const Setup& setup,
                               const std::string& dnsperf, const NameList& list) {
  const std::string out = context.temp_directory + "/dnsperf";
  const std::vector<std::string> command{dnsperf, "-c1",
                                         "-T1",   "-n1",
                                         "-s",    setup.server.ip.to_string(),
                                         "-p",    std::to_string(setup.server.port),
                                         "-d",    list.queries_file};
  DnsperfRun run;
  run.usage = M8_TRY(run_checked(context, {command, {}, ChildStream::file(out), {}}, kTimeout));
  const std::string report = M8_TRY(read_file(out));
  run.names_per_second = M8_TRY(figure(report, "Queries per second:"));
  return run;
}

Status measure_dnsperf(const Context& context, const Setup& setup, const std::string& dnsperf,
                       Rows& rows) {
  const auto run = M8_TRY(run_dnsperf(context, setup, dnsperf, setup.in_order));
  rows.speed.peer.add(run.names_per_second);
  rows.cpu.peer.add(microseconds_each(run.usage, setup.names));
  rows.memory.peer.add(static_cast<double>(run.usage.peak_rss_bytes) / 1e6);
  const auto scattered = M8_TRY(run_dnsperf(context, setup, dnsperf, setup.scattered));
  rows.scattered.peer.add(scattered.names_per_second);
  return {};
}

Result<Report> measure(const Context& context, const Setup& setup) {
  M8_TRY(check_answers(context, setup));
  Report report("dns");
  Rows rows{report.row("names resolved", "names/s", Bar::ratio_at_least(1.2)),
            report.row("CPU per name", "us", Bar::ratio_at_most(0.8)),
            report.row("peak memory", "MB", Bar::at_most(100)),
            report.row("names lost", "", Bar::at_most(0)),
            report.row("names resolved, scattered", "names/s")};
  const auto dnsperf = context.peer_program("dnsperf", "dnsperf");
  std::function<Status()> peer;
  if (dnsperf.ok()) {
    for (Row* row : {&rows.speed, &rows.cpu, &rows.memory, &rows.scattered})
      row->peer_name = "dnsperf -c1 -T1";
    peer = [&] { return measure_dnsperf(context, setup, *dnsperf, rows); };
  } else {
    report.note(dnsperf.error().message);
  }
  M8_TRY(alternate(
      context, [&] { return measure_ours(context, setup, rows); }, peer));
  report.note(
      fmt::format("asmm8 resolve --jsonl -t {} to a file, {} names, each checked once before",
                  setup.in_flight, setup.names));
  report.note("scattered: in random order, where the server waits for its memory");
  return report;
}

Result<Report> run(const Context& context) {
  Setup setup;
  setup.asmm8 = M8_TRY(context.own_program("asmm8"));
  setup.names = context.flags.number<std::size_t>("names");
  setup.in_flight = context.flags.text("in-flight");
  M8_TRY(write_lists(context, setup));
  const std::string server = context.flags.text("server");
  if (!server.empty()) {
    setup.server = M8_TRY(net::SocketAddress::parse(server, 53));
    M8_TRY(wait_for_server(context, setup));
    return measure(context, setup);
  }
  context.progress(fmt::format("starting NSD with {} names", setup.names));
  Nsd nsd = M8_TRY(start_nsd(context, {{std::string(kApex), make_zone(setup.names)}}));
  setup.server = nsd.address;
  M8_TRY(wait_for_server(context, setup));
  auto report = measure(context, setup);
  M8_TRY(nsd.process.stop(std::chrono::seconds(5)));
  return report;
}

cli::Flag dns_flag(const char* name, const char* argument, const char* initial, const char* brief) {
  cli::Flag flag;
  flag.name = name;
  flag.argument = argument;
  flag.initial = initial;
  flag.section = "DNS";
  flag.brief = brief;
  return flag;
}

std::vector<cli::Flag> flags() {
  cli::Flag server =
      dns_flag("server", "IP:PORT", "", "a server that has the zone, instead of NSD");
  server.detail =
      "It must answer h000000.bench.example with 10.0.0.0, h000001.bench.example with 10.0.0.1 and "
      "so on.";
  cli::Flag names = dns_flag("names", "N", "1000000", "names in the zone, each asked once");
  names.type = cli::ValueType::number(1, 1'000'000);
  cli::Flag in_flight = dns_flag("in-flight", "N", "100", "queries in flight, as dnsperf's -q");
  in_flight.type = cli::ValueType::number(1, 32768);
  return {server, names, in_flight};
}

}  // namespace

extern const Workload kDns;
const Workload kDns{"dns", "asmm8 resolve on NSD, against dnsperf", flags, run};

}  // namespace m8::bench
