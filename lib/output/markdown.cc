// Markdown: findings for people, one after the other, or a folder of files.
#include "output/markdown.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/version.h"
#include "output/format.h"
#include "output/text.h"

namespace m8::output {
namespace {

constexpr std::size_t kShownResponse = 5 << 10;
constexpr std::size_t kLongestName = 255;

/// A code block whose fence is longer than any run of backticks inside.
std::string code_block(std::string_view language, std::string_view text) {
  std::size_t longest = 2, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  std::string body;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') continue;
    if (byte < 0x20 && c != '\n' && c != '\t') {
      body += escape_control(std::string_view(&c, 1));
    } else {
      body += c;
    }
  }
  const char* end = body.empty() || body.back() != '\n' ? "\n" : "";
  return fmt::format("{}{}\n{}{}{}\n", fence, language, body, end, fence);
}

class Cells {
 public:
  void add(std::string_view key, std::string_view value) {
    if (!value.empty()) out_ += fmt::format("| {} | {} |\n", markdown_text(key), value);
  }
  void text(std::string_view key, std::string_view value) { add(key, markdown_text(value)); }
  std::string take() { return "| Key | Value |\n| --- | --- |\n" + std::move(out_); }

 private:
  std::string out_;
};

std::string linked(const std::vector<std::string>& items, std::string_view base, bool digits) {
  std::string out;
  for (const std::string& item : items) {
    const std::size_t dash = item.rfind('-');
    const std::string key = digits && dash != item.npos ? item.substr(dash + 1) : item;
    out += fmt::format("{}[{}]({}{}{})", out.empty() ? "" : ", ", markdown_text(item), base,
                       markdown_text(key), digits ? ".html" : "");
  }
  return out;
}

void add_classification(Cells& cells, const model::TemplateInfo::Classification& facts) {
  if (!facts.cvss_metrics.empty())
    cells.add("CVSS-Metrics", fmt::format("[{0}](https://www.first.org/cvss/calculator/3.0#{0})",
                                          markdown_text(facts.cvss_metrics)));
  if (facts.cwe_id)
    cells.add("CWE-ID", linked(*facts.cwe_id, "https://cwe.mitre.org/data/definitions/", true));
  if (facts.cve_id)
    cells.add("CVE-ID",
              linked(*facts.cve_id, "https://cve.mitre.org/cgi-bin/cvename.cgi?name=", false));
  if (facts.cvss_score && *facts.cvss_score != 0)
    cells.text("CVSS-Score", fmt::format("{:.2f}", *facts.cvss_score));
}

std::string information(const model::TemplateInfo& info) {
  Cells cells;
  cells.text("Name", info.name);
  cells.text("Authors", fmt::format("{}", fmt::join(info.author, ", ")));
  cells.text("Tags", fmt::format("{}", fmt::join(info.tags, ", ")));
  cells.text("Severity", model::to_string(info.severity));
  cells.text("Description", info.description);
  cells.text("Remediation", info.remediation);
  if (info.classification) add_classification(cells, *info.classification);
  for (const auto& [key, value] : info.metadata)
    if (value.size() > 2 && value.front() == '"')
      cells.text(key, std::string_view(value).substr(1, value.size() - 2));
  return cells.take();
}

std::string exchange(const model::Finding& finding) {
  std::string out;
  if (!finding.request.empty()) out += "\n**Request**\n\n" + code_block("http", finding.request);
  if (finding.response.empty()) return out;
  out += "\n**Response**\n\n" +
         code_block("http", std::string_view(finding.response).substr(0, kShownResponse));
  if (finding.response.size() > kShownResponse)
    out += fmt::format("\nTruncated: {} of {} bytes.\n", kShownResponse, finding.response.size());
  return out;
}

std::string extra(const model::Finding& finding) {
  if (finding.extracted_results.empty() && finding.meta.empty()) return {};
  std::string out = "\n**Extra Information**\n";
  if (!finding.extracted_results.empty()) out += "\n**Extracted results:**\n\n";
  for (const std::string& item : finding.extracted_results)
    out += "- " + markdown_text(item) + "\n";
  if (!finding.meta.empty()) out += "\n**Metadata:**\n\n";
  for (const auto& [name, value] : finding.meta)
    out += fmt::format("- {}: {}\n", markdown_text(name), markdown_text(value));
  return out;
}

std::string title_of(const model::Finding& finding) {
  const std::string matcher = finding.matcher_name.empty() ? "" : ":" + finding.matcher_name;
  return fmt::format("{} ({}{}) found on {}", markdown_text(finding.info->name),
                     markdown_text(finding.info->id), markdown_text(matcher),
                     markdown_text(finding.host));
}

class Markdown final : public Format {
 public:
  std::string finding(const model::Finding& finding) const override {
    return markdown_of(finding) + "\n";
  }
};

}  // namespace

std::string markdown_text(std::string_view text) {
  constexpr std::string_view kMarkup = "\\`*_[]|<>#";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += ' ';
      continue;
    }
    if (kMarkup.find(c) != kMarkup.npos) out += '\\';
    out += c;
  }
  return out;
}

std::string markdown_of(const model::Finding& finding) {
  const model::TemplateInfo& info = *finding.info;
  std::string type = finding.type;
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  std::string out = fmt::format(
      "### {}\n\n----\n**Details**: **{}** matched at {}\n\n**Protocol**: {}\n\n**Full URL**: "
      "{}\n\n**Timestamp**: {}\n\n**Template Information**\n\n{}",
      title_of(finding), markdown_text(info.id), markdown_text(finding.host), type,
      markdown_text(finding.matched_at), rfc3339(finding.timestamp), information(info));
  out += exchange(finding) + extra(finding);
  if (!info.reference.empty()) out += "\nReferences:\n\n";
  for (const std::string& reference : info.reference) out += "- " + markdown_text(reference) + "\n";
  if (!finding.curl_command.empty())
    out += "\n**CURL command**\n\n" + code_block("sh", finding.curl_command);
  return out + fmt::format("\n----\n\nGenerated by num8 {}\n", version());
}

std::string random_uuid() {
  unsigned char bytes[16];
  random_bytes(bytes, sizeof bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string hex = hex_encode({reinterpret_cast<const char*>(bytes), sizeof bytes});
  for (const std::size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

std::string markdown_file_name(const model::Finding& finding, const std::string& id) {
  constexpr std::string_view kExtension = ".md";
  std::string name = fmt::format("{}-{}-{}", finding.info->id, finding.host, id);
  if (!finding.matcher_name.empty() || !finding.extractor_name.empty())
    name += "-" + finding.matcher_name;
  name.resize(std::min(name.size(), kLongestName - kExtension.size()));
  for (std::size_t at = 0; (at = name.find("..", at)) != name.npos;) name.replace(at, 2, "_");
  for (char& c : name)
    if (static_cast<unsigned char>(c) <= 0x20 ||
        std::string_view("?/\\>|:;*<\"'").find(c) != std::string_view::npos)
      c = '_';
  return name.append(kExtension);
}

MarkdownFolder::Sort markdown_sort(std::string_view word) {
  if (word == "severity") return MarkdownFolder::Sort::kSeverity;
  if (word == "template") return MarkdownFolder::Sort::kTemplate;
  return word == "host" ? MarkdownFolder::Sort::kHost : MarkdownFolder::Sort::kNone;
}

Result<std::unique_ptr<MarkdownFolder>> MarkdownFolder::create(const std::string& folder, Sort sort,
                                                               bool append) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return errno_error(folder, failed.value());
  auto index = M8_TRY(Stream::create(folder + "/index.md", {.append = append}));
  if (!append) M8_TRY(index->write("|Hostname/IP|Finding|Severity|\n|-|-|-|\n"));
  return std::unique_ptr<MarkdownFolder>(new MarkdownFolder(folder, sort, std::move(index)));
}

std::string MarkdownFolder::sub_folder(const model::Finding& finding) const {
  const auto plain = [](std::string name) {
    std::replace(name.begin(), name.end(), '/', '_');
    return name.empty() || name == "." || name == ".." ? std::string("_/") : name + "/";
  };
  switch (sort_) {
    case Sort::kSeverity:
      return plain(model::to_string(finding.info->severity));
    case Sort::kTemplate:
      return plain(finding.info->id);
    case Sort::kHost:
      return plain(finding.host);
    case Sort::kNone:
      break;
  }
  return {};
}

Status MarkdownFolder::finding(const model::Finding& finding) {
  const std::string sub = sub_folder(finding);
  if (!sub.empty()) {
    std::error_code failed;
    std::filesystem::create_directories(folder_ + "/" + sub, failed);
    if (failed) return errno_error(folder_ + "/" + sub, failed.value());
  }
  const std::string name = sub + markdown_file_name(finding, random_uuid());
  M8_TRY(write_file_atomically(folder_ + "/" + name, markdown_of(finding)));
  return index_->write(fmt::format(
      "|[{}]({})|{} {}|{}|\n", markdown_text(finding.host), name, markdown_text(finding.info->id),
      markdown_text(finding.matcher_name), model::to_string(finding.info->severity)));
}

std::unique_ptr<Format> make_markdown(const FormatOptions&) { return std::make_unique<Markdown>(); }

}  // namespace m8::output
