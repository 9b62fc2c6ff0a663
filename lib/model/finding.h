/// Finding: one result event of a template, with the fields of the field's JSON lines
/// (cli-and-output 5.1, 5.2).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/interaction.h"
#include "model/severity.h"

namespace m8::model {

/// A template's info block, shared by all its findings.
struct TemplateInfo {
  std::string id;
  std::string path;           ///< full path of the file
  std::string relative_path;  ///< inside the templates folder, else empty
  std::string name;
  std::vector<std::string> author, tags, reference;
  std::string description, impact, remediation;
  Severity severity = Severity::kUnknown;
  /// metadata as (key, JSON value), sorted by key
  std::vector<std::pair<std::string, std::string>> metadata;

  struct Classification {
    std::optional<std::vector<std::string>> cve_id, cwe_id;
    std::string cvss_metrics, cpe;
    std::optional<double> cvss_score, epss_score, epss_percentile;
  };
  std::optional<Classification> classification;
};

struct Finding {
  std::shared_ptr<const TemplateInfo> info;  ///< shared by the template and all its findings
  std::string type = "http";
  std::string matcher_name, extractor_name;
  std::string host, port, scheme, url, path;
  std::string matched_at;
  std::vector<std::string> extracted_results;
  std::string request, response;                          ///< raw text; empty when omitted
  std::vector<std::pair<std::string, std::string>> meta;  ///< payload values, sorted by name
  std::string ip;
  WallTime timestamp{};
  /// Of a finding that an out-of-band interaction made; shared by what one interaction found.
  std::shared_ptr<const Interaction> interaction;
  std::string curl_command;
  bool matched = true;           ///< matcher-status
  bool global_matchers = false;  ///< found in the answer to another template's request
  std::string error;             ///< of a failure (-ms)
  /// Texts in matched_at that the template draws anew for each run.
  std::vector<std::string> random;
};

}  // namespace m8::model
