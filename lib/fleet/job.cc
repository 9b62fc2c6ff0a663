#include "fleet/job.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"

namespace m8::fleet {
namespace {

/// Names, divided by spaces.
struct Allowed {
  std::string_view command, texts, paths, either;
};

constexpr Allowed kAllowed[] = {
    {"num8 scan",
     "no-httpx exclude allow severity exclude-severity tags exclude-tags "
     "include-tags template-id exclude-id author type exclude-type template-condition "
     "matcher-status include-rr omit-raw redact redact-pattern no-redact header var "
     "system-resolvers restrict-local-network-access follow-redirects follow-host-redirects "
     "disable-redirects max-redirects attack-type sni proxy leave-default-ports "
     "response-size-read response-size-save exclude-matchers enable-global-matchers "
     "stop-at-first-match interactsh-server interactsh-token interactions-cache-size "
     "interactions-eviction interactions-poll-duration interactions-cooldown-period no-interactsh "
     "rate-host concurrency bulk-size payload-concurrency probe-concurrency timeout retries "
     "host-concurrency max-host-error no-mhe scan-strategy sorted disable-clustering "
     "automatic-scan slice job-lines",
     "scope templates workflows templates-dir include-templates exclude-templates secret-file "
     "tech-file",
     "resolvers"},
    {"asmm8 enum",
     "strict-wildcard learn deep srv nsec axfr axfr-port recurse recurse-depth permute "
     "permute-budget permute-min-rate permute-step mask no-passive source exclude-sources all "
     "recursive-sources collect-sources source-rate source-timeout max-time max-failed-sources "
     "source-proxy source-url source-rates threads retry dns-timeout rate-zone no-canaries "
     "mix-case exclude probe ports probe-rate probe-timeout probe-threads slice",
     "scope wordlist permute-config provider-config resolver-ca", "resolver trusted"},
};

bool has_word(std::string_view words, std::string_view word) {
  for (std::size_t at = words.find(word); at != words.npos; at = words.find(word, at + 1)) {
    const bool begins = at == 0 || words[at - 1] == ' ';
    const std::size_t end = at + word.size();
    if (begins && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

const Allowed* allowed_of(std::string_view command) {
  for (const Allowed& one : kAllowed)
    if (one.command == command) return &one;
  return nullptr;
}

Error malformed(std::string_view what) {
  return {ErrorCode::kInvalidArgument, fmt::format("no job of ours: {}", what)};
}

bool is_hash(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

Result<std::vector<std::string>> read_texts(const json::Value& job, const char* name,
                                            std::size_t most) {
  std::vector<std::string> out;
  const json::Value* list = job.find(name);
  if (!list) return out;
  if (!list->is_array() || list->items().size() > most) return malformed(name);
  for (const json::Value& one : list->items()) {
    const std::string_view text = one.as_string();
    const bool plain = text.find_first_of(std::string_view("\n\r\0", 3)) == text.npos;
    if (!one.is_string() || !plain) return malformed(name);
    out.emplace_back(text);
  }
  return out;
}

Status read_hosts(const json::Value& job, std::vector<std::int64_t>& out) {
  const json::Value* list = job.find("hosts");
  if (!list) return {};
  if (!list->is_array() || list->items().size() > kMaxJobLines) return malformed("hosts");
  for (const json::Value& one : list->items()) {
    if (one.type() != json::Value::Type::kInt) return malformed("hosts");
    if (!out.empty() && out.back() >= one.as_int()) return malformed("hosts out of order");
    out.push_back(one.as_int());
  }
  return {};
}

/// A path of the archive may not lead out of it.
bool is_inside(std::string_view path) {
  if (!path.starts_with("@/")) return false;
  return (std::string(path) + "/").find("/../") == std::string::npos;
}

}  // namespace

std::string encode(const Job& job) {
  json::Writer w;
  const int format = job.secrets.empty() ? 1 : kJobFormat;
  w.object().field("m8_job", format).field("run", job.key.run).field("number", job.key.number);
  w.field("program", job.program).field("command", job.command);
  w.strings("arguments", job.arguments).field("bundle", job.bundle).strings("input", job.input);
  w.key("hosts").array();
  for (const std::int64_t host : job.hosts) w.value(host);
  w.end().field("seconds", job.seconds);
  if (!job.secrets.empty()) w.field("secrets", job.secrets);
  w.end();
  return w.take();
}

Result<Job> decode(std::string_view text) {
  if (text.size() > kMaxJobBytes) return malformed("too large");
  const auto parsed = json::parse(text);
  if (!parsed.ok()) return malformed("not JSON");
  const json::Value* format = parsed->find("m8_job");
  if (!format || format->type() != json::Value::Type::kInt || format->as_int() < 1)
    return malformed("no format");
  if (format->as_int() > kJobFormat)
    return Error{ErrorCode::kUnsupported, fmt::format("format {} is newer than this worker's {}",
                                                      format->as_int(), kJobFormat)};
  Job job;
  const json::Value *run = parsed->find("run"), *number = parsed->find("number");
  if (!run || !number || run->as_int(-1) < 1 || number->as_int(-1) < 0)
    return malformed("run or number");
  job.key = {run->as_int(), number->as_int()};
  job.program = parsed->string_at("program");
  job.command = parsed->string_at("command");
  job.arguments = M8_TRY(read_texts(*parsed, "arguments", kMaxJobArguments));
  job.bundle = parsed->string_at("bundle");
  if (!job.bundle.empty() && !is_hash(job.bundle)) return malformed("bundle");
  job.secrets = parsed->string_at("secrets");
  if (!job.secrets.empty() && (!is_inside(job.secrets) || job.bundle.empty()))
    return malformed("secrets");
  job.input = M8_TRY(read_texts(*parsed, "input", kMaxJobLines));
  M8_TRY(read_hosts(*parsed, job.hosts));
  if (const json::Value* seconds = parsed->find("seconds")) {
    if (seconds->as_double() < 0) return malformed("seconds");
    job.seconds = seconds->as_double() + 0.0;  // of -0.0 too: 0
  }
  return job;
}

Travels how_travels(std::string_view command, std::string_view flag) {
  const Allowed* allowed = allowed_of(command);
  if (!allowed || flag.empty() || flag.find(' ') != flag.npos) return Travels::kNot;
  if (has_word(allowed->texts, flag)) return Travels::kText;
  if (has_word(allowed->either, flag)) return Travels::kEither;
  return has_word(allowed->paths, flag) ? Travels::kPath : Travels::kNot;
}

Status check_job(const Job& job) {
  const std::string command = job.program + " " + job.command;
  if (!allowed_of(command))
    return Error{ErrorCode::kDenied, "a job of another program than num8 scan and asmm8 enum"};
  return check_arguments(job, job.arguments);
}

Status check_arguments(const Job& job, const std::vector<std::string>& arguments) {
  const std::string command = job.program + " " + job.command;
  for (const std::string& argument : arguments) {
    const auto equals = std::min(argument.find('='), argument.size());
    const std::string_view name = std::string_view(argument).substr(0, equals);
    const auto value = std::string_view(argument).substr(std::min(equals + 1, argument.size()));
    const Travels how =
        name.starts_with("--") ? how_travels(command, name.substr(2)) : Travels::kNot;
    if (how == Travels::kNot)
      return Error{ErrorCode::kDenied, fmt::format("{} is not for jobs", name)};
    const bool path = how == Travels::kPath || (how == Travels::kEither && value.starts_with('@'));
    if (path && !is_inside(value))
      return Error{ErrorCode::kDenied, fmt::format("{}: a path outside the job's archive", name)};
  }
  return {};
}

queue::Message to_message(const Job& job) {
  queue::Message message;
  message.id = fmt::format("{}.{}", job.key.run, job.key.number);
  message.type = "m8 job";
  message.body = encode(job);
  return message;
}

std::optional<store::JobKey> key_of(std::string_view id) {
  store::JobKey key;
  const char* const end = id.data() + id.size();
  const auto [dot, bad] = std::from_chars(id.data(), end, key.run);
  if (bad != std::errc() || dot == end || *dot != '.' || key.run < 1) return std::nullopt;
  const auto [last, worse] = std::from_chars(dot + 1, end, key.number);
  if (worse != std::errc() || last != end || key.number < 0) return std::nullopt;
  return key;
}

std::string digest_of(const queue::Message& message) { return sha256_hex(message.body); }

std::int64_t host_hash(std::string_view host) {
  std::string lower(host);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto bytes = digest("sha256", lower);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; bytes.ok() && i < 8; ++i)
    hash = hash << 8 | static_cast<unsigned char>((*bytes)[i]);
  return static_cast<std::int64_t>(hash);
}

}  // namespace m8::fleet
