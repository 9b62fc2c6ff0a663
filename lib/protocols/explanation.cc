#include "protocols/explanation.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/finding.h"
#include "protocols/protocol.h"

namespace m8::protocols {
namespace {

constexpr std::size_t kShownMessage = 4096;
constexpr std::size_t kShownValue = 120;

std::string visible(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string shortened(std::string_view text) {
  if (text.size() <= kShownValue) return visible(text);
  return fmt::format("{}... ({} bytes)", visible(text.substr(0, kShownValue)), text.size());
}

std::string part_of(const std::string& type, const std::string& part,
                    std::optional<std::size_t> bytes) {
  if (type == "dsl" || type == "status") return {};
  const std::string name = part.empty() ? "body" : part;
  return bytes ? fmt::format(" on {} ({} bytes)", name, *bytes)
               : fmt::format(" on {}, which is missing", name);
}

std::string named(const std::string& name) {
  return name.empty() ? std::string() : fmt::format(" \"{}\"", visible(name));
}

std::string tried_line(const operators::Tried& one, const std::string& type) {
  // Operands of an expression are set in.
  const std::size_t depth = type == "dsl" && one.wanted.starts_with("  ") ? 2 : 0;
  std::string out = fmt::format("    {:{}}{} {}", "", depth, one.found ? '+' : '-',
                                shortened(std::string_view(one.wanted).substr(depth)));
  if (one.at) out += fmt::format(" at {}", *one.at);
  if (!one.seen.empty()) {
    const bool plain = type == "dsl" || type == "xpath";
    out += plain ? ": " + shortened(one.seen)
                 : fmt::format(": {}{}", one.found ? "" : "it is ", shortened(one.seen));
  }
  return out + '\n';
}

std::string matcher_text(const operators::MatcherReport& report, std::size_t number) {
  const operators::MatcherFields& fields = *report.fields;
  std::string out = fmt::format("  matcher {}{}: {}{}", number, named(fields.name), fields.type,
                                part_of(fields.type, fields.part, report.part_bytes));
  if (report.tried.size() > 1) out += fields.all ? ", all of" : ", any of";
  if (fields.negative) out += ", negative";
  if (fields.internal) out += ", internal";
  out += report.matched ? ": matches\n" : ": does not match\n";
  for (const auto& one : report.tried) out += tried_line(one, fields.type);
  return out;
}

std::string extractor_text(const operators::ExtractorReport& report, std::size_t number) {
  const operators::ExtractorFields& fields = *report.fields;
  std::string out =
      fmt::format("  extractor {}{}: {}{}{}:", number, named(fields.name), fields.type,
                  fields.type == "kval" ? "" : part_of(fields.type, fields.part, report.part_bytes),
                  fields.internal ? ", internal" : "");
  if (report.values.empty()) return out + " nothing\n";
  out += '\n';
  for (const std::string& value : report.values) out += "    = " + shortened(value) + '\n';
  return out;
}

std::string verdict_text(const Evaluated& event, const operators::Explanation& why) {
  std::string out;
  if (why.matchers.size() > 1)
    out = fmt::format("  matchers-condition: {}\n", why.all ? "and" : "or");
  if (event.verdict.hits.empty())
    return out + (event.verdict.matched ? "  => matched, nothing to report\n" : "  => no result\n");
  for (const operators::Hit& hit : event.verdict.hits) {
    const std::string& name = hit.matcher_name.empty() ? hit.extractor_name : hit.matcher_name;
    out += fmt::format("  => finding [{}{}{}]\n", event.execution.info->id, name.empty() ? "" : ":",
                       visible(name));
  }
  return out;
}

}  // namespace

std::string indented(std::string_view text, std::string_view margin, std::size_t limit) {
  std::string out;
  std::string_view rest = text.substr(0, limit);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out += std::string(margin) + visible(line) + '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (text.size() > limit) out += fmt::format("{}... {} more bytes\n", margin, text.size() - limit);
  return out;
}

std::string explanation(const Evaluated& event, std::string_view request, std::string_view response,
                        dsl::Services& services) {
  operators::Context context{services, {}};
  const operators::Explanation why = event.operators.explain(event.parts, context);
  std::string out = fmt::format("[{}] {} {}\n  sent {} bytes:\n", event.execution.info->id,
                                visible(event.block), visible(event.url), event.request.size());
  out += indented(request, "  > ", kShownMessage);
  out += fmt::format("  answer of {} bytes:\n", event.response.size());
  out += indented(response, "  < ", kShownMessage);
  std::size_t number = 0;
  for (const auto& report : why.extractors) out += extractor_text(report, ++number);
  number = 0;
  for (const auto& report : why.matchers) out += matcher_text(report, ++number);
  for (const std::string& warning : context.warnings) out += "  note: " + visible(warning) + '\n';
  return out + verdict_text(event, why);
}

}  // namespace m8::protocols
