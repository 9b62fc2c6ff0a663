/// m8 lab: a practice target on loopback.
#include "lab/lab.h"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
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

lab::LabOptions read_options(const cli::Values& flags) {
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
  return options;
}

/// A closed stdout is no reason to stop serving.
void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string plan_text(const lab::LabOptions& options) {
  std::string out;
  const auto plan = lab::make_plan({options.apex, {}, options.broken_hosts, 0});
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
  out.field("port", static_cast<int>(lab.web_port())).field("pid", ::getpid()).end();
  return write_file_atomically(path, out.take() + '\n');
}

Status serve(const cli::Values& flags) {
  const cli::Signals signals;
  const auto lab = M8_TRY(lab::Lab::create(read_options(flags)));
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
  print(plan_text(read_options(flags)));
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
