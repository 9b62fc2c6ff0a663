#include "distributed.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "selection.h"
#include "templates/files.h"

namespace m8::num8 {
namespace {

namespace fs = std::filesystem;

/// Flags of what is written here, and what jobs call their part of it.
constexpr std::pair<const char*, const char*> kLinesOf[] = {{"audit", "audit"},
                                                            {"trace-jobs", "targets"}};
constexpr double kOneAnswer = 0.1;    ///< seconds that a request takes, for a plan
constexpr double kChosenLater = 0.2;  ///< of the templates at most, by what a target runs

/// What the program that cuts the run does itself.
const std::vector<std::string_view> kHere = {"target",
                                             "list",
                                             "ports",
                                             "no-stdin",
                                             "stream",
                                             "config",
                                             "verbose",
                                             "quiet",
                                             "no-color",
                                             "output",
                                             "jsonl",
                                             "format",
                                             "timestamp",
                                             "no-meta",
                                             "summary",
                                             "fail-on",
                                             "progress",
                                             "stats",
                                             "stats-json",
                                             "stats-interval",
                                             "resume",
                                             "vv",
                                             "distributed",
                                             "share",
                                             "store",
                                             "deadline",
                                             "max-memory",
                                             "disable-update-check",
                                             "notify-cap",
                                             "notify-at-least",
                                             "rate",
                                             "rate-host",
                                             "omit-template",
                                             "rate-limit-duration",
                                             "rate-limit-minute",
                                             "per-host-rate-limit",
                                             "dry-run",
                                             "profile",
                                             "profile-list",
                                             "templates-dir",
                                             "no-cache",
                                             "queue-url",
                                             "sarif-export",
                                             "json-export",
                                             "jsonl-export",
                                             "markdown-export",
                                             "suppressed",
                                             "metrics-listen",
                                             "metrics-file",
                                             "cpu-profile",
                                             "notify",
                                             "audit",
                                             "trace-jobs"};

bool is_path_of_templates(const std::string& name) {
  return name == "templates" || name == "workflows" || name == "include-templates" ||
         name == "exclude-templates";
}

/// Values that may name a file with the real ones.
bool may_name_a_file(const std::string& name) {
  static constexpr std::string_view kNames[] = {
      "header",      "exclude",    "author", "tags",  "exclude-tags", "include-tags",
      "template-id", "exclude-id", "allow",  "proxy", "var"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

Result<std::vector<std::string>> DistributedScan::travelling(
    const std::string& name, std::vector<std::string> values) const {
  if (is_path_of_templates(name)) {
    auto paths = M8_TRY(expand_files(values));
    for (std::string& path : paths)
      path = templates::resolve_path(path, templates_folder(context_.flags));
    return paths;
  }
  if (!may_name_a_file(name)) return values;
  auto texts = M8_TRY(expand_files(values));
  std::error_code error;
  for (const std::string& text : texts) {
    const std::string value =
        name == "var" ? text.substr(std::min(text.find('='), text.size() - 1) + 1) : text;
    if (fs::is_regular_file(value, error))
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--{} {}: a file can't be used with --distributed", name, text)};
  }
  return texts;
}

Status DistributedScan::prepare() {
  const std::vector<cli::Flag> flags = scan_flags();
  model_.program = "num8";
  model_.command = "scan";
  const cli::Values& given = context_.flags;
  M8_TRY(fleet::set_arguments(given,
                              {"num8 scan", &flags, kHere,
                               [this](const std::string& name, std::vector<std::string> values) {
                                 return travelling(name, std::move(values));
                               }},
                              bundle_, model_));
  const std::string root = templates_folder(given);
  std::error_code error;
  // One folder given is the templates folder, as without workers.
  const auto chosen = given.list("templates");
  const bool own_root = chosen.size() == 1 && given.list("workflows").empty() &&
                        fs::is_directory(templates::resolve_path(chosen[0], root), error);
  const bool needed = !own_root && fs::is_directory(root, error);
  if (needed) model_.arguments.push_back("--templates-dir=" + M8_TRY(bundle_.add(root)));
  if (needed && chosen.empty() && given.list("workflows").empty())
    model_.arguments.push_back("--templates=" + M8_TRY(bundle_.add(root)));
  const double per_host = settings_.rates.per_key.per_second;
  if (per_host > 0) model_.arguments.push_back(fmt::format("--rate-host={:.3f}/s", per_host));
  for (const auto& [flag, lines] : kLinesOf)
    if (!given.text(flag).empty()) model_.arguments.push_back(std::string("--job-lines=") + lines);
  M8_TRY(bundle_.make());
  model_.bundle = bundle_.hash();
  return {};
}

fleet::CutOptions DistributedScan::cut_options(const scan::Templates& scheduled, int slots) const {
  const bool chosen_later = context_.flags.on("automatic-scan");
  const double requests = double(requests_per_target_) * (chosen_later ? kChosenLater : 1);
  fleet::CutOptions options;
  options.slots = slots;
  options.at_once = settings_.engine.targets_at_once;
  options.seconds = requests / settings_.engine.templates_at_once * kOneAnswer;
  const net::RateLimiter::Options& rates = settings_.rates;
  if (!rates.per_key.unlimited())
    options.seconds = std::max(options.seconds, requests / rates.per_key.per_second);
  if (!rates.global.unlimited()) options.rate_seconds = requests * slots / rates.global.per_second;
  options.keep_order = settings_.engine.sorted;
  // Sorted findings of one target come from one job, and with -as all of it goes by one look at it.
  options.slices = !settings_.engine.sorted && !chosen_later;
  options.most_slices = static_cast<int>(std::max<std::size_t>(scheduled.size(), 1));
  return options;
}

Result<std::unique_ptr<fleet::Cut>> DistributedScan::make_cut(const scan::Templates& scheduled,
                                                              model::TargetReader& reader,
                                                              int slots) {
  const fleet::CutOptions options = cut_options(scheduled, slots);
  M8_TRY(fleet::check_cut(options,
                          "fewer templates, a higher rate, or without what keeps a target's "
                          "templates in one job (--sorted, --automatic-scan)"));
  return std::make_unique<fleet::Cut>(
      options, model_, [&reader](std::stop_token stop) -> Result<std::optional<fleet::CutLine>> {
        auto spec = M8_TRY(reader.next(std::move(stop)));
        if (!spec) return std::optional<fleet::CutLine>();
        return std::optional(fleet::CutLine{spec->input, spec->url.host});
      });
}

/// A target is done when each of its slices is.
Status DistributedScan::outcome(const model::Outcome& record) {
  if (slices_ == 1 || record.what != "scan") return outputs_->outcome(record);
  if (++slices_done_[record.target] < slices_) return {};
  slices_done_.erase(record.target);
  return outputs_->outcome(record);
}

/// What is not back yet counts as planned, with all templates for each target.
void DistributedScan::show(const fleet::SubmitProgress& now, const model::TargetReader& reader) {
  const std::lock_guard lock(mutex_);
  const auto slices = static_cast<std::uint64_t>(std::max(slices_, 1));
  const std::uint64_t pieces = reader.counts().given * slices;
  const std::uint64_t to_come =
      (pieces - std::min(pieces, pieces_done_)) * requests_per_target_ / slices;
  const scan::Totals& totals = now.totals.scan;
  // A job that is done again begins at nothing.
  shown_.done = std::max(shown_.done, totals.requests_done + now.under_way);
  shown_.total = now.all_cut ? std::max(shown_.done, totals.requests_planned + to_come) : 0;
  shown_.found = totals.findings;
  shown_.tasks = now.jobs - now.jobs_done;
  shown_.errors = 0;
  for (const auto& [name, count] : totals.errors) shown_.errors += count;
}

cli::ProgressNumbers DistributedScan::numbers() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

Status DistributedScan::run(const scan::Templates& scheduled, model::TargetReader& reader,
                            Outputs& outputs, const Wanted& wanted, std::stop_token stop) {
  outputs_ = &outputs;
  for (const auto& one : scheduled)
    requests_per_target_ += static_cast<std::uint64_t>(one->request_count());
  const auto tell = [this](const std::string& text) { say(context_, text); };
  auto fleet = M8_TRY(
      fleet::DistributedRun::open(context_.flags, outputs.store()->store(), tell, clock_, stop));
  M8_TRY(fleet->put(bundle_));
  const auto cut = M8_TRY(make_cut(scheduled, reader, fleet->slots(stop)));
  fleet::SubmitOptions options;
  options.run = wanted.run;
  options.rate = settings_.rates.global.per_second;
  options.in_order = settings_.engine.sorted;
  cli::Progress progress(
      cli::progress_mode(context_.flags), "requests", [this] { return numbers(); }, clock_);
  outputs.set_progress(&progress);
  const Status status = fleet->run(options, *cut,
                                   {*this, bundle_,
                                    [&](const fleet::Job& job, bool) {
                                      slices_ = cut->slices();
                                      pieces_done_ += job.input.size();
                                    },
                                    [&](const fleet::SubmitProgress& now) {
                                      slices_ = cut->slices();
                                      show(now, reader);
                                    },
                                    wanted.extras},
                                   stop);
  outputs.set_progress(nullptr);
  progress_ = fleet->progress();
  // Each slice counted its targets.
  const auto slices = static_cast<std::uint64_t>(std::max(cut->slices(), 1));
  scan::Totals& totals = progress_.totals.scan;
  for (std::uint64_t* count : {&totals.targets, &totals.targets_done, &totals.targets_ended})
    *count /= slices;
  for (auto& [reason, count] : totals.targets_skipped) count = (count + slices - 1) / slices;
  (void)outputs.flush();
  return status;
}

void DistributedScan::report(model::Run& run) const {
  run.counts["jobs"] = progress_.jobs;
  run.counts["jobs.given_up"] = progress_.jobs_given_up;
  run.counts["jobs.started_again"] = progress_.started_again;
  run.counts["jobs.published_again"] = progress_.published_again;
  for (const std::string& text : progress_.given_up) say(context_, "given up: " + text);
  if (progress_.jobs_given_up > 0)
    say(context_, fmt::format("incomplete: {} of {} jobs were given up", progress_.jobs_given_up,
                              progress_.jobs));
}

}  // namespace m8::num8
