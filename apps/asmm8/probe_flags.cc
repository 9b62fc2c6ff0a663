#include "probe_flags.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "cache/settings.h"
#include "cli/make_flag.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "dns_flags.h"
#include "probe/body_hash.h"
#include "probe/close_look.h"
#include "probe_world.h"
#include "run_record.h"
#include "scope_flags.h"
#include "serve/telemetry.h"
#include "store/settings.h"

namespace m8::asmm8 {
namespace {

using namespace std::chrono_literals;
using Flags = std::vector<cli::Flag>;
constexpr std::size_t kMaxPorts = 70'000;

Error wrong(std::string_view flag, std::string_view why) {
  return {ErrorCode::kInvalidArgument, fmt::format("--{}: {}", flag, why)};
}

using cli::switched;
using cli::valued;

Flags input_flags() {
  const char* in = "Input";
  return {
      repeated(valued(in, "target", {"u"}, "TARGET", "probe these")),
      common(file_flag(valued(in, "list", {"l"}, "FILE", "targets, one a line; - is stdin"))),
      common(repeated(detailed(
          valued(in, "ports", {"p"}, "PORT", "ask hosts without a port on these"),
          "80, 8000-8010, http:8080, https:8443. Without it https on 443, then http on 80."))),
      repeated(valued(in, "path", {}, "PATH", "ask for these paths instead of the target's own")),
      detailed(switched(in, "no-fallback", {"nf"}, "ask both schemes of a bare host"),
               "A record for each that answers."),
      detailed(switched(in, "no-fallback-scheme", {"nfs"}, "keep the scheme of a URL"),
               "So it is in any case."),
      detailed(switched(in, "probe-all-ips", {"pa"}, "ask a name at each of its addresses"),
               "A record for each that answers."),
      detailed(switched(in, "tls-probe", {}, "probe the names of certificates, too"),
               "With --tls-grab. --scope says how far."),
      detailed(switched(in, "csp-probe", {}, "probe the names of content policies, too"),
               "--scope says how far."),
      switched(in, "skip-dedupe", {"sd"}, "ask what is given twice twice"),
      detailed(switched(in, "stream", {}, "begin before the input has ended"),
               "So it is in any case."),
  };
}

Flags request_flags() {
  const char* in = "Request";
  return {
      common(repeated(valued(in, "header", {"H"}, "HEADER", "add 'Name: value' to each request"),
                      true)),
      with_default(valued(in, "request-method", {"x"}, "METHOD", "request method"), "GET"),
      valued(in, "body", {}, "TEXT", "request body"),
      common(switched(in, "follow-redirects", {"fr"}, "follow redirects")),
      switched(in, "follow-host-redirects", {"fhr"}, "follow redirects to the same host"),
      with_default(typed(valued(in, "max-redirects", {"maxr"}, "N", "follow at most so many"),
                         cli::ValueType::number(0, 1000)),
                   "10"),
      with_default(typed(valued(in, "response-size-to-read", {"rstr"}, "N", "read at most so much"),
                         cli::ValueType::size(0, std::size_t{1} << 30)),
                   "4194304", "bytes"),
      common(with_default(typed(valued(in, "threads", {"t"}, "N", "targets at a time"),
                                cli::ValueType::number(1, 20'000)),
                          "50")),
      common(with_default(typed(valued(in, "rate-limit", {"rl", "rate"}, "RATE", "requests in all"),
                                cli::ValueType::rate()),
                          "150", "requests/s")),
      typed(valued(in, "rate-limit-minute", {"rlm"}, "N", "requests in all a minute"),
            cli::ValueType::number(0, 1'000'000'000)),
      with_default(
          typed(valued(in, "rate-host", {}, "RATE", "requests per host"), cli::ValueType::rate()),
          "0", "requests/s"),
      with_default(typed(valued(in, "timeout", {}, "TIME", "wait for each answer"),
                         cli::ValueType::duration(1ms, 1h)),
                   "10", "seconds"),
      with_default(typed(valued(in, "retries", {}, "N", "further attempts after a reset"),
                         cli::ValueType::number(0, 100)),
                   "0"),
      with_default(
          typed(valued(in, "loops", {}, "N", "network threads"), cli::ValueType::number(1, 16)),
          "1"),
      valued(in, "sni", {"sni-name"}, "NAME", "the server's name in the TLS handshake"),
      detailed(switched(in, "random-agent", {}, "a browser's User-Agent"), "So it is in any case."),
      secret(detailed(repeated(valued(in, "proxy", {"http-proxy"}, "URL",
                                      "send all requests "
                                      "through it")),
                      "http, https, socks5 or socks5h; the first that can be reached.")),
      detailed(file_flag(valued(in, "resolver", {"r"}, "FILE|IP[:PORT],...", "resolvers to ask")),
               "Default: the system's."),
  };
}

Flags show_flags() {
  const char* in = "Show";
  return {
      common(switched(in, "status-code", {"sc"}, "show the status")),
      common(switched(in, "title", {}, "show the title")),
      common(detailed(switched(in, "tech-detect", {"td"}, "show technologies"),
                      "By --tech-file, or a short list of our own.")),
      switched(in, "web-server", {"server"}, "show the Server header"),
      switched(in, "content-type", {"ct"}, "show the content type"),
      switched(in, "content-length", {"cl"}, "show the length"),
      switched(in, "location", {}, "show where it redirects to"),
      switched(in, "word-count", {"wc"}, "show the number of words"),
      switched(in, "line-count", {"lc"}, "show the number of lines"),
      switched(in, "method", {}, "show the request method"),
      switched(in, "ip", {}, "show the address"),
      switched(in, "cname", {}, "show the names that lead to the address"),
      switched(in, "cdn", {}, "show who answers for the address"),
      switched(in, "response-time", {"rt"}, "show the time to the answer"),
      switched(in, "favicon", {}, "show the favicon's mmh3; one request more"),
      detailed(repeated(valued(in, "hash", {}, "NAME", "show hashes of body and head")),
               "md5, mmh3, sha1, sha256, sha512, simhash."),
      switched(in, "jarm", {}, "show the JARM fingerprint; ten connections more"),
      switched(in, "http2", {}, "show whether HTTP/2 is offered; one connection more"),
      switched(in, "websocket", {}, "show whether the answer offers WebSocket"),
      switched(in, "pipeline", {},
               "show whether requests may be sent at once; one connection more"),
      switched(in, "vhost", {}, "show whether another Host gets another answer; one request more"),
      switched(in, "probe", {}, "show what did not answer too"),
      typed(valued(in, "body-preview", {"bp"}, "N", "show the first characters of the body"),
            cli::ValueType::number(0, 1'048'576)),
      common(detailed(valued(in, "screenshot", {"ss"}, "DIRECTORY", "take a picture of each"),
                      "PNG files, made by an installed headless Chromium.")),
  };
}

Flags filter_flags() {
  const char* in = "Match and filter";
  return {
      common(repeated(valued(in, "match-code", {"mc"}, "CODE", "only these: 200,300-399"))),
      common(repeated(valued(in, "filter-code", {"fc"}, "CODE", "none of these"))),
      repeated(valued(in, "match-length", {"ml"}, "N", "only bodies of these lengths")),
      repeated(valued(in, "filter-length", {"fl"}, "N", "no bodies of these lengths")),
      repeated(valued(in, "match-line-count", {"mlc"}, "N", "only so many lines")),
      repeated(valued(in, "filter-line-count", {"flc"}, "N", "not so many lines")),
      repeated(valued(in, "match-word-count", {"mwc", "mw"}, "N", "only so many words")),
      repeated(valued(in, "filter-word-count", {"fwc", "fw"}, "N", "not so many words")),
      repeated(valued(in, "match-string", {"ms"}, "TEXT", "only answers that hold it"), true),
      repeated(valued(in, "filter-string", {"fs"}, "TEXT", "no answers that hold it"), true),
      repeated(valued(in, "match-regex", {"mr"}, "REGEX", "only answers that match"), true),
      repeated(valued(in, "filter-regex", {"fe"}, "REGEX", "no answers that match"), true),
      detailed(valued(in, "match-condition", {"mdc"}, "EXPRESSION", "only where it is true"),
               "In the language of templates, of the keys of a record: 'status_code == 200 && "
               "contains(body, \"login\")'."),
      valued(in, "filter-condition", {"fdc"}, "EXPRESSION", "not where it is true"),
      repeated(valued(in, "match-cdn", {"mcdn"}, "NAME", "only hosts of these CDNs")),
      repeated(valued(in, "filter-cdn", {"fcdn"}, "NAME", "no hosts of these CDNs")),
      repeated(valued(in, "match-favicon", {"mfc"}, "HASH", "only these favicons")),
      repeated(valued(in, "filter-favicon", {"ffc"}, "HASH", "none of these favicons")),
  };
}

Flags output_flags() {
  const char* in = "Output";
  return {
      common(detailed(switched(in, "jsonl", {"json", "j"}, "one JSON object per endpoint"),
                      "With technologies.")),
      common(file_flag(valued(in, "output", {"o"}, "FILE", "write the lines to this file too"))),
      detailed(switched(in, "csv", {}, "one CSV line per endpoint"), "With httpx's columns."),
      detailed(switched(in, "store-response", {"sr"}, "keep each exchange in a file"),
               "Of everything that answers, whatever is shown."),
      with_default(valued(in, "store-response-dir", {"srd"}, "DIRECTORY", "where they are kept"),
                   "output"),
      switched(in, "tls-grab", {}, "certificate data in JSON lines"),
      switched(in, "include-chain", {}, "the answers of a redirect chain in JSON lines"),
      repeated(valued(in, "extract-regex", {"er"}, "REGEX", "report what matches in the body"),
               true),
      switched(in, "include-response-header", {"irh"}, "the head of the answer in JSON lines"),
      switched(in, "include-response", {"irr"}, "request, head and body in JSON lines"),
      cli::progress_flag(),
      summary_flag(),
  };
}

/// Whole number of \p text; -1 if it is none.
long whole(std::string_view text) {
  long value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

/// "80", "http:8080", "8000-8010".
Status read_port(std::string_view text, std::vector<model::TargetReader::Port>& out) {
  std::string scheme;
  if (const std::size_t colon = text.find(':'); colon != text.npos) {
    scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (scheme != "" && scheme != "http" && scheme != "https")
    return wrong("ports", "neither http nor https: " + scheme);
  const std::size_t dash = text.find('-');
  const long first = whole(text.substr(0, dash));
  const long last = dash == text.npos ? first : whole(text.substr(dash + 1));
  if (first < 1 || last < first || last > 65535)
    return wrong("ports", "not a port: " + std::string(text));
  for (long port = first; port <= last && out.size() < kMaxPorts; ++port)
    out.emplace_back(static_cast<std::uint16_t>(port), scheme);
  return {};
}

Status read_headers(const cli::Values& flags, std::vector<http::Header>& out) {
  for (const std::string& line : flags.list("header")) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon == 0 || line.find_first_of("\r\n") != std::string::npos)
      return wrong("header", "not 'Name: value': " + line.substr(0, colon));
    out.push_back({line.substr(0, colon), std::string(trim(line.substr(colon + 1)))});
  }
  return {};
}

Status read_request(const cli::Values& flags, probe::Settings& out) {
  M8_TRY(read_headers(flags, out.headers));
  out.method = flags.text("request-method");
  out.server_name = flags.text("sni");
  for (const std::string& text : flags.list("extract-regex"))
    out.extractors.push_back(M8_TRY(Regex::compile(text)));
  out.body = flags.text("body");
  out.paths = flags.list("path");
  if (flags.on("follow-redirects")) out.redirects = http::Request::Redirects::kAll;
  if (flags.on("follow-host-redirects")) out.redirects = http::Request::Redirects::kSameHost;
  out.max_redirects = flags.number<int>("max-redirects");
  out.max_body = flags.bytes("response-size-to-read");
  out.in_flight = flags.number<std::size_t>("threads");
  out.timeout = flags.duration("timeout");
  out.retries = flags.number<int>("retries");
  out.both_schemes = flags.on("no-fallback");
  return {};
}

Status read_hashes(const cli::Values& flags, probe::Settings& out) {
  const auto& known = probe::hash_names();
  for (const std::string& name : flags.list("hash")) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      return wrong("hash", "no such hash: " + name);
    out.hashes.push_back(name);
  }
  return {};
}

Status read_screenshot(const cli::Values& flags, probe::Settings& out) {
  out.screenshot_directory = flags.text("screenshot");
  if (out.screenshot_directory.empty()) return {};
  const char* path = std::getenv("PATH");
  out.screenshot_program = M8_TRY(probe::find_browser(path == nullptr ? "" : path));
  std::error_code error;
  std::filesystem::create_directories(out.screenshot_directory, error);
  if (error) return Error{ErrorCode::kIo, out.screenshot_directory + ": " + error.message()};
  return {};
}

}  // namespace

std::vector<cli::Flag> probe_flags() {
  Flags all;
  for (auto part :
       {input_flags(), request_flags(), show_flags(), probe_table_flags(), filter_flags(),
        output_flags(), scope_flags(), serve::telemetry_flags(), store::store_flags()})
    all.insert(all.end(), part.begin(), part.end());
  for (cli::Flag& flag : cache::cache_settings()) all.push_back(std::move(flag));
  return all;
}

Result<probe::Settings> probe_settings(const cli::Values& flags) {
  probe::Settings out;
  M8_TRY(read_request(flags, out));
  M8_TRY(read_hashes(flags, out));
  M8_TRY(read_screenshot(flags, out));
  out.tls = flags.on("tls-grab") || flags.on("tls-probe");
  out.favicon =
      flags.on("favicon") || flags.given("match-favicon") || flags.given("filter-favicon");
  out.jarm = flags.on("jarm");
  out.http2 = flags.on("http2");
  out.pipeline = flags.on("pipeline");
  out.vhost = flags.on("vhost");
  out.all_addresses = flags.on("probe-all-ips");
  out.keep_chain = flags.on("include-chain");
  out.report_failures = flags.on("probe");
  out.keep_header = flags.on("include-response-header") || flags.on("include-response");
  out.keep_request = flags.on("include-response");
  // Filters look at the answer too.
  out.keep_body = flags.on("include-response");
  for (const char* filter : {"match-string", "filter-string", "match-regex", "filter-regex",
                             "match-condition", "filter-condition"})
    if (flags.given(filter)) out.keep_body = out.keep_header = true;
  if (stores_responses(flags)) out.keep_body = out.keep_header = out.keep_request = true;
  if (flags.given("body-preview")) out.preview = flags.number<std::size_t>("body-preview");
  return out;
}

bool stores_responses(const cli::Values& flags) {
  return flags.on("store-response") || flags.given("store-response-dir");
}

Result<model::TargetReader::Options> probe_targets(const cli::Values& flags) {
  model::TargetReader::Options out;
  auto given = flags.arguments();
  const auto more = flags.list("target");
  given.insert(given.end(), more.begin(), more.end());
  for (const std::string& argument : given) {
    if (argument == "-") {
      out.files.push_back(argument);
    } else {
      out.arguments.push_back(argument);
    }
  }
  if (const std::string list = flags.text("list"); !list.empty()) out.files.push_back(list);
  if (out.arguments.empty() && out.files.empty()) {
    if (cli::is_terminal(STDIN_FILENO))
      return Error{ErrorCode::kInvalidArgument, "no targets: name them, give -l, or pipe them in"};
    out.files.push_back("-");
  }
  out.ports = M8_TRY(probe_ports(flags));
  if (flags.on("skip-dedupe")) out.max_remembered = 0;
  return out;
}

Result<std::vector<model::TargetReader::Port>> probe_ports(const cli::Values& flags) {
  std::vector<model::TargetReader::Port> out;
  for (const std::string& text : flags.list("ports")) M8_TRY(read_port(text, out));
  return out;
}

net::RateLimiter::Options probe_rates(const cli::Values& flags) {
  net::RateLimiter::Options out;
  out.global = flags.rate("rate-limit");
  if (flags.given("rate-limit-minute"))
    out.global.per_second = flags.number<double>("rate-limit-minute") / 60;
  out.per_key = flags.rate("rate-host");
  return out;
}

}  // namespace m8::asmm8
