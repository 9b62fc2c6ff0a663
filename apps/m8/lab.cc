/// m8 lab: a practice target on loopback.
#include "lab/lab.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
#include "cli/value_type.h"
#include "commands.h"

namespace m8::app {
namespace {

cli::Flag valued(std::string name, std::string argument, std::string section, std::string brief,
                 std::string initial = {}) {
  cli::Flag flag;
  flag.name = std::move(name);
  flag.argument = std::move(argument);
  flag.section = std::move(section);
  flag.brief = std::move(brief);
  flag.initial = std::move(initial);
  flag.common = true;
  return flag;
}

cli::Flag toggle(std::string name, std::string section, std::string brief) {
  return valued(std::move(name), "", std::move(section), std::move(brief));
}

cli::Flag typed(cli::Flag flag, cli::ValueType type) {
  flag.type = type;
  return flag;
}

std::vector<cli::Flag> lab_flags() {
  using cli::ValueType;
  using namespace std::chrono_literals;
  const ValueType port = ValueType::number(0, 65535), percent = ValueType::number(0, 100);
  std::vector<cli::Flag> flags;
  flags.push_back(valued("zone", "NAME", "Target", "the zone to serve", "lab.test"));
  flags.push_back(
      typed(valued("dns-port", "PORT", "Target", "where DNS answers; 0 picks a free port"), port));
  flags.back().detail = "Unset: 18053, or any free port when that one is taken.";
  flags.push_back(
      typed(valued("port", "PORT", "Target", "where every web host answers; 0 picks one"), port));
  flags.back().detail = "Unset: 18080, or any free port when that one is taken.";
  flags.push_back(
      typed(valued("names", "N", "Target", "add N names, h0000000 with 10.0.0.0 and on", "0"),
            ValueType::number(0, lab::kMaxNumbered)));
  flags.push_back(
      typed(valued("hosts", "N", "Target", "add N plain web hosts, on 127.81.0.1 and on", "0"),
            ValueType::number(0, lab::kMaxExtraHosts)));
  flags.push_back(typed(valued("body", "BYTES", "Target", "size of their pages", "1000"),
                        ValueType::size(0, 100 << 20)));
  flags.push_back(typed(valued("latency", "DURATION", "Faults", "delay every web answer", "0"),
                        ValueType::duration(0ms, 1h)));
  flags.push_back(typed(
      valued("loss", "PERCENT", "Faults", "leave DNS queries over UDP unanswered", "0"), percent));
  flags.push_back(
      typed(valued("lie", "PERCENT", "Faults", "give names a false address", "0"), percent));
  flags.back().detail =
      "The same names with the same --seed, existing or not; the false address is 127.66.66.66.";
  flags.push_back(
      typed(valued("dns-latency", "DURATION", "Faults", "delay every DNS answer over UDP", "0"),
            ValueType::duration(0ms, 1h)));
  flags.push_back(valued("more-resolver", "FAULT,...", "Faults",
                         "another DNS server for the zone, with faults of its own"));
  flags.back().repeatable = true;
  flags.back().literal = true;
  flags.back().detail =
      "Faults: loss=PERCENT, lie=PERCENT, honest=N (queries before the first lie), "
      "latency=DURATION; or none. Each answers on a port of its own, named in --ready-file.";
  flags.push_back(
      typed(valued("seed", "N", "Faults", "which queries are lost and which names false", "8"),
            ValueType::number(0, 1LL << 62)));
  flags.push_back(toggle("faults", "Faults", "add hosts that reset, drip, or send garbage"));
  flags.push_back(valued("ready-file", "FILE", "Output",
                         "write where it answers, as JSON, "
                         "once it does"));
  flags.back().complete = cli::Complete::kFile;
  flags.push_back(toggle("plan", "Output", "print every name and what to find there, and leave"));
  return flags;
}

std::optional<std::uint16_t> port_flag(const cli::Values& flags, const char* name) {
  if (!flags.given(name)) return std::nullopt;
  return flags.number<std::uint16_t>(name);
}

/// "loss=30", or kInvalidArgument.
Status read_fault(std::string_view text, lab::Faults& faults) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = text.substr(std::min(equals + 1, text.size()));
  if (text == "none") return {};
  if (name == "latency") {
    faults.dns_latency = std::chrono::milliseconds(M8_TRY(cli::parse_duration(value)));
  } else if (name == "honest") {
    faults.honest = static_cast<std::uint64_t>(std::max(0LL, M8_TRY(cli::parse_number(value))));
  } else if (name == "loss" || name == "lie") {
    const double percent = static_cast<double>(M8_TRY(cli::parse_number(value)));
    (name == "loss" ? faults.loss : faults.lie) = percent / 100;
  } else {
    return Error{ErrorCode::kInvalidArgument, fmt::format("no such fault: {}", text)};
  }
  return {};
}

Result<lab::Faults> read_faults(std::string_view text, std::uint64_t seed) {
  lab::Faults faults;
  faults.seed = seed;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const Status read = read_fault(text.substr(begin, end - begin), faults);
    if (!read.ok()) return read.error().with_context("--more-resolver");
    begin = end + 1;
  }
  return faults;
}

Result<lab::LabOptions> read_options(const cli::Values& flags) {
  lab::LabOptions options;
  options.apex = flags.text("zone");
  options.dns_port = port_flag(flags, "dns-port");
  options.web_port = port_flag(flags, "port");
  options.extra_hosts = flags.number<std::size_t>("hosts");
  options.body_bytes = flags.bytes("body");
  options.broken_hosts = flags.on("faults");
  options.faults.latency = flags.duration("latency");
  options.faults.loss = flags.number<double>("loss") / 100;
  options.faults.lie = flags.number<double>("lie") / 100;
  options.faults.seed = flags.number<std::uint64_t>("seed");
  options.faults.dns_latency = flags.duration("dns-latency");
  options.numbered_names = flags.number<std::size_t>("names");
  for (const std::string& text : flags.list("more-resolver")) {
    // Servers that lose alike would lose the same queries.
    const std::uint64_t seed = options.faults.seed + options.more_resolvers.size() + 1;
    options.more_resolvers.push_back(M8_TRY(read_faults(text, seed)));
  }
  return options;
}

/// A closed stdout is no reason to stop serving.
void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string plan_text(const lab::LabOptions& options) {
  std::string out;
  const auto plan = lab::make_plan({options.apex, {}, options.broken_hosts, 0, 0});
  for (const auto& name : plan.names) out += lab::to_json(name) + '\n';
  return out;
}

std::string welcome(const lab::Lab& lab) {
  const std::string dns = lab.dns_address().to_string(), zone = lab.plan().zone.apex();
  std::size_t flaws = 0;
  for (const auto& site : lab::sites()) flaws += site.planted.size();
  return fmt::format(
      "A practice target on loopback. Ctrl-C stops it.\n\n"
      "  DNS   {0}, zone {1}, {2} names, UDP and TCP\n"
      "  web   every host on port {3}, {4} sites, {5} flaws planted\n\n"
      "  asmm8 enum -d {1} -r {0}\n"
      "  asmm8 enum -d {1} -r {0} | num8 scan -t examples/templates -r {0} --ports {3}\n\n",
      dns, zone, lab.plan().names.size(), lab.web_port(), lab::sites().size(), flaws);
}

Status write_ready(const std::string& path, const lab::Lab& lab) {
  if (path.empty()) return {};
  json::Writer out;
  out.object().field("zone", lab.plan().zone.apex()).field("dns", lab.dns_address().to_string());
  std::vector<std::string> resolvers;
  for (const auto& address : lab.more_resolvers()) resolvers.push_back(address.to_string());
  if (!resolvers.empty()) out.strings("resolvers", resolvers);
  out.field("port", static_cast<int>(lab.web_port())).field("pid", ::getpid()).end();
  return write_file_atomically(path, out.take() + '\n');
}

Status serve(const cli::Values& flags) {
  const cli::Signals signals;
  const auto options = M8_TRY(read_options(flags));
  const auto lab = M8_TRY(lab::Lab::create(options));
  print(welcome(*lab));
  M8_TRY(write_ready(flags.text("ready-file"), *lab));
  print("ready\n");
  lab->run(signals.token());
  print(fmt::format("stopped after {} DNS queries and {} web requests\n",
                    lab->dns_counters().udp + lab->dns_counters().tcp,
                    lab->web_counters().requests));
  return {};
}

Status run_lab(const cli::Values& flags) {
  if (!flags.on("plan")) return serve(flags);
  const auto options = M8_TRY(read_options(flags));
  print(plan_text(options));
  return {};
}

int run(const cli::Context& context) {
  const Status done = run_lab(context.flags);
  if (done.ok()) return cli::kDone;
  fmt::print(stderr, "m8 lab: {}\n", done.error().message);
  return cli::exit_code(done.error());
}

}  // namespace

cli::Command lab_command() {
  cli::Command command;
  command.name = "lab";
  command.brief = "a practice target on loopback: a DNS zone and web hosts with known flaws";
  command.detail =
      "Serves a DNS zone of some two hundred names (a wildcard subtree, dead names, chains of "
      "CNAMEs) and web hosts on addresses of 127.80.0.0/16, all on one port, with flaws that the "
      "templates in examples/templates find. Nothing outside loopback can reach it. It stops at "
      "SIGINT or SIGTERM with exit code 0.";
  command.flags = lab_flags();
  command.examples = {"m8 lab", "m8 lab --port 0 --dns-port 0 --latency 20ms --loss 5",
                      "m8 lab --plan"};
  command.run = run;
  return command;
}

}  // namespace m8::app
