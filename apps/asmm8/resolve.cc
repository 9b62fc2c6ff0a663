// asmm8 resolve: names -> DNS records, in bulk.
#include <algorithm>
#include <atomic>
#include <memory>
#include <stop_token>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "block_writer.h"
#include "cli/exit_code.h"
#include "cli/progress.h"
#include "cli/run_limits.h"
#include "cli/signals.h"
#include "commands.h"
#include "dns/bulk.h"
#include "dns/server_list.h"
#include "dns_flags.h"
#include "name_feed.h"
#include "net/name.h"
#include "net/poller.h"
#include "net/scope.h"
#include "output/stream.h"
#include "resolve_lines.h"
#include "run_metrics.h"
#include "run_record.h"
#include "scope_flags.h"
#include "serve/telemetry.h"

namespace m8::asmm8 {
namespace {

using dns::BulkClient;
using dns::RrType;

constexpr std::chrono::milliseconds kFlushEvery{100};
/// After a stop, what is in flight may take so long to end by itself.
constexpr std::chrono::milliseconds kGrace{2000};

/// Counted by the network's thread, read by the progress line's.
struct Tally {
  std::atomic<std::uint64_t> asked{0}, done{0}, found{0}, failed{0};
  std::uint64_t nxdomain = 0, nodata = 0, other_rcode = 0, invalid = 0, out_of_scope = 0;
  std::uint64_t cut = 0;  ///< of nxdomain: not asked, because of a name above
};

void add_one(std::atomic<std::uint64_t>& counter) {
  // One writer: no locked instruction needed.
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

/// Reads names, hands them to the engine, writes what comes back.
class Job final : public BulkClient {
 public:
  Job(NameFeed& feed, BlockWriter& writer, ResolveLines lines, const net::Scope* scope,
      const MemoryGovernor& memory)
      : feed_(feed), writer_(writer), lines_(std::move(lines)), scope_(scope), memory_(memory) {}

  Pull pull(std::string_view& name) override {
    if (writer_.abandoned() || writer_.failed()) return Pull::kEnd;
    if (!writer_.accepts()) return Pull::kLater;
    // One goes on in any case: its end is when the next is thought of.
    if (memory_.tight() && tally_.asked > tally_.done) return Pull::kLater;
    for (std::string_view line;;) {
      const auto next = feed_.next(line);
      input_ended_ = next == NameFeed::Next::kEnd;
      if (input_ended_) return Pull::kEnd;
      if (next == NameFeed::Next::kLater) return Pull::kLater;
      if (!read_name(line)) continue;
      add_one(tally_.asked);
      name = name_;
      return Pull::kName;
    }
  }

  void result(const Result& result) override {
    const bool found = lines_.append(writer_.buffer(), result);
    writer_.hand_over();
    add_one(tally_.done);
    if (found) {
      add_one(tally_.found);
    } else if (!result.complete()) {
      add_one(tally_.failed);
    } else if (result.rcode == dns::Rcode::kNxDomain) {
      ++tally_.nxdomain;
      tally_.cut += result.denied_above.empty() ? 0 : 1;
    } else {
      ++(result.rcode == dns::Rcode::kNoError ? tally_.nodata : tally_.other_rcode);
    }
  }

  const Tally& tally() const { return tally_; }
  bool input_ended() const { return input_ended_; }

 private:
  /// Puts the canonical name of \p line into name_. False: it is none, and that was said.
  bool read_name(std::string_view line) {
    if (line.front() == '{') return read_record(line);
    return read_plain(line);
  }

  /// A JSON line of asmm8, subfinder or dnsx.
  bool read_record(std::string_view line) {
    const auto record = json::parse(line);
    if (!record.ok()) return invalid(record.error().message);
    for (const char* key : {"host", "hostname"}) {
      if (const auto host = record->string_at(key); !host.empty()) return read_plain(host);
    }
    return invalid("record without a host");
  }

  bool read_plain(std::string_view text) {
    if (lines_.asked(RrType::kPtr)) {
      if (const auto address = net::IpAddress::parse(text); address.ok()) {
        name_ = dns::reverse_name(*address);
        return true;
      }
    }
    auto name = net::Name::parse(text);
    if (!name.ok()) {
      lines_.append_malformed(writer_.buffer(), text.substr(0, 1024), name.error().message);
      return invalid(name.error().message);
    }
    name_ = name->text();
    if (scope_ == nullptr || scope_->allows_host(name_)) return true;
    ++tally_.out_of_scope;
    return false;
  }

  bool invalid(const std::string& why) {
    constexpr std::uint64_t kShown = 20;
    if (++tally_.invalid <= kShown) log::get("resolve")->warn("{}: {}", feed_.place(), why);
    if (tally_.invalid == kShown) log::get("resolve")->warn("more invalid names are only counted");
    return false;
  }

  NameFeed& feed_;
  BlockWriter& writer_;
  ResolveLines lines_;
  const net::Scope* scope_;  ///< null if everything is allowed
  const MemoryGovernor& memory_;
  std::string name_;
  Tally tally_;
  bool input_ended_ = false;
};

/// Flags of record types, in the order in which they are asked.
struct TypeFlag {
  const char* flag;
  RrType type;
  const char* brief;
};
constexpr TypeFlag kTypeFlags[] = {
    {"a", RrType::kA, "ask for A records (the default)"},
    {"aaaa", RrType::kAaaa, "ask for AAAA records"},
    {"cname", RrType::kCname, "ask for CNAME records"},
    {"ns", RrType::kNs, "ask for NS records"},
    {"mx", RrType::kMx, "ask for MX records"},
    {"txt", RrType::kTxt, "ask for TXT records"},
    {"soa", RrType::kSoa, "ask for SOA records"},
    {"srv", RrType::kSrv, "ask for SRV records"},
    {"ptr", RrType::kPtr, "ask for PTR records; addresses may be given for names"},
    {"caa", RrType::kCaa, "ask for CAA records"},
    {"ds", RrType::kDs, "ask for DS records"},
};

std::vector<RrType> types_of(const cli::Values& flags) {
  std::vector<RrType> types;
  for (const auto& [flag, type, brief] : kTypeFlags) {
    if (flags.on(flag) || flags.on("recon")) types.push_back(type);
  }
  if (types.empty()) types.push_back(RrType::kA);
  return types;
}

Result<LineOptions> lines_of(const cli::Values& flags) {
  LineOptions options;
  options.types = types_of(flags);
  if (flags.on("resp")) options.form = LineForm::kResponses;
  if (flags.on("resp-only")) options.form = LineForm::kValues;
  for (const auto& word : flags.list("rcode")) options.rcodes.push_back(M8_TRY(parse_rcode(word)));
  if (!options.rcodes.empty()) options.form = LineForm::kRcodes;
  if (flags.on("raw")) options.form = LineForm::kRaw;
  if (flags.on("jsonl")) options.form = LineForm::kJson;
  options.all_records = !flags.on("omit-raw");
  return options;
}

/// What would be done, on stdout; nothing is sent, and stdin is not read.
void print_plan(const cli::Values& flags, const dns::ResolverOptions& options) {
  std::string types;
  for (const RrType type : types_of(flags))
    types += (types.empty() ? "" : " ") + dns::to_string(type);
  const std::string list = flags.text("list");
  const auto given = flags.arguments().size();
  std::string plan = fmt::format("names      {}\n", !list.empty() ? list
                                                    : given > 0   ? fmt::format("{} given", given)
                                                                  : "stdin");
  plan += fmt::format("types      {}\n", types);
  plan += plan_of(options);
  (void)output::Stream(Fd(STDOUT_FILENO), "stdout").write(plan);
}

/// Runs the loop until every name has its result.
class Loop {
 public:
  Loop(net::Poller& poller, dns::Bulk& bulk, BlockWriter& writer, NameFeed& feed)
      : poller_(poller), bulk_(bulk), writer_(writer) {
    feed.on_more([this] { bulk_.more(); });
    writer.on_written([this] {
      poller_.post([this] {
        writer_.hand_over();
        bulk_.more();
      });
    });
  }

  /// Resolver::hopeless(), kCancelled if stopped.
  Status run(std::stop_token stop) {
    const std::stop_callback stopping(stop, [this] { poller_.post([this] { bulk_.stop(); }); });
    flush_later();
    bulk_.more();
    SteadyTime patience = SteadyTime::max();
    while (!bulk_.done()) {
      const SteadyTime now = SystemClock::instance().now();
      if (stop.stop_requested()) patience = std::min(patience, now + kGrace);
      if (now >= patience) break;
      poller_.poll(std::chrono::milliseconds(100));
      M8_TRY(bulk_.resolver().hopeless());
    }
    if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "interrupted"};
    return {};
  }

  ~Loop() {
    poller_.cancel(flush_timer_);
    writer_.on_written({});
  }

 private:
  /// Readers see lines soon, also when few come.
  void flush_later() {
    flush_timer_ = poller_.at(SystemClock::instance().now() + kFlushEvery, [this] {
      writer_.hand_over(true);
      if (writer_.abandoned()) bulk_.stop();
      flush_later();
    });
  }

  net::Poller& poller_;
  dns::Bulk& bulk_;
  BlockWriter& writer_;
  std::uint64_t flush_timer_ = 0;
};

void count(const Tally& tally, const dns::Resolver::Counts& counts, model::Run& run) {
  run.counts = {
      {"asked", tally.asked},
      {"done", tally.done},
      {"found", tally.found},
      {"nxdomain", tally.nxdomain},
      {"below_nxdomain", tally.cut},
      {"nodata", tally.nodata},
      {"other_rcode", tally.other_rcode},
      {"failed", tally.failed},
      {"invalid", tally.invalid},
      {"out_of_scope", tally.out_of_scope},
      {"queries", counts.sent},
      {"retries", counts.retried},
      {"timeouts", counts.timeouts},
      {"stray_answers", counts.stray},
      {"truncated", counts.truncated},
      {"canaries", counts.canaries},
      {"liars", counts.liars},
      {"doubted", counts.doubted},
      {"quarantines", counts.quarantines},
  };
}

Result<int> resolve(const cli::Context& context, cli::RunLimits& limits) {
  const cli::Values& flags = context.flags;
  Clock& clock = SystemClock::instance();
  RunRecord record(context, clock);
  const auto options = M8_TRY(resolver_options(flags));
  const net::Scope scope = M8_TRY(scope_of(flags));
  const LineOptions lines = M8_TRY(lines_of(flags));
  if (flags.on("dry-run")) {
    print_plan(flags, options);
    return cli::kDone;
  }
  net::Poller poller = M8_TRY(net::Poller::create());
  const auto feed = M8_TRY(NameFeed::open(flags.arguments(), flags.text("list"), poller));
  const auto writer = M8_TRY(BlockWriter::open(flags.text("output"), limits.token()));
  Job job(*feed, *writer, ResolveLines(lines, clock),
          flags.given("scope") || flags.given("exclude") ? &scope : nullptr, limits.memory());
  const auto bulk = M8_TRY(dns::Bulk::create(
      {options, types_of(flags), !flags.on("no-cut"), flags.on("raw")}, poller, job, clock));

  const auto telemetry = M8_TRY(
      serve::Telemetry::start(serve::Telemetry::options(context, limits.memory().limit()), clock));
  const Tally& tally = job.tally();
  const auto sampling = metrics::Registry::process().sample(
      [&tally] { count_names(tally.done, tally.failed, tally.asked - tally.done); });
  Status ran;
  {
    const cli::Progress progress(
        cli::progress_mode(flags), "names",
        [&tally] {
          return cli::ProgressNumbers{tally.done, 0, tally.found, tally.failed,
                                      tally.asked - tally.done};
        },
        clock);
    ran = Loop(poller, *bulk, *writer, *feed).run(limits.token());
  }
  if (limits.reached()) ran = {};  // and the exit code tells
  const Status written = writer->finish();
  count(job.tally(), bulk->resolver().counts(), record.run());
  const Status summary = record.end(!written.ok() ? written : ran, limits.reached());
  count_run(record.run(), "resolve");
  count_queries(bulk->resolver().counts());
  const Status measured = telemetry->end();
  for (const Status& status : {written, feed->status(), ran, summary, measured}) {
    if (!status.ok()) return status.error();
  }
  if (limits.reached()) {
    fmt::print(stderr, "{}: {}{}\n", context.program,
               limits.text(tally.asked - tally.done, tally.asked, "names"),
               job.input_ended() ? "" : ", and the input was not read to its end");
    return cli::kIncomplete;
  }
  // A few names without an answer are their zones' doing; many are work that was lost.
  const std::uint64_t failed = tally.failed, done = tally.done;
  if (failed * 4 <= done) return cli::kDone;
  fmt::print(stderr, "{} {}: incomplete: {} of {} names got no answer\n", context.program,
             context.command, failed, done);
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

std::vector<cli::Flag> resolve_flags() {
  cli::Flag list = flag("list", {"l"}, "Input", "file of names, one a line");
  list.argument = "FILE";
  list.complete = cli::Complete::kFile;
  cli::Flag output = flag("output", {"o"}, "Output", "write the lines to this file too");
  output.argument = "FILE";
  output.complete = cli::Complete::kFile;
  cli::Flag jsonl = flag("jsonl", {"json", "j"}, "Output", "one JSON object per name");
  jsonl.detail = "Every name gets a line, also those that do not exist or could not be resolved.";
  cli::Flag recon = flag("recon", {}, "Query", "ask for all of these types");
  cli::Flag rcode = flag("rcode", {"rc"}, "Output", "show names that end with one of these rcodes");
  rcode.argument = "RCODE,...";
  rcode.repeatable = true;
  rcode.detail = "As noerror,nxdomain,servfail. With --jsonl other names get no line.";
  cli::Flag no_cut = flag("no-cut", {}, "Query", "ask also below names that don't exist");
  no_cut.detail =
      "Without it a name is not asked for when a name above it was found not to exist by a "
      "resolver "
      "that can be believed (RFC 8020); it ends as NXDOMAIN, with denied_above in its record. A "
      "few "
      "old servers deny names that have names below them.";
  cli::Flag omit_raw = flag("omit-raw", {"or"}, "Output", "leave the key \"all\" out of --jsonl");
  cli::Flag raw = flag("raw", {"debug"}, "Output", "show whole answers, as dig does");
  raw.detail = "With --jsonl they are the key \"raw\".";
  no_cut.common = omit_raw.common = raw.common = false;
  std::vector<cli::Flag> flags{
      list,
      recon,
      no_cut,
      rcode,
      omit_raw,
      raw,
      flag("resp", {"response", "re"}, "Output", "show records beside the name"),
      flag("resp-only", {"ro"}, "Output", "show the records alone"),
      jsonl,
      output,
      cli::progress_flag(),
      summary_flag(),
      flag("dry-run", {}, "Scope", "say what would be done, send nothing"),
  };
  for (const auto& [name, type, brief] : kTypeFlags) {
    flags.push_back(flag(name, {}, "Query", brief));
    flags.back().common = type == RrType::kA || type == RrType::kAaaa || type == RrType::kCname;
  }
  for (auto more : {dns_flags({}), scope_flags(), cli::run_limit_flags(), serve::telemetry_flags()})
    flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace

cli::Command resolve_command() {
  cli::Command command;
  command.name = "resolve";
  command.brief = "resolve names in bulk";
  command.detail =
      "Reads names and writes those that resolve, one a line, or with --jsonl what became of each. "
      "Each name ends as an answer, NXDOMAIN, an answer without records, or a named error; what is "
      "no name is one of these. The "
      "exit "
      "code is 4 when more than a quarter of the names got no answer.";
  command.arguments = "[NAME...]";
  command.flags = resolve_flags();
  command.examples = {"asmm8 resolve -r 192.0.2.53 --jsonl www.example.com"};
  command.run = [](const cli::Context& context) {
    const cli::Signals signals;
    const auto limits = cli::RunLimits::create(context.flags, signals, SystemClock::instance());
    if (!limits.ok()) return cli::fail("asmm8 resolve", limits.error());
    const auto code = resolve(context, **limits);
    return code.ok() ? *code : cli::fail("asmm8 resolve", code.error());
  };
  return command;
}

}  // namespace m8::asmm8
