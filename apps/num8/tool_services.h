/// ToolServices: what num8 answers when an expression asks the world (dsl/services.h).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/flag.h"
#include "dsl/services.h"
#include "probe/technologies.h"

namespace m8::num8 {

/// --tech-file.
cli::Flag tech_file_flag(const char* section);

/// Those of --tech-file, else the program's short list. Errors of probe::Fingerprints::load().
Result<probe::Fingerprints> fingerprints_of(const cli::Values& flags);

/// Thread-safe once open() has returned.
class ToolServices : public dsl::Services {
 public:
  /// Reads the fingerprints that --tech-file names. Errors of probe::Fingerprints::load().
  Status open(const cli::Values& flags);

  /// By the file of open(), else by the program's short list.
  Result<dsl::List> technologies(const std::vector<std::pair<std::string, std::string>>& headers,
                                 std::string_view body) override;

 private:
  std::once_flag once_;
  std::unique_ptr<const probe::TechnologyDetector> detector_;  ///< made by open() or the first use
};

}  // namespace m8::num8
