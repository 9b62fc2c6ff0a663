// asmm8 probe: hosts, URLs, ranges -> live HTTP(S) endpoints.
#include <memory>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "cache/settings.h"
#include "cli/exit_code.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "commands.h"
#include "dns/server_list.h"
#include "http/session_metrics.h"
#include "model/endpoint_json.h"
#include "more_targets.h"
#include "net/socket.h"
#include "output/stream.h"
#include "probe/engine.h"
#include "probe_csv.h"
#include "probe_filter.h"
#include "probe_flags.h"
#include "probe_lines.h"
#include "probe_world.h"
#include "response_folder.h"
#include "run_metrics.h"
#include "run_record.h"
#include "scope_flags.h"
#include "serve/telemetry.h"
#include "store/run_store.h"

namespace m8::asmm8 {
namespace {

constexpr const char* kSystemResolvers = "/etc/resolv.conf";

/// Records as lines to stdout and a file, as far as the filters let them; what is live goes to the
/// store in any case.
class Lines final : public model::Sink {
 public:
  static Result<std::unique_ptr<Lines>> open(const cli::Values& flags, std::stop_source unread,
                                             model::Run& run) {
    const bool terminal = cli::is_terminal(STDOUT_FILENO);
    auto filter = M8_TRY(ProbeFilter::from(flags));
    std::unique_ptr<Lines> lines(new Lines(flags, std::move(filter), std::move(unread)));
    output::StreamOptions options;
    options.flush_each = terminal;
    lines->screen_ = std::make_unique<output::Stream>(Fd(STDOUT_FILENO), "stdout", options);
    options.flush_each = false;
    if (const std::string path = flags.text("output"); !path.empty())
      lines->file_ = M8_TRY(output::Stream::create(path, options));
    if (lines->csv_) {
      M8_TRY(lines->screen_->write(probe_csv_header()));
      if (lines->file_) M8_TRY(lines->file_->write(probe_csv_header()));
    }
    if (stores_responses(flags))
      lines->responses_ = M8_TRY(ResponseFolder::open(flags.text("store-response-dir")));
    lines->store_ = M8_TRY(store::RunStore::open(flags, run));
    return lines;
  }

  Status endpoint(const model::Endpoint& record) override {
    const Status stored =
        store_ && record.live ? store_->sink().endpoint(stored_part(record)) : Status();
    more_.learn(record);
    const Status written = responses_ && record.live ? store_response(record) : show(record);
    return written.ok() ? stored : written;
  }

  Status flush() override {
    if (responses_) M8_TRY(responses_->flush());
    const Status shown = screen_->flush();
    const Status kept = file_ ? file_->flush() : Status();
    return shown.ok() ? kept : shown;
  }

  /// Nobody takes records any more.
  bool unread() const { return screen_->closed() && !file_ && !store_ && !responses_; }
  /// Null without one.
  store::RunStore* store() { return store_.get(); }
  /// What the records name that are to be probed too.
  MoreTargets& more() { return more_; }

 private:
  Lines(const cli::Values& flags, ProbeFilter filter, std::stop_source unread)
      : json_(flags.on("jsonl")),
        csv_(flags.on("csv") && !flags.on("jsonl")),
        with_request_(flags.on("include-response")),
        with_header_(flags.on("include-response-header") || flags.on("include-response")),
        with_body_(flags.on("include-response")),
        plain_(flags, cli::use_colour(flags, STDOUT_FILENO)),
        uncoloured_(flags, false),
        filter_(std::move(filter)),
        more_(flags.on("tls-probe"), flags.on("csp-probe")),
        unread_(std::move(unread)) {}

  Status show(const model::Endpoint& record) {
    if (!filter_.accepts(record)) return {};
    const bool plain = !json_ && !csv_;
    const std::string text = json_  ? json_line(record)
                             : csv_ ? probe_csv_line(record)
                                    : plain_.line(record);
    const Status kept = file_ ? file_->write(plain ? uncoloured_.line(record) : text) : Status();
    const Status shown = screen_->write(text);
    if (unread()) unread_.request_stop();
    return shown.ok() ? kept : shown;
  }

  Status store_response(const model::Endpoint& record) {
    model::Endpoint copy = record;
    copy.stored_response_path = M8_TRY(responses_->store(record));
    return show(copy);
  }

  /// What the store keeps, without the texts that it does not.
  static model::Endpoint stored_part(const model::Endpoint& record) {
    model::Endpoint part;
    part.url = record.url;
    part.hostname = record.hostname;
    part.ip = record.ip;
    part.port = record.port;
    part.status = record.status;
    part.title = record.title;
    part.server = record.server;
    part.technologies = record.technologies;
    part.last_seen = record.last_seen;
    return part;
  }

  /// What only a filter wanted is left out.
  std::string json_line(const model::Endpoint& record) const {
    const bool lean = (with_header_ || record.raw_header.empty()) &&
                      (with_body_ || record.body.empty()) &&
                      (with_request_ || record.request.empty());
    if (lean) return model::endpoint_json(record) + '\n';
    model::Endpoint copy = record;
    if (!with_header_) copy.raw_header.clear();
    if (!with_body_) copy.body.clear();
    if (!with_request_) copy.request.clear();
    return model::endpoint_json(copy) + '\n';
  }

  const bool json_, csv_, with_request_, with_header_, with_body_;
  const ProbeLines plain_, uncoloured_;
  const ProbeFilter filter_;
  MoreTargets more_;
  std::stop_source unread_;
  std::unique_ptr<output::Stream> screen_, file_;
  std::unique_ptr<ResponseFolder> responses_;
  std::unique_ptr<store::RunStore> store_;
};

/// Lines that wait for a full buffer go out soon, also when few come.
class Flusher {
 public:
  explicit Flusher(Lines& lines)
      : thread_([&lines](std::stop_token stop) {
          while (SystemClock::instance().sleep_until(
              SystemClock::instance().now() + std::chrono::milliseconds(200), stop))
            (void)lines.flush();
        }) {}

 private:
  std::jthread thread_;
};

/// The session borrows the scope.
struct World : ProbeWorld {
  net::Scope scope;
};

Status open_world(const cli::Values& flags, const probe::Settings& settings, Clock& clock,
                  std::stop_token stop, World& world) {
  world.scope = M8_TRY(scope_of(flags));
  M8_TRY(world.open_tables(flags, flags.on("tech-detect") || flags.on("jsonl") || flags.on("csv")));
  dns::ResolverOptions resolver;
  const std::string resolvers = flags.text("resolver");
  resolver.servers = resolvers.empty() ? M8_TRY(dns::system_servers(kSystemResolvers))
                                       : M8_TRY(dns::read_servers(resolvers));
  auto shared = M8_TRY(cache::open_chosen(flags));
  M8_TRY(world.open_lookup(std::move(resolver), std::move(shared), clock));
  M8_TRY(world.find_proxy(flags.list("proxy"), settings.timeout, clock, std::move(stop)));
  return world.open_session(settings, flags.number<int>("loops"), probe_rates(flags), world.scope,
                            clock);
}

void count(const probe::Engine::Counts& counts, const http::SessionStats& stats,
           const model::TargetReader::Counts& read, model::Run& run) {
  run.counts = {{"asked", counts.targets},
                {"done", counts.done},
                {"live", counts.live},
                {"failed", counts.failed},
                {"out_of_scope", stats.refused_by_scope},
                {"truncated", counts.truncated},
                {"duplicates", read.duplicates},
                {"invalid", read.rejected},
                {"requests", stats.requests},
                {"connections", stats.connections},
                {"reused", stats.reused},
                {"bytes_in", stats.bytes_in},
                {"bytes_out", stats.bytes_out}};
}

/// Drives the engine over the targets and what their answers name, with progress.
Status drive(const cli::Context& context, probe::Engine& engine, model::TargetReader& reader,
             MoreTargets& more, std::stop_token stop) {
  const cli::Progress progress(
      cli::progress_mode(context.flags), "targets",
      [&engine] {
        const auto counts = engine.counts();
        return cli::ProgressNumbers{counts.done, 0, counts.live, counts.failed};
      },
      SystemClock::instance());
  Status ran;
  // The last answers may have named more.
  do {
    ran = engine.run([&](std::stop_token token) { return more.next(reader, token); }, stop);
  } while (ran.ok() && !more.empty());
  return ran;
}

/// What was lost, as an error; ok if nothing was.
Status losses(const probe::Engine::Counts& counts, const Status& ran, const Lines& lines) {
  if (lines.unread()) return {};
  if (!ran.ok()) return ran.error();
  if (counts.lost > 0)
    return Error{ErrorCode::kIo, fmt::format("{} records could not be written", counts.lost)};
  return {};
}

Result<int> probe(const cli::Context& context, std::stop_token stop) {
  const cli::Values& flags = context.flags;
  Clock& clock = SystemClock::instance();
  (void)net::raise_open_file_limit();
  RunRecord record(context, clock);
  const auto settings = M8_TRY(probe_settings(flags));
  auto targets = M8_TRY(probe_targets(flags));
  targets.warn = [](const Error& error) { log::get("probe")->warn("{}", error.message); };
  model::TargetReader reader(std::move(targets));
  std::stop_source unread;
  const std::stop_callback stopping(stop, [&unread] { unread.request_stop(); });
  const auto lines = M8_TRY(Lines::open(flags, unread, record.run()));
  World world;
  M8_TRY(open_world(flags, settings, clock, unread.get_token(), world));
  probe::Engine engine({*world.session, *lines, clock, world.technologies.get(), world.cdn.get(),
                        world.lookup.get()},
                       settings);
  const auto telemetry =
      M8_TRY(serve::Telemetry::start(serve::Telemetry::options(context, 0), clock));
  Status ran;
  {
    const Flusher flusher(*lines);
    const auto sampling = sample_probe(engine, *world.session);
    ran = drive(context, engine, reader, lines->more(), unread.get_token());
  }
  const http::SessionStats stats = world.session->stats();
  http::count_session(stats);
  world.session.reset();
  const Status written = lines->flush();
  const Status lost = losses(engine.counts(), ran, *lines);
  count(engine.counts(), stats, reader.counts(), record.run());
  store::RunStore* const store = lines->store();
  const Status kept = store != nullptr ? store->sink().flush() : Status();
  if (store != nullptr) record.run().counts["records.lost"] = store->unwritten();
  const Status outcome = !written.ok() ? written : !lost.ok() ? lost : kept;
  const Status summary = record.end(outcome);
  count_run(record.run(), "probe");
  const Status stored = store != nullptr ? store->end(record.run()) : Status();
  const Status measured = telemetry->end();
  for (const Status& status : {outcome, summary, stored, measured})
    if (!status.ok()) return status.error();
  return cli::kDone;
}

}  // namespace

cli::Command probe_command() {
  cli::Command command;
  command.name = "probe";
  command.brief = "find live HTTP(S) endpoints and what they are";
  command.detail =
      "Reads hosts, host:port, URLs, address ranges, or JSON lines of asmm8, subfinder, dnsx and "
      "httpx, and writes those that answer, one a line. A bare host is asked over https and, if "
      "that fails below HTTP, over http. JSON lines have httpx's keys.";
  command.arguments = "[TARGET...]";
  command.flags = probe_flags();
  command.examples = {"asmm8 probe -l hosts.txt -sc -title -td",
                      "asmm8 probe --jsonl -p http:8080,https:8443 192.0.2.0/24"};
  command.run = [](const cli::Context& context) {
    cli::Signals signals;
    const auto code = probe(context, signals.token());
    return code.ok() ? *code : cli::fail("asmm8 probe", code.error());
  };
  return command;
}

}  // namespace m8::asmm8
