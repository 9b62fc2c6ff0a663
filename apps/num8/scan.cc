// num8 scan: templates against targets.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "base/process.h"
#include "base/version.h"
#include "cli/exit_code.h"
#include "cli/progress.h"
#include "cli/run_limits.h"
#include "cli/shell_words.h"
#include "cli/signals.h"
#include "commands.h"
#include "dsl/drawn_texts.h"
#include "job_trace.h"
#include "network.h"
#include "output/summary.h"
#include "outputs.h"
#include "scan_flags.h"
#include "scan_report.h"
#include "selection.h"
#include "templates/cluster.h"
#include "templates/cluster_mates.h"

namespace m8::num8 {
namespace {

Result<templates::Catalog> load(const cli::Context& context, const ScanSettings& settings,
                                dsl::Services& services, std::stop_token stop) {
  auto options = M8_TRY(selection_options(context.flags));
  std::string root = std::move(options.command_line.templates_root);
  options.command_line = settings.compile;
  options.command_line.templates_root = std::move(root);
  M8_TRY(apply_ignore_list(options));
  auto catalog = M8_TRY(templates::load_catalog(options, services, stop));
  report_catalog(context, catalog);
  if (catalog.templates.empty())
    return Error{ErrorCode::kNotFound, "no templates provided for scan"};
  return catalog;
}

model::TargetReader make_reader(const cli::Context& context, ScanSettings& settings) {
  settings.targets.warn = [&context](const Error& error) { say(context, error.message); };
  return model::TargetReader(settings.targets);
}

/// What is run. For a status of each template, each sends its own requests.
scan::Templates scheduled(const cli::Context& context, const ScanSettings& settings,
                          const templates::Catalog& catalog) {
  const bool apart = context.flags.on("disable-clustering") || settings.requests.matcher_status;
  return apart ? catalog.templates : templates::make_clusters(catalog.templates);
}

/// Says what a scan would do. Reads all targets, sends nothing.
Status print_plan(const cli::Context& context, const templates::Catalog& catalog,
                  model::TargetReader& reader, const ScanSettings& settings, std::stop_token stop) {
  std::uint64_t targets = 0, outside = 0, per_target = 0, once = 0;
  for (const auto& one : scheduled(context, settings, catalog))
    (one->self_contained() ? once : per_target) += static_cast<std::uint64_t>(one->request_count());
  for (;;) {
    const auto spec = M8_TRY(reader.next(stop));
    if (!spec) break;
    ++(settings.scope.allows_host(spec->url.host) ? targets : outside);
  }
  fmt::print("targets\t{}\noutside the scope\t{}\nduplicates\t{}\nnot a target\t{}\n", targets,
             outside, reader.counts().duplicates, reader.counts().rejected);
  fmt::print("templates\t{}\nrequests per target, at most\t{}\nrequests, at most\t{}\n",
             catalog.templates.size(), per_target, per_target * targets + once);
  return {};
}

cli::ProgressMode progress_of(const cli::Values& flags) {
  const auto mode = cli::progress_mode(flags);
  const bool wanted = mode == cli::ProgressMode::kNone && flags.on("stats");
  return wanted ? cli::ProgressMode::kJson : mode;
}

cli::ProgressNumbers numbers_of(const scan::Engine& engine) {
  const scan::Totals totals = engine.totals();
  cli::ProgressNumbers numbers;
  numbers.done = totals.requests_done;
  numbers.total = totals.planned_is_total ? totals.requests_planned : 0;
  numbers.found = totals.findings;
  for (const auto& [name, count] : totals.errors) numbers.errors += count;
  numbers.tasks = totals.targets_under_way;
  return numbers;
}

std::vector<std::string> ids_of(const templates::Catalog& catalog) {
  std::vector<std::string> ids;
  for (const auto& one : catalog.templates) ids.push_back(one->info().id);
  return ids;
}

/// What the template language may ask for, and what it drew at random.
class ScanServices final : public dsl::Services {
 public:
  dsl::DrawnTexts* drawn() override { return &drawn_; }

 private:
  dsl::DrawnTexts drawn_;
};

/// The scan itself, from the first target to the last record written.
class Scan {
 public:
  Scan(const cli::Context& context, ScanSettings& settings, cli::RunLimits& limits)
      : context_(context), settings_(settings), limits_(limits) {
    record_.command = "num8 scan";
    record_.arguments = cli::shell_words(context.arguments);
    record_.version = version();
    record_.started = clock_.wall();
    record_.status = "running";
  }

  int run() {
    const auto catalog = load(context_, settings_, services_, stop_.get_token());
    if (!catalog.ok()) return ended_early(catalog.error());
    model::TargetReader reader = make_reader(context_, settings_);
    if (context_.flags.on("dry-run")) {
      const Status planned = print_plan(context_, *catalog, reader, settings_, stop_.get_token());
      return planned.ok() ? cli::kDone : cli::fail(context_.program, planned.error());
    }
    auto network =
        Network::create(context_.flags, settings_, limits_.memory(), clock_, stop_.get_token());
    if (!network.ok()) return cli::fail(context_.program, network.error());
    const Status traced = trace_.open(context_.flags.text("trace-jobs"));
    if (!traced.ok()) return cli::fail(context_.program, traced.error());
    // Last, for the run is on record from here on.
    auto outputs = Outputs::open(context_.flags, stop_, record_);
    if (!outputs.ok()) return cli::fail(context_.program, outputs.error());
    const Status looked = (*outputs)->looks_for(ids_of(*catalog));
    if (!looked.ok()) return cli::fail(context_.program, looked.error());
    proxy_ = (*network)->proxy();
    const Status status = scan(*catalog, reader, **outputs, **network);
    count_catalog(*catalog, record_);
    count_targets(reader.counts(), record_);
    report_targets(context_, reader.counts(), totals_);
    return finish(resolved(status, reader.counts(), (*network)->lookups()), **outputs);
  }

 private:
  Status scan(const templates::Catalog& catalog, model::TargetReader& reader, Outputs& outputs,
              Network& network) {
    templates::find_cluster_mates(catalog.templates);
    scan::Engine engine(
        scheduled(context_, settings_, catalog),
        {network.session(), outputs, services_, settings_.requests, settings_.overrides,
         settings_.scope, clock_, &limits_.memory(), trace_.wanted() ? &trace_ : nullptr},
        settings_.engine);
    Status status;
    {
      cli::Progress progress(
          progress_of(context_.flags), "requests", [&] { return numbers_of(engine); }, clock_);
      outputs.set_progress(&progress);
      status =
          engine.run([&](std::stop_token stop) { return reader.next(stop); }, stop_.get_token());
      usage_ = process_usage();
      stats_ = network.session().stats();
      if (stop_.stop_requested()) network.close();  // what is in flight ends now
      engine.close();
      outputs.set_progress(nullptr);
    }
    totals_ = engine.totals();
    return status;
  }

  /// Before the first target.
  int ended_early(const Error& error) {
    if (!limits_.reached()) return cli::fail(context_.program, error);
    say(context_, limits_.text(0, 0, "targets") + ": " + error.message);
    return cli::kIncomplete;
  }

  /// \p status, unless no target could be asked for a reason of ours.
  Status resolved(Status status, const model::TargetReader::Counts& targets,
                  const LookupCounts& lookups) {
    if (!status.ok() || limits_.end() != cli::RunLimits::End::kNone) return status;
    if (targets.given == 0 && targets.rejected > 0) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("none of the {} lines of input is a target", targets.rejected)};
    }
    names_lost_ = lookups.unanswered;
    if (lookups.unanswered > 0 && lookups.answered == 0 && stats_.responses == 0) {
      return Error{ErrorCode::kNetwork, "no resolver answers: try others with -r"};
    }
    return status;
  }

  int finish(const Status& status, Outputs& outputs) {
    const bool interrupted = limits_.end() == cli::RunLimits::End::kSignal;
    record_.ended = clock_.wall();
    totals_.records_lost += outputs.unwritten();
    count_scan(totals_, stats_, record_);
    const int code = exit_code(status, outputs, interrupted);
    record_.status = interrupted                                   ? "interrupted"
                     : code == cli::kFailed || code == cli::kUsage ? "failed"
                     : code == cli::kIncomplete                    ? "incomplete"
                                                                   : "done";
    report_losses(context_, totals_, stats_, proxy_);
    report_memory(context_, limits_.memory(), record_);
    if (limits_.reached()) report_limit(context_, limits_, totals_);
    if (names_lost_ > 0) {
      say(context_, fmt::format("incomplete: {} host names could not be looked up", names_lost_));
    }
    say(context_, (interrupted ? "interrupted: " : "") +
                      closing_line(record_, totals_, stats_, usage_) + outputs.kept_in());
    for (const Status& ended : {write_summary(), outputs.end(record_), trace_.end()})
      if (!ended.ok()) return cli::fail(context_.program, ended.error());
    // A store that is still full has just said so; a pipe or file that lost a record has not.
    if (!totals_.first_record_error.empty())
      cli::fail(context_.program, {ErrorCode::kIo, totals_.first_record_error});
    return code;
  }

  int exit_code(const Status& status, const Outputs& outputs, bool interrupted) {
    if (interrupted) return cli::kInterrupted;
    const bool unread = outputs.unread() && stop_.stop_requested();
    if (!status.ok() && !unread && !limits_.reached())
      return cli::fail(context_.program, status.error());
    if (totals_.records_lost > 0 || !totals_.first_record_error.empty()) return cli::kFailed;
    if (settings_.fail_on && outputs.worst() && *outputs.worst() >= *settings_.fail_on)
      return cli::kFound;
    const bool incomplete = is_incomplete(totals_, stats_) || names_lost_ > 0 || limits_.reached();
    return incomplete ? cli::kIncomplete : cli::kDone;
  }

  Status write_summary() {
    const std::string path = context_.flags.text("summary");
    if (path.empty()) return {};
    const std::string line = output::summary_line(record_, process_usage());
    if (path != "-") {
      auto file = M8_TRY(output::Stream::create(path));
      M8_TRY(file->write(line));
      return file->flush();
    }
    std::fputs(line.c_str(), stderr);
    return {};
  }

  const cli::Context& context_;
  ScanSettings& settings_;
  cli::RunLimits& limits_;
  SystemClock& clock_ = SystemClock::instance();
  ScanServices services_;
  std::stop_source& stop_ = limits_.stop_source();  ///< also when nobody reads any more
  JobTrace trace_;
  model::Run record_;
  scan::Totals totals_;
  http::SessionStats stats_;
  std::string proxy_;  ///< its name, without a login
  ProcessUsage usage_;
  std::uint64_t names_lost_ = 0;  ///< host names that no resolver answered
};

int run_scan(const cli::Context& context) {
  auto settings = scan_settings(context);
  if (!settings.ok()) return cli::fail(context.program, settings.error());
  if (context.flags.on("validate")) return validate_templates(context);
  if (context.flags.on("tl")) return list_templates(context);
  const cli::Signals signals;
  const auto limits = cli::RunLimits::create(context.flags, signals, SystemClock::instance());
  if (!limits.ok()) return cli::fail(context.program, limits.error());
  return Scan(context, *settings, **limits).run();
}

}  // namespace

cli::Command scan_command() {
  cli::Command command;
  command.name = "scan";
  command.brief = "run templates against targets and print the findings";
  command.detail =
      "Reads targets from arguments, a file or stdin, one at a time, and runs every selected "
      "template against each. Findings are printed as they come. Templates that can't be run yet "
      "are named or counted on stderr. Exit codes: 0 done, 1 failed, 2 bad usage, 3 --fail-on "
      "found something, 4 incomplete, 130 interrupted.";
  command.arguments = "[TARGET...]";
  command.flags = scan_flags();
  command.examples = {"num8 scan -u http://127.0.0.1:8080 -t examples/templates --dry-run"};
  command.run = run_scan;
  return command;
}

}  // namespace m8::num8
