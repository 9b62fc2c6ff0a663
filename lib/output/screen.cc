// The readable lines: host names and URLs alone, findings as the field prints them
// (cli-and-output 4).
#include <fmt/format.h>

#include "base/file.h"
#include "output/format.h"
#include "output/text.h"

namespace m8::output {
namespace {

// SGR codes of the field's colours.
constexpr const char* kCyan = "36";
constexpr const char* kRed = "31";
constexpr const char* kGreen = "32";
constexpr const char* kBrightGreen = "92";
constexpr const char* kBoldBrightGreen = "1;92";
constexpr const char* kBrightBlue = "94";
constexpr const char* kBrightMagenta = "95";
constexpr const char* kBrightCyan = "96";
constexpr const char* kBrightYellow = "93";

const char* severity_colour(model::Severity severity) {
  switch (severity) {
    case model::Severity::kInfo:
      return "34";
    case model::Severity::kLow:
      return kGreen;
    case model::Severity::kMedium:
      return "33";
    case model::Severity::kHigh:
      return "38;5;208";
    case model::Severity::kCritical:
      return kRed;
    case model::Severity::kUnknown:
      break;
  }
  return "37";
}

/// An extracted item: Go's quotes, but inner quotes bare.
std::string quote_item(std::string_view item) {
  std::string quoted = quote_ascii(trim(item));
  for (std::size_t at = 0; (at = quoted.find("\\\"", at)) != quoted.npos; ++at) {
    quoted.erase(at, 1);
  }
  return quoted;
}

class Screen final : public Format {
 public:
  explicit Screen(const FormatOptions& options) : options_(options) {}

  std::string hostname(const model::Hostname& record) const override {
    std::string line = escape_control(record.hostname);
    if (options_.sources) line += fmt::format(",[{}]", fmt::join(record.sources, ","));
    return line + '\n';
  }
  std::string endpoint(const model::Endpoint& record) const override {
    return escape_control(record.url) + '\n';
  }
  std::string finding(const model::Finding& finding) const override {
    std::string out = options_.metadata ? head(finding) : std::string();
    out += escape_control(finding.matched_at.empty() ? finding.host : finding.matched_at);
    append_extracted(out, finding);
    append_payloads(out, finding);
    return out + '\n';
  }

 private:
  std::string paint(const char* colour, std::string_view text) const {
    return options_.colours ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : std::string(text);
  }

  std::string head(const model::Finding& finding) const {
    std::string out;
    if (options_.timestamps) {
      out += fmt::format("[{}] ", paint(kCyan, local_seconds(finding.timestamp)));
    }
    out += '[' + paint(kBrightGreen, escape_control(finding.info->id));
    const std::string& name =
        finding.matcher_name.empty() ? finding.extractor_name : finding.matcher_name;
    if (!name.empty()) out += ':' + paint(kBoldBrightGreen, escape_control(name));
    out += "] ";
    if (options_.matcher_status) {
      out += finding.matched ? fmt::format("[{}] ", paint(kGreen, "matched"))
                             : fmt::format("[{}] ", paint(kRed, "failed"));
    }
    if (finding.global_matchers) out += '[' + paint(kBrightMagenta, "global") + "] ";
    const auto severity = finding.info->severity;
    return out + fmt::format("[{}] [{}] ", paint(kBrightBlue, finding.type),
                             paint(severity_colour(severity), model::to_string(severity)));
  }

  void append_extracted(std::string& out, const model::Finding& finding) const {
    const char* before = " [";
    for (const auto& item : finding.extracted_results) {
      out += before + paint(kBrightCyan, quote_item(item));
      before = ",";
    }
    if (!finding.extracted_results.empty()) out += ']';
  }

  void append_payloads(std::string& out, const model::Finding& finding) const {
    const char* before = " [";
    for (const auto& [name, value] : finding.meta) {
      out += before + paint(kBrightYellow, escape_control(name) + '=' + quote_ascii(value));
      before = ",";
    }
    if (!finding.meta.empty()) out += ']';
  }

  FormatOptions options_;
};

}  // namespace

std::unique_ptr<Format> make_screen(const FormatOptions& options) {
  return std::make_unique<Screen>(options);
}

}  // namespace m8::output
