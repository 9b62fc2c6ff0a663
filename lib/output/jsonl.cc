// JSON lines: findings as the field's event (model/event_json.h), host names and endpoints with our
// own keys (m8-records(5)).
#include "base/json.h"
#include "model/event_json.h"
#include "output/format.h"

namespace m8::output {
namespace {

std::string line(json::Writer& w) {
  std::string text = w.take();
  text += '\n';
  return text;
}

class Jsonl final : public Format {
 public:
  std::string hostname(const model::Hostname& record) const override {
    json::Writer w;
    w.object().field("domain", record.domain).field("hostname", record.hostname);
    w.strings("sources", record.sources);
    w.field("first_seen", rfc3339(record.first_seen)).field("last_seen", rfc3339(record.last_seen));
    w.strings("a", record.a).strings("aaaa", record.aaaa).strings("cname", record.cname);
    w.field("resolver", record.resolver).field("wildcard", record.wildcard);
    if (!record.proven) w.field("proven", false);
    w.end();
    return line(w);
  }

  std::string endpoint(const model::Endpoint& record) const override {
    json::Writer w;
    w.object().field("timestamp", rfc3339(record.last_seen));
    w.field("url", record.url).field("host", record.hostname).optional("host_ip", record.ip);
    w.field("port", std::to_string(record.port)).field("status_code", record.status);
    w.optional("title", record.title).optional("webserver", record.server);
    w.field("failed", !record.live).end();
    return line(w);
  }

  std::string finding(const model::Finding& finding) const override {
    return model::event_json(finding) + '\n';
  }
};

}  // namespace

std::unique_ptr<Format> make_jsonl(const FormatOptions&) { return std::make_unique<Jsonl>(); }

}  // namespace m8::output
