#include "model/endpoint_json.h"

#include <fmt/format.h>

#include "base/json.h"

namespace m8::model {
namespace {

void strings_if_any(json::Writer& w, const char* key, const std::vector<std::string>& items) {
  if (!items.empty()) w.strings(key, items);
}

void flag_if_set(json::Writer& w, const char* key, bool flag) {
  if (flag) w.field(key, true);
}

void write_certificate(json::Writer& w, const net::TlsPeer& tls, WallTime now) {
  w.field("not_before", rfc3339(tls.not_before)).field("not_after", rfc3339(tls.not_after));
  w.optional("subject_dn", tls.subject_dn).optional("subject_cn", tls.subject_cn);
  strings_if_any(w, "subject_org", tls.subject_org);
  strings_if_any(w, "subject_an", tls.names);
  w.optional("serial", tls.serial);
  w.optional("issuer_dn", tls.issuer_dn).optional("issuer_cn", tls.issuer_cn);
  strings_if_any(w, "issuer_org", tls.issuer_org);
  strings_if_any(w, "emails", tls.emails);
  w.key("fingerprint_hash").object();
  w.field("md5", tls.md5).field("sha1", tls.sha1).field("sha256", tls.sha256).end();
  flag_if_set(w, "wildcard_certificate", tls.wildcard);
  flag_if_set(w, "expired", tls.not_after < now);
  flag_if_set(w, "self_signed", tls.self_signed);
  flag_if_set(w, "mismatched", tls.mismatched);
}

void write_tls(json::Writer& w, const Endpoint& endpoint) {
  const net::TlsPeer& tls = *endpoint.tls;
  w.key("tls").object();
  w.field("host", endpoint.hostname).field("port", std::to_string(endpoint.port));
  w.field("probe_status", true).optional("tls_version", tls.version);
  w.optional("cipher", tls.cipher).field("tls_connection", "openssl");
  w.optional("sni", tls.server_name);
  if (tls.has_certificate) write_certificate(w, tls, endpoint.last_seen);
  w.end();
}

void write_identity(json::Writer& w, const Endpoint& endpoint) {
  w.field("timestamp", rfc3339(endpoint.last_seen));
  if (!endpoint.csp.empty()) w.key("csp").object().strings("fqdn", endpoint.csp).end();
  if (endpoint.tls) write_tls(w, endpoint);
  if (!endpoint.hashes.empty()) {
    w.key("hash").object();
    for (const auto& [name, text] : endpoint.hashes) w.field(name, text);
    w.end();
  }
  w.optional("cdn_name", endpoint.cdn_name).optional("cdn_type", endpoint.cdn_type);
  w.field("port", std::to_string(endpoint.port)).field("url", endpoint.url);
  w.optional("input", endpoint.input).optional("location", endpoint.location);
  w.optional("title", endpoint.title).optional("scheme", endpoint.scheme);
  w.optional("error", endpoint.error).optional("webserver", endpoint.server);
  w.optional("body", endpoint.body).optional("body_preview", endpoint.body_preview);
  w.optional("content_type", endpoint.content_type).optional("method", endpoint.method);
  w.field("host", endpoint.hostname).optional("host_ip", endpoint.ip);
  w.optional("path", endpoint.path);
}

void write_favicon(json::Writer& w, const Endpoint& endpoint) {
  w.optional("favicon", endpoint.favicon).optional("favicon_md5", endpoint.favicon_md5);
  w.optional("favicon_path", endpoint.favicon_path);
  w.optional("favicon_url", endpoint.favicon_url);
}

void write_chain(json::Writer& w, const Endpoint& endpoint) {
  if (endpoint.chain_status.empty()) return;
  w.key("chain_status_codes").array();
  for (const int status : endpoint.chain_status) w.value(status);
  w.end();
  if (endpoint.chain_heads.size() != endpoint.chain.size()) return;
  w.key("chain").array();
  for (std::size_t i = 0; i < endpoint.chain.size(); ++i) {
    const bool last = i + 1 == endpoint.chain.size();
    w.object().field("response", endpoint.chain_heads[i]);
    w.field("status_code", endpoint.chain_status[i]);
    w.optional("location", last ? std::string() : endpoint.chain[i + 1]);
    w.field("request-url", endpoint.chain[i]).end();
  }
  w.end();
}

}  // namespace

std::string go_duration(std::chrono::microseconds time) {
  const auto us = time.count();
  if (us < 1000) return fmt::format("{}µs", us);
  if (us < 1'000'000) return fmt::format("{}ms", static_cast<double>(us) / 1e3);
  return fmt::format("{}s", static_cast<double>(us) / 1e6);
}

std::string endpoint_json(const Endpoint& endpoint) {
  json::Writer w;
  w.object();
  write_identity(w, endpoint);
  write_favicon(w, endpoint);
  w.optional("final_url", endpoint.final_url).optional("raw_header", endpoint.raw_header);
  w.optional("request", endpoint.request);
  if (endpoint.time.count() > 0) w.field("time", go_duration(endpoint.time));
  w.optional("jarm_hash", endpoint.jarm);
  write_chain(w, endpoint);
  if (!endpoint.ip.empty())
    w.strings(endpoint.ip.find(':') == std::string::npos ? "a" : "aaaa", {endpoint.ip});
  strings_if_any(w, "cname", endpoint.cname);
  strings_if_any(w, "tech", endpoint.technologies);
  strings_if_any(w, "extracts", endpoint.extracts);
  w.field("words", endpoint.words).field("lines", endpoint.lines);
  w.field("status_code", endpoint.status).field("content_length", endpoint.content_length);
  w.field("failed", !endpoint.live);
  flag_if_set(w, "vhost", endpoint.vhost);
  flag_if_set(w, "websocket", endpoint.websocket);
  flag_if_set(w, "cdn", endpoint.cdn);
  flag_if_set(w, "http2", endpoint.http2);
  flag_if_set(w, "pipeline", endpoint.pipeline);
  w.optional("stored_response_path", endpoint.stored_response_path);
  w.optional("screenshot_path", endpoint.screenshot_path);
  w.end();
  return w.take();
}

}  // namespace m8::model
