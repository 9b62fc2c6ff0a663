// asmm8 enum: domains -> hostnames, found, proven, streamed.
#include <cstdlib>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/exit_code.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "commands.h"
#include "dns/server_list.h"
#include "dns_flags.h"
#include "enumerate/bruteforce.h"
#include "enumerate/engine.h"
#include "name_feed.h"
#include "net/scope.h"
#include "output/format.h"
#include "output/writer.h"
#include "run_record.h"
#include "scope_flags.h"
#include "store/run_store.h"

namespace m8::asmm8 {
namespace {

/// The domains of -d, -dL, arguments and stdin, canonical, once each.
Result<std::vector<net::Name>> domains_of(const cli::Values& flags) {
  auto given = flags.list("domain");
  given.insert(given.end(), flags.arguments().begin(), flags.arguments().end());
  net::Poller poller = M8_TRY(net::Poller::create());
  const auto feed = M8_TRY(NameFeed::open(std::move(given), flags.text("list"), poller));
  std::vector<net::Name> domains;
  std::set<std::string> seen;
  for (std::string_view line;;) {
    const auto next = feed->next(line);
    if (next == NameFeed::Next::kEnd) break;
    if (next == NameFeed::Next::kLater) {
      poller.poll(std::chrono::milliseconds(100));
      continue;
    }
    auto name = net::Name::parse(line);
    if (!name.ok()) return name.error().with_context(feed->place());
    if (seen.insert(name->text()).second) domains.push_back(std::move(*name));
  }
  M8_TRY(Status(feed->status()));
  if (domains.empty()) return Error{ErrorCode::kInvalidArgument, "no domain given: use -d"};
  return domains;
}

Result<std::unique_ptr<enumerate::WordSource>> words_of(const cli::Values& flags) {
  const std::string file = flags.text("wordlist");
  return file.empty() ? enumerate::built_in_words() : enumerate::words_of_file(file);
}

/// What would be done, on stdout; nothing is sent.
void print_plan(const std::vector<net::Name>& domains, const enumerate::WordSource& words,
                const cli::Values& flags, const dns::ResolverOptions& options) {
  const auto size = words.size();
  const std::string list = flags.text("wordlist");
  std::string plan;
  for (const auto& domain : domains) plan += "domain     " + domain.text() + "\n";
  plan += fmt::format("words      {}{}\n", list.empty() ? "built in" : list,
                      size ? fmt::format(" ({})", *size) : "");
  if (size) plan += fmt::format("names      {}\n", domains.size() * (*size + 1));
  plan += fmt::format("resolvers  {}\n", dns::describe(options.servers));
  plan += fmt::format("rate       {}\n", options.rate.unlimited()
                                             ? "unlimited"
                                             : fmt::format("{}/s", options.rate.per_second));
  (void)output::Stream(Fd(STDOUT_FILENO), "stdout").write(plan);
}

/// Failures are told on stderr as they come, up to a number.
class FailureLog final : public model::Sink {
 public:
  Status outcome(const model::Outcome& outcome) override {
    constexpr int kShown = 20;
    if (outcome.kind != model::Outcome::Kind::kFailed || shown_ > kShown) return {};
    if (shown_++ == kShown) {
      log::get("enum")->warn("more failures are only counted");
    } else {
      log::get("enum")->warn("name={} failed: {}", outcome.target, outcome.reason);
    }
    return {};
  }

 private:
  int shown_ = 0;  // one thread calls: the engine's
};

/// The places where records go.
struct Outputs {
  std::unique_ptr<output::Writer> screen, file;
  std::unique_ptr<store::RunStore> store;
  FailureLog failures;
  model::FanOut all;

  /// Whether anybody still takes records.
  bool wanted() const { return !screen->closed() || file || store; }
};

Status open_outputs(const cli::Values& flags, model::Run& run, Outputs& outputs) {
  const char* format = flags.on("jsonl") ? "jsonl" : "screen";
  outputs.screen = std::make_unique<output::Writer>(
      M8_TRY(output::make_format(format, {})),
      std::make_unique<output::Stream>(Fd(STDOUT_FILENO), "stdout"));
  outputs.all.add(*outputs.screen);
  if (const std::string path = flags.text("output"); !path.empty()) {
    auto stream = M8_TRY(output::Stream::create(path));
    outputs.file = std::make_unique<output::Writer>(M8_TRY(output::make_format(format, {})),
                                                    std::move(stream));
    outputs.all.add(*outputs.file);
  }
  outputs.store = M8_TRY(store::RunStore::open(flags, run));
  if (outputs.store) outputs.all.add(outputs.store->sink());
  outputs.all.add(outputs.failures);
  return {};
}

void count(const enumerate::Engine& engine, const enumerate::BruteForce& words,
           const net::Scope& scope, model::Run& run) {
  const auto& counts = engine.counts();
  const auto& queries = engine.queries();
  run.counts = {
      {"tried", counts.tried},         {"found", counts.found},
      {"nxdomain", counts.denied},     {"nodata", counts.empty},
      {"dangling", counts.dangling},   {"wildcard", counts.wildcard},
      {"failed", counts.failed},       {"out_of_scope", scope.refusals()},
      {"not_asked", counts.dead_apex}, {"invalid_words", words.invalid_words()},
      {"queries", queries.sent},       {"retries", queries.retried},
      {"timeouts", queries.timeouts},
  };
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

Result<int> enumerate_domains(const cli::Context& context, std::stop_token stop) {
  const cli::Values& flags = context.flags;
  Clock& clock = SystemClock::instance();
  const auto domains = M8_TRY(domains_of(flags));
  auto words = M8_TRY(words_of(flags));
  const auto options = M8_TRY(resolver_options(flags));
  const net::Scope scope = M8_TRY(scope_of(flags));
  if (flags.on("dry-run")) {
    print_plan(domains, *words, flags, options);
    return cli::kDone;
  }
  RunRecord record(context, clock);
  Outputs outputs;
  M8_TRY(open_outputs(flags, record.run(), outputs));
  enumerate::BruteForce candidates(domains, std::move(words));
  const auto engine = M8_TRY(enumerate::Engine::create(enumerate::EngineOptions{options, domains},
                                                       candidates, scope, outputs.all, clock));
  const Status ran = run_engine(*engine, outputs, flags, stop);
  const Status flushed = outputs.all.flush();
  count(*engine, candidates, scope, record.run());
  const Status summary = record.end(ran.ok() ? flushed : ran);
  const Status stored = outputs.store ? outputs.store->end(record.run()) : Status();
  for (const Status& status : {ran, flushed, engine->sink_status(), summary, stored}) {
    if (!status.ok()) return status.error();
  }
  // A few names without an answer are the zone's doing; many are work that was lost.
  const std::uint64_t failed = engine->counts().failed, tried = engine->counts().tried;
  if (failed * 4 <= tried) return cli::kDone;
  fmt::print(stderr, "{}: incomplete: {} of {} names got no answer\n", context.program, failed,
             tried);
  return cli::kIncomplete;
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
  std::vector<cli::Flag> flags{
      domain,
      file_flag("list", {"dL", "l"}, "Input", "file of domains, one a line"),
      words,
      jsonl,
      file_flag("output", {"o"}, "Output", "write the lines to this file too"),
      cli::progress_flag(),
      summary_flag(),
      dry_run,
  };
  // More and quicker attempts than for bulk: a lost name is worse here than a query.
  const DnsDefaults defaults{.in_flight = "500", .rate = "1000/s", .attempts = "8", .timeout = "1"};
  for (auto more : {dns_flags(defaults), scope_flags(), store::store_flags()})
    flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace

cli::Command enum_command() {
  cli::Command command;
  command.name = "enum";
  command.brief = "find the hostnames of domains";
  command.detail =
      "Tries words under each domain and writes the names that are there, as soon as they are "
      "proven: a name whose records are only those of the zone's wildcard proves nothing and is "
      "left out. The domain itself is among the results if it has an address. Everything found is "
      "kept in the store. The exit code is 4 when more than a quarter of the names got no answer.";
  command.arguments = "[DOMAIN...]";
  command.flags = enum_flags();
  command.examples = {"asmm8 enum -d example.com --dry-run"};
  command.run = [](const cli::Context& context) {
    cli::Signals signals;
    const auto code = enumerate_domains(context, signals.token());
    return code.ok() ? *code : cli::fail("asmm8 enum", code.error());
  };
  return command;
}

}  // namespace m8::asmm8
