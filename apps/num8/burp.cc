// num8 burp sitemap|scan: targets from Burp's site map, its scanner's issues into the store.
#include "issues/burp.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/version.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/shell_words.h"
#include "cli/signals.h"
#include "commands.h"
#include "http/service_flags.h"
#include "http/session.h"
#include "issue_flags.h"
#include "net/rate_limiter.h"
#include "net/resolve.h"
#include "net/scope.h"
#include "output/listing.h"
#include "store/run_store.h"
#include "store/settings.h"

namespace m8::num8 {
namespace {

/// Services look names up by the system, so nothing is asked of this.
class NoLookup final : public net::HostLookup {
 public:
  void lookup(const std::string&, Callback done) override {
    done(Error{ErrorCode::kUnsupported, "no targets here"});
  }
};

/// A session for services, with what it borrows.
struct Services {
  NoLookup lookup;
  net::Scope everything;
  net::RateLimiter unlimited{{}, SystemClock::instance()};
  std::unique_ptr<http::Session> session;

  Status open(const cli::Values& flags) {
    http::Session::Options options;
    options.service =
        M8_TRY(http::service_options(flags, http::ProxyRules::from_environment(cli::environment)));
    session = M8_TRY(
        http::Session::create(options, lookup, everything, unlimited, SystemClock::instance()));
    return {};
  }
};

Result<net::Url> api_of(const cli::Values& flags) {
  const auto url = net::Url::parse(flags.text("burp-api"));
  if (url.ok() && (url->scheme == "http" || url->scheme == "https")) return *url;
  return Error{ErrorCode::kInvalidArgument, "--burp-api: not an http(s) URL"};
}

Result<issues::SiteMapFilter> filter_of(const cli::Values& flags) {
  issues::SiteMapFilter filter;
  if (flags.given("drop-status")) filter.statuses.clear();
  for (const std::string& text : flags.list("drop-status")) {
    const int status = std::atoi(text.c_str());
    if (status < 100 || status > 999)
      return Error{ErrorCode::kInvalidArgument, "--drop-status: not a status: " + text};
    filter.statuses.insert(status);
  }
  if (flags.given("drop-type")) filter.types.clear();
  for (const std::string& text : flags.list("drop-type")) filter.types.insert(text);
  return filter;
}

std::string target_line(const issues::SiteMapTarget& target, bool jsonl) {
  if (!jsonl) return target.url + '\n';
  json::Writer w;
  w.object().field("url", target.url).field("method", target.method);
  return w.strings("parameters", target.parameters).end().take() + '\n';
}

Result<int> sitemap(const cli::Context& context) {
  const auto& flags = context.flags;
  if (flags.arguments().empty())
    return Error{ErrorCode::kInvalidArgument, "which URLs? give the beginning of them"};
  const cli::Signals signals;
  const auto api = M8_TRY(api_of(flags));
  const auto filter = M8_TRY(filter_of(flags));
  Services services;
  M8_TRY(services.open(flags));
  output::Listing out;
  Status read;
  int failed = 0;
  for (const std::string& prefix : flags.arguments()) {
    const auto targets = issues::site_map(*services.session, api, prefix, filter, signals.token());
    if (!targets.ok()) {  // the others may do
      ++failed;
      cli::fail("num8 burp sitemap: " + prefix, targets.error());
      continue;
    }
    for (const auto& target : *targets) {
      if (read.ok()) read = out.line(target_line(target, flags.on("jsonl")));
    }
    say_issue(context, fmt::format("{}: {} targets", prefix, targets->size()));
  }
  M8_TRY(out.finish(read));
  const bool all = failed == static_cast<int>(flags.arguments().size());
  return all ? cli::kFailed : failed > 0 ? cli::kIncomplete : cli::kDone;
}

issues::BurpScanner scanner_of(const cli::Values& flags, http::Session& session, net::Url api) {
  return {session,
          SystemClock::instance(),
          std::move(api),
          flags.text("burp-key"),
          flags.duration("poll"),
          flags.duration("burp-timeout")};
}

Result<int> scan(const cli::Context& context) {
  const auto& flags = context.flags;
  if (flags.arguments().empty()) return Error{ErrorCode::kInvalidArgument, "which URLs?"};
  const cli::Signals signals;
  auto api = M8_TRY(api_of(flags));
  SystemClock& clock = SystemClock::instance();
  Services services;
  M8_TRY(services.open(flags));
  const auto scanner = scanner_of(flags, *services.session, std::move(api));
  model::Run run;
  run.command = "num8 burp scan";
  run.arguments = cli::shell_words(context.arguments);
  run.version = version();
  run.started = clock.wall();
  run.status = "running";
  const auto store = M8_TRY(store::RunStore::open(flags, run));
  const auto follow = [&]() -> Result<std::string> {
    const auto task = M8_TRY(issues::start_burp_scan(scanner, flags.arguments(), signals.token()));
    say_issue(context, "Burp's scan " + task);
    const auto each = [&](const model::Finding& finding) {
      ++run.counts["findings"];
      return store ? store->sink().finding(finding) : Status();
    };
    return issues::follow_burp_scan(scanner, task, each, signals.token());
  };
  const auto ended = follow();
  run.ended = clock.wall();
  const bool done = ended.ok() && *ended == "succeeded";
  run.status = done ? "done" : ended.ok() ? "incomplete" : "failed";
  const std::uint64_t findings = run.counts["findings"];
  if (store) M8_TRY(store->end(run));
  if (!ended.ok()) return ended.error();
  say_issue(context, fmt::format("{}, {} issues", *ended, findings));
  return done ? cli::kDone : cli::kIncomplete;
}

cli::Flag api_flag(const char* initial) {
  return cli::common(cli::with_default(
      cli::valued("Burp", "burp-api", {}, "URL", "where Burp's API listens"), initial));
}

}  // namespace

std::vector<cli::Command> burp_commands() {
  using cli::valued;
  auto map = issue_command("burp sitemap", "URL...", "print targets from Burp's site map", sitemap);
  map.detail =
      "Asks burp-rest-api for what Burp saw under each URL, and prints each request's URL once, "
      "for num8 scan. Left out are answers without headers and those whose status or media type "
      "says that there is nothing to find.";
  map.flags = {
      api_flag("http://127.0.0.1:8090"),
      cli::common(cli::repeated(valued("Filter", "drop-status", {}, "CODE,...",
                                       "leave these statuses out, instead of the usual ones"))),
      cli::common(cli::repeated(valued("Filter", "drop-type", {}, "TYPE,...",
                                       "leave these media types out, instead of the usual ones"))),
      jsonl_flag("JSON records with method and names of parameters"),
  };
  auto start = issue_command("burp scan", "URL...", "let Burp scan, and store its issues", scan);
  start.detail =
      "Starts a scan through PortSwigger's REST API, follows it to its end, and stores the issues "
      "as they are found. Exit code 4 if the scan failed or was paused.";
  start.flags = {
      api_flag("http://127.0.0.1:1337"),
      cli::common(cli::secret(cli::detailed(valued("Burp", "burp-key", {}, "KEY", "of the API"),
                                            "Better in the config file or in $M8_BURP_KEY."))),
      cli::typed(cli::with_default(valued("Burp", "poll", {}, "TIME", "ask so often"), "5s"),
                 cli::ValueType::duration(std::chrono::milliseconds(1), std::chrono::hours(1))),
      cli::typed(cli::with_default(
                     valued("Burp", "burp-timeout", {}, "TIME", "give up after that time"), "6h"),
                 cli::ValueType::duration(std::chrono::milliseconds(1), std::chrono::hours(240))),
  };
  for (auto* command : {&map, &start}) {
    const auto& services = http::service_flags();
    command->flags.insert(command->flags.end(), services.begin(), services.end());
  }
  for (cli::Flag& flag : store::store_flags()) start.flags.push_back(std::move(flag));
  return {std::move(map), std::move(start)};
}

}  // namespace m8::num8
