#include "probe_condition.h"

#include "dsl/services.h"
#include "dsl/variables.h"

namespace m8::asmm8 {
namespace {

void set_texts(const model::Endpoint& record, dsl::Variables& out) {
  for (const auto& [key, text] : {std::pair<const char*, const std::string&>{"url", record.url},
                                  {"input", record.input},
                                  {"location", record.location},
                                  {"title", record.title},
                                  {"scheme", record.scheme},
                                  {"error", record.error},
                                  {"webserver", record.server},
                                  {"body", record.body},
                                  {"body_preview", record.body_preview},
                                  {"content_type", record.content_type},
                                  {"method", record.method},
                                  {"host", record.hostname},
                                  {"host_ip", record.ip},
                                  {"path", record.path},
                                  {"favicon", record.favicon},
                                  {"favicon_md5", record.favicon_md5},
                                  {"favicon_path", record.favicon_path},
                                  {"favicon_url", record.favicon_url},
                                  {"final_url", record.final_url},
                                  {"raw_header", record.raw_header},
                                  {"request", record.request},
                                  {"jarm_hash", record.jarm},
                                  {"cdn_name", record.cdn_name},
                                  {"cdn_type", record.cdn_type}}) {
    out.set(key, text);
  }
  out.set("port", std::to_string(record.port));
  for (const auto& [key, text] : record.hashes) out.set(key, text);
}

void set_numbers(const model::Endpoint& record, dsl::Variables& out) {
  out.set("status_code", record.status);
  out.set("content_length", static_cast<double>(record.content_length));
  out.set("words", static_cast<double>(record.words));
  out.set("lines", static_cast<double>(record.lines));
  for (const auto& [key, flag] : {std::pair{"failed", !record.live},
                                  {"vhost", record.vhost},
                                  {"websocket", record.websocket},
                                  {"cdn", record.cdn},
                                  {"http2", record.http2},
                                  {"pipeline", record.pipeline}}) {
    out.set(key, flag);
  }
}

void set_lists(const model::Endpoint& record, dsl::Variables& out) {
  const bool v6 = record.ip.find(':') != std::string::npos;
  out.set("a", v6 ? dsl::List{} : dsl::List{record.ip});
  out.set("aaaa", v6 ? dsl::List{record.ip} : dsl::List{});
  out.set("cname", record.cname);
  out.set("tech", record.technologies);
  dsl::List codes;
  for (const int status : record.chain_status) codes.push_back(std::to_string(status));
  out.set("chain_status_codes", std::move(codes));
}

}  // namespace

Result<ProbeCondition> ProbeCondition::compile(const std::string& text) {
  return ProbeCondition(M8_TRY(dsl::Expression::compile(text)));
}

bool ProbeCondition::holds(const model::Endpoint& record) const {
  dsl::Variables names;
  set_texts(record, names);
  set_numbers(record, names);
  set_lists(record, names);
  dsl::Services services;
  const auto value = expression_.eval(names, services);
  const bool* truth = value.ok() ? value->as<bool>() : nullptr;
  return truth != nullptr && *truth;
}

}  // namespace m8::asmm8
