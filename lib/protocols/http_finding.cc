#include "protocols/http_finding.h"

#include "protocols/http_dump.h"

namespace m8::protocols {

model::Finding make_finding(const Execution& execution, const HttpNames& names,
                            const HttpFields& fields, const operators::Hit& hit) {
  const Settings& settings = execution.scan.settings;
  // What has no target is known by what it asked.
  const bool aimed = !execution.target.url.host.empty();
  const net::Url& url = aimed ? execution.target.url : fields.sent().url;
  model::Finding finding;
  finding.info = execution.whole_info();
  finding.matcher_name = hit.matcher_name;
  finding.extractor_name = hit.extractor_name;
  finding.host = url.host;
  if (const auto port = url.effective_port(); port != 0) finding.port = std::to_string(port);
  finding.scheme = url.scheme;
  finding.url = url.to_string();
  finding.path = url.path;
  finding.matched_at = fields.matched();
  finding.extracted_results = hit.extracted;
  for (const auto& [name, value] : names.payloads()) finding.meta.emplace_back(name, value.text());
  if (!settings.omit_raw) {
    finding.request = fields.sent().bytes;
    // A request that got no answer has none to show.
    if (fields.response().status != 0) finding.response = fields.head() + fields.response().body;
    if (finding.response.size() > settings.max_kept_response) {
      finding.response.resize(settings.max_kept_response);
    }
  }
  if (const auto& ip = fields.response().ip; ip != net::IpAddress()) finding.ip = ip.to_string();
  finding.timestamp = execution.scan.services.clock().wall();
  finding.curl_command = curl_command(fields.sent().url, fields.sent().bytes);
  return finding;
}

}  // namespace m8::protocols
