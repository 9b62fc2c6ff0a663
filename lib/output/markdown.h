/// Markdown of findings: the text of one, and a folder with one file for each (cli-and-output 6.2).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/guarded.h"
#include "model/sink.h"
#include "output/stream.h"

namespace m8::output {

/// \p text in a line of prose or a cell of a table: no markup, no line breaks of its own.
std::string markdown_text(std::string_view text);

/// A finding as Markdown (CommonMark, tables of GitHub). What strangers wrote can leave neither its
/// table cell nor its code block. The response is cut at 5 kB.
std::string markdown_of(const model::Finding& finding);

/// A name for the file of \p finding: "<template>-<host>-<id>[-<matcher>].md", at most 255 bytes,
/// without characters that a shell or a path knows. \p id makes it unique.
std::string markdown_file_name(const model::Finding& finding, const std::string& id);

/// A random UUID (RFC 9562, version 4).
std::string random_uuid();

/// The folder of -me: a file for each finding, and index.md. Thread-safe.
class MarkdownFolder final : public model::Sink {
 public:
  /// Files in sub-folders by severity, template or host (MARKDOWN_EXPORT_SORT_MODE), or in the
  /// folder itself.
  enum class Sort { kNone, kSeverity, kTemplate, kHost };

  /// Makes the folder and its index; with \p append the index goes on. kDenied, kIo.
  static Result<std::unique_ptr<MarkdownFolder>> create(const std::string& folder, Sort sort,
                                                        bool append);
  Status finding(const model::Finding& finding) override;
  Status flush() override { return index_->flush(); }

 private:
  MarkdownFolder(std::string folder, Sort sort, std::unique_ptr<Stream> index)
      : folder_(std::move(folder)), sort_(sort), index_(std::move(index)) {}
  std::string sub_folder(const model::Finding& finding) const;

  const std::string folder_;
  const Sort sort_;
  std::unique_ptr<Stream> index_;
};

/// "severity", "template", "host"; anything else: none.
MarkdownFolder::Sort markdown_sort(std::string_view word);

}  // namespace m8::output
