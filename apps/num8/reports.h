/// Reports: the files of findings that a scan writes besides stdout and -o: -je, -jle, -me, -se.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flag.h"
#include "model/sink.h"
#include "output/format.h"
#include "output/writer.h"

namespace m8::num8 {

/// Gets matched findings only; its owner calls nothing of it side by side.
class Reports final : public model::Sink {
 public:
  /// Their records.
  static std::vector<cli::Flag> flags();
  /// Creates what the flags name; \p append: a run goes on, so JSON lines and the index of the
  /// Markdown folder do too. Documents are made anew: see earlier(). Errors of creating a file or
  /// folder.
  static Result<std::unique_ptr<Reports>> open(const cli::Values& flags,
                                               const output::FormatOptions& options, bool append);

  Status finding(const model::Finding& finding) override;
  /// What an earlier session of the run found, for the documents only: the others have it.
  Status earlier(const model::Finding& finding);
  bool has_documents() const { return !documents_.empty(); }
  Status flush() override;
  /// Ends the documents. A SARIF file without a result is taken away again, as in the reference.
  Status end();
  bool empty() const { return sinks_.empty(); }

 private:
  Status add(const std::string& path, const char* format, const output::FormatOptions& options,
             bool append);

  std::vector<std::unique_ptr<model::Sink>> sinks_;
  std::vector<output::Writer*> writers_, documents_;  ///< of sinks_; those that have an end
  std::string sarif_;                                 ///< path; empty: none
  bool found_ = false;
};

}  // namespace m8::num8
