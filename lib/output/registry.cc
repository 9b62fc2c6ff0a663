// The formats that `--format` knows.
#include <fmt/format.h>

#include "output/format.h"

namespace m8::output {

std::unique_ptr<Format> make_screen(const FormatOptions& options);
std::unique_ptr<Format> make_jsonl(const FormatOptions& options);
std::unique_ptr<Format> make_json_array(const FormatOptions& options);
std::unique_ptr<Format> make_csv(const FormatOptions& options);
std::unique_ptr<Format> make_markdown(const FormatOptions& options);
std::unique_ptr<Format> make_sarif(const FormatOptions& options);

namespace {

constexpr FormatEntry kFormats[] = {
    {"screen", "one readable line per record", make_screen},
    {"jsonl", "one JSON object per line", make_jsonl},
    {"json", "findings as one JSON array", make_json_array},
    {"csv", "findings as a table, RFC 4180", make_csv},
    {"markdown", "findings as text for people", make_markdown},
    {"sarif", "findings as SARIF 2.1.0, for code scanning", make_sarif},
};

}  // namespace

std::span<const FormatEntry> formats() { return kFormats; }

Result<std::unique_ptr<Format>> make_format(std::string_view name, const FormatOptions& options) {
  std::string known;
  for (const FormatEntry& entry : kFormats) {
    if (name == entry.name) return entry.make(options);
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  return Error{ErrorCode::kInvalidArgument, fmt::format("format '{}': not one of {}", name, known)};
}

}  // namespace m8::output
