// JSON lines: findings and endpoints with the field's keys (model/event_json.h, endpoint_json.h),
// host names with our own (m8-records(5)).
#include "base/json.h"
#include "model/endpoint_json.h"
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
    w.optional("tie_break", record.tie_break);
    if (!record.endpoints.empty()) {
      w.key("probe").array();
      for (const auto& endpoint : record.endpoints) w.raw(model::endpoint_json(endpoint));
      w.end();
    }
    w.end();
    return line(w);
  }

  std::string endpoint(const model::Endpoint& record) const override {
    return model::endpoint_json(record) + '\n';
  }

  std::string finding(const model::Finding& finding) const override {
    return model::event_json(finding) + '\n';
  }
};

}  // namespace

std::unique_ptr<Format> make_jsonl(const FormatOptions&) { return std::make_unique<Jsonl>(); }

}  // namespace m8::output
