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

std::vector<cli::Flag> lab_flags() {
  std::vector<cli::Flag> flags;
  flags.push_back(valued("zone", "NAME", "Target", "the zone to serve", "lab.test"));
  flags.push_back(valued("dns-port", "PORT", "Target", "where DNS answers; 0 picks a free port"));
  flags.back().detail = "Unset: 18053, or any free port when that one is taken.";
  flags.push_back(valued("port", "PORT", "Target", "where every web host answers; 0 picks one"));
  flags.back().detail = "Unset: 18080, or any free port when that one is taken.";
  flags.push_back(
      valued("hosts", "N", "Target", "add N plain web hosts, on 127.81.0.1 and on", "0"));
  flags.push_back(valued("body", "BYTES", "Target", "size of their pages", "1000"));
  flags.push_back(valued("latency", "DURATION", "Faults", "delay every web answer", "0"));
  flags.push_back(
      valued("loss", "PERCENT", "Faults", "leave DNS queries over UDP unanswered", "0"));
  flags.push_back(valued("lie", "PERCENT", "Faults", "give names a false address", "0"));
  flags.back().detail =
      "The same names with the same --seed, existing or not; the false address is 127.66.66.66.";
  flags.push_back(
      valued("seed", "N", "Faults", "which queries are lost and which names false", "8"));
  flags.push_back(toggle("faults", "Faults", "add hosts that reset, drip, or send garbage"));
  flags.push_back(valued("ready-file", "FILE", "Output",
                         "write where it answers, as JSON, "
                         "once it does"));
  flags.back().complete = cli::Complete::kFile;
  flags.push_back(toggle("plan", "Output", "print every name and what to find there, and leave"));
  return flags;
}

Result<std::optional<std::uint16_t>> port_flag(const cli::Values& flags, const char* name) {
  if (!flags.given(name)) return std::optional<std::uint16_t>();
  const long long port = M8_TRY(flags.number(name, 0, 65535));
  return std::optional(static_cast<std::uint16_t>(port));
}

Result<lab::LabOptions> read_options(const cli::Values& flags) {
  lab::LabOptions options;
  options.apex = flags.text("zone");
  options.dns_port = M8_TRY(port_flag(flags, "dns-port"));
  options.web_port = M8_TRY(port_flag(flags, "port"));
  options.extra_hosts = static_cast<std::size_t>(
      M8_TRY(flags.number("hosts", 0, static_cast<long long>(lab::kMaxExtraHosts))));
  options.body_bytes = static_cast<std::size_t>(M8_TRY(flags.number("body", 0, 100 << 20)));
  options.broken_hosts = flags.on("faults");
  options.faults.latency = std::chrono::milliseconds(M8_TRY(flags.milliseconds("latency")));
  options.faults.loss = static_cast<double>(M8_TRY(flags.number("loss", 0, 100))) / 100;
  options.faults.lie = static_cast<double>(M8_TRY(flags.number("lie", 0, 100))) / 100;
  options.faults.seed = static_cast<std::uint64_t>(M8_TRY(flags.number("seed", 0, 1LL << 62)));
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
  print(plan_text(M8_TRY(read_options(flags))));
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
