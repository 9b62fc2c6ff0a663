#include "api/openapi.h"

#include <map>
#include <string_view>

#include "base/json.h"
#include "base/version.h"

namespace m8::api {
namespace {

using Kind = Parameter::Kind;

/// What is sent and what comes back, by the names that routes use.
constexpr std::string_view kSchemas = R"({
"Error":{"type":"object","required":["error"],"properties":{"error":{"type":"string"}}},
"Domain":{"type":"object","required":["name","enabled","first_seen"],"properties":{"name":{"type":"string"},"enabled":{"type":"boolean"},"first_seen":{"$ref":"#/components/schemas/Time"}}},
"NewDomain":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"companyname":{"type":"string"},"enabled":{"type":"boolean"}}},
"DomainChange":{"type":"object","required":["enabled"],"properties":{"name":{"type":"string"},"companyname":{"type":"string"},"enabled":{"type":"boolean"}}},
"Hostname":{"type":"object","required":["id","domain","hostname","sources","a","aaaa","cname","resolver","wildcard","live","first_seen","last_seen"],"properties":{"id":{"type":"integer"},"domain":{"type":"string"},"hostname":{"type":"string"},"sources":{"$ref":"#/components/schemas/Words"},"a":{"$ref":"#/components/schemas/Words"},"aaaa":{"$ref":"#/components/schemas/Words"},"cname":{"$ref":"#/components/schemas/Words"},"resolver":{"type":"string"},"wildcard":{"type":"string"},"live":{"type":"boolean"},"first_seen":{"$ref":"#/components/schemas/Time"},"last_seen":{"$ref":"#/components/schemas/Time"}}},
"Endpoint":{"type":"object","required":["url","hostname","ip","port","status","title","server","technologies","live","first_seen","last_seen"],"properties":{"url":{"type":"string"},"hostname":{"type":"string"},"ip":{"type":"string"},"port":{"type":"integer"},"status":{"type":"integer"},"title":{"type":"string"},"server":{"type":"string"},"technologies":{"$ref":"#/components/schemas/Words"},"live":{"type":"boolean"},"first_seen":{"$ref":"#/components/schemas/Time"},"last_seen":{"$ref":"#/components/schemas/Time"}}},
"Run":{"type":"object","required":["id","command","arguments","version","status","started","ended","counts"],"properties":{"id":{"type":"integer"},"command":{"type":"string"},"arguments":{"type":"string"},"version":{"type":"string"},"status":{"type":"string"},"started":{"$ref":"#/components/schemas/Time"},"ended":{"$ref":"#/components/schemas/Time"},"counts":{"type":"object","additionalProperties":{"type":"integer"}}}},
"Issue":{"type":"object","required":["id","signature","template","name","matcher","severity","status","host","matched_at","tags","first_seen","last_seen","gone","first_run","last_run"],"properties":{"id":{"type":"integer"},"signature":{"type":"string"},"template":{"type":"string"},"name":{"type":"string"},"matcher":{"type":"string"},"severity":{"type":"string"},"status":{"type":"string"},"host":{"type":"string"},"matched_at":{"type":"string"},"tags":{"type":"string"},"first_seen":{"$ref":"#/components/schemas/Time"},"last_seen":{"$ref":"#/components/schemas/Time"},"gone":{"$ref":"#/components/schemas/Time"},"first_run":{"type":"integer"},"last_run":{"type":"integer"},"event":{"type":"object"}}},
"IssueState":{"type":"object","required":["status","severity","gone"],"properties":{"status":{"type":"string"},"severity":{"type":"string"},"gone":{"type":"boolean"}}},
"IssueEvent":{"type":"object","required":["at","run","author","note","was","now"],"properties":{"at":{"$ref":"#/components/schemas/Time"},"run":{"type":"integer"},"author":{"type":"string"},"note":{"type":"string"},"was":{"$ref":"#/components/schemas/IssueState"},"now":{"$ref":"#/components/schemas/IssueState"}}},
"Judgement":{"type":"object","required":["status"],"properties":{"status":{"type":"string","enum":["unreviewed","verified","ignored","false-positive","remediated"]},"note":{"type":"string"}}},
"Scan":{"type":"object","required":["id","type","target","options","owner","state","created","started","ended","run","found","reason"],"properties":{"id":{"type":"integer"},"type":{"type":"string"},"target":{"type":"string"},"options":{"type":"object"},"owner":{"type":"string"},"state":{"type":"string","enum":["queued","running","done","failed","cancelled"]},"created":{"$ref":"#/components/schemas/Time"},"started":{"$ref":"#/components/schemas/Time"},"ended":{"$ref":"#/components/schemas/Time"},"run":{"type":"integer"},"found":{"type":"integer"},"reason":{"type":"string"}}},
"ScanOrder":{"type":"object","properties":{"target":{"type":"string"},"targets":{"$ref":"#/components/schemas/Words"},"type":{"type":"string","enum":["vuln","enum"]},"scan_type":{"type":"string","enum":["vuln","enum"]},"severity":{"$ref":"#/components/schemas/Words"},"tags":{"$ref":"#/components/schemas/Words"},"exclude_tags":{"$ref":"#/components/schemas/Words"},"templates":{"$ref":"#/components/schemas/Words"}},"additionalProperties":false},
"AcceptedScan":{"type":"object","required":["id","target","state","merged"],"properties":{"id":{"type":"integer"},"target":{"type":"string"},"state":{"type":"string"},"merged":{"type":"boolean"}}},
"Accepted":{"type":"object","required":["status","id","scans"],"properties":{"status":{"type":"string"},"id":{"type":"integer"},"scans":{"type":"array","items":{"$ref":"#/components/schemas/AcceptedScan"}}}},
"GuideAccepted":{"type":"object","required":["status","msg"],"properties":{"status":{"type":"string"},"msg":{"type":"string"},"run_id":{"type":"integer"},"data":{}}},
"GuideOptions":{"type":"object","properties":{"options":{"type":"object"}}},
"GuideAnswer":{"type":"object","required":["status","msg","data"],"properties":{"status":{"type":"string"},"msg":{"type":"string"},"data":{}}},
"GuideList":{"type":"object","required":["status","msg","data"],"properties":{"status":{"type":"string"},"msg":{"type":"string"},"data":{"type":"array"},"next":{"type":"string","nullable":true}}},
"Sample":{"type":"object","required":["at","cpu_percent","resident_bytes"],"properties":{"at":{"$ref":"#/components/schemas/Time"},"cpu_percent":{"type":"number"},"resident_bytes":{"type":"integer"}},"additionalProperties":true},
"Queue":{"type":"object","required":["queued","running"],"properties":{"queued":{"type":"integer"},"running":{"type":"integer"},"accepted":{"type":"integer"},"merged":{"type":"integer"},"done":{"type":"integer"},"failed":{"type":"integer"},"cancelled":{"type":"integer"},"broker":{"type":"array","nullable":true,"items":{"$ref":"#/components/schemas/BrokerQueue"}}}},
"BrokerQueue":{"type":"object","required":["queue","messages","consumers"],"properties":{"queue":{"type":"string"},"messages":{"type":"integer"},"consumers":{"type":"integer"}}},
"Summary":{"type":"object","required":["version","token","scope","rows","open_issues"],"properties":{"version":{"type":"string"},"token":{"type":"string"},"scope":{"type":"string"},"store":{"type":"string"},"rows":{"type":"object","additionalProperties":{"type":"integer"}},"open_issues":{"type":"object","additionalProperties":{"type":"integer"}}}},
"Alert":{"type":"object","required":["name","state"],"properties":{"name":{"type":"string"},"state":{"type":"string"}},"additionalProperties":true},
"Health":{"type":"object","required":["status","timestamp"],"properties":{"status":{"type":"string"},"timestamp":{"type":"string"},"version":{"type":"string"},"service":{"type":"string"},"checks":{"type":"object","additionalProperties":true},"metrics":{"type":"object","additionalProperties":true}}},
"OpenApi":{"type":"object","required":["openapi","info","paths"]},
"Words":{"type":"array","items":{"type":"string"}},
"Time":{"type":"string","format":"date-time","nullable":true}
})";

void write_schema_of(json::Writer& w, const Parameter& parameter) {
  w.key("schema").object();
  switch (parameter.kind) {
    case Kind::kNumber:
      w.field("type", "integer").field("minimum", parameter.min);
      if (parameter.max != INT64_MAX) w.field("maximum", parameter.max);
      break;
    case Kind::kFlag:
      w.field("type", "boolean");
      break;
    case Kind::kChoice:
      w.field("type", "string").key("enum").array();
      for (const std::string_view choice : parameter.choices) w.value(choice);
      w.end();
      break;
    default:
      w.field("type", "string").field("maxLength", parameter.max);
  }
  w.end();
}

void write_parameter(json::Writer& w, std::string_view name, bool in_path) {
  const Parameter* parameter = find_parameter(name);
  if (parameter == nullptr) return;
  w.object().field("name", name).field("in", in_path ? "path" : "query");
  w.field("required", in_path).field("description", parameter->brief);
  write_schema_of(w, *parameter);
  w.end();
}

void write_parameters(json::Writer& w, const Route& route) {
  w.key("parameters").array();
  std::string_view rest = route.pattern;
  for (auto at = rest.find('{'); at != rest.npos; at = rest.find('{')) {
    rest.remove_prefix(at + 1);
    write_parameter(w, rest.substr(0, rest.find('}')), true);
  }
  for (const char* name : route.query) write_parameter(w, name, false);
  w.end();
}

std::string reference(std::string_view schema) {
  return "#/components/schemas/" + std::string(schema);
}

void write_content(json::Writer& w, std::string_view schema, bool list) {
  w.key("content").object().key("application/json").object().key("schema").object();
  if (list) {
    w.field("type", "object").key("required").array().value("items").end();
    w.key("properties").object().key("items").object().field("type", "array");
    w.key("items").object().field("$ref", reference(schema)).end().end();
    w.key("next").object().field("type", "string").field("nullable", true);
    w.field("description", "cursor of the next page").end().end();
  } else {
    w.field("$ref", reference(schema));
  }
  w.end().end().end();
}

void write_answers(json::Writer& w, const Route& route) {
  w.key("responses").object().key(std::to_string(route.status)).object();
  w.field("description", route.summary);
  if (*route.answer != '\0') write_content(w, route.answer, route.list);
  w.end().key("default").object().field("description", "what went wrong");
  write_content(w, "Error", false);
  w.end().end();
}

void write_operation(json::Writer& w, const Route& route) {
  std::string method = route.method;
  for (char& c : method) c = static_cast<char>(c | 0x20);
  w.key(method).object().field("summary", route.summary);
  write_parameters(w, route);
  if (*route.body != '\0') {
    w.key("requestBody").object().field("required", true);
    write_content(w, route.body, false);
    w.end();
  }
  write_answers(w, route);
  w.key("security").array();
  if (route.scope != Scope::kNone) {
    w.object().key("token").array().end().end();
    w.end().field("x-scope", to_string(route.scope)).end();
  } else {
    w.end().end();
  }
}

}  // namespace

std::string openapi(const std::vector<Route>& routes) {
  std::map<std::string_view, std::vector<const Route*>> by_path;
  for (const Route& route : routes) by_path[route.pattern].push_back(&route);
  json::Writer w;
  w.object().field("openapi", "3.0.3").key("info").object().field("title", "M8");
  w.field("description", "The inventory, its issues, and scans").field("version", version()).end();
  w.key("paths").object();
  for (const auto& [path, methods] : by_path) {
    w.key(path).object();
    for (const Route* route : methods) write_operation(w, *route);
    w.end();
  }
  w.end().key("components").object().key("securitySchemes").object().key("token").object();
  w.field("type", "http").field("scheme", "bearer").end().end();
  std::string schemas(kSchemas);
  std::erase(schemas, '\n');
  return w.key("schemas").raw(schemas).end().end().take();
}

}  // namespace m8::api
