// asmm8 resolve: names -> DNS records, in bulk.
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
#include "cli/signals.h"
#include "commands.h"
#include "dns/bulk.h"
#include "dns/server_list.h"
#include "dns_flags.h"
#include "name_feed.h"
#include "net/name.h"
#include "net/poller.h"
#include "net/scope.h"
#include "resolve_lines.h"
#include "run_record.h"
#include "scope_flags.h"

namespace m8::asmm8 {
namespace {

using dns::BulkClient;
using dns::RrType;

constexpr std::chrono::milliseconds kFlushEvery{100};

/// Counted by the network's thread, read by the progress line's.
struct Tally {
  std::atomic<std::uint64_t> asked{0}, done{0}, found{0}, failed{0};
  std::uint64_t nxdomain = 0, nodata = 0, other_rcode = 0, invalid = 0, out_of_scope = 0;
};

void add_one(std::atomic<std::uint64_t>& counter) {
  // One writer: no locked instruction needed.
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

/// Reads names, hands them to the engine, writes what comes back.
class Job final : public BulkClient {
 public:
  Job(NameFeed& feed, BlockWriter& writer, ResolveLines lines, const net::Scope* scope)
      : feed_(feed), writer_(writer), lines_(std::move(lines)), scope_(scope) {}

  Pull pull(std::string_view& name) override {
    if (writer_.abandoned() || writer_.failed()) return Pull::kEnd;
    if (!writer_.accepts()) return Pull::kLater;
    for (std::string_view line;;) {
      const auto next = feed_.next(line);
      if (next == NameFeed::Next::kEnd) return Pull::kEnd;
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
    } else {
      ++(result.rcode == dns::Rcode::kNoError ? tally_.nodata : tally_.other_rcode);
    }
  }

  const Tally& tally() const { return tally_; }

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
    auto name = net::Name::parse(text);
    if (!name.ok()) return invalid(name.error().message);
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
  std::string name_;
  Tally tally_;
};

std::vector<RrType> types_of(const cli::Values& flags) {
  std::vector<RrType> types;
  for (const auto& [flag, type] : {std::pair{"a", RrType::kA}, std::pair{"aaaa", RrType::kAaaa},
                                   std::pair{"cname", RrType::kCname}}) {
    if (flags.on(flag)) types.push_back(type);
  }
  if (types.empty()) types.push_back(RrType::kA);
  return types;
}

LineForm form_of(const cli::Values& flags) {
  if (flags.on("jsonl")) return LineForm::kJson;
  if (flags.on("resp-only")) return LineForm::kValues;
  return flags.on("resp") ? LineForm::kResponses : LineForm::kNames;
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

  /// kNetwork if no resolver answers, kCancelled if stopped.
  Status run(const std::vector<net::SocketAddress>& servers, std::stop_token stop) {
    const std::stop_callback stopping(stop, [this] { poller_.post([this] { bulk_.stop(); }); });
    flush_later();
    bulk_.more();
    while (!bulk_.done()) {
      poller_.poll(std::chrono::milliseconds(100));
      if (bulk_.resolver().nobody_answers())
        return Error{ErrorCode::kNetwork, "no resolver answers: " + dns::describe(servers)};
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
  };
}

Result<int> resolve(const cli::Context& context, std::stop_token stop) {
  const cli::Values& flags = context.flags;
  Clock& clock = SystemClock::instance();
  RunRecord record(context, clock);
  const auto options = M8_TRY(resolver_options(flags));
  const net::Scope scope = M8_TRY(scope_of(flags));
  net::Poller poller = M8_TRY(net::Poller::create());
  const auto feed = M8_TRY(NameFeed::open(flags.arguments(), flags.text("list"), poller));
  const auto writer = M8_TRY(BlockWriter::open(flags.text("output")));
  Job job(*feed, *writer, ResolveLines(form_of(flags), types_of(flags), clock),
          flags.given("scope") || flags.given("exclude") ? &scope : nullptr);
  const auto bulk = M8_TRY(dns::Bulk::create(options, types_of(flags), poller, job, clock));

  Status ran;
  {
    const Tally& tally = job.tally();
    const cli::Progress progress(
        cli::progress_mode(flags), "names",
        [&tally] {
          return cli::ProgressNumbers{tally.done, 0, tally.found, tally.failed};
        },
        clock);
    ran = Loop(poller, *bulk, *writer, *feed).run(options.servers, stop);
  }
  const Status written = writer->finish();
  count(job.tally(), bulk->resolver().counts(), record.run());
  const Status summary = record.end(!written.ok() ? written : ran);
  for (const Status& status : {written, feed->status(), ran, summary}) {
    if (!status.ok()) return status.error();
  }
  return cli::kDone;
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
  std::vector<cli::Flag> flags{
      list,
      flag("a", {}, "Query", "ask for A records (the default)"),
      flag("aaaa", {}, "Query", "ask for AAAA records"),
      flag("cname", {}, "Query", "ask for CNAME records"),
      flag("resp", {"response", "re"}, "Output", "show records beside the name"),
      flag("resp-only", {"ro"}, "Output", "show the records alone"),
      jsonl,
      output,
      cli::progress_flag(),
      summary_flag(),
  };
  for (auto more : {dns_flags({}), scope_flags()})
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
      "Each name ends as an answer, NXDOMAIN, an answer without records, or a named error.";
  command.arguments = "[NAME...]";
  command.flags = resolve_flags();
  command.examples = {"asmm8 resolve -r 192.0.2.53 --jsonl www.example.com"};
  command.run = [](const cli::Context& context) {
    cli::Signals signals;
    const auto code = resolve(context, signals.token());
    return code.ok() ? *code : cli::fail("asmm8 resolve", code.error());
  };
  return command;
}

}  // namespace m8::asmm8
