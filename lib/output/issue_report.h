/// Report: stored issues in one of several forms, written as they are read.
///
/// Threads: one report belongs to one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/issue.h"
#include "output/html.h"

namespace m8::output {

struct ReportOptions {
  std::size_t max_evidence = 16u << 10;  ///< of a request or response, where they are shown
  bool secrets = false;                  ///< show what Redactor::strict() would take out
};

/// First head(), then issue() for each, the gravest first, then tail().
class Report {
 public:
  virtual ~Report() = default;
  virtual std::string head(const ReportSummary& summary) = 0;
  virtual std::string issue(const model::Issue& issue) = 0;
  virtual std::string tail() = 0;
};

/// "html", "markdown", "csv", "sarif"
const std::vector<std::string>& report_forms();
/// kInvalidArgument for another form.
Result<std::unique_ptr<Report>> make_report(std::string_view form, const ReportOptions& options);

}  // namespace m8::output
