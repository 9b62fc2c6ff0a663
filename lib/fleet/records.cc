#include "fleet/records.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "fleet/fields.h"

namespace m8::model {

template <typename Each, typename Record>
concept Is = std::is_same_v<std::remove_const_t<Each>, Record>;

// Found by the type of their argument.

template <typename V>
void visit(V& each, Is<TemplateInfo::Classification> auto& r) {
  each("cve", r.cve_id), each("cwe", r.cwe_id), each("metrics", r.cvss_metrics);
  each("cpe", r.cpe), each("score", r.cvss_score), each("epss", r.epss_score);
  each("percentile", r.epss_percentile);
}

template <typename V>
void visit(V& each, Is<TemplateInfo> auto& r) {
  each("id", r.id), each("path", r.path), each("relative", r.relative_path);
  each("name", r.name), each("author", r.author), each("tags", r.tags);
  each("reference", r.reference), each("description", r.description);
  each("impact", r.impact), each("remediation", r.remediation);
  each("severity", r.severity), each("metadata", r.metadata);
  each("classification", r.classification);
}

template <typename V>
void visit(V& each, Is<Interaction> auto& r) {
  each("protocol", r.protocol), each("unique", r.unique_id), each("full", r.full_id);
  each("type", r.q_type), each("request", r.raw_request), each("response", r.raw_response);
  each("from", r.smtp_from), each("remote", r.remote_address), each("time", r.timestamp);
  each("asn", r.asninfo);
}

template <typename V>
void visit(V& each, Is<Finding> auto& r) {
  each("type", r.type), each("matcher", r.matcher_name), each("extractor", r.extractor_name);
  each("host", r.host), each("port", r.port), each("scheme", r.scheme), each("url", r.url);
  each("path", r.path), each("at", r.matched_at), each("extracted", r.extracted_results);
  each("request", r.request), each("response", r.response), each("meta", r.meta);
  each("ip", r.ip), each("time", r.timestamp), each("interaction", r.interaction);
  each("curl", r.curl_command), each("matched", r.matched);
  each("global", r.global_matchers), each("error", r.error), each("random", r.random);
}

template <typename V>
void visit(V& each, Is<Outcome> auto& r) {
  each("kind", r.kind), each("target", r.target), each("what", r.what), each("reason", r.reason);
}

template <typename V>
void visit(V& each, Is<AuditRecord> auto& r) {
  each("time", r.time), each("protocol", r.protocol), each("template", r.origin.template_id);
  each("target", r.origin.target), each("shared", r.origin.shared);
  each("method", r.method), each("url", r.url);
  each("address", r.address), each("status", r.status), each("error", r.error);
  each("out", r.bytes_out), each("in", r.bytes_in), each("duration", r.duration);
}

template <typename V>
void visit(V& each, Is<Endpoint> auto& r) {
  each("url", r.url), each("hostname", r.hostname), each("ip", r.ip), each("port", r.port);
  each("status", r.status), each("title", r.title), each("server", r.server);
  each("live", r.live), each("seen", r.last_seen), each("input", r.input);
  each("scheme", r.scheme), each("method", r.method), each("path", r.path);
  each("type", r.content_type), each("length", r.content_length), each("words", r.words);
  each("lines", r.lines), each("cname", r.cname), each("csp", r.csp);
  each("location", r.location), each("final", r.final_url), each("codes", r.chain_status);
  each("chain", r.chain), each("heads", r.chain_heads), each("time", r.time);
  each("technologies", r.technologies), each("hashes", r.hashes), each("favicon", r.favicon);
  each("favicon_md5", r.favicon_md5), each("favicon_path", r.favicon_path);
  each("favicon_url", r.favicon_url), each("jarm", r.jarm), each("cdn_name", r.cdn_name);
  each("cdn_type", r.cdn_type), each("cdn", r.cdn), each("http2", r.http2);
  each("websocket", r.websocket), each("pipeline", r.pipeline), each("vhost", r.vhost);
  each("tls", r.tls), each("preview", r.body_preview), each("extracts", r.extracts);
  each("head", r.raw_header), each("body", r.body), each("request", r.request);
  each("screenshot", r.screenshot_path), each("stored", r.stored_response_path);
  each("error", r.error);
}

template <typename V>
void visit(V& each, Is<Hostname> auto& r) {
  each("domain", r.domain), each("name", r.hostname), each("sources", r.sources);
  each("first", r.first_seen), each("last", r.last_seen), each("a", r.a);
  each("aaaa", r.aaaa), each("cname", r.cname), each("resolver", r.resolver);
  each("wildcard", r.wildcard), each("proven", r.proven), each("live", r.live);
  each("tie", r.tie), each("tie_break", r.tie_break), each("endpoints", r.endpoints);
}

}  // namespace m8::model

namespace m8::net {

template <typename V>
void visit(V& each, model::Is<TlsPeer> auto& r) {
  each("version", r.version), each("cipher", r.cipher), each("alpn", r.alpn);
  each("sni", r.server_name), each("subject", r.subject_dn), each("cn", r.subject_cn);
  each("issuer", r.issuer_dn), each("issuer_cn", r.issuer_cn);
  each("org", r.subject_org), each("issuer_org", r.issuer_org), each("names", r.names);
  each("emails", r.emails), each("serial", r.serial), each("from", r.not_before);
  each("until", r.not_after), each("md5", r.md5), each("sha1", r.sha1);
  each("sha256", r.sha256), each("has", r.has_certificate), each("self", r.self_signed);
  each("mismatched", r.mismatched), each("wildcard", r.wildcard);
}

}  // namespace m8::net

namespace m8::scan {

template <typename V>
void visit(V& each, model::Is<JobResult> auto& r) {
  each("endpoint", r.endpoint), each("findings", r.findings), each("executions", r.executions);
  each("skipped", r.skipped), each("error", r.error), each("duration", r.duration);
  each("worker", r.worker), each("ended", r.ended);
}

template <typename V>
void visit(V& each, model::Is<Totals> auto& r) {
  each("targets", r.targets), each("done", r.targets_done), each("ended", r.targets_ended);
  each("skipped", r.targets_skipped), each("executions", r.executions);
  each("executions_skipped", r.executions_skipped), each("requests", r.requests_done);
  each("planned", r.requests_planned), each("hosts_lost", r.hosts_lost);
  each("lost_hosts", r.lost_hosts), each("hosts_dead", r.hosts_dead);
  each("dead_hosts", r.dead_hosts), each("findings", r.findings);
  each("records_lost", r.records_lost), each("errors", r.errors);
}

}  // namespace m8::scan

namespace m8::http {

template <typename V>
void visit(V& each, model::Is<SessionStats::Timeouts> auto& r) {
  each("dial", r.dial), each("tls", r.tls), each("header", r.header), each("body", r.body);
  each("total", r.total);
}

template <typename V>
void visit(V& each, model::Is<SessionStats> auto& r) {
  each("requests", r.requests), each("responses", r.responses), each("errors", r.errors);
  each("connections", r.connections), each("reused", r.reused), each("in", r.bytes_in);
  each("out", r.bytes_out), each("refused", r.refused_by_scope), each("retries", r.retries);
  each("opens", r.breaker_opens), each("rejections", r.breaker_rejections);
  each("slowdowns", r.slowdowns), each("connects", r.proxy_connects);
  each("proxy_errors", r.proxy_errors), each("timeouts", r.timeouts);
}

}  // namespace m8::http

namespace m8::fleet {

template <typename V>
void visit(V& each, model::Is<JobTotals> auto& r) {
  each("exit", r.exit_code), each("scan", r.scan), each("http", r.http);
  each("names_lost", r.names_lost), each("counts", r.counts);
}

namespace {

constexpr std::size_t kNamedHosts = 10;

/// What FieldWriter leaves out is false; these default to true.
template <typename Record>
void clear_defaults(Record& record) {
  if constexpr (requires { record.matched; }) record.matched = false;
  if constexpr (requires { record.proven; }) record.proven = false;
  if constexpr (requires { record.live; }) record.live = false;
  if constexpr (std::is_same_v<Record, scan::JobResult>) record.worker = 0;
  if constexpr (std::is_same_v<Record, model::AuditRecord>) record.protocol.clear();
  if constexpr (requires { record.endpoints; })
    for (auto& endpoint : record.endpoints) clear_defaults(endpoint);
}

template <typename Record>
Record read_record(const json::Value& value) {
  Record record;
  clear_defaults(record);
  FieldReader reader(value);
  visit(reader, record);
  return record;
}

/// The endpoints of a hostname are made while it is read.
model::Hostname read_hostname(const json::Value& value) {
  model::Hostname record = read_record<model::Hostname>(value);
  record.endpoints.clear();
  if (const json::Value* endpoints = value.find("endpoints"))
    for (const json::Value& one : endpoints->items())
      record.endpoints.push_back(read_record<model::Endpoint>(one));
  return record;
}

}  // namespace

template <typename Record>
Status RecordLines::put(const char* kind, const Record& record) {
  json::Writer json;
  json.object().key(kind).object();
  FieldWriter fields(json);
  visit(fields, record);
  json.end().end();
  std::string line = json.take();
  line.push_back('\n');
  return write_(line);
}

Status RecordLines::hostname(const model::Hostname& record) {
  const std::lock_guard lock(mutex_);
  return put("h", record);
}

Status RecordLines::endpoint(const model::Endpoint& record) {
  const std::lock_guard lock(mutex_);
  return put("e", record);
}

Status RecordLines::outcome(const model::Outcome& record) {
  const std::lock_guard lock(mutex_);
  return put("o", record);
}

Status RecordLines::request(const model::AuditRecord& record) {
  const std::lock_guard lock(mutex_);
  return put("a", record);
}

Status RecordLines::target(const scan::JobResult& record) {
  const std::lock_guard lock(mutex_);
  return put("j", record);
}

Status RecordLines::totals(const JobTotals& totals) {
  const std::lock_guard lock(mutex_);
  return put("end", totals);
}

Status RecordLines::introduce(const std::shared_ptr<const model::TemplateInfo>& info,
                              std::int64_t& number) {
  const auto [it, news] = infos_.try_emplace(info, static_cast<std::int64_t>(infos_.size()));
  number = it->second;
  if (!news || !info) return {};
  model::TemplateInfo moved = *info;
  if (!root_.empty() && moved.path.starts_with(root_)) moved.path.replace(0, root_.size(), "@");
  return put("t", moved);
}

Status RecordLines::finding(const model::Finding& record) {
  const std::lock_guard lock(mutex_);
  std::int64_t number = 0;
  M8_TRY(introduce(record.info, number));
  json::Writer json;
  json.object().field("of", number).key("f").object();
  FieldWriter fields(json);
  visit(fields, record);
  json.end().end();
  std::string line = json.take();
  line.push_back('\n');
  return write_(line);
}

Status RecordReader::read(std::string_view line) {
  const auto parsed = json::parse(line);
  if (!parsed.ok()) return Error{ErrorCode::kProtocol, "a record that is none: not JSON"};
  const json::Value& value = *parsed;
  if (const auto* one = value.find("t")) {
    auto info = std::make_shared<model::TemplateInfo>(read_record<model::TemplateInfo>(*one));
    if (info->path.starts_with('@') && path_) info->path = path_(info->path.substr(1));
    infos_.emplace(static_cast<std::int64_t>(infos_.size()), std::move(info));
    return {};
  }
  if (const auto* one = value.find("f")) {
    const json::Value* of = value.find("of");
    const auto info = of ? infos_.find(of->as_int(-1)) : infos_.end();
    if (info == infos_.end())
      return Error{ErrorCode::kProtocol, "a finding of a template that was not told of"};
    model::Finding finding = read_record<model::Finding>(*one);
    finding.info = info->second;
    return sink_.finding(finding);
  }
  if (const auto* one = value.find("e")) return sink_.endpoint(read_record<model::Endpoint>(*one));
  if (const auto* one = value.find("h")) return sink_.hostname(read_hostname(*one));
  if (const auto* one = value.find("o")) return sink_.outcome(read_record<model::Outcome>(*one));
  if (const auto* one = value.find("a")) {
    if (extras_.requests) extras_.requests->sent(read_record<model::AuditRecord>(*one));
    return {};
  }
  if (const auto* one = value.find("j"))
    return extras_.targets ? extras_.targets->job(read_record<scan::JobResult>(*one)) : Status();
  if (const auto* one = value.find("end")) {
    totals_ = read_record<JobTotals>(*one);
    return {};
  }
  return Error{ErrorCode::kProtocol, "a record of no known kind"};
}

Status RecordReader::read_all(std::string_view lines) {
  Status first;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    Status status = end > 0 ? read(lines.substr(0, end)) : Status();
    if (first.ok() && !status.ok()) first = std::move(status);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return first;
}

namespace {

template <typename Map>
void add_map(Map& sum, const Map& more) {
  for (const auto& [name, count] : more) sum[name] += count;
}

void add_names(std::vector<std::string>& sum, const std::vector<std::string>& more) {
  for (const std::string& name : more)
    if (sum.size() < kNamedHosts) sum.push_back(name);
}

void add_scan(scan::Totals& sum, const scan::Totals& job) {
  sum.targets += job.targets;
  sum.targets_done += job.targets_done;
  sum.targets_ended += job.targets_ended;
  add_map(sum.targets_skipped, job.targets_skipped);
  sum.executions += job.executions;
  sum.executions_skipped += job.executions_skipped;
  sum.requests_done += job.requests_done;
  sum.requests_planned += job.requests_planned;
  sum.hosts_lost += job.hosts_lost;
  add_names(sum.lost_hosts, job.lost_hosts);
  sum.hosts_dead += job.hosts_dead;
  add_names(sum.dead_hosts, job.dead_hosts);
  sum.findings += job.findings;
  sum.records_lost += job.records_lost;
  add_map(sum.errors, job.errors);
}

void add_http(http::SessionStats& sum, const http::SessionStats& job) {
  using S = http::SessionStats;
  for (auto member :
       {&S::requests, &S::responses, &S::errors, &S::connections, &S::reused, &S::bytes_in,
        &S::bytes_out, &S::refused_by_scope, &S::retries, &S::breaker_opens, &S::breaker_rejections,
        &S::slowdowns, &S::proxy_connects, &S::proxy_errors})
    sum.*member += job.*member;
  using T = S::Timeouts;
  for (auto member : {&T::dial, &T::tls, &T::header, &T::body, &T::total})
    sum.timeouts.*member += job.timeouts.*member;
}

}  // namespace

void add_totals(JobTotals& sum, const JobTotals& job) {
  sum.exit_code = std::max(sum.exit_code, job.exit_code);
  add_scan(sum.scan, job.scan);
  add_http(sum.http, job.http);
  sum.names_lost += job.names_lost;
  add_map(sum.counts, job.counts);
}

}  // namespace m8::fleet
