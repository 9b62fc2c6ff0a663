#include "output/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "output/format.h"

namespace m8::output {
namespace {

constexpr std::string_view kColumns =
    "template_id,name,severity,type,host,port,ip,matched_at,matcher_name,extractor_name,"
    "extracted_results,payloads,tags,cve_id,cwe_id,cvss_score,timestamp,matcher_status,error\r\n";

/// A cell that a spreadsheet neither takes for several nor for a formula.
std::string cell(std::string_view text) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  std::string out;
  if (!text.empty() && kFormula.find(text.front()) != std::string_view::npos) out = "'";
  out += text;
  if (out.find_first_of(",\"\r\n") == std::string::npos) return out;
  std::string quoted = "\"";
  for (const char c : out) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, "; "));
}

std::string payloads_of(const model::Finding& finding) {
  std::string out;
  for (const auto& [name, value] : finding.meta)
    out += fmt::format("{}{}={}", out.empty() ? "" : "; ", name, value);
  return out;
}

class Csv final : public Format {
 public:
  std::string begin() const override { return std::string(kColumns); }

  std::string finding(const model::Finding& finding) const override {
    const model::TemplateInfo& info = *finding.info;
    const model::TemplateInfo::Classification none;
    const auto& facts = info.classification ? *info.classification : none;
    const std::string cells[] = {
        info.id,
        info.name,
        model::to_string(info.severity),
        finding.type,
        finding.host,
        finding.port,
        finding.ip,
        finding.matched_at,
        finding.matcher_name,
        finding.extractor_name,
        joined(finding.extracted_results),
        payloads_of(finding),
        joined(info.tags),
        facts.cve_id ? joined(*facts.cve_id) : "",
        facts.cwe_id ? joined(*facts.cwe_id) : "",
        facts.cvss_score ? fmt::format("{}", *facts.cvss_score) : "",
        rfc3339(finding.timestamp),
        finding.matched ? "true" : "false",
        finding.error,
    };
    return csv_row(cells);
  }
};

}  // namespace

std::string csv_row(std::span<const std::string> cells) {
  std::string row;
  for (const std::string& text : cells) {
    if (&text != cells.data()) row += ',';
    row += cell(text);
  }
  return row + "\r\n";
}

std::unique_ptr<Format> make_csv(const FormatOptions&) { return std::make_unique<Csv>(); }

}  // namespace m8::output
