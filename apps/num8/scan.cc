// num8 scan: templates against targets.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "audit_log.h"
#include "base/keep.h"
#include "base/process.h"
#include "base/version.h"
#include "cli/exit_code.h"
#include "cli/progress.h"
#include "cli/run_limits.h"
#include "cli/shell_words.h"
#include "cli/signals.h"
#include "commands.h"
#include "distributed.h"
#include "dsl/drawn_texts.h"
#include "issues/notify.h"
#include "job_trace.h"
#include "network.h"
#include "oob_flags.h"
#include "output/summary.h"
#include "outputs.h"
#include "plan.h"
#include "profile.h"
#include "resume.h"
#include "scan_flags.h"
#include "scan_metrics.h"
#include "scan_report.h"
#include "selection.h"
#include "serve/telemetry.h"
#include "stats.h"
#include "templates/cluster.h"
#include "templates/cluster_mates.h"
#include "tool_services.h"
#include "unchanged.h"
#include "witnesses.h"

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
  keep_until_exit(std::make_shared<const templates::Catalog>(catalog));
  if (catalog.templates.empty())
    return Error{ErrorCode::kNotFound, "no templates provided for scan"};
  return catalog;
}

model::TargetReader make_reader(const cli::Context& context, ScanSettings& settings) {
  settings.targets.warn = [&context](const Error& error) { say(context, error.message); };
  return model::TargetReader(settings.targets);
}

/// What is run: who watches single templates gets them one by one.
scan::Templates all_scheduled(const cli::Context& context, const templates::Catalog& catalog) {
  const cli::Values& flags = context.flags;
  const bool apart = flags.on("disable-clustering") || flags.on("automatic-scan") ||
                     flags.on("matcher-status") || Witnesses::watch(flags);
  if (apart) return catalog.templates;
  auto clusters = templates::make_clusters(catalog.templates);
  keep_until_exit(std::make_shared<const scan::Templates>(clusters));
  return clusters;
}

/// The part of it that a job is for.
scan::Templates scheduled(const cli::Context& context, const templates::Catalog& catalog,
                          const fleet::Slice& slice = {}) {
  scan::Templates all = all_scheduled(context, catalog), part;
  if (slice.of == 1) return all;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (slice.has(i)) part.push_back(std::move(all[i]));
  return part;
}

bool wants_stats(const cli::Values& flags) {
  return (flags.on("stats") || flags.on("stats-json")) && !flags.on("quiet");
}

StatsLine::Form stats_form(const cli::Values& flags) {
  if (!wants_stats(flags)) return StatsLine::Form::kNone;
  const bool json = flags.on("stats-json") || flags.on("jsonl");
  return json ? StatsLine::Form::kJson : StatsLine::Form::kText;
}

/// One of the two is enough on a terminal.
cli::ProgressMode progress_of(const cli::Values& flags) {
  const auto mode = cli::progress_mode(flags);
  return wants_stats(flags) && mode == cli::ProgressMode::kLine ? cli::ProgressMode::kNone : mode;
}

StatsNumbers stats_of(const scan::Engine& engine, std::size_t templates) {
  const scan::Totals totals = engine.totals();
  StatsNumbers numbers;
  numbers.templates = templates;
  numbers.hosts = totals.targets;
  numbers.matched = totals.findings;
  numbers.requests = totals.requests_done;
  numbers.total = totals.requests_planned;
  for (const auto& [name, count] : totals.errors) numbers.errors += count;
  return numbers;
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
  for (const auto& one : catalog.templates) {
    for (std::string& id : one->ids())
      ids.push_back(one->self_contained() ? store::once(id) : std::move(id));
  }
  return ids;
}

/// What the template language may ask for, and what it drew at random.
class ScanServices final : public ToolServices {
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
    auto telemetry = serve::Telemetry::start(
        serve::Telemetry::options(context_, limits_.memory().limit()), clock_);
    if (!telemetry.ok()) return cli::fail(context_.program, telemetry.error());
    telemetry_ = std::move(*telemetry);
    const Status opened = services_.open(context_.flags);
    if (!opened.ok()) return cli::fail(context_.program, opened.error());
    auto catalog = load(context_, settings_, services_, stop_.get_token());
    if (!catalog.ok()) return ended_early(catalog.error());
    model::TargetReader reader = make_reader(context_, settings_);
    if (context_.flags.on("dry-run")) {
      const Status planned =
          print_plan(*catalog, scheduled(context_, *catalog), reader, settings_, stop_.get_token());
      return planned.ok() ? cli::kDone : cli::fail(context_.program, planned.error());
    }
    if (const Status ready = open_logs(*catalog); !ready.ok())
      return cli::fail(context_.program, ready.error());
    if (context_.flags.on("distributed")) return run_by_workers(*catalog, reader);
    auto network = Network::create(context_.flags, settings_,
                                   {limits_.memory(), audit_.wanted() ? &audit_ : nullptr}, clock_,
                                   stop_.get_token());
    if (!network.ok()) return cli::fail(context_.program, network.error());
    const auto continuation = continuation_of(context_.flags, settings_, *catalog, journal_);
    if (!continuation.ok()) return cli::fail(context_.program, continuation.error());
    set_template_metrics(*catalog);
    // Last, for the run is on record from here on.
    auto outputs = Outputs::open(context_, settings_.redactor, stop_, record_, *continuation);
    if (!outputs.ok()) return cli::fail(context_.program, outputs.error());
    if (const Status looked = looks_for(*catalog, **outputs); !looked.ok())
      return cli::fail(context_.program, looked.error());
    audit_.set_run(record_.id);
    if (auto* records = (*outputs)->job_records()) {
      if (job_wants("audit")) audit_.set_records(*records);
      if (job_wants("targets")) trace_.set_records(*records);
    }
    journaled_ = (*outputs)->store() != nullptr && !continuation->key.empty();
    proxy_ = (*network)->proxy();
    // From here on scan() says good-bye to the server.
    if (settings_.interactions)
      oob_ = connect_oob(context_, *settings_.interactions, (*network)->session(), *catalog,
                         stop_.get_token());
    const Status status = scan(*catalog, reader, **outputs, **network);
    count_catalog(*catalog, record_);
    count_targets(reader.counts(), record_);
    report_targets(context_, reader.counts(), totals_);
    return finish(resolved(status, reader.counts(), (*network)->lookups()), **outputs);
  }

  /// The same, but the work.
  int run_by_workers(const templates::Catalog& catalog, model::TargetReader& reader) {
    if (audit_.wanted()) audit_.set_templates(scheduled(context_, catalog));
    distributed_.emplace(context_, settings_, clock_);
    if (const Status ready = distributed_->prepare(); !ready.ok())
      return cli::fail(context_.program, ready.error());
    const auto continuation = continuation_of(context_.flags, settings_, catalog, journal_);
    if (!continuation.ok()) return cli::fail(context_.program, continuation.error());
    auto outputs = Outputs::open(context_, settings_.redactor, stop_, record_, *continuation);
    if (!outputs.ok()) return cli::fail(context_.program, outputs.error());
    if (const Status looked = looks_for(catalog, **outputs); !looked.ok())
      return cli::fail(context_.program, looked.error());
    journaled_ = !continuation->key.empty();
    audit_.set_run(record_.id);
    const Status status = distributed_->run(
        scheduled(context_, catalog), reader, **outputs,
        {record_.id, {audit_.wanted() ? &audit_ : nullptr, &target_metrics_}}, stop_.get_token());
    usage_ = process_usage();
    totals_ = distributed_->totals().scan;
    stats_ = distributed_->totals().http;
    names_lost_ = distributed_->totals().names_lost;
    count_catalog(catalog, record_);
    count_targets(reader.counts(), record_);
    distributed_->report(record_);
    report_targets(context_, reader.counts(), totals_);
    return finish(status, **outputs);
  }

 private:
  /// Whether whoever cut the run into jobs wants such lines too.
  bool job_wants(const char* what) const {
    const auto wanted = context_.flags.list("job-lines");
    return std::find(wanted.begin(), wanted.end(), what) != wanted.end();
  }

  /// With -as a target is not asked for everything, so that nothing is gone for not being found.
  Status looks_for(const templates::Catalog& catalog, Outputs& outputs) const {
    const bool all = !context_.flags.on("automatic-scan");
    return outputs.looks_for(all ? ids_of(catalog) : std::vector<std::string>());
  }

  /// What watches the scan. Errors of their files.
  Status open_logs(const templates::Catalog& catalog) {
    M8_TRY(trace_.open(context_.flags.text("trace-jobs")));
    M8_TRY(audit_.open(context_.flags.text("audit"), settings_.redactor));
    if (job_wants("audit")) audit_.open(settings_.redactor);
    M8_TRY(witnesses_.open(context_.flags, settings_.redactor, services_));
    if (context_.flags.on("automatic-scan"))
      choice_.emplace(M8_TRY(fingerprints_of(context_.flags)));
    M8_TRY(unchanged_.open(context_.flags, catalog));
    if (context_.flags.on("explain") && catalog.templates.size() > 1)
      return Error{
          ErrorCode::kInvalidArgument,
          fmt::format("--explain is for one template: {} are selected", catalog.templates.size())};
    return {};
  }

  scan::Engine::Parts parts(Outputs& outputs, Network& network) {
    scan::Engine::Parts parts{network.session(),   outputs,         services_, settings_.requests,
                              settings_.overrides, settings_.scope, clock_,    &limits_.memory()};
    parts.jobs = &target_metrics_;
    if (witnesses_.wanted()) parts.witness = &witnesses_;
    if (journaled_) parts.journal = &journal_;
    if (oob_.receiver) parts.interactions = &oob_.receiver->correlator();
    parts.unchanged = unchanged_.targets();
    return parts;
  }

  Status scan(const templates::Catalog& catalog, model::TargetReader& reader, Outputs& outputs,
              Network& network) {
    templates::find_cluster_mates(catalog.templates);
    settings_.engine.choice = choice_ ? &*choice_ : nullptr;
    const fleet::Slice slice = M8_TRY(fleet::slice_of(context_.flags));
    scan::Templates templates = scheduled(context_, catalog, slice);
    if (audit_.wanted()) audit_.set_templates(templates);
    scan::Engine engine(std::move(templates), parts(outputs, network), settings_.engine);
    auto sampling = sample_scan(engine, network, limits_.memory());
    before_journal_.begin(engine, outputs);
    if (journaled_) outputs.store()->flush_first(before_journal_);
    Status status;
    {
      cli::Progress progress(
          progress_of(context_.flags), "requests", [&] { return numbers_of(engine); }, clock_);
      const StatsLine stats(
          stats_form(context_.flags), stats_interval(),
          [&] { return stats_of(engine, catalog.templates.size()); }, clock_);
      outputs.set_progress(&progress);
      status =
          engine.run([&](std::stop_token stop) { return reader.next(stop); }, stop_.get_token());
      await_interactions();
      usage_ = process_usage();
      stats_ = network.session().stats();
      (void)metrics::Registry::process().exposition();  // the last numbers of the session
      sampling = {};
      if (stop_.stop_requested()) network.close();             // what is in flight ends now
      if (oob_.receiver) oob_.receiver->correlator().clear();  // nothing may outlive the engine
      engine.close();
      outputs.set_progress(nullptr);
    }
    before_journal_.end();
    totals_ = engine.totals();
    return status;
  }

  std::chrono::seconds stats_interval() const {
    const auto interval = context_.flags.duration("stats-interval");
    return std::chrono::duration_cast<std::chrono::seconds>(interval);
  }

  /// The cool-down: what targets are still about to call, and the last findings of it.
  void await_interactions() {
    if (!oob_.receiver) return;
    oob_.receiver->finish(stop_.get_token());
    report_oob(context_, *oob_.receiver);
    const oob::Correlator::Counts counts = oob_.receiver->correlator().counts();
    record_.counts["interactions.urls"] = counts.urls;
    record_.counts["interactions.received"] = counts.interactions;
    record_.counts["interactions.evicted"] = counts.evicted;
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
    // The requests of those that are still under way have run into their time limit.
    names_lost_ = lookups.unanswered + lookups.under_way;
    if (names_lost_ > 0 && lookups.answered == 0 && stats_.responses == 0) {
      say(context_, "no resolver answers: try others with -r");
    }
    return status;
  }

  int finish(const Status& status, Outputs& outputs) {
    const bool cancelled =
        distributed_ && !status.ok() && status.error().code == ErrorCode::kCancelled;
    const bool interrupted = limits_.end() == cli::RunLimits::End::kSignal ||
                             (cancelled && limits_.end() == cli::RunLimits::End::kNone);
    record_.ended = clock_.wall();
    totals_.records_lost += outputs.unwritten();
    count_scan(totals_, stats_, record_);
    outputs.count(record_);
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
    if ((interrupted || limits_.reached()) && journaled_)
      say(context_, "go on with: " + resume_command(context_, record_.id));
    count_run(record_);
    for (const Status& ended : {outputs.job_totals({code, totals_, stats_, names_lost_, {}}),
                                write_summary(), outputs.end(record_), queue_news(outputs),
                                trace_.end(), audit_.end(), witnesses_.end(), telemetry_->end()})
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
    const bool incomplete = is_incomplete(totals_, stats_) || names_lost_ > 0 ||
                            limits_.reached() || oob_.skipped > 0 ||
                            (distributed_ && distributed_->incomplete());
    return incomplete ? cli::kIncomplete : cli::kDone;
  }

  /// --notify.
  Status queue_news(Outputs& outputs) {
    if (!outputs.store()) return {};
    return issues::queue_run_news(outputs.store()->store(), context_.flags, record_.started,
                                  clock_.wall());
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
  TargetMetrics target_metrics_{&trace_};
  std::unique_ptr<serve::Telemetry> telemetry_;
  AuditLog audit_;
  Witnesses witnesses_;
  UnchangedTargets unchanged_;
  store::ScanJournal journal_;
  BeforeJournal before_journal_;
  bool journaled_ = false;
  model::Run record_;
  scan::Totals totals_;
  http::SessionStats stats_;
  std::string proxy_;  ///< its name, without a login
  ProcessUsage usage_;
  OobConnection oob_;
  std::optional<scan::TechnologyChoice> choice_;
  std::optional<DistributedScan> distributed_;
  std::uint64_t names_lost_ = 0;  ///< host names that no resolver answered
};

int run_scan(const cli::Context& context) {
  auto settings = scan_settings(context);
  if (!settings.ok()) return cli::fail(context.program, settings.error());
  // Here, where the settings stay.
  if (!settings->credentials.empty()) settings->requests.credentials = &settings->credentials;
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
  command.refused = refused_flags();
  command.profile = profile_path;
  command.examples = {"num8 scan -u http://127.0.0.1:8080 -t examples/templates --dry-run"};
  command.run = run_scan;
  return command;
}

}  // namespace m8::num8
