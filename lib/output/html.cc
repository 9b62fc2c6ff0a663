#include "output/html.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "base/version.h"
#include "output/html_style.h"
#include "output/table.h"

namespace m8::output {
namespace {

constexpr std::size_t kHosts = 25, kDays = 30;
constexpr std::size_t kDay = 10;  // "2026-11-28"
constexpr int kCritical = 5;
constexpr std::array<const char*, 6> kNames{"unknown", "info", "low", "medium", "high", "critical"};
constexpr const char* kStatuses = "UVIFR";

const char* name_of(int severity) { return kNames[static_cast<std::size_t>(severity)]; }
std::uint64_t at(const SeverityCounts& counts, int severity) {
  return counts[static_cast<std::size_t>(severity)];
}
std::uint64_t sum(const SeverityCounts& counts) {
  std::uint64_t all = 0;
  for (const auto count : counts) all += count;
  return all;
}

using Column = std::pair<std::string, SeverityCounts>;

/// A chart of stacked bars, one for each column, with its numbers as text for who does not see it.
std::string chart(const std::string& id, const std::string& title,
                  const std::vector<Column>& columns) {
  constexpr int kWidth = 960, kHeight = 180, kFloor = 150;
  std::uint64_t most = 1;
  for (const Column& column : columns) most = std::max(most, sum(column.second));
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{}\"><title id=\"{}\">{}</title>",
      kWidth, kHeight, id, id, html_escape(title));
  const double step =
      static_cast<double>(kWidth) / static_cast<double>(std::max<std::size_t>(columns.size(), 1));
  const double width = std::min(step * 0.7, 60.0);
  const std::size_t every = columns.size() / 12 + 1;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const double left = step * static_cast<double>(i) + (step - width) / 2;
    double floor = kFloor;
    std::string told;
    for (int severity = 0; severity <= kCritical; ++severity) {
      const std::uint64_t count = at(columns[i].second, severity);
      if (count == 0) continue;
      const double height = 130.0 * static_cast<double>(count) / static_cast<double>(most);
      floor -= height;
      told += fmt::format(", {} {}", count, name_of(severity));
      svg += fmt::format(
          "<rect class=\"c{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>",
          severity, left, floor, width, std::max(height, 0.5));
    }
    const std::string label = html_escape(columns[i].first);
    // Of a day "11-28" is enough where it stands in a row; all of it is told where one points.
    const std::string axis = label.size() == kDay ? label.substr(5) : label;
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"10\" width=\"{:.1f}\" height=\"140\" fill=\"none\" "
        "pointer-events=\"all\"><title>{}{}</title></rect>",
        left, width, label, told);
    if (i % every == 0) {
      svg += fmt::format("<text x=\"{:.1f}\" y=\"168\" text-anchor=\"middle\">{}</text>",
                         left + width / 2, axis);
    }
  }
  return svg +
         fmt::format("<line x1=\"0\" x2=\"{}\" y1=\"{}\" y2=\"{}\" stroke=\"#59636e\"/></svg>",
                     kWidth, kFloor, kFloor);
}

std::string header_cells(const char* first) {
  std::string html = fmt::format("<thead><tr><th scope=\"col\">{}</th>", first);
  for (int severity = kCritical; severity >= 0; --severity)
    html += fmt::format("<th scope=\"col\" class=\"n\">{}</th>", name_of(severity));
  return html + "</tr></thead>\n";
}

/// How dark a cell of the heat map is: by its number, more for graver ones.
int heat_of(std::uint64_t count, int severity) {
  if (count == 0) return 0;
  const int weight = severity >= 4 ? 3 : severity == 3 ? 2 : 1;
  return std::min(5, weight + (count >= 10 ? 2 : count >= 3 ? 1 : 0));
}

std::string heat_map(const ReportSummary& summary) {
  const auto hosts = summary.worst_hosts(kHosts);
  if (hosts.empty()) return {};
  std::string html =
      "<section aria-labelledby=\"hosts\"><h2 id=\"hosts\">Severity by host</h2><div "
      "class=\"wide hosts\" tabindex=\"0\" "
      "role=\"group\" aria-labelledby=\"hosts\"><table><caption>";
  html += summary.hosts() > hosts.size()
              ? fmt::format("Open issues of the {} hosts with the gravest, of {}.", hosts.size(),
                            summary.hosts())
              : "Open issues of each host, the gravest first.";
  html += "</caption>" + header_cells("Host") + "<tbody>\n";
  for (const auto& [host, counts] : hosts) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", html_escape(host));
    for (int severity = kCritical; severity >= 0; --severity) {
      const std::uint64_t count = at(counts, severity);
      html += fmt::format("<td class=\"n h{}\">{}</td>", heat_of(count, severity), count);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div></section>\n";
}

std::string summary_section(const ReportSummary& summary) {
  std::string html =
      "<section aria-labelledby=\"summary\"><h2 id=\"summary\">Summary</h2><ul class=\"cards\">";
  for (int severity = kCritical; severity >= 0; --severity) {
    const std::uint64_t count = at(summary.open(), severity);
    if (severity == 0 && count == 0) continue;
    html += fmt::format("<li class=\"{}\"><b>{}</b> {} open</li>", name_of(severity), count,
                        name_of(severity));
  }
  html +=
      "</ul><h3>What became of them</h3><table><caption>All issues by status.</caption><thead>"
      "<tr><th scope=\"col\">Status</th><th scope=\"col\" class=\"n\">Issues</th></tr></thead>"
      "<tbody>";
  for (const char status : std::string_view(kStatuses)) {
    const auto found = summary.statuses().find(status);
    html += fmt::format("<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td></tr>",
                        model::status_name(status),
                        found == summary.statuses().end() ? 0 : found->second);
  }
  return html + fmt::format(
                    "<tr><th scope=\"row\">no longer found</th><td class=\"n\">{}</td></tr>"
                    "</tbody></table></section>\n",
                    summary.gone());
}

std::uint64_t count_of(const model::Run& run, const std::string& name) {
  const auto found = run.counts.find(name);
  return found == run.counts.end() ? 0 : found->second;
}

/// What a scan found, by severity; what a run before these counts were kept found is of none.
SeverityCounts found_by(const model::Run& run) {
  SeverityCounts counts{};
  for (int severity = 0; severity <= kCritical; ++severity)
    counts[static_cast<std::size_t>(severity)] =
        count_of(run, fmt::format("findings.{}", name_of(severity)));
  const std::uint64_t all = count_of(run, "findings");
  counts[0] += all - std::min(all, sum(counts));
  return counts;
}

std::string trend_section(const ReportSummary& summary) {
  if (summary.runs.empty()) return {};
  std::vector<Column> columns;
  std::string rows;
  for (const model::Run& run : summary.runs) {
    const SeverityCounts counts = found_by(run);
    columns.emplace_back(fmt::format("{}", run.id), counts);
    rows += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"n\">{}</td>", run.id,
        rfc3339(run.started).substr(0, 16), html_escape(run.status), count_of(run, "targets.done"));
    for (int severity = kCritical; severity >= 0; --severity)
      rows += fmt::format("<td class=\"n\">{}</td>", at(counts, severity));
    rows += fmt::format("<td class=\"n\">{}</td></tr>\n", count_of(run, "issues.gone"));
  }
  std::string names;
  for (int severity = kCritical; severity >= 0; --severity)
    names += fmt::format("<th scope=\"col\" class=\"n\">{}</th>", name_of(severity));
  return "<section aria-labelledby=\"trend\"><h2 id=\"trend\">The last scans</h2>" +
         chart("trend-chart", "Findings of each scan", columns) +
         "<div class=\"wide runs\" tabindex=\"0\" role=\"group\" aria-labelledby=\"trend\"><table>"
         "<caption>Findings of each, the oldest first.</caption><thead><tr><th "
         "scope=\"col\">Run</th>"
         "<th scope=\"col\">Started (UTC)</th><th scope=\"col\">Status</th>"
         "<th scope=\"col\" class=\"n\">Targets</th>" +
         names + "<th scope=\"col\" class=\"n\">Gone</th></tr></thead><tbody>\n" + rows +
         "</tbody></table></div></section>\n";
}

std::string time_section(const ReportSummary& summary) {
  const auto days = summary.days(kDays);
  if (days.empty()) return {};
  return "<section aria-labelledby=\"time\"><h2 id=\"time\">First seen</h2>" +
         chart("time-chart", "Issues by the day on which they were first seen", days) +
         "</section>\n";
}

std::string checkbox(const std::string& id, const std::string& label) {
  return fmt::format("<label><input type=\"checkbox\" id=\"{}\" checked> {}</label>", id, label);
}

std::string filters() {
  std::string html = "<div class=\"filters\"><fieldset><legend>Severity</legend>";
  for (int severity = kCritical; severity >= 0; --severity)
    html += checkbox(fmt::format("f{}", severity), name_of(severity));
  html += "</fieldset><fieldset><legend>Status</legend>";
  for (const char status : std::string_view(kStatuses))
    html += checkbox(fmt::format("s{}", status), model::status_name(status));
  return html + "</fieldset></div>\n";
}

std::string fact(const char* name, std::string_view value) {
  if (value.empty()) return {};
  return fmt::format("<dt>{}</dt><dd>{}</dd>", name, html_escape(value));
}

std::string evidence(const char* title, std::string_view text, std::size_t most) {
  if (text.empty()) return {};
  std::string html = fmt::format("<h3>{}</h3><pre tabindex=\"0\">{}</pre>", title,
                                 html_escape(text.substr(0, most)));
  if (text.size() > most)
    html += fmt::format("<p class=\"meta\">{} of {} shown.</p>", bytes_text(most),
                        bytes_text(text.size()));
  return html;
}

/// Links only to the web: a template may say anything.
std::string references(const json::Value& info) {
  const json::Value* list = info.find("reference");
  if (list == nullptr || list->items().empty()) return {};
  std::string html = "<h3>References</h3><ul>";
  for (const json::Value& item : list->items()) {
    const std::string text = html_escape(item.as_string());
    const bool link = text.starts_with("https://") || text.starts_with("http://");
    html +=
        link ? fmt::format("<li><a href=\"{}\" rel=\"noreferrer noopener\">{}</a></li>", text, text)
             : fmt::format("<li>{}</li>", text);
  }
  return html + "</ul>";
}

std::string extracted(const json::Value& event) {
  const json::Value* list = event.find("extracted-results");
  std::string text;
  if (list == nullptr) return text;
  for (const json::Value& item : list->items())
    (text += text.empty() ? "" : ", ") += item.as_string();
  return text;
}

std::string event_part(const model::Issue& issue, const HtmlOptions& options) {
  const auto event = json::parse(issue.event);
  if (!event.ok()) return {};
  std::string html;
  const json::Value* info = event->find("info");
  const std::string found = extracted(*event);
  if (!found.empty()) html += "<dl>" + fact("Extracted", found) + "</dl>";
  if (info != nullptr) {
    for (const auto& [key, title] :
         {std::pair("description", "Description"), std::pair("impact", "Impact"),
          std::pair("remediation", "Remediation")}) {
      const auto text = info->string_at(key);
      if (!text.empty()) html += fmt::format("<h3>{}</h3><p>{}</p>", title, html_escape(text));
    }
    html += references(*info);
  }
  for (const auto& [key, title] :
       {std::pair("request", "Request"), std::pair("response", "Response")}) {
    const auto text = event->string_at(key);
    html += evidence(title, options.redactor ? options.redactor->text(text) : std::string(text),
                     options.max_evidence);
  }
  return html;
}

}  // namespace

void ReportSummary::add(const model::Issue& issue) {
  ++issues_;
  ++statuses_[issue.status];
  if (issue.gone) ++gone_;
  const auto severity = static_cast<std::size_t>(issue.severity);
  ++days_[rfc3339(issue.first_seen).substr(0, 10)][severity];
  const bool counts = model::state_of(issue).open() && issue.status != 'F' && issue.status != 'I';
  auto& host = hosts_[issue.host];
  if (!counts) return;
  ++open_[severity];
  ++host[severity];
}

std::vector<Column> ReportSummary::worst_hosts(std::size_t most) const {
  std::vector<Column> all;
  for (const auto& [host, counts] : hosts_) {
    if (sum(counts) > 0) all.emplace_back(host, counts);
  }
  const auto graver = [](const Column& a, const Column& b) {
    return std::lexicographical_compare(b.second.rbegin(), b.second.rend(), a.second.rbegin(),
                                        a.second.rend());
  };
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(most, all.size()));
  std::partial_sort(all.begin(), end, all.end(), graver);
  all.erase(end, all.end());
  return all;
}

std::vector<Column> ReportSummary::days(std::size_t most) const {
  std::vector<Column> all(days_.begin(), days_.end());
  if (all.size() > most) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(most));
  return all;
}

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\r':
        break;  // before a line feed it says nothing
      default:
        if ((byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7f) {
          out += fmt::format("\\x{:02x}", byte);
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string html_head(const ReportSummary& summary) {
  const std::string title = html_escape(summary.title);
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"referrer\" content=\"no-referrer\"><title>{}</title><style>{}</style></head>"
      "<body>\n<a class=\"skip\" href=\"#issues\">To the issues</a>\n<header><h1>{}</h1>"
      "<p class=\"meta\">{} issues on {} hosts, made {} from {} by m8 {}</p></header>\n<main>\n",
      title, kReportStyle, title, summary.issues(), summary.hosts(), rfc3339(summary.made),
      html_escape(summary.place), version());
  html +=
      summary_section(summary) + trend_section(summary) + heat_map(summary) + time_section(summary);
  return html + "<section aria-labelledby=\"issues\"><h2 id=\"issues\">Issues</h2>\n" +
         (summary.issues() == 0 ? "<p>None.</p>\n" : filters());
}

std::string html_issue(const model::Issue& issue, const HtmlOptions& options) {
  const std::string name = issue.name.empty() ? issue.template_id : issue.name;
  const char* const severity = to_string(issue.severity);
  const std::string status =
      std::string(model::status_name(issue.status)) + (issue.gone ? ", no longer found" : "");
  std::string html = fmt::format(
      "<details class=\"issue {} {}\" id=\"issue-{}\"><summary><span class=\"sev\">{}</span> "
      "<strong>{}</strong> {} <span class=\"st\">({})</span></summary><div><dl>",
      severity, issue.status, issue.id, severity, html_escape(name),
      html_escape(issue.matched_at.empty() ? issue.host : issue.matched_at), status);
  html += fact("Issue", std::to_string(issue.id)) + fact("Template", issue.template_id) +
          fact("Matcher", issue.matcher) + fact("Host", issue.host) +
          fact("Where", issue.matched_at) + fact("Tags", issue.tags) +
          fact("First seen", rfc3339(issue.first_seen)) +
          fact("Last seen", rfc3339(issue.last_seen));
  if (issue.gone) html += fact("No longer found since", rfc3339(*issue.gone));
  return html + "</dl>" + event_part(issue, options) + "</div></details>\n";
}

std::string html_tail() {
  return "</section>\n</main>\n<footer><p class=\"meta\">Severity, status and evidence are those "
         "of "
         "the last sighting. Requests and responses may hold secrets that nobody knows as such: "
         "keep "
         "this page as you keep those.</p></footer>\n</body></html>\n";
}

}  // namespace m8::output
