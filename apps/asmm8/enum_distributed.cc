#include "enum_distributed.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "cli/exit_code.h"
#include "cli/progress.h"
#include "net/rate_limiter.h"

namespace m8::asmm8 {
namespace {

/// What the program that cuts the run does itself.
const std::vector<std::string_view> kHere = {
    "metrics-listen",  "metrics-file", "cpu-profile", "domain",         "list",       "stored",
    "config",          "verbose",      "quiet",       "no-color",       "output",     "jsonl",
    "summary",         "progress",     "resume",      "only-new",       "no-recheck", "distributed",
    "share",           "store",        "deadline",    "max-memory",     "rate",       "dry-run",
    "collect-sources", "notify",       "notify-cap",  "notify-at-least"};

}  // namespace

Status DistributedEnum::prepare(const std::vector<cli::Flag>& flags) {
  model_.program = "asmm8";
  model_.command = "enum";
  const auto travelling = [this](
                              const std::string& name,
                              std::vector<std::string> values) -> Result<std::vector<std::string>> {
    if (name == "wordlist" && !values.empty() && values.back() == "-") values = {words_.file};
    return values;
  };
  M8_TRY(fleet::set_arguments(context_.flags, {"asmm8 enum", &flags, kHere, travelling}, bundle_,
                              model_));
  if (bundle_.empty()) return {};
  M8_TRY(bundle_.make());
  model_.bundle = bundle_.hash();
  return {};
}

fleet::CutOptions DistributedEnum::cut_options(int slots) const {
  const cli::Values& flags = context_.flags;
  fleet::CutOptions options;
  options.slots = slots;
  options.at_once = 1;
  const net::Rate rate = flags.rate("rate");
  const double share = rate.unlimited() ? 1'000 : rate.per_second / slots;
  options.seconds = std::max(double(words_.count) / share, 0.5);
  // What a part of the words finds is recursed into, and learned from, by the job that found it, so
  // that the parts add up to the whole. Permutations go by all that was found, and what asks a zone
  // as a whole would do so once for each part.
  static constexpr const char* kWhole[] = {"permute", "deep", "srv", "nsec", "axfr"};
  options.slices = std::none_of(std::begin(kWhole), std::end(kWhole),
                                [&](const char* name) { return flags.on(name); });
  options.later = {"--no-passive"};
  options.most_slices = static_cast<int>(std::clamp<std::uint64_t>(words_.count, 1, 1'000));
  return options;
}

/// Once each, under whichever part of the list it was found first.
Status DistributedEnum::hostname(const model::Hostname& record) {
  if (!seen_.insert(record.domain + " " + record.hostname).second && record.endpoints.empty())
    return {};
  return outputs_->all.hostname(record);
}

Status DistributedEnum::endpoint(const model::Endpoint& record) {
  return outputs_->all.endpoint(record);
}

Status DistributedEnum::run(Outputs& outputs, std::int64_t run, std::stop_token stop) {
  outputs_ = &outputs;
  const auto tell = [this](const std::string& text) {
    if (!context_.flags.on("quiet")) fmt::print(stderr, "{}: {}\n", context_.program, text);
  };
  auto fleet = M8_TRY(
      fleet::DistributedRun::open(context_.flags, outputs.store->store(), tell, clock_, stop));
  M8_TRY(fleet->put(bundle_));
  std::size_t at = 0;
  const fleet::CutOptions options_of_cut = cut_options(fleet->slots(stop));
  M8_TRY(fleet::check_cut(options_of_cut,
                          "a shorter list, a higher --rate, or without what keeps a domain in one "
                          "job (--permute, --deep, --srv, --nsec, --axfr)"));
  fleet::Cut cut(options_of_cut, model_,
                 [&](std::stop_token) -> Result<std::optional<fleet::CutLine>> {
                   if (at == domains_.size()) return std::optional<fleet::CutLine>();
                   return std::optional(fleet::CutLine{domains_[at++].text(), {}});
                 });
  fleet::SubmitOptions options;
  options.run = run;
  options.rate = context_.flags.rate("rate").per_second;
  std::atomic<std::uint64_t> done{0}, found{0}, failed{0};
  const cli::Progress progress(
      cli::progress_mode(context_.flags), "names",
      [&] {
        return cli::ProgressNumbers{done, 0, found, failed};
      },
      clock_);
  const auto told = [&](const fleet::SubmitProgress& now) {
    const auto count = [&](const char* name) {
      const auto found_count = now.totals.counts.find(name);
      return found_count == now.totals.counts.end() ? 0 : found_count->second;
    };
    // A job that is done again begins at nothing.
    done = std::max(done.load(), count("tried") + now.under_way);
    failed = count("failed");
    found = seen_.size();
  };
  const Status status = fleet->run(options, cut, {*this, bundle_, {}, told}, stop);
  progress_ = fleet->progress();
  return status;
}

int DistributedEnum::conclude(model::Run& run) const {
  for (const auto& [name, count] : progress_.totals.counts) run.counts[name] = count;
  run.counts["found"] = seen_.size();
  run.counts["jobs"] = progress_.jobs;
  run.counts["jobs.given_up"] = progress_.jobs_given_up;
  run.counts["jobs.started_again"] = progress_.started_again;
  run.counts["jobs.published_again"] = progress_.published_again;
  for (const std::string& text : progress_.given_up)
    fmt::print(stderr, "{}: incomplete: {}\n", context_.program, text);
  const bool incomplete =
      progress_.jobs_given_up > 0 || progress_.totals.exit_code == cli::kIncomplete;
  return incomplete ? cli::kIncomplete : cli::kDone;
}

}  // namespace m8::asmm8
