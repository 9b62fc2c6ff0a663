#include "resolve_lines.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace m8::asmm8 {
namespace {

using dns::RrType;

/// Keys in the order in which dnsx writes them.
constexpr std::pair<RrType, const char*> kKeys[] = {
    {RrType::kA, "a"},     {RrType::kAaaa, "aaaa"}, {RrType::kCname, "cname"},
    {RrType::kMx, "mx"},   {RrType::kPtr, "ptr"},   {RrType::kNs, "ns"},
    {RrType::kTxt, "txt"}, {RrType::kSrv, "srv"},   {RrType::kCaa, "caa"},
};

/// Names and addresses rarely hold anything to escape, and then need no second look.
void append_text(std::string& out, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
  if (!plain) return json::append_quoted(out, text);
  out += '"';
  out += text;
  out += '"';
}

void append_number(std::string& out, std::uint32_t number) {
  char text[10];
  out.append(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

std::string error_text(const dns::BulkClient::Result& result) {
  return dns::lower(dns::to_string(result.failed_type)) + ": " + dns::to_string(result.fate);
}

}  // namespace

bool ResolveLines::asked(RrType type) const {
  return std::find(types_.begin(), types_.end(), type) != types_.end();
}

bool ResolveLines::append(std::string& out, const dns::BulkClient::Result& result) {
  const auto& values = result.values.all();
  const bool found = std::any_of(values.begin(), values.end(),
                                 [this](const auto& value) { return asked(value.type); });
  if (form_ == LineForm::kJson) {
    append_json(out, result);
  } else if (form_ == LineForm::kNames && found) {
    (out += result.host) += '\n';
  } else if (found) {
    for (const RrType type : types_) append_values(out, result, type);
  }
  return found;
}

void ResolveLines::append_values(std::string& out, const dns::BulkClient::Result& result,
                                 RrType type) {
  for (const auto& value : result.values.all()) {
    if (value.type != type) continue;
    if (form_ == LineForm::kResponses)
      ((out += result.host) += " [") += dns::to_string(type) + "] [";
    out += result.values.text(value);
    out += form_ == LineForm::kResponses ? "]\n" : "\n";
  }
}

void ResolveLines::append_json(std::string& out, const dns::BulkClient::Result& result) {
  const auto& values = result.values.all();
  out += "{\"host\":";
  append_text(out, result.host);
  if (!values.empty()) append_number(out += ",\"ttl\":", result.values.ttl());
  out += ",\"resolver\":[\"";
  out += result.resolver;
  out += "\"]";
  for (const auto& [type, key] : kKeys) {
    const char* separator = nullptr;
    for (const auto& value : values) {
      if (value.type != type) continue;
      if (separator == nullptr) ((out += ",\"") += key) += "\":[";
      if (separator != nullptr) out += separator;
      separator = ",";
      append_text(out, result.values.text(value));
    }
    if (separator != nullptr) out += ']';
  }
  if (result.rcode) ((out += ",\"status_code\":\"") += dns::to_string(*result.rcode)) += '"';
  if (!result.complete()) append_text(out += ",\"error\":", error_text(result));
  ((out += ",\"timestamp\":\"") += timestamp()) += "\"}\n";
}

const std::string& ResolveLines::timestamp() {
  const WallTime now = std::chrono::floor<std::chrono::milliseconds>(clock_.wall());
  if (now != stamped_ || stamp_.empty()) {
    stamped_ = now;
    stamp_ = rfc3339(now);
  }
  return stamp_;
}

}  // namespace m8::asmm8
