// Template files of a test, loaded as a scan loads them and run against real servers on loopback.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/temp_file.h"
#include "protocols/block_fixture.h"
#include "scan/engine.h"
#include "templates/catalog.h"

namespace m8::test {

/// Keeps findings in the order in which they were told.
class FindingSink final : public model::Sink {
 public:
  Status finding(const model::Finding& finding) override {
    std::lock_guard lock(mutex_);
    findings.push_back(finding);
    return {};
  }
  std::vector<model::Finding> findings;

 private:
  std::mutex mutex_;
};

class TemplateScan {
 public:
  TemplateScan()
      : folder_(TempDirectory::create(std::filesystem::temp_directory_path().string()).value()) {
    load.root = folder_.path();
    settings.retries = 0;
  }

  const std::string& folder() const { return folder_.path(); }
  /// Writes \p text to \p name below the templates folder.
  std::string write(const std::string& name, const std::string& text) {
    const auto path = std::filesystem::path(folder_.path()) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  /// A template \p id with \p rest behind its info.
  void add(const std::string& id, const std::string& rest, const std::string& info = "") {
    write(id + ".yaml", fmt::format("id: {}\ninfo:\n  name: n\n  author: a\n  severity: info\n{}{}",
                                    id, info, rest));
  }

  /// Loads what was written and scans \p targets.
  void run(const std::vector<std::string>& targets) {
    load.command_line.templates_root = folder();
    auto loaded = templates::load_catalog(load, services_, {});
    REQUIRE_MESSAGE(loaded.ok(), (loaded.ok() ? "" : loaded.error().message));
    catalog = std::move(loaded).value();
    engine_ = std::make_unique<scan::Engine>(
        catalog.templates,
        scan::Engine::Parts{*http_.session, sink_, services_, settings, overrides, http_.scope,
                            SystemClock::instance()},
        options);
    model::TargetReader reader({targets, {}, {}, 1000, {}});
    const Status status =
        engine_->run([&](std::stop_token token) { return reader.next(token); }, {});
    REQUIRE_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
    engine_->close();
    CHECK(totals().requests_done >= totals().requests_planned);  // a flow may call a block twice
  }

  const std::vector<model::Finding>& findings() const { return sink_.findings; }
  /// "id:name /path?query v1,v2" for each finding, sorted, with " | " between.
  std::string lines() const {
    std::vector<std::string> out;
    for (const auto& finding : sink_.findings) {
      const std::string& name =
          finding.matcher_name.empty() ? finding.extractor_name : finding.matcher_name;
      const auto url = net::Url::parse(finding.matched_at);
      const std::string place = url.ok() ? url->request_target() : finding.matched_at;
      std::string line = finding.info->id + (name.empty() ? "" : ":" + name) + " " + place;
      if (!finding.extracted_results.empty())
        line += fmt::format(" {}", fmt::join(finding.extracted_results, ","));
      out.push_back(std::move(line));
    }
    std::sort(out.begin(), out.end());
    return fmt::format("{}", fmt::join(out, " | "));
  }
  scan::Totals totals() const { return engine_->totals(); }
  /// Why templates were not loaded: "id: reason", with " | " between.
  static std::string reasons(const std::vector<templates::Rejected>& rejected) {
    std::vector<std::string> out;
    for (const auto& one : rejected) out.push_back(one.id + ": " + one.reason);
    return fmt::format("{}", fmt::join(out, " | "));
  }

  templates::LoadOptions load;
  templates::Catalog catalog;
  protocols::Settings settings;
  scan::EngineOptions options;
  dsl::Variables overrides;

 private:
  TempDirectory folder_;
  dsl::Services services_;
  FindingSink sink_;
  SessionFixture http_;
  std::unique_ptr<scan::Engine> engine_;
};

/// The targets of \p server's requests in order of arrival, with " | " between.
inline std::string paths_of(const RecordingServer& server) {
  return fmt::format("{}", fmt::join(server.paths(), " | "));
}

/// The request line's target.
inline std::string target_of(const std::string& request) {
  const auto begin = request.find(' ') + 1;
  return request.substr(begin, request.find(' ', begin) - begin);
}

}  // namespace m8::test
