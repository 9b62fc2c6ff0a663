/// TemplateChoice: which templates a target gets, by what its first page shows (-as).
#pragma once

#include <memory>
#include <vector>

#include "http/response.h"
#include "probe/technologies.h"
#include "templates/template.h"

namespace m8::scan {

class TemplateChoice {
 public:
  virtual ~TemplateChoice() = default;
  /// For each of \p templates, whether it runs on the target that gave \p page. On a loop thread:
  /// thread-safe, and must not wait.
  virtual std::vector<bool> chosen(
      const std::vector<std::shared_ptr<const templates::Template>>& templates,
      const http::Response& page) const = 0;
};

/// Chooses the templates that are tagged with a technology of the page, as the reference does: by
/// its name in lower case, or a word of it (cli-and-output 3.7).
class TechnologyChoice final : public TemplateChoice {
 public:
  explicit TechnologyChoice(probe::Fingerprints fingerprints);
  std::vector<bool> chosen(const std::vector<std::shared_ptr<const templates::Template>>& templates,
                           const http::Response& page) const override;

 private:
  const probe::TechnologyDetector detector_;
};

}  // namespace m8::scan
