// Records that the tests of this room share.
#pragma once

#include "model/sink.h"

namespace m8::test {

inline model::Finding sample_finding() {
  auto info = std::make_shared<model::TemplateInfo>();
  info->id = "CVE-2021-1";
  info->path = "/home/u/nuclei-templates/http/cves/2021/CVE-2021-1.yaml";
  info->relative_path = "http/cves/2021/CVE-2021-1.yaml";
  info->name = "Acme Panel - Command Execution";
  info->author = {"someone"};
  info->tags = {"cve", "rce"};
  info->reference = {"https://example.org/a"};
  info->description = "Acme Panel runs commands.";
  info->severity = model::Severity::kCritical;
  info->metadata = {{"max-request", "1"}};
  info->classification.emplace();
  info->classification->cve_id = {{"cve-2021-1"}};
  info->classification->cwe_id = {{"cwe-78"}};
  info->classification->cvss_metrics = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
  info->classification->cvss_score = 9.8;
  model::Finding finding;
  finding.info = info;
  finding.matcher_name = "uid";
  finding.host = "t.example";
  finding.port = "8443";
  finding.scheme = "https";
  finding.url = "https://t.example:8443";
  finding.matched_at = "https://t.example:8443/run?c=id";
  finding.extracted_results = {"uid=0(root)"};
  finding.request = "GET /run?c=id HTTP/1.1\r\nHost: t.example:8443\r\n\r\n";
  finding.response = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nuid=0(root)";
  finding.meta = {{"cmd", "id"}};
  finding.ip = "192.0.2.7";
  finding.timestamp = WallTime(std::chrono::nanoseconds(1'780'308'000'123'456'789));
  finding.curl_command = "curl -X 'GET' 'https://t.example:8443/run?c=id'";
  return finding;
}

inline model::Hostname sample_hostname() {
  model::Hostname record;
  record.domain = "example.com";
  record.hostname = "www.example.com";
  record.sources = {"bruteforce", "permute"};
  record.first_seen = WallTime(std::chrono::milliseconds(1'700'000'000'123));
  record.last_seen = WallTime(std::chrono::milliseconds(1'700'000'001'000));
  record.a = {"192.0.2.1", "192.0.2.2"};
  record.cname = {"web.example.net"};
  record.resolver = "127.0.0.1:53";
  return record;
}

}  // namespace m8::test
