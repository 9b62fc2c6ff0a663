#include "probe_csv.h"

#include <array>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/regex.h"
#include "model/endpoint_json.h"

namespace m8::asmm8 {
namespace {

using model::Endpoint;

std::string list(const std::vector<std::string>& items) {
  json::Writer w;
  w.array();
  for (const std::string& item : items) w.value(item);
  w.end();
  return w.take();
}

std::string codes(const std::vector<int>& items) {
  json::Writer w;
  w.array();
  for (const int item : items) w.value(item);
  w.end();
  return w.take();
}

const char* truth(bool flag) { return flag ? "true" : "false"; }

struct Column {
  const char* name;
  std::string (*value)(const Endpoint&);
};

bool over_ipv6(const Endpoint& one) { return one.ip.find(':') != std::string::npos; }
std::string nothing(const Endpoint&) { return {}; }

/// Columns without a value here keep the others where httpx has them.
constexpr std::array kColumns = {
    Column{"timestamp", [](const Endpoint& one) { return rfc3339(one.last_seen); }},
    Column{"link_request", nothing},
    Column{"extract_regex", nothing},
    Column{"cdn_name", [](const Endpoint& one) { return one.cdn_name; }},
    Column{"cdn_type", [](const Endpoint& one) { return one.cdn_type; }},
    Column{"sni", nothing},
    Column{"port", [](const Endpoint& one) { return std::to_string(one.port); }},
    Column{"url", [](const Endpoint& one) { return one.url; }},
    Column{"input", [](const Endpoint& one) { return one.input; }},
    Column{"location", [](const Endpoint& one) { return one.location; }},
    Column{"title", [](const Endpoint& one) { return one.title; }},
    Column{"scheme", [](const Endpoint& one) { return one.scheme; }},
    Column{"error", [](const Endpoint& one) { return one.error; }},
    Column{"webserver", [](const Endpoint& one) { return one.server; }},
    Column{"body_preview", [](const Endpoint& one) { return one.body_preview; }},
    Column{"content_type", [](const Endpoint& one) { return one.content_type; }},
    Column{"method", [](const Endpoint& one) { return one.method; }},
    Column{"host", [](const Endpoint& one) { return one.hostname; }},
    Column{"host_ip", [](const Endpoint& one) { return one.ip; }},
    Column{"path", [](const Endpoint& one) { return one.path; }},
    Column{"favicon", [](const Endpoint& one) { return one.favicon; }},
    Column{"favicon_md5", [](const Endpoint& one) { return one.favicon_md5; }},
    Column{"favicon_path", [](const Endpoint& one) { return one.favicon_path; }},
    Column{"favicon_url", [](const Endpoint& one) { return one.favicon_url; }},
    Column{"final_url", [](const Endpoint& one) { return one.final_url; }},
    Column{"time", [](const Endpoint& one) { return model::go_duration(one.time); }},
    Column{"jarm_hash", [](const Endpoint& one) { return one.jarm; }},
    Column{"chain_status_codes", [](const Endpoint& one) { return codes(one.chain_status); }},
    Column{"a",
           [](const Endpoint& one) {
             return one.ip.empty() || over_ipv6(one) ? std::string("[]") : list({one.ip});
           }},
    Column{"aaaa",
           [](const Endpoint& one) { return over_ipv6(one) ? list({one.ip}) : std::string("[]"); }},
    Column{"cname", [](const Endpoint& one) { return list(one.cname); }},
    Column{"tech", [](const Endpoint& one) { return list(one.technologies); }},
    Column{"words", [](const Endpoint& one) { return std::to_string(one.words); }},
    Column{"lines", [](const Endpoint& one) { return std::to_string(one.lines); }},
    Column{"status_code", [](const Endpoint& one) { return std::to_string(one.status); }},
    Column{"content_length",
           [](const Endpoint& one) { return std::to_string(one.content_length); }},
    Column{"failed", [](const Endpoint& one) -> std::string { return truth(!one.live); }},
    Column{"vhost", [](const Endpoint& one) -> std::string { return truth(one.vhost); }},
    Column{"websocket", [](const Endpoint& one) -> std::string { return truth(one.websocket); }},
    Column{"cdn", [](const Endpoint& one) -> std::string { return truth(one.cdn); }},
    Column{"http2", [](const Endpoint& one) -> std::string { return truth(one.http2); }},
    Column{"pipeline", [](const Endpoint& one) -> std::string { return truth(one.pipeline); }},
    Column{"headless_body", nothing},
    Column{"screenshot_bytes", nothing},
    Column{"stored_response_path", [](const Endpoint& one) { return one.stored_response_path; }},
    Column{"screenshot_path", [](const Endpoint& one) { return one.screenshot_path; }},
    Column{"screenshot_path_rel", nothing},
    Column{"resolvers", nothing},
    Column{"body_fqdn", nothing},
    Column{"body_domains", nothing},
    Column{"cpe", nothing},
    Column{"wordpress", nothing},
};

void append_field(std::string& out, std::string_view text) {
  const bool formula = !text.empty() && std::string_view("=+-@").find(text.front()) != text.npos;
  const bool quoted = text.find_first_of(",\"\r\n") != text.npos;
  if (!quoted) {
    (out += formula ? "'" : "") += text;
    return;
  }
  out += formula ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

std::string probe_csv_header() {
  std::string out;
  for (const Column& column : kColumns) (out += out.empty() ? "" : ",") += column.name;
  return out += '\n';
}

std::string probe_csv_line(const Endpoint& record) {
  std::string out;
  for (const Column& column : kColumns) {
    if (&column != &kColumns.front()) out += ',';
    const std::string text = column.value(record);
    append_field(out, is_utf8(text) ? text : to_utf8(text));
  }
  return out += '\n';
}

}  // namespace m8::asmm8
