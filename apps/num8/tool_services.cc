#include "tool_services.h"

#include "http/response.h"
#include "probe/fingerprints.h"
#include "probe/page.h"

namespace m8::num8 {

cli::Flag tech_file_flag(const char* section) {
  cli::Flag flag;
  flag.name = "tech-file";
  flag.argument = "FILE";
  flag.section = section;
  flag.brief = "fingerprints in the Wappalyzer format";
  flag.detail = "What wappalyzer() of the template language knows. Default: a short list of ours.";
  flag.complete = cli::Complete::kFile;
  return flag;
}

Result<probe::Fingerprints> fingerprints_of(const cli::Values& flags) {
  const std::string path = flags.text("tech-file");
  if (path.empty()) return probe::Fingerprints::builtin();
  return probe::Fingerprints::load(path);
}

Status ToolServices::open(const cli::Values& flags) {
  const std::string path = flags.text("tech-file");
  if (path.empty()) return {};
  auto prints = M8_TRY(probe::Fingerprints::load(path));
  detector_ = std::make_unique<const probe::TechnologyDetector>(std::move(prints));
  return {};
}

Result<dsl::List> ToolServices::technologies(
    const std::vector<std::pair<std::string, std::string>>& headers, std::string_view body) {
  std::call_once(once_, [this] {
    if (!detector_)
      detector_ = std::make_unique<const probe::TechnologyDetector>(probe::Fingerprints::builtin());
  });
  http::Response response;
  for (const auto& [name, value] : headers) response.headers.push_back({name, value});
  response.body = body;
  dsl::List out;
  for (const auto& one : detector_->detect(response, probe::read_page(body)))
    out.push_back(one.text());
  return out;
}

}  // namespace m8::num8
