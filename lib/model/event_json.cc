#include "model/event_json.h"

#include "base/json.h"

namespace m8::model {
namespace {

/// A writer that keeps more than this is made anew.
constexpr std::size_t kMostKept = 1u << 20;

void write_list(json::Writer& w, std::string_view key,
                const std::optional<std::vector<std::string>>& items) {
  if (items) {
    w.strings(key, *items);
  } else {
    w.key(key).null();
  }
}

void write_score(json::Writer& w, std::string_view key, const std::optional<double>& score) {
  if (score && *score != 0) w.field(key, *score);
}

void write_classification(json::Writer& w, const TemplateInfo::Classification& from) {
  w.key("classification").object();
  write_list(w, "cve-id", from.cve_id);
  write_list(w, "cwe-id", from.cwe_id);
  w.optional("cvss-metrics", from.cvss_metrics);
  write_score(w, "cvss-score", from.cvss_score);
  write_score(w, "epss-score", from.epss_score);
  write_score(w, "epss-percentile", from.epss_percentile);
  w.optional("cpe", from.cpe).end();
}

void write_info(json::Writer& w, const TemplateInfo& info) {
  w.key("info").object();
  w.optional("name", info.name).strings("author", info.author).strings("tags", info.tags);
  w.optional("description", info.description).optional("impact", info.impact);
  if (!info.reference.empty()) w.strings("reference", info.reference);
  w.field("severity", to_string(info.severity));
  if (!info.metadata.empty()) {
    w.key("metadata").object();
    for (const auto& [key, value] : info.metadata) w.key(key).raw(value);
    w.end();
  }
  if (info.classification) write_classification(w, *info.classification);
  w.optional("remediation", info.remediation).end();
}

void write_place(json::Writer& w, const Finding& finding) {
  w.optional("host", finding.host).optional("port", finding.port);
  w.optional("scheme", finding.scheme).optional("url", finding.url);
  w.optional("path", finding.path).optional("matched-at", finding.matched_at);
}

void write_evidence(json::Writer& w, const Finding& finding) {
  if (!finding.extracted_results.empty()) w.strings("extracted-results", finding.extracted_results);
  w.optional("request", finding.request).optional("response", finding.response);
  if (finding.meta.empty()) return;
  w.key("meta").object();
  for (const auto& [name, value] : finding.meta) w.field(name, value);
  w.end();
}

}  // namespace

std::string event_json(const Finding& finding) {
  const TemplateInfo& info = *finding.info;
  // Reused: a text of many kilobytes grows to its size once and not for each finding.
  thread_local json::Writer w(/*escape_html=*/true);
  w.clear();
  w.object().optional("template", info.relative_path).field("template-id", info.id);
  w.optional("template-path", info.path);
  write_info(w, info);
  w.optional("matcher-name", finding.matcher_name);
  w.optional("extractor-name", finding.extractor_name).field("type", finding.type);
  write_place(w, finding);
  write_evidence(w, finding);
  w.optional("ip", finding.ip).field("timestamp", rfc3339_local(finding.timestamp));
  if (finding.interaction) w.key("interaction").raw(to_json(*finding.interaction));
  w.optional("curl-command", finding.curl_command).field("matcher-status", finding.matched);
  if (finding.global_matchers) w.field("global-matchers", true);
  w.optional("error", finding.error).end();
  return w.text().size() > kMostKept ? w.take() : w.text();
}

}  // namespace m8::model
