#include "scan_flags.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "cache/settings.h"
#include "cli/make_flag.h"
#include "cli/progress.h"
#include "cli/run_limits.h"
#include "cli/secrets.h"
#include "cli/terminal.h"
#include "fleet/flags.h"
#include "http/service_flags.h"
#include "issues/notify.h"
#include "oob_flags.h"
#include "output/format.h"
#include "reports.h"
#include "resume.h"
#include "selection.h"
#include "serve/telemetry.h"
#include "store/run_store.h"
#include "tool_services.h"
#include "witnesses.h"

extern char** environ;

namespace m8::num8 {
namespace {

using namespace std::chrono_literals;
using cli::ValueType;
using Flags = std::vector<cli::Flag>;

const ValueType kBodySize = ValueType::size(0, 1LL << 31);

using cli::switched;
using cli::valued;

Flags input_flags() {
  const char* in = "Input";
  return {
      common(detailed(repeated(valued(in, "target", {"u"}, "TARGET", "scan these")),
                      "A URL, host, host:port, address, CIDR, or a JSON line of asmm8, subfinder, "
                      "dnsx, httpx or naabu. Hosts without a scheme are probed first.")),
      common(
          detailed(file_flag(valued(in, "list", {"l"}, "FILE", "targets, one a line; - is stdin")),
                   "Without this flag and without targets, stdin is read unless it is a "
                   "terminal.")),
      detailed(repeated(valued(in, "ports", {}, "PORT", "probe bare hosts on these ports")),
               "Without it a host without a port is asked on 443 with TLS, then on 80 without."),
      switched(in, "no-stdin", {}, "don't read targets from stdin"),
      switched(in, "stream", {}, "accepted: targets are always read while the scan runs"),
      switched(in, "no-httpx", {"nh"}, "don't probe: hosts without a scheme are skipped"),
      common(detailed(file_flag(valued(in, "scope", {}, "FILE", "contact only what this allows")),
                      "One rule a line: a domain, an address, a CIDR or a URL prefix; a leading ! "
                      "excludes. Redirects are bound by it too; refusals are counted.")),
      common(
          repeated(valued(in, "exclude", {"eh", "exclude-hosts"}, "RULE", "never contact these"))),
  };
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const output::FormatEntry& entry : output::formats()) names.emplace_back(entry.name);
  return names;
}

Flags output_flags() {
  const char* out = "Output";
  return {
      common(file_flag(valued(out, "output", {"o"}, "FILE", "also write the findings here"))),
      common(switched(out, "jsonl", {"j"}, "findings as JSON lines")),
      detailed(chosen(valued(out, "format", {}, "FORMAT", "how stdout and --output are written"),
                      format_names()),
               "screen: the reference's lines; jsonl is --jsonl; json, csv, markdown and sarif are "
               "whole documents."),
      detailed(switched(out, "matcher-status", {"ms"}, "also print templates without a match"),
               "With [matched] or [failed], JSON lines with matcher-status and, for a failure, "
               "error. They are neither stored nor in reports."),
      switched(out, "include-rr", {"irr"}, "accepted: request and response are in JSON lines"),
      switched(out, "omit-raw", {"or"}, "leave request and response out of JSON lines"),
      detailed(switched(out, "omit-template", {"ot"}, "leave the template's text out"),
               "It is never written; the flag is there for scripts."),
      detailed(repeated(valued(out, "redact", {"rd"}, "KEY", "hide the values of these keys")),
               "Of 'KEY: value' and 'KEY=value' in requests, responses, curl lines and places."),
      detailed(repeated(valued(out, "redact-pattern", {}, "REGEX", "hide what this matches"), true),
               "A regular expression of RE2. Besides, values of headers that log in, cookies, "
               "passwords in URLs, tokens of well-known forms and the secrets of -H and -V are "
               "hidden wherever requests and responses are kept or shown; extracted values stay."),
      switched(out, "no-redact", {}, "show secrets, but for --redact and --redact-pattern"),
      switched(out, "timestamp", {"ts"}, "put the time in front of each finding"),
      switched(out, "no-meta", {"nm"}, "print the place alone"),
      detailed(
          file_flag(valued(out, "summary", {}, "FILE", "write a last record of the run")),
          "One JSON line: what was asked, done and skipped and why, requests, errors by class, "
          "time and memory. - is stderr."),
      common(detailed(
          chosen(valued(out, "fail-on", {}, "SEVERITY", "exit with 3 on a finding this severe"),
                 {"info", "low", "medium", "high", "critical"}),
          "What is more severe counts too; what is suppressed does not.")),
      detailed(cli::switched(out, "suppressed", {}, "show also what was judged before"),
               "Findings of issues that are verified, ignored or false positives in the store as "
               "the scan begins are kept there and counted, but neither shown nor reported "
               "otherwise."),
  };
}

Flags request_flags() {
  const char* in = "Requests";
  return {
      detailed(repeated(valued(in, "header", {"H"}, "HEADER", "add 'Name: value' to each request"),
                        true),
               "May name a file with one header a line."),
      detailed(repeated(valued(in, "var", {"V"}, "NAME=VALUE", "set a template variable"), true),
               "May name a file with one pair a line. If VALUE is a file, raw requests, headers "
               "and bodies that use {{NAME}} are sent for each of its lines."),
      switched(in, "env-vars", {"ev"}, "environment variables are template variables"),
      detailed(file_flag(repeated(valued(in, "secret-file", {"sf"}, "FILE", "logins by domain"))),
               "YAML, the reference's: a list static of entries with type (basicauth, bearertoken, "
               "header, cookie, query), domains, domains-regex and their values."),
      detailed(file_flag(valued(in, "resolvers", {"r"}, "FILE", "DNS resolvers")),
               "A file with one address a line, or addresses divided by commas. Default: those of "
               "the system."),
      switched(in, "system-resolvers", {"sr"}, "ask the system's resolvers too"),
      switched(in, "restrict-local-network-access", {"lna"},
               "never contact private, loopback and link-local addresses"),
      switched(in, "follow-redirects", {"fr"}, "follow redirects in all templates"),
      switched(in, "follow-host-redirects", {"fhr"}, "follow redirects to the same host"),
      switched(in, "disable-redirects", {"dr"}, "never follow redirects"),
      typed(valued(in, "max-redirects", {"mr"}, "N", "follow at most so many"),
            ValueType::number(0, 1000)),
      valued(in, "attack-type", {"at"}, "TYPE", "how payloads are combined"),
      valued(in, "sni", {}, "NAME", "TLS server name"),
      detailed(
          secret(repeated(valued(in, "proxy", {"p"}, "URL", "send all requests through it"))),
          "http, https, socks5 (names are looked up here) or socks5h://USER:PASSWORD@HOST:PORT, "
          "or a file of them: that keeps the password off the command line. Of several the first "
          "that can be reached is used."),
      switched(in, "leave-default-ports", {"ldp"}, "keep :80 and :443 in Host"),
      typed(with_default(
                valued(in, "response-size-read", {"rsr"}, "N", "read at most so much of an answer"),
                "0", "bytes"),
            kBodySize),
      typed(
          with_default(valued(in, "response-size-save", {"rss"}, "N", "keep at most so much of it"),
                       "1048576", "bytes"),
          kBodySize),
      switched(in, "allow-local-file-access", {"lfa"}, "payload files may lie anywhere"),
      repeated(valued(in, "exclude-matchers", {"em"}, "ID:NAME", "drop results of these matchers")),
      detailed(switched(in, "enable-global-matchers", {"egm"},
                        "run global-matchers templates on the answers to all others"),
               "Without it they are ordinary templates."),
      switched(in, "stop-at-first-match", {"spm"}, "stop each block after its first match"),
  };
}

/// A number of things, at least one.
cli::Flag counted(std::string name, std::vector<std::string> aliases, std::string brief,
                  std::string initial, long long max) {
  return typed(
      with_default(valued("Rate", std::move(name), std::move(aliases), "N", std::move(brief)),
                   std::move(initial)),
      ValueType::number(1, max));
}

Flags rate_flags() {
  const char* in = "Rate";
  return {
      common(detailed(
          typed(with_default(valued(in, "rate", {"rl", "rate-limit"}, "RATE", "requests in all"),
                             "150/s"),
                ValueType::rate()),
          "150 or 150/s, 4/m, 1000/h; 0 is unlimited.")),
      typed(with_default(valued(in, "rate-host", {}, "RATE", "requests per host"), "0"),
            ValueType::rate()),
      typed(with_default(valued(in, "rate-limit-duration", {"rld"}, "TIME", "unit of --rate"), "1",
                         "seconds"),
            ValueType::duration(1ms, 24h)),
      switched(in, "per-host-rate-limit", {}, "--rate is for each host, with none for all"),
      detailed(typed(valued(in, "rate-limit-minute", {"rlm"}, "N", "requests a minute in all"),
                     ValueType::number(0, 1'000'000'000)),
               "Goes before --rate; better write --rate N/m."),
      common(counted("concurrency", {"c"}, "templates at once on a target", "25", 10'000)),
      common(counted("bulk-size", {"bs", "workers"}, "targets at once", "25", 10'000)),
      detailed(typed(with_default(valued(in, "host-concurrency", {}, "N",
                                         "templates at once on a host, of all its targets"),
                                  "0"),
                     ValueType::number(0, 1'000'000)),
               "0 is any number: --concurrency for each of its targets. A template has one "
               "connection at a time, but for payloads (--payload-concurrency) and races."),
      counted("payload-concurrency", {"pc"}, "payloads at once in a block", "25", 10'000),
      counted("probe-concurrency", {"prc"}, "bare hosts probed at once", "50", 10'000),
      typed(with_default(valued(in, "timeout", {}, "TIME", "for one request"), "10", "seconds"),
            ValueType::duration(1ms, 1h)),
      typed(
          with_default(valued(in, "retries", {}, "N", "further tries of a broken connection"), "1"),
          ValueType::number(0, 100)),
      counted("max-host-error", {"mhe"}, "errors before a host is left alone", "30", 1'000'000),
      switched(in, "no-mhe", {"nmhe"}, "never leave a host alone"),
      detailed(chosen(with_default(valued(in, "scan-strategy", {"ss"}, "ORDER", "which way to go"),
                                   "auto"),
                      {"auto", "host-spray", "template-spray"}),
               "host-spray finishes one group of targets after another, with all templates; "
               "template-spray goes over all of a group template by template, so that a target is "
               "asked one thing at a time. auto is host-spray: its connections are used again."),
      detailed(switched(in, "sorted", {}, "findings in an order that is the same on every run"),
               "That of the targets, and on one target by template; each appears when all "
               "targets before it are done."),
      detailed(switched(in, "automatic-scan", {"as"}, "run what fits the technologies of a target"),
               "Asks each target for its first page and runs those of the selected templates that "
               "are tagged with a technology seen there, by its name or a word of it. What is "
               "known is a short list, or that of --tech-file. Templates without a target run all "
               "the same."),
      detailed(switched(in, "disable-clustering", {"dc"}, "send equal requests for each template"),
               "Templates that ask the same of a target share one request otherwise."),
  };
}

Flags run_flags() {
  const char* in = "Run";
  return {
      detailed(switched(in, "skip-unchanged", {}, "skip targets that answer as before"),
               "A target that answers GET of its URL as it did when it was last scanned in full, "
               "with the same templates, variables and headers, is left out, counted in the "
               "summary and named by -v. What is remembered for 30 days is in m8/targets under "
               "$XDG_CACHE_HOME, or in what --cache-url names. A change that its first page does "
               "not show is not seen."),
      common(detailed(switched(in, "dry-run", {}, "print the plan and send nothing"),
                      "Reads templates and targets and says what a scan would do.")),
      switched(in, "validate", {}, "check the templates and run nothing"),
      switched(in, "tl", {}, "list the selected templates and run nothing"),
      detailed(switched(in, "stats", {}, "a line of progress every few seconds, on stderr"),
               "With --jsonl as JSON. The total is that of the targets read so far."),
      switched(in, "stats-json", {"sj"}, "the same as JSON"),
      typed(with_default(valued(in, "stats-interval", {"si"}, "TIME", "between two such lines"),
                         "5", "seconds"),
            ValueType::duration(1s, 24h)),
      detailed(file_flag(valued(in, "audit", {}, "FILE", "add a line for each request sent")),
               "JSON: time, run, template, target, protocol, method, url, address, status or "
               "error, bytes_out, bytes_in, duration_ms. Redirects and further tries are lines of "
               "their own. Of a request that several templates share, templates has all their ids; "
               "of more than 16, group and templates_count, and an earlier line the group's "
               "templates."),
      resume_flag(),
      switched(in, "vv", {}, "name every template that was loaded"),
      switched(in, "disable-update-check", {"duc"}, "accepted: nothing looks for updates"),
      cli::progress_flag(),
      detailed(
          file_flag(valued(in, "trace-jobs", {}, "FILE", "write a line for each target done")),
          "JSON: job (number of the target), endpoint, output (findings, templates started and "
          "skipped), error, duration_ms, worker, timestamp. A scan has as many workers as "
          "--bulk-size says: places that targets take in turn, served by event loops and not "
          "by a thread each; -1 is a host that did not answer the probe. What waits for a "
          "place is bounded by --probe-concurrency; input is read as places free up."),
  };
}

// ---- values -----------------------------------------------------------------------------------

Error wrong(const char* flag, std::string reason) {
  return {ErrorCode::kInvalidArgument, fmt::format("--{}: {}", flag, std::move(reason))};
}

Status read_targets(const cli::Context& context, model::TargetReader::Options& out) {
  const cli::Values& flags = context.flags;
  out.arguments = flags.list("target");
  for (const std::string& argument : flags.arguments()) {
    if (argument == "-") {
      out.files.push_back("-");
    } else {
      out.arguments.push_back(argument);
    }
  }
  if (const std::string list = flags.text("list"); !list.empty()) out.files.push_back(list);
  if (out.arguments.empty() && out.files.empty()) {
    if (flags.on("enable-self-contained") && cli::is_terminal(STDIN_FILENO)) return {};
    if (cli::is_terminal(STDIN_FILENO) && !flags.on("no-stdin"))
      return Error{ErrorCode::kInvalidArgument, "no targets: give -u, -l, or pipe them in"};
    if (!flags.on("no-stdin")) out.files.push_back("-");
  }
  for (const std::string& text : flags.list("ports")) {
    const auto end = net::HostPort::parse("h:" + text);
    if (!end.ok() || !end->port || *end->port == 0) return wrong("ports", "not a port: " + text);
    out.ports.push_back(*end->port);
  }
  return {};
}

Status read_headers(const cli::Values& flags, std::vector<http::Header>& out) {
  for (const std::string& line : M8_TRY(expand_files(flags.list("header")))) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon == 0)
      return wrong("header", fmt::format("not 'Name: value': {}", line.substr(0, colon)));
    out.push_back({line.substr(0, colon), std::string(trim(line.substr(colon + 1)))});
  }
  return {};
}

Status read_overrides(const cli::Values& flags, ScanSettings& out) {
  if (flags.on("env-vars")) {
    for (char** entry = environ; entry && *entry; ++entry) {
      const std::string_view text = *entry;
      const auto equals = text.find('=');
      if (equals != std::string_view::npos)
        out.overrides.set(std::string(text.substr(0, equals)), text.substr(equals + 1));
    }
  }
  for (const std::string& pair : flags.list("var")) {
    const bool is_file = pair.find('=') == std::string::npos;
    for (const std::string& line :
         is_file ? M8_TRY(expand_files({pair})) : std::vector<std::string>{pair}) {
      const auto equals = line.find('=');
      if (equals == std::string::npos || equals == 0)
        return wrong("var", fmt::format("not NAME=VALUE: {}", line));
      std::string name = line.substr(0, equals), value = line.substr(equals + 1);
      std::error_code error;
      if (std::filesystem::is_regular_file(value, error))
        out.compile.variable_files.emplace_back(name, value);
      out.overrides.set(std::move(name), std::move(value));
    }
  }
  return {};
}

Status read_redirects(const cli::Values& flags, protocols::Settings& out) {
  using Redirects = protocols::Settings::Redirects;
  const bool all = flags.on("follow-redirects"), host = flags.on("follow-host-redirects"),
             none = flags.on("disable-redirects");
  if (all && host)
    return Error{ErrorCode::kInvalidArgument,
                 "both follow host redirects and follow redirects specified"};
  if ((all || host) && none)
    return Error{ErrorCode::kInvalidArgument,
                 "both follow redirects and disable redirects specified"};
  if (all) out.redirects = Redirects::kAll;
  if (host) out.redirects = Redirects::kSameHost;
  if (none) out.redirects = Redirects::kNone;
  if (flags.given("max-redirects")) out.max_redirects = flags.number<int>("max-redirects");
  return {};
}

Status read_requests(const cli::Values& flags, ScanSettings& out) {
  protocols::Settings& requests = out.requests;
  requests.timeout = flags.duration("timeout");
  requests.retries = flags.number<int>("retries");
  M8_TRY(read_headers(flags, requests.headers));
  M8_TRY(read_redirects(flags, requests));
  requests.max_body = flags.bytes("response-size-read");
  requests.max_kept_response = flags.bytes("response-size-save");
  requests.omit_raw = flags.on("omit-raw");
  requests.leave_default_ports = flags.on("leave-default-ports");
  requests.payload_concurrency = flags.number<int>("payload-concurrency");
  requests.server_name = flags.text("sni");
  requests.matcher_status = flags.on("matcher-status");
  requests.names_all_matchers = flags.on("debug") || flags.on("debug-resp");
  const auto lines = flags.list("job-lines");
  requests.audited =
      !flags.text("audit").empty() || std::find(lines.begin(), lines.end(), "audit") != lines.end();
  M8_TRY(read_overrides(flags, out));
  for (const std::string& file : flags.list("secret-file")) {
    if (const Status status = out.credentials.load(file); !status.ok())
      return status.error().with_context("--secret-file");
  }
  out.compile.stop_at_first_match = flags.on("stop-at-first-match");
  out.compile.local_file_access = flags.on("allow-local-file-access");
  out.compile.attack = flags.text("attack-type");
  for (const std::string& matcher : flags.list("exclude-matchers"))
    out.compile.excluded_matchers.insert(matcher);
  return {};
}

void read_engine(const cli::Values& flags, ScanSettings& out) {
  scan::EngineOptions& engine = out.engine;
  engine.templates_at_once = flags.number<int>("concurrency");
  engine.targets_at_once = flags.number<int>("bulk-size");
  engine.probes_at_once = flags.number<int>("probe-concurrency");
  engine.global_matchers = flags.on("enable-global-matchers");
  engine.template_major = flags.text("scan-strategy") == "template-spray";
  engine.sorted = flags.on("sorted");
  engine.probe = !flags.on("no-httpx");
  engine.host_errors.enabled = !flags.on("no-mhe");
  // Raised to the concurrency, as in the reference: else one burst would drop a slow host.
  engine.host_errors.max_errors =
      std::max(flags.number<int>("max-host-error"), engine.templates_at_once);
  engine.host_errors.max_running = flags.number<int>("host-concurrency");
  engine.probing.timeout = out.requests.timeout;
  engine.probing.retries = out.requests.retries;
  if (flags.on("explain")) engine.templates_at_once = engine.targets_at_once = 1;
}

void read_rates(const cli::Values& flags, net::RateLimiter::Options& out) {
  using Seconds = std::chrono::duration<double>;
  out.global = flags.rate("rate");
  out.per_key = flags.rate("rate-host");
  out.global.per_second /= Seconds(flags.duration("rate-limit-duration")).count();
  if (const auto per_minute = flags.number<double>("rate-limit-minute"); per_minute > 0)
    out.global.per_second = per_minute / 60;
  if (flags.on("per-host-rate-limit")) out.per_key = std::exchange(out.global, net::Rate{});
}

/// The part of \p value behind a scheme such as Bearer, and all of it.
void add_secret(std::vector<std::string>& values, const std::string& value) {
  values.push_back(value);
  if (const auto space = value.find(' '); space != std::string::npos)
    values.push_back(value.substr(space + 1));
}

Status read_redaction(const cli::Values& flags, ScanSettings& out) {
  output::Redactor::Options options;
  options.secrets = !flags.on("no-redact");
  options.keys = flags.list("redact");
  options.patterns = flags.list("redact-pattern");
  if (options.secrets) {
    options.values = out.credentials.secrets();
    for (const http::Header& header : out.requests.headers)
      if (cli::names_secret(header.name)) add_secret(options.values, header.value);
    out.overrides.each_name([&](std::string_view name) {
      const dsl::Value* value = out.overrides.find(name);
      if (value && cli::names_secret(name)) add_secret(options.values, value->text());
    });
  }
  auto redactor = output::Redactor::create(options);
  if (!redactor.ok()) return redactor.error().with_context("--redact-pattern");
  out.redactor = std::move(redactor).value();
  return {};
}

/// What -lna refuses: RFC 1918, 6598, 3927, 4193, 4291 and loopback.
constexpr const char* kLocalNetworks[] = {"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",
                                          "127.0.0.0/8",    "169.254.0.0/16", "172.16.0.0/12",
                                          "192.168.0.0/16", "::1/128",        "fc00::/7",
                                          "fe80::/10",      "localhost"};

Status read_scope(const cli::Values& flags, net::Scope& out) {
  if (const std::string file = flags.text("scope"); !file.empty()) M8_TRY(out.load(file));
  if (flags.on("restrict-local-network-access"))
    for (const char* network : kLocalNetworks) M8_TRY(out.exclude(network));
  for (const std::string& rule : M8_TRY(expand_files(flags.list("exclude")))) {
    if (const Status status = out.exclude(rule); !status.ok())
      return status.error().with_context("--exclude");
  }
  return {};
}

}  // namespace

Flags scan_flags() {
  Flags flags = input_flags();
  for (Flags more :
       {selection_flags(), output_flags(), Reports::flags(), issues::notify_flags("Output"),
        store::store_flags(), request_flags(), oob_flags(), rate_flags(), run_flags(),
        Witnesses::flags(), cli::run_limit_flags(), http::service_flags(), serve::telemetry_flags(),
        fleet::distributed_flags(), Flags{tech_file_flag("Templates")}})
    for (cli::Flag& flag : more) flags.push_back(std::move(flag));
  for (cli::Flag& flag : cache::cache_settings()) flags.push_back(std::move(flag));
  return flags;
}

Result<ScanSettings> scan_settings(const cli::Context& context) {
  const cli::Values& flags = context.flags;
  ScanSettings settings;
  M8_TRY(read_requests(flags, settings));
  read_engine(flags, settings);
  read_rates(flags, settings.rates);
  M8_TRY(read_redaction(flags, settings));
  settings.details = flags.on("verbose") || flags.on("vv");
  settings.interactions = oob_options(flags);
  M8_TRY(fleet::slice_of(flags));
  M8_TRY(read_scope(flags, settings.scope));
  if (flags.on("distributed") && flags.on("no-store"))
    return wrong("distributed", "the store is the way back: not with --no-store");
  if (flags.given("notify") && flags.on("no-store"))
    return wrong("notify", "messages wait in the store: not with --no-store");
  if (const std::string word = flags.text("fail-on"); !word.empty())
    settings.fail_on = model::parse_severity(word);
  const bool scans = !flags.on("validate") && !flags.on("tl");
  if (scans) M8_TRY(read_targets(context, settings.targets));
  return settings;
}

}  // namespace m8::num8
