#include "issues/report.h"

#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "base/version.h"
#include "issues/record.h"

namespace m8::issues {
namespace {

class HtmlReport final : public Report {
 public:
  explicit HtmlReport(const ReportOptions& options) {
    options_.max_evidence = options.max_evidence;
  }
  std::string head(const output::ReportSummary& summary) override {
    return output::html_head(summary);
  }
  std::string issue(const model::Issue& issue) override {
    return output::html_issue(issue, options_);
  }
  std::string tail() override { return output::html_tail(); }

 private:
  output::HtmlOptions options_;
};

class MarkdownReport final : public Report {
 public:
  std::string head(const output::ReportSummary& summary) override {
    std::string text = fmt::format(
        "# {}\n\n{} issues on {} hosts, made {} from {} by m8 {}.\n\n| severity | open "
        "|\n|---|---|\n",
        markdown_cell(summary.title), summary.issues(), summary.hosts(), rfc3339(summary.made),
        markdown_cell(summary.place), version());
    for (std::size_t i = summary.open().size(); i-- > 0;)
      text += fmt::format("| {} | {} |\n", to_string(static_cast<model::Severity>(i)),
                          summary.open()[i]);
    return text +
           "\n| issue | severity | status | template | where | first seen | last seen |\n"
           "|---|---|---|---|---|---|---|\n";
  }
  std::string issue(const model::Issue& issue) override {
    const std::string matcher = issue.matcher.empty() ? "" : ":" + issue.matcher;
    return fmt::format("| {} | {} | {}{} | {} | {} | {} | {} |\n", issue.id,
                       to_string(issue.severity), model::status_name(issue.status),
                       issue.gone ? ", gone" : "", markdown_cell(issue.template_id + matcher),
                       markdown_cell(issue.matched_at.empty() ? issue.host : issue.matched_at),
                       rfc3339(issue.first_seen), rfc3339(issue.last_seen));
  }
  std::string tail() override { return {}; }
};

/// A field of RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front.
std::string field(std::string_view text) {
  std::string out = "\"";
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos)
    out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    if (c != '\0') out += c;
  }
  return out + '"';
}

class CsvReport final : public Report {
 public:
  std::string head(const output::ReportSummary&) override {
    return "issue,severity,status,gone_since,template_id,matcher,name,host,matched_at,tags,"
           "first_seen,last_seen,signature\r\n";
  }
  std::string issue(const model::Issue& issue) override {
    return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", issue.id,
                       to_string(issue.severity), model::status_name(issue.status),
                       issue.gone ? rfc3339(*issue.gone) : "", field(issue.template_id),
                       field(issue.matcher), field(issue.name), field(issue.host),
                       field(issue.matched_at), field(issue.tags), rfc3339(issue.first_seen),
                       rfc3339(issue.last_seen), issue.signature);
  }
  std::string tail() override { return {}; }
};

/// \p text as a URI reference: what no URI may hold is percent-encoded.
std::string as_uri(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte > 0x20 && byte < 0x7f &&
                       std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

/// SARIF 2.1.0: results first, the rules they name last, so that nothing is held but those.
class SarifReport final : public Report {
 public:
  std::string head(const output::ReportSummary&) override {
    return R"({"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":[)";
  }

  std::string issue(const model::Issue& issue) override {
    const auto [rule, fresh] =
        rules_.try_emplace(issue.template_id, Rule{rules_.size(), issue.name, issue.severity});
    if (fresh) order_.push_back(issue.template_id);
    json::Writer w;
    w.object().field("ruleId", issue.template_id);
    w.field("ruleIndex", static_cast<std::uint64_t>(rule->second.index));
    w.field("level", level_of(issue.severity)).key("message").object();
    w.field("text", fmt::format("{} ({}) found on {}", issue.name, issue.template_id, issue.host));
    w.end().key("locations").array().object().key("physicalLocation").object();
    w.key("artifactLocation").object();
    w.field("uri", as_uri(issue.matched_at.empty() ? issue.host : issue.matched_at));
    w.end().end().end().end();
    w.key("partialFingerprints").object().field("m8Signature/v1", issue.signature).end();
    if (issue.gone) w.field("baselineState", "absent");
    if (issue.status == 'I' || issue.status == 'F') {
      w.key("suppressions").array().object().field("kind", "external");
      w.field("status", "accepted").field("justification", model::status_name(issue.status));
      w.end().end();
    }
    w.key("properties").object().field("status", model::status_name(issue.status));
    w.field("severity", to_string(issue.severity)).field("host", issue.host);
    w.field("firstSeen", rfc3339(issue.first_seen)).field("lastSeen", rfc3339(issue.last_seen));
    const std::string separator = first_ ? "\n" : ",\n";
    first_ = false;
    return separator + w.end().end().take();
  }

  std::string tail() override {
    json::Writer w;
    w.object().key("driver").object().field("name", "m8").field("version", version());
    w.key("rules").array();
    for (const std::string& id : order_) {
      const Rule& rule = rules_.at(id);
      w.object().field("id", id).field("name", rule.name.empty() ? id : rule.name);
      w.key("properties").object().strings("tags", {"security"});
      w.field("security-severity", score_of(rule.severity)).end().end();
    }
    return "],\n\"tool\":" + w.end().end().end().take() + "}]}\n";
  }

 private:
  struct Rule {
    std::size_t index;
    std::string name;
    model::Severity severity;
  };

  static const char* level_of(model::Severity severity) {
    if (severity >= model::Severity::kHigh) return "error";
    return severity >= model::Severity::kLow ? "note" : "none";
  }
  static const char* score_of(model::Severity severity) {
    constexpr const char* kScores[] = {"9.5", "1", "2",
                                       "5",   "8", "9.4"};  // as the reference has it
    return kScores[static_cast<std::size_t>(severity)];
  }

  std::map<std::string, Rule, std::less<>> rules_;
  std::vector<std::string> order_;
  bool first_ = true;
};

}  // namespace

const std::vector<std::string>& report_forms() {
  static const std::vector<std::string> forms = {"html", "markdown", "csv", "sarif"};
  return forms;
}

Result<std::unique_ptr<Report>> make_report(std::string_view form, const ReportOptions& options) {
  std::unique_ptr<Report> report;
  if (form == "html") report = std::make_unique<HtmlReport>(options);
  if (form == "markdown") report = std::make_unique<MarkdownReport>();
  if (form == "csv") report = std::make_unique<CsvReport>();
  if (form == "sarif") report = std::make_unique<SarifReport>();
  if (report) return report;
  return Error{ErrorCode::kInvalidArgument, fmt::format("not a form of report: {}", form)};
}

}  // namespace m8::issues
