#include "output/issue_report.h"

#include <fmt/format.h>

#include "base/version.h"
#include "output/csv.h"
#include "output/markdown.h"
#include "output/sarif.h"

namespace m8::output {
namespace {

class HtmlReport final : public Report {
 public:
  explicit HtmlReport(const HtmlOptions& options) : options_(options) {}
  std::string head(const ReportSummary& summary) override { return html_head(summary); }
  std::string issue(const model::Issue& issue) override { return html_issue(issue, options_); }
  std::string tail() override { return html_tail(); }

 private:
  const HtmlOptions options_;
};

class MarkdownReport final : public Report {
 public:
  std::string head(const ReportSummary& summary) override {
    std::string text = fmt::format(
        "# {}\n\n{} issues on {} hosts, made {} from {} by m8 {}.\n\n| severity | open "
        "|\n|---|---|\n",
        markdown_text(summary.title), summary.issues(), summary.hosts(), rfc3339(summary.made),
        markdown_text(summary.place), version());
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
                       issue.gone ? ", gone" : "", markdown_text(issue.template_id + matcher),
                       markdown_text(issue.matched_at.empty() ? issue.host : issue.matched_at),
                       rfc3339(issue.first_seen), rfc3339(issue.last_seen));
  }
  std::string tail() override { return {}; }
};

class CsvReport final : public Report {
 public:
  std::string head(const ReportSummary&) override {
    return "issue,severity,status,gone_since,template_id,matcher,name,host,matched_at,tags,"
           "first_seen,last_seen,signature\r\n";
  }
  std::string issue(const model::Issue& issue) override {
    const std::string cells[] = {
        std::to_string(issue.id),
        to_string(issue.severity),
        model::status_name(issue.status),
        issue.gone ? rfc3339(*issue.gone) : "",
        issue.template_id,
        issue.matcher,
        issue.name,
        issue.host,
        issue.matched_at,
        issue.tags,
        rfc3339(issue.first_seen),
        rfc3339(issue.last_seen),
        issue.signature,
    };
    return csv_row(cells);
  }
  std::string tail() override { return {}; }
};

class SarifReport final : public Report {
 public:
  std::string head(const ReportSummary&) override { return document_.begin(); }
  std::string issue(const model::Issue& issue) override {
    return document_.result({issue.template_id, issue.name, "", issue.severity, issue.host,
                             issue.matched_at.empty() ? issue.host : issue.matched_at, "",
                             "m8Signature/v1", issue.signature, issue});
  }
  std::string tail() override { return document_.end({}); }

 private:
  SarifDocument document_;
};

/// Takes the secrets out of what another shows.
class WithoutSecrets final : public Report {
 public:
  explicit WithoutSecrets(std::unique_ptr<Report> report) : report_(std::move(report)) {}
  std::string head(const ReportSummary& summary) override { return report_->head(summary); }
  std::string issue(const model::Issue& issue) override {
    model::Issue shown = issue;
    shown.matched_at = Redactor::strict().line(issue.matched_at);
    return report_->issue(shown);
  }
  std::string tail() override { return report_->tail(); }

 private:
  const std::unique_ptr<Report> report_;
};

}  // namespace

const std::vector<std::string>& report_forms() {
  static const std::vector<std::string> forms = {"html", "markdown", "csv", "sarif"};
  return forms;
}

Result<std::unique_ptr<Report>> make_report(std::string_view form, const ReportOptions& options) {
  std::unique_ptr<Report> report;
  const Redactor* const redactor = options.secrets ? nullptr : &Redactor::strict();
  if (form == "html")
    report = std::make_unique<HtmlReport>(HtmlOptions{options.max_evidence, redactor});
  if (form == "markdown") report = std::make_unique<MarkdownReport>();
  if (form == "csv") report = std::make_unique<CsvReport>();
  if (form == "sarif") report = std::make_unique<SarifReport>();
  if (!report)
    return Error{ErrorCode::kInvalidArgument, fmt::format("not a form of report: {}", form)};
  if (!options.secrets) report = std::make_unique<WithoutSecrets>(std::move(report));
  return report;
}

}  // namespace m8::output
