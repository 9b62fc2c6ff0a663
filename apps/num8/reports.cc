#include "reports.h"

#include <filesystem>

#include "cli/environment.h"
#include "cli/make_flag.h"
#include "output/markdown.h"

namespace m8::num8 {

using cli::valued;

std::vector<cli::Flag> Reports::flags() {
  const char* out = "Reports";
  cli::Flag markdown = detailed(
      valued(out, "markdown-export", {"me"}, "DIR", "a Markdown file for each finding, in here"),
      "And index.md. MARKDOWN_EXPORT_SORT_MODE (severity, template or host) makes sub-folders.");
  markdown.complete = cli::Complete::kDirectory;
  return {
      file_flag(valued(out, "json-export", {"je"}, "FILE", "all findings as one JSON array")),
      file_flag(valued(out, "jsonl-export", {"jle"}, "FILE", "findings as JSON lines")),
      markdown,
      detailed(file_flag(valued(out, "sarif-export", {"se"}, "FILE", "findings as SARIF 2.1.0")),
               "For code scanning. There is no file when nothing was found."),
  };
}

Status Reports::add(const std::string& path, const char* format,
                    const output::FormatOptions& options, bool append) {
  if (path.empty()) return {};
  auto made = M8_TRY(output::make_format(format, options));
  const bool document = made->is_document();
  output::StreamOptions stream;
  stream.append = append && !document;
  stream.asynchronous = true;
  auto writer = std::make_unique<output::Writer>(std::move(made),
                                                 M8_TRY(output::Stream::create(path, stream)));
  writers_.push_back(writer.get());
  if (document) documents_.push_back(writer.get());
  sinks_.push_back(std::move(writer));
  return {};
}

Result<std::unique_ptr<Reports>> Reports::open(const cli::Values& flags,
                                               const output::FormatOptions& options, bool append) {
  auto reports = std::make_unique<Reports>();
  reports->sarif_ = flags.text("sarif-export");
  M8_TRY(reports->add(flags.text("json-export"), "json", options, append));
  M8_TRY(reports->add(flags.text("jsonl-export"), "jsonl", options, append));
  M8_TRY(reports->add(reports->sarif_, "sarif", options, append));
  if (const std::string folder = flags.text("markdown-export"); !folder.empty()) {
    const auto sort = output::markdown_sort(cli::environment("MARKDOWN_EXPORT_SORT_MODE"));
    reports->sinks_.push_back(M8_TRY(output::MarkdownFolder::create(folder, sort, append)));
  }
  return reports;
}

Status Reports::finding(const model::Finding& finding) {
  found_ = true;
  Status first;
  for (const auto& sink : sinks_)
    if (Status status = sink->finding(finding); first.ok()) first = std::move(status);
  return first;
}

Status Reports::earlier(const model::Finding& finding) {
  found_ = true;
  Status first;
  for (output::Writer* document : documents_)
    if (Status status = document->finding(finding); first.ok()) first = std::move(status);
  return first;
}

Status Reports::flush() {
  Status first;
  for (const auto& sink : sinks_)
    if (Status status = sink->flush(); first.ok()) first = std::move(status);
  return first;
}

Status Reports::end() {
  Status first;
  for (output::Writer* writer : writers_)
    if (Status status = writer->end(); first.ok()) first = std::move(status);
  writers_.clear();
  documents_.clear();
  if (Status status = flush(); first.ok()) first = std::move(status);
  std::error_code ignored;
  if (!found_ && !sarif_.empty() && std::filesystem::is_regular_file(sarif_, ignored))
    std::filesystem::remove(sarif_, ignored);
  return first;
}

}  // namespace m8::num8
