#include "output/sarif.h"

#include <fmt/format.h>

#include "base/guarded.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/version.h"
#include "net/url.h"
#include "output/format.h"

namespace m8::output {
namespace {

constexpr const char* kSchema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What code scanning tools sort by: a score of 0 to 10.
const char* security_severity(model::Severity severity) {
  switch (severity) {
    case model::Severity::kCritical:
      return "9.4";
    case model::Severity::kHigh:
      return "8";
    case model::Severity::kMedium:
      return "5";
    case model::Severity::kLow:
      return "2";
    case model::Severity::kInfo:
      return "1";
    case model::Severity::kUnknown:
      break;
  }
  return "9.5";
}

const char* level_of(model::Severity severity) {
  if (severity >= model::Severity::kHigh) return "error";
  return severity >= model::Severity::kLow ? "note" : "none";
}

std::string message_of(const SarifResult& result) {
  return fmt::format("{} ({}) found on {}", result.name.empty() ? result.rule : result.name,
                     result.rule, result.host);
}

void write_location(json::Writer& w, const SarifResult& result) {
  w.key("locations").array().object().key("physicalLocation").object();
  w.key("artifactLocation").object().field("uri", sarif_uri(result.uri));
  if (!result.where.empty()) w.key("description").object().field("text", result.where).end();
  w.end().end().end().end();
}

/// Its life: not part of the fingerprint, and gone from other results' sight.
void write_life(json::Writer& w, const model::Issue& issue) {
  if (issue.gone) w.field("baselineState", "absent");
  if (issue.status == 'I' || issue.status == 'F') {
    w.key("suppressions").array().object().field("kind", "external");
    w.field("status", "accepted").field("justification", model::status_name(issue.status));
    w.end().end();
  }
  w.key("properties").object().field("status", model::status_name(issue.status));
  w.field("severity", to_string(issue.severity)).field("host", issue.host);
  w.field("firstSeen", rfc3339(issue.first_seen)).field("lastSeen", rfc3339(issue.last_seen));
  w.end();
}

/// "/path?query" of where it was found.
std::string path_of(const model::Finding& finding) {
  const auto url = net::Url::parse(finding.matched_at);
  const std::string path = url.ok() ? url->request_target() : finding.path;
  return path.starts_with('/') ? path : '/' + path;
}

std::string fingerprint_of(const model::Finding& finding) {
  return sha256_hex(fmt::format("{}\n{}\n{}\n{}\n{}", finding.info->id, finding.matcher_name,
                                finding.extractor_name, finding.type, finding.matched_at))
      .substr(0, 32);
}

SarifResult result_of(const model::Finding& finding) {
  const model::TemplateInfo& info = *finding.info;
  const std::string path = path_of(finding);
  return {info.id,
          info.name,
          info.description,
          info.severity,
          finding.host,
          path,
          finding.host + sarif_uri(path),
          "finding/v1",
          fingerprint_of(finding),
          {}};
}

class Sarif final : public Format {
 public:
  explicit Sarif(const FormatOptions& options) : arguments_(options.arguments) {}

  std::string begin() const override { return document_.lock()->begin(); }
  std::string finding(const model::Finding& finding) const override {
    return document_.lock()->result(result_of(finding));
  }
  std::string end() const override { return document_.lock()->end(arguments_); }

 private:
  const std::vector<std::string> arguments_;
  mutable Guarded<SarifDocument> document_;
};

}  // namespace

std::string sarif_uri(std::string_view text) {
  constexpr std::string_view kAllowed = "-._~:/?@!$&'()*+,;=%";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) || kAllowed.find(c) != kAllowed.npos);
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  // A lone percent sign is none of an escape.
  for (std::size_t at = 0; (at = out.find('%', at)) != out.npos; ++at) {
    const bool escape = at + 2 < out.size() &&
                        std::isxdigit(static_cast<unsigned char>(out[at + 1])) &&
                        std::isxdigit(static_cast<unsigned char>(out[at + 2]));
    if (!escape) out.replace(at, 1, "%25");
  }
  return out;
}

std::string SarifDocument::begin() const {
  return fmt::format(R"({{"$schema":"{}","version":"2.1.0","runs":[{{"results":[)", kSchema);
}

std::string SarifDocument::result(const SarifResult& result) {
  const std::size_t index = rule_of(result);
  json::Writer w;
  w.object().field("ruleId", result.rule);
  w.field("ruleIndex", static_cast<std::uint64_t>(index));
  w.key("rule").object().field("id", result.rule).end();
  const std::string level = level_of(result.severity);
  // SARIF 2.1.0 3.27.9: what is no failure has no level.
  w.field("kind", level == "none" ? "informational" : "fail").field("level", level);
  w.key("message").object().field("text", message_of(result)).end();
  write_location(w, result);
  w.key("partialFingerprints").object().field(result.fingerprint_name, result.fingerprint).end();
  if (result.issue) write_life(w, *result.issue);
  w.end();
  return (results_++ == 0 ? "" : ",\n") + w.take();
}

std::string SarifDocument::end(const std::vector<std::string>& arguments) {
  json::Writer w;
  w.object().key("tool").object().key("driver").object().field("name", "num8");
  w.field("version", version()).key("rules").array();
  for (const std::string& rule : rules_) w.raw(rule);
  w.end().end().end();
  w.key("invocations").array().object();
  if (!arguments.empty()) {
    std::string line;
    for (const std::string& word : arguments) line += (line.empty() ? "" : " ") + word;
    w.field("commandLine", line);
    w.strings("arguments", {arguments.begin() + 1, arguments.end()});
  }
  w.field("executionSuccessful", true).end().end().end();
  // The members of the run go on where begin() left its object open.
  return "]," + w.take().substr(1) + "]}\n";
}

std::size_t SarifDocument::rule_of(const SarifResult& result) {
  const auto [at, added] = index_.emplace(result.rule, rules_.size());
  if (!added) return at->second;
  json::Writer w;
  w.object().field("id", result.rule);
  if (!result.name.empty()) w.field("name", result.name);
  if (!result.description.empty()) {
    w.key("shortDescription").object().field("text", message_of(result)).end();
    w.key("fullDescription").object().field("text", result.description).end();
  }
  w.key("properties").object().strings("tags", {"security"});
  w.field("security-severity", security_severity(result.severity)).end().end();
  rules_.push_back(w.take());
  return at->second;
}

std::unique_ptr<Format> make_sarif(const FormatOptions& options) {
  return std::make_unique<Sarif>(options);
}

}  // namespace m8::output
