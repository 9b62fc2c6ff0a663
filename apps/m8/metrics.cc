// m8 metrics list|dump|kpi: what is measured, and how it stands.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "commands.h"
#include "http/service_flags.h"
#include "live.h"
#include "measured.h"
#include "metrics/table.h"
#include "output/listing.h"
#include "output/table.h"
#include "services.h"

namespace m8::app {
namespace {

std::string labels_of(const metrics::Definition& metric) {
  std::string out;
  for (const auto label : metric.labels) {
    if (!label.empty()) out += (out.empty() ? "" : ",") + std::string(label);
  }
  return out;
}

std::string json_of(const metrics::Row& row) {
  json::Writer w;
  w.object().field("name", row.definition->name).field("type", to_string(row.kind));
  w.key("labels").array();
  for (const auto label : row.definition->labels) {
    if (!label.empty()) w.value(label);
  }
  w.end().key("buckets").array();
  for (const double bound : row.definition->buckets) w.value(bound);
  return w.end().field("help", row.definition->help).end().take() + '\n';
}

Result<int> list(const cli::Context& context) {
  const output::Table table({{"METRIC", 38}, {"TYPE", 9}, {"LABELS", 22}, {"WHAT", 0}});
  output::Listing out;
  const bool jsonl = context.flags.on("jsonl");
  const auto all = [&]() -> Status {
    if (!jsonl) M8_TRY(out.line(table.header()));
    for (const metrics::Row& row : metrics::table()) {
      const auto& metric = *row.definition;
      M8_TRY(out.line(jsonl ? json_of(row)
                            : table.row({std::string(metric.name), to_string(row.kind),
                                         labels_of(metric), std::string(metric.help)})));
    }
    return {};
  };
  M8_TRY(out.finish(all()));
  return cli::kDone;
}

Result<int> dump(const cli::Context& context) {
  const auto& flags = context.flags;
  const cli::Signals signals;
  output::Listing out;
  if (flags.given("url")) {
    const auto services = M8_TRY(Services::open(flags));
    const auto page = services->get(flags.text("url"), signals.token());
    if (!page.ok()) return page.error().with_context("--url");
    M8_TRY(out.finish(out.line(*page)));
    return cli::kDone;
  }
  std::vector<Live> all;
  if (flags.given("pid")) {
    all.push_back(M8_TRY(live_process(flags.number("pid"))));
  } else {
    all = live_processes();
  }
  if (all.empty()) return Error{ErrorCode::kNotFound, "no program of yours is running"};
  for (const Live& live : all) M8_TRY(out.line(live.json));
  M8_TRY(out.finish({}));
  return cli::kDone;
}

std::string value_text(const metrics::Kpi& kpi) {
  if (!kpi.value) return "-";
  if (kpi.unit == "bytes") return output::bytes_text(static_cast<std::uint64_t>(*kpi.value));
  if (kpi.unit == "ratio") return fmt::format("{:.2f} %", *kpi.value * 100);
  if (kpi.unit == "seconds") return fmt::format("{:.4g} s", *kpi.value);
  return fmt::format("{:.4g} {}", *kpi.value, kpi.unit);
}

Result<int> kpi(const cli::Context& context) {
  const cli::Signals signals;
  const auto window = M8_TRY(measure(context.flags, signals.token()));
  const bool jsonl = context.flags.on("jsonl");
  const output::Table table({{"KPI", 22}, {"OF", 20}, {"VALUE", 0}});
  output::Listing out;
  const auto all = [&]() -> Status {
    if (!jsonl) M8_TRY(out.line(table.header()));
    for (const metrics::Kpi& one : metrics::kpis(window)) {
      if (!jsonl) {
        M8_TRY(out.line(table.row({one.name, one.of, value_text(one)})));
        continue;
      }
      json::Writer w;
      w.object().field("kpi", one.name).field("of", one.of).field("unit", one.unit).key("value");
      one.value ? w.value(*one.value) : w.null();
      M8_TRY(out.line(w.end().take() + '\n'));
    }
    return {};
  };
  M8_TRY(out.finish(all()));
  return cli::kDone;
}

cli::Command make(std::string name, std::string brief, Result<int> (*run)(const cli::Context&)) {
  cli::Command command;
  command.name = "metrics " + name;
  command.brief = std::move(brief);
  command.run = [run](const cli::Context& context) {
    const auto code = run(context);
    return code.ok() ? *code : cli::fail("m8 " + context.command, code.error());
  };
  return command;
}

}  // namespace

std::vector<cli::Command> metrics_commands() {
  const auto jsonl =
      cli::common(cli::switched("Output", "jsonl", {"json"}, "JSON records, one a line"));
  auto table = make("list", "list all metrics that there may be", list);
  table.flags = {jsonl};
  auto now = make("dump", "print the metrics of what is running", dump);
  now.detail =
      "Of a page the text that Prometheus reads; of running programs one line of JSON each, with "
      "all series.";
  now.flags = {
      cli::common(cli::valued("Measure", "url", {}, "URL", "this page of metrics")),
      cli::common(cli::typed(cli::valued("Measure", "pid", {}, "PID", "this running program"),
                             cli::ValueType::number(1, 1LL << 31)))};
  for (const cli::Flag& flag : http::service_flags()) now.flags.push_back(flag);
  auto figures = make("kpi", "the key figures: latencies, throughput, errors, memory, queues", kpi);
  figures.detail =
      "db_pool: share of the connections in use. http_p50, http_p95, http_p99: time of requests to "
      "the API. error_rate: errors by operations of a component; targets that do not answer are "
      "results, not errors. avg_scan, db_p95, hostnames_per_second are the guides' panels. Runs "
      "keep "
      "a sample in the store every store.sample_interval and at their end, for a day.";
  figures.flags = measured_flags();
  figures.flags.push_back(jsonl);
  return {std::move(table), std::move(now), std::move(figures)};
}

}  // namespace m8::app
