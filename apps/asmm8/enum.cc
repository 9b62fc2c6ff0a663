// asmm8 enum: domains -> hostnames, found, proven, streamed.
#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/progress.h"
#include "cli/run_limits.h"
#include "cli/signals.h"
#include "commands.h"
#include "dns_flags.h"
#include "domain_input.h"
#include "enum_distributed.h"
#include "enum_inventory.h"
#include "enum_outputs.h"
#include "enum_probe.h"
#include "enum_stages.h"
#include "enumerate/engine.h"
#include "issues/notify.h"
#include "net/scope.h"
#include "output/stream.h"
#include "passive.h"
#include "run_metrics.h"
#include "run_record.h"
#include "scope_flags.h"
#include "serve/telemetry.h"
#include "store/run_store.h"

namespace m8::asmm8 {
namespace {

/// More and quicker attempts than for bulk: a lost name is worse here than a query.
constexpr DnsDefaults kDnsDefaults{.in_flight = "500",
                                   .rate = "1000/s",
                                   .attempts = "8",
                                   .timeout = "1",
                                   .timeout_flag = "dns-timeout",
                                   .short_rate = false};

/// The domains of -d, -dL, arguments and stdin, canonical, once each.
Result<std::vector<net::Name>> domains_of(const cli::Values& flags, const std::stop_token& stop) {
  auto given = flags.list("domain");
  given.insert(given.end(), flags.arguments().begin(), flags.arguments().end());
  std::vector<net::Name> domains;
  if (flags.on("stored")) domains = M8_TRY(stored_domains(flags));
  // With --stored stdin is read only if it is asked for.
  if (domains.empty() || !given.empty() || !flags.text("list").empty()) {
    for (auto& name : M8_TRY(read_domains(std::move(given), flags.text("list"), stop))) {
      if (std::find(domains.begin(), domains.end(), name) == domains.end()) {
        domains.push_back(std::move(name));
      }
    }
  }
  if (domains.empty()) return Error{ErrorCode::kInvalidArgument, "no domain given: use -d"};
  return domains;
}

/// What flags and files come to, before anything is sent or opened.
struct Plan {
  std::vector<net::Name> domains;
  dns::ResolverOptions resolver;
  net::Scope scope;
  std::unique_ptr<Passive> passive;
  std::unique_ptr<Stages> stages;
};

/// Words can't come from where the domains come from.
Status check_stdin(const cli::Values& flags) {
  if (flags.text("wordlist") != "-") return {};
  const bool named = !flags.list("domain").empty() || !flags.arguments().empty() ||
                     flags.on("stored") || !flags.text("list").empty();
  if (named && flags.text("list") != "-") return {};
  return Error{ErrorCode::kInvalidArgument, "-w -: the domains are read from stdin"};
}

/// What runs without a store, and jobs, can't do.
Status check_combination(const cli::Values& flags) {
  M8_TRY(fleet::slice_of(flags));
  for (const char* name : {"no-store", "passive-only"}) {
    if (flags.given("notify") && flags.on(name))
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--{} can't be used with --notify", name)};
  }
  if (!flags.on("distributed")) return {};
  for (const char* name : {"no-store", "passive-only"}) {
    if (flags.on(name))
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--{} can't be used with --distributed", name)};
  }
  return {};
}

Status make_plan(const cli::Values& flags, cli::RunLimits& limits, Clock& clock, Plan& plan) {
  const std::stop_token stop = limits.token();
  M8_TRY(check_combination(flags));
  M8_TRY(check_stdin(flags));
  plan.domains = M8_TRY(domains_of(flags, stop));
  plan.resolver = M8_TRY(resolver_options(flags, kDnsDefaults));
  plan.scope = M8_TRY(scope_of(flags));
  plan.passive = M8_TRY(Passive::create(flags, plan.domains, plan.scope, clock, limits.memory()));
  plan.stages = M8_TRY(Stages::create(flags, plan.domains, plan.scope, stop));
  return {};
}

/// What would be done, on stdout; nothing is sent.
Status print(const Plan& plan, const cli::Values& flags) {
  std::string text;
  for (const auto& domain : plan.domains) text += "domain     " + domain.text() + "\n";
  text += fmt::format("sources    {}\n", plan.passive->plan());
  if (!flags.on("passive-only")) {
    text += known_names_plan(flags);
    text += plan.stages->plan();
    text += M8_TRY(enum_probe_plan(flags));
    text += plan_of(plan.resolver);
  }
  (void)output::Stream(Fd(STDOUT_FILENO), "stdout").write(text);
  return {};
}

void count(const enumerate::Engine& engine, const FailureLog& failures, model::Run& run) {
  const auto& counts = engine.counts();
  const auto& queries = engine.queries();
  run.counts = {
      {"tried", counts.tried},
      {"found", counts.found},
      {"nxdomain", counts.denied},
      {"nodata", counts.empty},
      {"dangling", counts.dangling},
      {"contradicted", counts.contradicted},
      {"wildcard", counts.wildcard},
      {"failed", counts.failed},
      {"out_of_scope", counts.out_of_scope},
      {"not_asked", counts.dead_apex},
      {"questions", counts.questions},
      {"queries", queries.sent},
      {"retries", queries.retried},
      {"timeouts", queries.timeouts},
      {"shared", counts.shared},
      {"wildcard_zones", counts.wildcard_zones},
  };
  for (const auto& [reason, number] : failures.reasons()) run.counts["failed." + reason] = number;
}

Status run_engine(enumerate::Engine& engine, const Outputs& outputs, const cli::Values& flags,
                  std::stop_token stop) {
  // The reader may go away: then nothing is left to do, and that is no failure.
  std::stop_source ended;
  const std::stop_callback on_signal(stop, [&ended] { ended.request_stop(); });
  const auto& counts = engine.counts();
  const cli::Progress progress(
      cli::progress_mode(flags), "names",
      [&] {
        if (!outputs.wanted()) ended.request_stop();
        return cli::ProgressNumbers{counts.tried, 0, counts.found, counts.failed};
      },
      SystemClock::instance());
  const Status ran = engine.run(ended.get_token());
  const bool reader_left =
      !ran.ok() && ran.error().code == ErrorCode::kCancelled && !stop.stop_requested();
  return reader_left ? Status() : ran;
}

/// A few names without an answer are the zone's doing. Many are work that was lost, and so is a
/// domain that did not answer itself.
int verdict_on(const enumerate::Engine& engine, const FailureLog& failures,
               const cli::Context& context) {
  const std::uint64_t failed = engine.counts().failed, tried = engine.counts().tried;
  const std::uint64_t unanswered = engine.counts().failed_apexes - engine.counts().dead_apexes;
  if (failed * 4 <= tried && unanswered == 0) return cli::kDone;
  fmt::print(stderr, "{}: incomplete: {} of {} names got no answer ({})\n", context.program, failed,
             tried, failures.to_string());
  return cli::kIncomplete;
}

/// --passive-only: what the sources say.
Result<int> list_names(Passive& passive, Outputs& outputs, RunRecord& record,
                       const cli::Context& context, const std::stop_token& stop) {
  const Status listed = passive.list(outputs.all, stop);
  const Status flushed = outputs.all.flush();
  passive.end(record.run());
  const bool interrupted = stop.stop_requested();
  const Status ran = interrupted ? Status(Error{ErrorCode::kCancelled, "interrupted"}) : listed;
  const int verdict = ran.ok() ? passive.verdict(context.program) : cli::kDone;
  const Status summary = record.end(ran.ok() ? flushed : ran, verdict == cli::kIncomplete);
  for (const Status& status : {ran, flushed, summary}) {
    if (!status.ok()) return status.error();
  }
  return verdict;
}

/// With --only-new: what the store knows is no news.
Status load_known(const cli::Values& flags, const std::vector<net::Name>& domains,
                  const model::Run& run, Outputs& outputs) {
  if (!flags.on("only-new")) return {};
  if (outputs.store)
    return outputs.shown.keep_back_known(outputs.store->store(), domains, run.started);
  return Error{ErrorCode::kInvalidArgument, "--only-new needs the store: not with --no-store"};
}

/// Also when quiet: it is what the reader of an interrupted run needs.
void say_how_to_go_on(const cli::Context& context, const Status& ran,
                      const store::Continuation& continuation, const model::Run& run) {
  const bool interrupted = !ran.ok() && ran.error().code == ErrorCode::kCancelled;
  if (!interrupted || run.id == 0 || continuation.key.empty()) return;
  fmt::print(stderr, "go on with: {}\n", resume_command(context, run));
}

/// Everything that a run consists of, from the first question to the last line.
class EnumRun {
 public:
  EnumRun(const cli::Context& context, cli::RunLimits& limits, Plan& plan, Clock& clock)
      : context_(context),
        flags_(context.flags),
        limits_(limits),
        plan_(plan),
        clock_(clock),
        record_(context, clock),
        outputs_(plan.domains),
        probe_(outputs_.all, candidates_),
        provenance_(probe_) {}

  /// The same, done by workers.
  Result<int> run_by_workers() {
    telemetry_ = M8_TRY(serve::Telemetry::start(
        serve::Telemetry::options(context_, limits_.memory().limit()), clock_));
    const cli::Command command = enum_command();
    const std::uint64_t words = M8_TRY(plan_.stages->count_words());
    DistributedEnum workers(context_, plan_.domains, {words, plan_.stages->words_file()}, clock_);
    M8_TRY(workers.prepare(command.flags));
    continuation_ = M8_TRY(continuation_of(flags_, plan_.domains, plan_.stages->words_file()));
    M8_TRY(open_outputs(flags_, continuation_, record_.run(), outputs_, limits_.token()));
    if (const Status ready = load_known(flags_, plan_.domains, record_.run(), outputs_);
        !ready.ok())
      return give_up(ready);
    ran_ = workers.run(outputs_, record_.run().id, limits_.token());
    const bool limited = limits_.reached();
    if (limited) ran_ = {};
    const Status flushed = outputs_.all.flush();
    model::Run& run = record_.run();
    const int code = std::max<int>(workers.conclude(run), limited ? cli::kIncomplete : cli::kDone);
    run.counts["records.lost"] = outputs_.store->unwritten();
    const Status summary = record_.end(ran_.ok() ? flushed : ran_, code == cli::kIncomplete);
    const Status stored = outputs_.store->end(run);
    say_how_to_go_on(context_, ran_, continuation_, run);
    const Status told = queue_news();
    const Status measured = telemetry_->end();
    for (const Status& status : {ran_, flushed, summary, stored, told, measured}) {
      if (!status.ok()) return status.error();
    }
    return code;
  }

  Result<int> run() {
    telemetry_ = M8_TRY(serve::Telemetry::start(
        serve::Telemetry::options(context_, limits_.memory().limit()), clock_));
    continuation_ = M8_TRY(continuation_of(flags_, plan_.domains, plan_.stages->words_file()));
    M8_TRY(open_outputs(flags_, continuation_, record_.run(), outputs_, limits_.token()));
    outputs_.all.add(found_metrics_);
    if (flags_.on("passive-only")) {
      const auto code = list_names(*plan_.passive, outputs_, record_, context_, limits_.token());
      count_run(record_.run(), "passive", plan_.domains);
      M8_TRY(telemetry_->end());
      return code;
    }
    Status ready = load_known(flags_, plan_.domains, record_.run(), outputs_);
    if (ready.ok()) ready = prepare();
    if (!ready.ok()) return give_up(ready);
    plan_.passive->start(provenance_, limits_.token());
    plan_.stages->keep([this] { return outputs_.all.flush(); });
    const auto sampling = sample_enumeration(*engine_);
    ran_ = run_engine(*engine_, outputs_, flags_, limits_.token());
    const Status probed = probe_.finish(limits_.token());
    if (ran_.ok()) ran_ = probed;
    if (limits_.reached()) ran_ = {};  // and the exit code tells
    return end();
  }

 private:
  /// What the store has as begun is ended there.
  Error give_up(const Status& why) {
    const Status told = record_.end(why);
    if (outputs_.store) (void)outputs_.store->end(record_.run());
    return told.ok() ? why.error() : told.error();
  }

  /// --notify, after all is stored.
  Status queue_news() {
    if (!outputs_.store) return {};
    return issues::queue_run_news(outputs_.store->store(), flags_, record_.run().started,
                                  clock_.wall());
  }

  Status prepare() {
    inventory_.emplace(flags_, plan_.domains, outputs_.store.get(), record_.run());
    plan_.stages->remember(record_.run(), continuation_);
    M8_TRY(plan_.stages->join(candidates_, plan_.passive->names(), *inventory_, provenance_));
    const bool learn = flags_.on("learn") || flags_.on("deep");
    M8_TRY(probe_.start(
        flags_,
        {plan_.resolver, plan_.scope, outputs_.store ? &outputs_.store->sink() : nullptr,
         learn ? &plan_.stages->learned() : nullptr},
        clock_));
    enumerate::EngineOptions options{plan_.resolver, plan_.domains, flags_.on("strict-wildcard")};
    options.memory = &limits_.memory();
    options.ties_to_sink = probe_.on();
    engine_ = M8_TRY(
        enumerate::Engine::create(std::move(options), probe_, plan_.scope, provenance_, clock_));
    return inventory_->each_found(
        [this](const model::Hostname& record) { engine_->remember(record); });
  }

  /// Says on stderr what is missing.
  int verdict() {
    if (limits_.reached()) {
      const std::uint64_t left = engine_->under_way(), all = engine_->counts().tried + left;
      fmt::print(stderr, "{}: {}, and not all names were begun\n", context_.program,
                 limits_.text(left, all, "names"));
      return cli::kIncomplete;
    }
    return std::max(verdict_on(*engine_, outputs_.failures, context_),
                    plan_.passive->verdict(context_.program));
  }

  Result<int> end() {
    plan_.stages->end();
    const Status flushed = outputs_.all.flush();
    model::Run& run = record_.run();
    count(*engine_, outputs_.failures, run);
    plan_.stages->count(run);
    probe_.count(run);
    if (outputs_.store) run.counts["records.lost"] = outputs_.store->unwritten();
    plan_.passive->end(run);
    inventory_->count(run);
    const Status kept = flushed.ok() ? engine_->sink_status() : flushed;
    const bool good = ran_.ok() && kept.ok();
    const int code = good ? verdict() : cli::kDone;
    const Status summary = record_.end(ran_.ok() ? kept : ran_, code == cli::kIncomplete);
    count_run(run, "enum", plan_.domains);  // before the store keeps its last sample
    const Status stored = outputs_.store ? outputs_.store->end(run) : Status();
    if (run.status == "done") plan_.stages->forget();
    say_how_to_go_on(context_, ran_, continuation_, run);
    count_queries(engine_->queries());
    const Status told = queue_news();
    const Status measured = telemetry_->end();
    for (const Status& status : {ran_, kept, summary, stored, told, measured}) {
      if (!status.ok()) return status.error();
    }
    if (outputs_.records) {
      fleet::JobTotals totals;
      totals.exit_code = code;
      totals.counts = run.counts;
      totals.http.requests = run.counts["queries"];
      M8_TRY(outputs_.records->totals(totals));
      M8_TRY(outputs_.lines->flush());
    }
    return code;
  }

  const cli::Context& context_;
  const cli::Values& flags_;
  cli::RunLimits& limits_;
  Plan& plan_;
  Clock& clock_;
  store::Continuation continuation_;
  RunRecord record_;
  std::unique_ptr<serve::Telemetry> telemetry_;
  FoundMetrics found_metrics_;
  Outputs outputs_;
  enumerate::Merge candidates_;
  EnumProbe probe_;
  Provenance provenance_;
  std::optional<EnumInventory> inventory_;
  std::unique_ptr<enumerate::Engine> engine_;
  Status ran_;
};

Result<int> enumerate_domains(const cli::Context& context, cli::RunLimits& limits) {
  Clock& clock = SystemClock::instance();
  Plan plan;
  M8_TRY(make_plan(context.flags, limits, clock, plan));
  if (context.flags.on("dry-run")) {
    M8_TRY(print(plan, context.flags));
    return cli::kDone;
  }
  EnumRun run(context, limits, plan, clock);
  return context.flags.on("distributed") ? run.run_by_workers() : run.run();
}

cli::Flag flag(std::string name, std::vector<std::string> aliases, const char* section,
               std::string brief) {
  return cli::common(cli::switched(section, std::move(name), std::move(aliases), std::move(brief)));
}

cli::Flag file_flag(std::string name, std::vector<std::string> aliases, const char* section,
                    std::string brief) {
  return cli::common(cli::file_flag(
      cli::valued(section, std::move(name), std::move(aliases), "FILE", std::move(brief))));
}

std::vector<cli::Flag> enum_flags() {
  cli::Flag domain = flag("domain", {"d"}, "Input", "domains to enumerate");
  domain.argument = "DOMAIN,...";
  domain.repeatable = true;
  domain.complete = cli::Complete::kHost;
  cli::Flag jsonl = flag("jsonl", {"json", "oJ"}, "Output", "one JSON record per name");
  cli::Flag dry_run = flag("dry-run", {}, "Scope", "say what would be done, send nothing");
  cli::Flag strict = flag("strict-wildcard", {"nW", "active"}, "Wildcards",
                          "drop every name that has only its wildcard's records");
  strict.detail =
      "Without it a name that shares the addresses of its zone's wildcard is kept, and marked as "
      "shared, if it is proven to exist or if somebody saw it.";
  std::vector<cli::Flag> flags{
      domain,
      file_flag("list", {"dL", "l"}, "Input", "file of domains, one a line"),
      strict,
      jsonl,
      file_flag("output", {"o"}, "Output", "write the lines to this file too"),
      cli::progress_flag(),
      summary_flag(),
      dry_run,
  };
  for (auto more :
       {issues::notify_flags("Output"), stage_flags(), passive_flags(), enum_probe_flags(),
        enum_inventory_flags(), dns_flags(kDnsDefaults), scope_flags(), fleet::distributed_flags(),
        cli::run_limit_flags(), store::store_flags(), serve::telemetry_flags()})
    flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace

cli::Command enum_command() {
  cli::Command command;
  command.name = "enum";
  command.brief = "find the hostnames of domains";
  command.detail =
      "Asks passive sources, tries words under each domain, and writes the names that are there, "
      "as "
      "soon as they are proven. The domain itself is among the results if it has an address. "
      "Everything found is kept in the store. The exit code is 4 when more than a quarter of the "
      "names got no answer, or a domain itself got none, or when more sources failed than "
      "--max-failed-sources allows.\n\n"
      "Stages: names of sources go first, then those that are known from earlier runs, those that "
      "answers mention (--learn, --srv, --nsec, --axfr), words and masks, words under zones that "
      "were found (--recurse), and permutations of what was found (--permute). Each name's sources "
      "say where it comes from: a source's name, input, bruteforce, mask, recursion, permute, "
      "learn, "
      "srv, nsec, axfr. Whatever stage a run was killed in, --resume goes on with it.\n\n"
      "Sources: every one that needs no key or has one is asked, all at once. Domains that are for "
      "special use (test, localhost, example.com and the like) are told to none of them, except to "
      "those whose URL was given.\n\n"
      "Wildcards: each zone is asked for labels that nobody made, until what its wildcard gives is "
      "known. A name with other records is its own. A name with the same records is proven if it "
      "exists, and that shows below it: a wildcard does not reach below a name that exists (RFC "
      "4592), so a random label there is denied twice, while below a name that the wildcard made "
      "up "
      "it is answered. A name that exists with the wildcard's records is marked "
      "\"wildcard\":\"shared\". One that a source saw, such as a certificate log, is kept and "
      "marked "
      "so even without that proof; a guess is not.";
  command.arguments = "[DOMAIN...]";
  command.flags = enum_flags();
  command.examples = {"asmm8 enum -d example.com --dry-run",
                      "asmm8 enum -d example.com --deep --recurse --mask 'web?d?d' --dry-run"};
  command.run = [](const cli::Context& context) {
    const cli::Signals signals;
    const auto limits = cli::RunLimits::create(context.flags, signals, SystemClock::instance());
    if (!limits.ok()) return cli::fail("asmm8 enum", limits.error());
    const auto code = enumerate_domains(context, **limits);
    return code.ok() ? *code : cli::fail("asmm8 enum", code.error());
  };
  return command;
}

}  // namespace m8::asmm8
