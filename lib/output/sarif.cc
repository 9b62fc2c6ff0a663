// SARIF 2.1.0 (OASIS): one run, one rule per template, one result per finding.
//
// Results stream; the rules, of which there are as many as templates that found something, follow
// them, because the order of an object's members is free.
#include <unordered_map>

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

std::string message_of(const model::Finding& finding) {
  return fmt::format("{} ({}) found on {}", finding.info->name, finding.info->id, finding.host);
}

/// Percent-encodes what no URI reference may hold (RFC 3986 2).
std::string uri_text(std::string_view text) {
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

/// "/path?query" of where it was found.
std::string path_of(const model::Finding& finding) {
  const auto url = net::Url::parse(finding.matched_at);
  const std::string path = url.ok() ? url->request_target() : finding.path;
  return uri_text(path.starts_with('/') ? path : '/' + path);
}

void write_location(json::Writer& w, const model::Finding& finding) {
  const std::string path = path_of(finding);
  w.key("locations").array().object().key("physicalLocation").object();
  w.key("artifactLocation").object().field("uri", path);
  w.key("description").object().field("text", finding.host + path).end();
  w.end().end().end().end();
}

class Sarif final : public Format {
 public:
  explicit Sarif(const FormatOptions& options) : arguments_(options.arguments) {}

  std::string begin() const override {
    return fmt::format(R"({{"$schema":"{}","version":"2.1.0","runs":[{{"results":[)", kSchema);
  }

  std::string finding(const model::Finding& finding) const override {
    auto state = state_.lock();
    const std::size_t index = rule_of(*state, finding);
    json::Writer w;
    w.object().field("ruleId", finding.info->id);
    w.field("ruleIndex", static_cast<std::uint64_t>(index));
    w.key("rule").object().field("id", finding.info->id).end();
    const std::string level = level_of(finding.info->severity);
    // SARIF 2.1.0 3.27.9: what is no failure has no level.
    w.field("kind", level == "none" ? "informational" : "fail").field("level", level);
    w.key("message").object().field("text", message_of(finding)).end();
    write_location(w, finding);
    w.key("partialFingerprints").object().field("finding/v1", fingerprint(finding)).end();
    w.end();
    return (state->results++ == 0 ? "" : ",\n") + w.take();
  }

  std::string end() const override {
    auto state = state_.lock();
    json::Writer w;
    w.object().key("tool").object().key("driver").object().field("name", "num8");
    w.field("version", version()).key("rules").array();
    for (const std::string& rule : state->rules) w.raw(rule);
    w.end().end().end();
    w.key("invocations").array().object();
    if (!arguments_.empty()) {
      w.field("commandLine", arguments_.front() + joined_rest());
      w.strings("arguments", {arguments_.begin() + 1, arguments_.end()});
    }
    w.field("executionSuccessful", true).end().end().end();
    // The members of the run go on where begin() left its object open.
    return "]," + w.take().substr(1) + "]}\n";
  }

 private:
  struct State {
    std::unordered_map<std::string, std::size_t> index;  ///< of a template's rule
    std::vector<std::string> rules;
    std::size_t results = 0;
  };

  static std::string fingerprint(const model::Finding& finding) {
    return sha256_hex(fmt::format("{}\n{}\n{}\n{}\n{}", finding.info->id, finding.matcher_name,
                                  finding.extractor_name, finding.type, finding.matched_at))
        .substr(0, 32);
  }

  static std::size_t rule_of(State& state, const model::Finding& finding) {
    const model::TemplateInfo& info = *finding.info;
    const auto [at, added] = state.index.emplace(info.id, state.rules.size());
    if (!added) return at->second;
    json::Writer w;
    w.object().field("id", info.id);
    if (!info.name.empty()) w.field("name", info.name);
    if (!info.description.empty()) {
      w.key("shortDescription").object().field("text", message_of(finding)).end();
      w.key("fullDescription").object().field("text", info.description).end();
    }
    w.key("properties").object().strings("tags", {"security"});
    w.field("security-severity", security_severity(info.severity)).end().end();
    state.rules.push_back(w.take());
    return at->second;
  }

  std::string joined_rest() const {
    std::string out;
    for (std::size_t i = 1; i < arguments_.size(); ++i) out += ' ' + arguments_[i];
    return out;
  }

  const std::vector<std::string> arguments_;
  mutable Guarded<State> state_;
};

}  // namespace

std::unique_ptr<Format> make_sarif(const FormatOptions& options) {
  return std::make_unique<Sarif>(options);
}

}  // namespace m8::output
