// asmm8 enum: domains -> hostnames, found, proven, streamed.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/exit_code.h"
#include "cli/progress.h"
#include "cli/run_limits.h"
#include "cli/signals.h"
#include "commands.h"
#include "dns/server_list.h"
#include "dns_flags.h"
#include "domain_input.h"
#include "enum_inventory.h"
#include "enumerate/bruteforce.h"
#include "enumerate/engine.h"
#include "net/scope.h"
#include "output/format.h"
#include "output/writer.h"
#include "passive.h"
#include "run_record.h"
#include "scope_flags.h"
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

Result<std::unique_ptr<enumerate::WordSource>> words_of(const cli::Values& flags) {
  const std::string file = flags.text("wordlist");
  return file.empty() ? enumerate::built_in_words() : enumerate::words_of_file(file);
}

/// What would be done, on stdout; nothing is sent.
void print_plan(const std::vector<net::Name>& domains, const enumerate::WordSource& words,
                const Passive& passive, const cli::Values& flags,
                const dns::ResolverOptions& options) {
  const auto size = words.size();
  const std::string list = flags.text("wordlist");
  std::string plan;
  for (const auto& domain : domains) plan += "domain     " + domain.text() + "\n";
  plan += fmt::format("words      {}{}\n", list.empty() ? "built in" : list,
                      size ? fmt::format(" ({})", *size) : "");
  plan += fmt::format("sources    {}\n", passive.plan());
  if (size) plan += fmt::format("names      {}\n", domains.size() * (*size + 1));
  plan += plan_of(options);
  (void)output::Stream(Fd(STDOUT_FILENO), "stdout").write(plan);
}

/// Counts failures by reason; each is told on stderr with -v, those of the domains always.
class FailureLog final : public model::Sink {
 public:
  explicit FailureLog(const std::vector<net::Name>& domains) {
    for (const auto& domain : domains) domains_.insert(domain.text());
  }

  Status outcome(const model::Outcome& outcome) override {
    if (outcome.kind == model::Outcome::Kind::kFailed) {
      ++reasons_[outcome.reason];
      const auto level =
          domains_.contains(outcome.target) ? spdlog::level::warn : spdlog::level::info;
      log::get("enum")->log(level, "name={} failed: {}", outcome.target, outcome.reason);
    } else if (outcome.what == "wildcard") {
      log::get("enum")->info("wildcard zone={}: {}", outcome.target, outcome.reason);
    }
    return {};
  }

  const std::map<std::string, std::uint64_t>& reasons() const { return reasons_; }
  /// "timeout 12, SERVFAIL 3".
  std::string to_string() const {
    std::string out;
    for (const auto& [reason, count] : reasons_)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", reason, count);
    return out;
  }

 private:
  std::set<std::string> domains_;
  std::map<std::string, std::uint64_t> reasons_;  // one thread calls: the engine's
};

/// The places where records go.
struct Outputs {
  std::unique_ptr<output::Writer> screen, file;
  std::unique_ptr<store::RunStore> store;
  FailureLog failures;
  model::FanOut readers;  ///< screen and file
  ShownNames shown{readers};
  model::FanOut all;

  explicit Outputs(const std::vector<net::Name>& domains) : failures(domains) {}

  /// Whether anybody still takes records.
  bool wanted() const { return !screen->closed() || file || store; }
};

Status open_outputs(const cli::Values& flags, const store::Continuation& continuation,
                    model::Run& run, Outputs& outputs, std::stop_token stop) {
  const char* format = flags.on("jsonl") ? "jsonl" : "screen";
  output::FormatOptions options;
  options.sources = flags.on("collect-sources");
  outputs.screen = std::make_unique<output::Writer>(
      M8_TRY(output::make_format(format, options)),
      std::make_unique<output::Stream>(Fd(STDOUT_FILENO), "stdout",
                                       output::StreamOptions{.stop = std::move(stop)}));
  outputs.readers.add(*outputs.screen);
  outputs.all.add(outputs.shown);
  if (const std::string path = flags.text("output"); !path.empty()) {
    output::StreamOptions file{.asynchronous = true};
    file.append = continuation.resume != 0;
    auto stream = M8_TRY(output::Stream::create(path, file));
    outputs.file = std::make_unique<output::Writer>(M8_TRY(output::make_format(format, options)),
                                                    std::move(stream));
    outputs.readers.add(*outputs.file);
  }
  // What nobody asked for is no inventory.
  if (!flags.on("passive-only"))
    outputs.store = M8_TRY(store::RunStore::open(flags, run, continuation));
  if (outputs.store) outputs.all.add(outputs.store->sink());
  outputs.all.add(outputs.failures);
  return {};
}

void count(const enumerate::Engine& engine, const enumerate::BruteForce& words,
           const FailureLog& failures, model::Run& run) {
  const auto& counts = engine.counts();
  const auto& queries = engine.queries();
  run.counts = {
      {"tried", counts.tried},
      {"found", counts.found},
      {"nxdomain", counts.denied},
      {"nodata", counts.empty},
      {"dangling", counts.dangling},
      {"wildcard", counts.wildcard},
      {"failed", counts.failed},
      {"out_of_scope", counts.out_of_scope},
      {"not_asked", counts.dead_apex},
      {"invalid_words", words.invalid_words()},
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
  const Status summary = record.end(ran.ok() ? flushed : ran);
  for (const Status& status : {ran, flushed, summary}) {
    if (!status.ok()) return status.error();
  }
  return passive.verdict(context.program);
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

Result<int> enumerate_domains(const cli::Context& context, cli::RunLimits& limits) {
  const cli::Values& flags = context.flags;
  Clock& clock = SystemClock::instance();
  const auto domains = M8_TRY(domains_of(flags, limits.token()));
  auto words = M8_TRY(words_of(flags));
  const auto options = M8_TRY(resolver_options(flags, kDnsDefaults));
  const net::Scope scope = M8_TRY(scope_of(flags));
  const auto passive = M8_TRY(Passive::create(flags, domains, scope, clock));
  if (flags.on("dry-run")) {
    print_plan(domains, *words, *passive, flags, options);
    return cli::kDone;
  }
  const auto continuation = M8_TRY(continuation_of(flags, domains));
  RunRecord record(context, clock);
  Outputs outputs(domains);
  M8_TRY(open_outputs(flags, continuation, record.run(), outputs, limits.token()));
  if (flags.on("passive-only"))
    return list_names(*passive, outputs, record, context, limits.token());
  M8_TRY(load_known(flags, domains, record.run(), outputs));
  const enumerate::EngineOptions engine_options{options, domains, flags.on("strict-wildcard")};
  enumerate::BruteForce guesses(domains, std::move(words));
  EnumInventory inventory(flags, domains, outputs.store.get(), record.run());
  Provenance sink(outputs.all);
  enumerate::Merge candidates;
  candidates.add(passive->names());
  inventory.add_to(candidates, guesses, sink);
  const auto engine =
      M8_TRY(enumerate::Engine::create(engine_options, candidates, scope, sink, clock));
  passive->start(sink, limits.token());
  Status ran = run_engine(*engine, outputs, flags, limits.token());
  if (limits.reached()) ran = {};  // and the exit code tells
  const Status flushed = outputs.all.flush();
  count(*engine, guesses, outputs.failures, record.run());
  if (outputs.store) record.run().counts["records.lost"] = outputs.store->unwritten();
  passive->end(record.run());
  inventory.count(record.run());
  const Status summary = record.end(ran.ok() ? flushed : ran, limits.reached());
  const Status stored = outputs.store ? outputs.store->end(record.run()) : Status();
  say_how_to_go_on(context, ran, continuation, record.run());
  for (const Status& status : {ran, flushed, engine->sink_status(), summary, stored}) {
    if (!status.ok()) return status.error();
  }
  if (limits.reached()) {
    const std::uint64_t left = engine->under_way(), all = engine->counts().tried + left;
    fmt::print(stderr, "{}: {}, and not all names were begun\n", context.program,
               limits.text(left, all, "names"));
    return cli::kIncomplete;
  }
  return std::max(verdict_on(*engine, outputs.failures, context),
                  passive->verdict(context.program));
}

cli::Flag flag(std::string name, std::vector<std::string> aliases, std::string section,
               std::string brief) {
  cli::Flag made;
  made.name = std::move(name);
  made.aliases = std::move(aliases);
  made.section = std::move(section);
  made.brief = std::move(brief);
  made.common = true;
  return made;
}

cli::Flag file_flag(std::string name, std::vector<std::string> aliases, std::string section,
                    std::string brief) {
  cli::Flag made = flag(std::move(name), std::move(aliases), std::move(section), std::move(brief));
  made.argument = "FILE";
  made.complete = cli::Complete::kFile;
  return made;
}

std::vector<cli::Flag> enum_flags() {
  cli::Flag domain = flag("domain", {"d"}, "Input", "domains to enumerate");
  domain.argument = "DOMAIN,...";
  domain.repeatable = true;
  domain.complete = cli::Complete::kHost;
  cli::Flag words = file_flag("wordlist", {"w"}, "Brute force", "words to try under each domain");
  words.detail =
      "One word a line, read as it is needed. Without it a list of some hundred common "
      "labels is built in.";
  cli::Flag jsonl = flag("jsonl", {"json", "oJ"}, "Output", "one JSON record per name");
  cli::Flag dry_run = flag("dry-run", {}, "Scope", "say what would be done, send nothing");
  cli::Flag strict = flag("strict-wildcard", {}, "Wildcards",
                          "drop every name that has only its wildcard's records");
  strict.detail =
      "Without it a name that shares the addresses of its zone's wildcard is kept, and marked as "
      "shared, if it is proven to exist or if somebody saw it.";
  std::vector<cli::Flag> flags{
      domain,
      file_flag("list", {"dL", "l"}, "Input", "file of domains, one a line"),
      words,
      strict,
      jsonl,
      file_flag("output", {"o"}, "Output", "write the lines to this file too"),
      cli::progress_flag(),
      summary_flag(),
      dry_run,
  };
  for (auto more : {passive_flags(), enum_inventory_flags(), dns_flags(kDnsDefaults), scope_flags(),
                    cli::run_limit_flags(), store::store_flags()})
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
      "as soon as they are proven. The domain itself is among the results if it has an address. "
      "Everything found is "
      "kept in the store. The exit code is 4 when more than a quarter of the names got no answer, "
      "or a domain itself got none, or when more sources failed than --max-failed-sources "
      "allows.\n\n"
      "Sources: every one that needs no key or has one is asked, all at once, and their names go "
      "before words. Domains that are for special use (test, localhost, example.com and the like) "
      "are told to none of them, except to those whose URL was given.\n\n"
      "Wildcards: each zone is asked for labels that nobody made, until what its wildcard gives is "
      "known. A name with other records is its own. A name with the same records is proven if it "
      "exists, and that shows below it: a wildcard does not reach below a name that exists (RFC "
      "4592), so a random label there is denied twice, while below a name that the wildcard made "
      "up it is answered. A name that exists with the wildcard's records is marked "
      "\"wildcard\":\"shared\". One that a source saw, such as a certificate log, is kept and "
      "marked "
      "so even without that proof; a guess is not.";
  command.arguments = "[DOMAIN...]";
  command.flags = enum_flags();
  command.examples = {"asmm8 enum -d example.com --dry-run"};
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
