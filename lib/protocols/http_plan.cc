#include "protocols/http_plan.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "dsl/render.h"
#include "http/raw_request.h"
#include "operators/bytes.h"
#include "operators/fields.h"

namespace m8::protocols {
namespace {

using operators::bool_field;
using operators::int_field;
using operators::invalid;
using operators::text_field;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A text without any CRLF gets one for every LF (templates 3.1.4).
std::string wire_line_ends(std::string text) {
  if (text.find("\r\n") != std::string::npos) return text;
  std::string out;
  out.reserve(text.size() + 32);
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

/// "_" and a digit: the name of an earlier request's field (templates 3.12.1).
bool mentions_history(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '_' && is_digit(text[i + 1])) return true;
  }
  return false;
}

bool list_mentions_history(const yaml::Node& block, std::string_view key) {
  const yaml::Node* list = block.find(key);
  if (list == nullptr) return false;
  return std::any_of(list->items().begin(), list->items().end(), [](const yaml::Node& item) {
    for (const char* field : {"part", "dsl"})
      if (const yaml::Node* node = item.find(field); node && any_text(*node, mentions_history))
        return true;
    return false;
  });
}

/// `{{Name}}/`: what makes BaseURL lose its final slash.
bool starts_with_marker_and_slash(std::string_view text) {
  if (!text.starts_with("{{")) return false;
  std::size_t at = 2;
  while (at < text.size() && is_letter(text[at])) ++at;
  return at > 2 && text.substr(at).starts_with("}}/");
}

/// Takes ":port" out of "{{BaseURL}}:port...".
std::optional<std::uint16_t> take_port(std::string& text) {
  for (const std::string_view marker : {"{{BaseURL}}:", "{{RootURL}}:"}) {
    if (!text.starts_with(marker)) continue;
    const char* begin = text.data() + marker.size();
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), port);
    if (error != std::errc() || end == begin) return std::nullopt;
    text.erase(marker.size() - 1, static_cast<std::size_t>(end - begin) + 1);
    return port;
  }
  return std::nullopt;
}

HttpEntry path_entry(std::string text) {
  HttpEntry entry;
  entry.trims_base = starts_with_marker_and_slash(text);
  entry.port = take_port(text);
  entry.text = TemplateText(std::move(text));
  return entry;
}

HttpEntry raw_entry(std::string text) {
  HttpEntry entry;
  entry.once = http::split_annotations(text).annotations.once;
  entry.text = TemplateText(wire_line_ends(std::move(text)));
  return entry;
}

/// True if the first "connection:" of \p raw has "close" on the rest of its line (templates
/// 3.6.10).
bool asks_to_close(std::string_view raw) {
  const std::string text = operators::to_lower(raw);
  const auto at = text.find("connection:");
  if (at == std::string::npos) return false;
  const std::string_view line = std::string_view(text).substr(at, text.find('\n', at) - at);
  return line.find("close") != std::string_view::npos;
}

Status read_entries(const yaml::Node& block, HttpPlan& plan) {
  auto paths = M8_TRY(operators::list_field(block, "path"));
  auto raws = M8_TRY(operators::list_field(block, "raw"));
  plan.raw = paths.empty();
  for (std::string& text : paths) plan.entries.push_back(path_entry(std::move(text)));
  for (std::string& text : raws) {
    plan.closes = plan.closes || asks_to_close(text);
    if (http::split_annotations(text).annotations.timeout) plan.has_timeout = true;
    if (plan.raw) plan.entries.push_back(raw_entry(std::move(text)));
  }
  plan.unsafe = plan.raw && M8_TRY(bool_field(block, "unsafe"));
  return {};
}

Status read_method(const yaml::Node& block, HttpPlan& plan) {
  constexpr std::array<std::string_view, 11> kMethods{"GET",    "HEAD",    "POST",    "PUT",
                                                      "DELETE", "CONNECT", "OPTIONS", "TRACE",
                                                      "PATCH",  "PURGE",   "DEBUG"};
  std::string method = M8_TRY(text_field(block, "method"));
  if (method.empty()) return {};
  for (char& c : method) c = static_cast<char>(is_letter(c) ? c & ~0x20 : c);
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return invalid(block, fmt::format("invalid method type: {}", method));
  }
  plan.method = std::move(method);
  return {};
}

Status read_headers(const yaml::Node& block, HttpPlan& plan) {
  const yaml::Node* map = block.find("headers");
  if (map == nullptr || map->is_null()) return {};
  if (!map->is_map()) return invalid(*map, "headers: expected a map");
  for (const auto& [name, value] : map->members()) {
    if (!value.is_scalar() && !value.is_null()) return invalid(value, "headers: expected a text");
    plan.headers.push_back({std::string(name), TemplateText(value.str())});
    if (operators::to_lower(name) == "connection" &&
        operators::contains_folded(value.text(), "close")) {
      plan.closes = true;
    }
  }
  return {};
}

Status read_redirects(const yaml::Node& block, HttpPlan& plan) {
  using Redirects = http::Request::Redirects;
  const bool all = M8_TRY(bool_field(block, "redirects"));
  const bool host = M8_TRY(bool_field(block, "host-redirects"));
  const bool scheme = M8_TRY(bool_field(block, "protocol-redirects"));
  if (all && host) {
    return invalid(block, "'redirects' and 'host-redirects' can't be used together");
  }
  if (scheme && !all && !host) {
    return invalid(block, "'protocol-redirects' needs 'redirects' or 'host-redirects'");
  }
  plan.redirects = scheme ? Redirects::kSameScheme
                   : host ? Redirects::kSameHost
                   : all  ? Redirects::kAll
                          : Redirects::kNone;
  const auto count = M8_TRY(int_field(block, "max-redirects", 0));
  if (count < 0 || count > 1000) return invalid(block, "max-redirects: out of range");
  plan.max_redirects = static_cast<int>(count);
  return {};
}

Status read_switches(const yaml::Node& block, const CompileOptions& options, HttpPlan& plan) {
  plan.stop_at_first_match =
      M8_TRY(bool_field(block, "stop-at-first-match")) || options.stop_at_first_match;
  plan.skip_variables_check = M8_TRY(bool_field(block, "skip-variables-check"));
  plan.iterate_all = M8_TRY(bool_field(block, "iterate-all"));
  plan.automerge = !M8_TRY(bool_field(block, "disable-path-automerge"));
  plan.read_all = M8_TRY(bool_field(block, "read-all"));
  plan.self_contained = M8_TRY(bool_field(block, "self-contained")) || options.self_contained;
  plan.global_matchers = M8_TRY(bool_field(block, "global-matchers"));
  const auto size = M8_TRY(int_field(block, "max-size", 0));
  const auto threads = M8_TRY(int_field(block, "threads", 0));
  if (size < 0 || threads < 0) return invalid(block, "max-size and threads can't be negative");
  plan.max_body = static_cast<std::size_t>(size);
  plan.threads = static_cast<int>(std::min<std::int64_t>(threads, 1000));
  return {};
}

Status read_digest(const yaml::Node& block, HttpPlan& plan) {
  DigestLogin login{M8_TRY(text_field(block, "digest-username")),
                    M8_TRY(text_field(block, "digest-password"))};
  if (!login.user.empty()) plan.digest = std::move(login);
  return {};
}

/// A race of one entry sends it race_count times; of several with threads, each once (templates
/// 3.11).
Status read_race(const yaml::Node& block, HttpPlan& plan) {
  constexpr std::int64_t kMost = 1000;
  if (!M8_TRY(bool_field(block, "race")) || plan.entries.empty()) return {};
  const auto count = M8_TRY(int_field(block, "race_count", 0));
  if (count < 0 || count > kMost) {
    return invalid(block, fmt::format("race_count: more than {} requests", kMost));
  }
  plan.race = count > 0 || plan.threads > 0;
  if (count > 0) {
    const HttpEntry first = plan.entries.front();
    plan.entries.assign(static_cast<std::size_t>(count), first);
  }
  plan.skip_variables_check = plan.skip_variables_check || plan.race;
  plan.closes = plan.closes || plan.race;
  return {};
}

/// What makes a template invalid before it can be called unsupported (templates 1.2).
Status check_combinations(const yaml::Node& block, const HttpPlan& plan) {
  const bool race = M8_TRY(bool_field(block, "race"));
  const bool fuzzing = !M8_TRY(operators::items_of(block, "fuzzing")).empty();
  if (race && plan.keeps_history) {
    return invalid(block, "'race' and 'req-condition' can't be used together");
  }
  if (fuzzing && plan.keeps_history) {
    return invalid(block, "'fuzzing' and 'req-condition' can't be used together");
  }
  if (const yaml::Node* analyzer = block.find("analyzer"); analyzer && !analyzer->is_null()) {
    M8_TRY(operators::word_field(*analyzer, "name", {"time_delay", "xss"}, 0));
  }
  if (fuzzing && plan.unsafe) {
    return invalid(block, "'fuzzing' and 'unsafe' can't be used together");
  }
  return {};
}

/// Names the first feature of \p block that can't be run yet.
Status check_support(const yaml::Node& block) {
  const auto unsupported = [](const char* feature) {
    return Error{ErrorCode::kUnsupported, feature};
  };
  if (!M8_TRY(operators::items_of(block, "fuzzing")).empty()) return unsupported("fuzzing");
  if (M8_TRY(bool_field(block, "pipeline"))) return unsupported("pipeline");
  if (!M8_TRY(text_field(block, "signature")).empty()) return unsupported("signature");
  return {};
}

bool is_name_byte(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; }

/// Fields of \p id that \p text mentions as "<id>_<field>".
std::vector<std::string> mentioned_fields(std::string_view text, const std::string& id) {
  std::vector<std::string> out;
  const std::string prefix = id + "_";
  for (auto at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
    auto end = at + prefix.size();
    while (end < text.size() && is_name_byte(text[end])) ++end;
    std::string field(text.substr(at + prefix.size(), end - at - prefix.size()));
    if (!field.empty() && std::find(out.begin(), out.end(), field) == out.end()) {
      out.push_back(std::move(field));
    }
  }
  return out;
}

void mark_interactions(const yaml::Node& block, HttpPlan& plan) {
  plan.needs_interactions =
      mentions(block, {"path", "raw", "headers", "body", "payloads"}, "interactsh-url");
  plan.awaits_interactions = mentions(block, {"matchers", "extractors"}, "interactsh");
}

/// Where a payload's name may occur (templates 5.3).
bool may_read_payload(const yaml::Node& block, std::string_view name) {
  return mentions(block, {"headers", "matchers", "extractors", "body", "path", "raw", "fuzzing"},
                  name);
}

bool runs_in_parallel(const HttpPlan& plan) {
  if (plan.race) return true;
  if (plan.payloads.empty() || plan.keeps_history) return false;
  return !(plan.operators.has_internal_names() && plan.entries.size() > 1);
}

}  // namespace

TemplateText::TemplateText(std::string value)
    : text(std::move(value)),
      has_markers(dsl::has_markers(text)),
      has_interaction(has_interaction_marker(text)) {}

Result<HttpPlan> HttpPlan::compile(const yaml::Node& block, const CompileOptions& options) {
  if (!block.is_map()) return invalid(block, "http: expected a map");
  HttpPlan plan;
  plan.id = M8_TRY(text_field(block, "id"));
  if (plan.id.empty()) plan.id = options.block_id;
  M8_TRY(read_entries(block, plan));
  M8_TRY(read_method(block, plan));
  M8_TRY(read_headers(block, plan));
  M8_TRY(read_redirects(block, plan));
  M8_TRY(read_switches(block, options, plan));
  M8_TRY(read_digest(block, plan));
  std::string body = M8_TRY(text_field(block, "body"));
  plan.has_body = !body.empty();
  plan.body = TemplateText(wire_line_ends(std::move(body)));
  plan.keeps_history =
      list_mentions_history(block, "matchers") || list_mentions_history(block, "extractors");
  mark_interactions(block, plan);
  M8_TRY(check_combinations(block, plan));
  M8_TRY(read_race(block, plan));
  const auto occurs = [&block](std::string_view name) { return may_read_payload(block, name); };
  plan.payloads = M8_TRY(Payloads::compile(block, occurs, options));
  plan.operators = options.later ? operators::Operators::later(block, *options.later)
                                 : M8_TRY(operators::Operators::compile(block, options.template_id,
                                                                        options.excluded_matchers));
  M8_TRY(check_support(block));
  plan.parallel = runs_in_parallel(plan);
  plan.flow = options.flow;
  plan.exports = options.export_fields;
  plan.exports_all = options.export_fields && options.template_text.empty();
  if (plan.exports) plan.exported_fields = mentioned_fields(options.template_text, plan.id);
  return plan;
}

std::string HttpPlan::cluster_key() const {
  if (raw || unsafe || has_body || keeps_history || !payloads.empty() || entries.empty()) return {};
  using Redirects = http::Request::Redirects;
  const bool all = redirects == Redirects::kAll, scheme = redirects == Redirects::kSameScheme;
  std::string key = fmt::format("{} {} {}{}", method, max_redirects, all, scheme);
  for (const HttpEntry& entry : entries)
    fmt::format_to(std::back_inserter(key), "\n{} {}", entry.port.value_or(0), entry.text.text);
  for (const HeaderText& header : headers)
    fmt::format_to(std::back_inserter(key), "\n{}: {}", header.name, header.value.text);
  return key;
}

std::int64_t HttpPlan::request_count() const {
  const auto once = std::count_if(entries.begin(), entries.end(),
                                  [](const HttpEntry& entry) { return entry.once; });
  const auto rest = static_cast<std::int64_t>(entries.size()) - once;
  return rest * payloads.combinations() + once;
}

}  // namespace m8::protocols
