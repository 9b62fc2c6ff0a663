#include "resolve_lines.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"

namespace m8::asmm8 {
namespace {

using dns::RrType;

/// Keys in the order in which dnsx writes them.
constexpr std::pair<RrType, const char*> kKeys[] = {
    {RrType::kA, "a"},     {RrType::kAaaa, "aaaa"}, {RrType::kCname, "cname"},
    {RrType::kMx, "mx"},   {RrType::kPtr, "ptr"},   {RrType::kSoa, "soa"},
    {RrType::kNs, "ns"},   {RrType::kTxt, "txt"},   {RrType::kSrv, "srv"},
    {RrType::kCaa, "caa"}, {RrType::kDs, "ds"},
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

/// As append_text(), inside a string that is open already.
void append_bare(std::string& out, std::string_view text) {
  std::string quoted;
  append_text(quoted, text);
  out.append(quoted, 1, quoted.size() - 2);
}

void append_number(std::string& out, std::uint32_t number) {
  char text[10];
  out.append(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

/// The \p n-th word and what follows it.
std::string_view from_word(std::string_view text, int n) {
  while (n-- > 0) text.remove_prefix(std::min(text.find(' ') + 1, text.size()));
  return text;
}

/// Strings in quotes, as one without them (RFC 7208 3.3 joins them so).
std::string unquoted(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : -1;
    };
    if (text[i] == '"') {
      inside = !inside;
    } else if (text[i] == '\\' && i + 3 < text.size() && digit(i + 1) >= 0) {
      out += static_cast<char>(digit(i + 1) * 100 + digit(i + 2) * 10 + digit(i + 3));
      i += 3;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      out += text[++i];
    } else if (inside) {
      out += text[i];
    }
  }
  return out;
}

/// What dnsx shows of a record: MX and SRV without their numbers, CAA the value alone.
void append_shown(std::string& out, RrType type, std::string_view text) {
  switch (type) {
    case RrType::kMx:
      out += from_word(text, 1);
      break;
    case RrType::kSrv:
      out += from_word(text, 3);
      break;
    case RrType::kCaa:
    case RrType::kTxt:
      out += unquoted(text);
      break;
    default:
      out += text;
  }
}

void append_soa(std::string& out, std::string_view host, std::string_view text) {
  append_text(out += "{\"name\":", host);
  constexpr const char* kFields[] = {"ns",    "mailbox", "serial", "refresh",
                                     "retry", "expire",  "minttl"};
  for (int i = 0; i < 7; ++i) {
    const std::string_view rest = from_word(text, i);
    const std::string_view word = rest.substr(0, rest.find(' '));
    ((out += ",\"") += kFields[i]) += "\":";
    if (i < 2) {
      append_text(out, word);
    } else {
      out += word;
    }
  }
  out += '}';
}

/// Names of \p text, data of \p type, get the dot at their end that presentation form has.
void append_presentation(std::string& out, RrType type, std::string_view text) {
  if (type == RrType::kSoa) {
    const std::size_t ns = text.find(' '), mailbox = text.find(' ', ns + 1);
    const std::string_view fields[] = {text.substr(0, ns), text.substr(ns, mailbox - ns),
                                       text.substr(mailbox)};
    append_bare(out, fields[0]);
    append_bare(out += '.', fields[1]);
    append_bare(out += '.', fields[2]);
    return;
  }
  append_bare(out, text);
  const bool name = type == RrType::kCname || type == RrType::kNs || type == RrType::kPtr ||
                    type == RrType::kMx || type == RrType::kSrv;
  if (name && !text.ends_with('.')) out += '.';
}

std::string error_text(const dns::BulkClient::Result& result) {
  return dns::lower(dns::to_string(result.failed_type)) + ": " + dns::to_string(result.fate);
}

}  // namespace

Result<dns::Rcode> parse_rcode(const std::string& text) {
  for (int code = 0; code < 24; ++code) {
    const auto rcode = static_cast<dns::Rcode>(code);
    const std::string word = dns::lower(dns::to_string(rcode));
    if (word != "rcode" && word == dns::lower(text)) return rcode;
  }
  return Error{ErrorCode::kInvalidArgument, "not an rcode: " + text.substr(0, 40)};
}

bool ResolveLines::asked(RrType type) const {
  return std::find(options_.types.begin(), options_.types.end(), type) != options_.types.end();
}

bool ResolveLines::shown(const dns::BulkClient::Result& result) const {
  const auto& wanted = options_.rcodes;
  return wanted.empty() ||
         (result.rcode && std::find(wanted.begin(), wanted.end(), *result.rcode) != wanted.end());
}

bool ResolveLines::append(std::string& out, const dns::BulkClient::Result& result) {
  const auto& values = result.values.all();
  const bool found = std::any_of(values.begin(), values.end(),
                                 [this](const auto& value) { return asked(value.type); });
  if (!shown(result)) return found;
  if (options_.form == LineForm::kJson) {
    append_json(out, result);
  } else if (options_.form == LineForm::kRaw) {
    if (!result.text.empty()) (out += result.text) += '\n';
  } else if (options_.form == LineForm::kRcodes) {
    ((out += host_of(result)) += " [") += dns::to_string(*result.rcode);
    out += "]\n";
  } else if (options_.form == LineForm::kNames && found) {
    (out += host_of(result)) += '\n';
  } else if (found) {
    for (const RrType type : options_.types) append_values(out, result, type);
  }
  return found;
}

void ResolveLines::append_values(std::string& out, const dns::BulkClient::Result& result,
                                 RrType type) {
  for (const auto& value : result.values.all()) {
    if (value.type != type) continue;
    const bool whole = options_.form == LineForm::kResponses;
    if (whole) ((out += host_of(result)) += " [") += dns::to_string(type) + "] [";
    append_shown(out, type, result.values.text(value));
    out += whole ? "]\n" : "\n";
  }
}

std::string_view ResolveLines::host_of(const dns::BulkClient::Result& result) {
  if (!result.host.ends_with(".arpa") || !asked(RrType::kPtr)) return result.host;
  const auto address = dns::address_of_reverse(result.host);
  if (!address) return result.host;
  return address_ = address->to_string();
}

void ResolveLines::append_value(std::string& out, const dns::BulkClient::Result& result,
                                const dns::AnswerValues::Value& value) {
  const std::string_view text = result.values.text(value);
  if (value.type == RrType::kA || value.type == RrType::kAaaa) return append_text(out, text);
  if (value.type == RrType::kSoa) return append_soa(out, result.host, text);
  std::string shown;
  append_shown(shown, value.type, text);
  append_text(out, shown);
}

void ResolveLines::append_json(std::string& out, const dns::BulkClient::Result& result) {
  const auto& values = result.values.all();
  out += "{\"host\":";
  append_text(out, host_of(result));
  if (!values.empty()) append_number(out += ",\"ttl\":", result.values.ttl());
  if (!result.resolver.empty()) ((out += ",\"resolver\":[\"") += result.resolver) += "\"]";
  for (const auto& [type, key] : kKeys) {
    const char* separator = nullptr;
    for (const auto& value : values) {
      if (value.type != type) continue;
      if (separator == nullptr) ((out += ",\"") += key) += "\":[";
      if (separator != nullptr) out += separator;
      separator = ",";
      append_value(out, result, value);
    }
    if (separator != nullptr) out += ']';
  }
  if (options_.all_records && !values.empty()) append_all(out, result);
  if (!result.text.empty()) append_text(out += ",\"raw\":", result.text);
  append_internal(out, result);
  if (result.rcode) ((out += ",\"status_code\":\"") += dns::to_string(*result.rcode)) += '"';
  if (result.rcode && *result.rcode != dns::Rcode::kNoError)
    append_number(out += ",\"status_code_raw\":", static_cast<std::uint32_t>(*result.rcode));
  if (!result.denied_above.empty()) append_text(out += ",\"denied_above\":", result.denied_above);
  if (!result.complete()) append_text(out += ",\"error\":", error_text(result));
  ((out += ",\"timestamp\":\"") += timestamp()) += "\"}\n";
}

void ResolveLines::append_all(std::string& out, const dns::BulkClient::Result& result) {
  const char* separator = ",\"all\":[\"";
  for (const auto& value : result.values.all()) {
    out += std::exchange(separator, ",\"");
    const std::string_view owner = result.values.owner(value);
    append_bare(out, owner.empty() ? result.host : owner);
    append_number(out += ".\\t", value.ttl);
    ((out += "\\tIN\\t") += dns::to_string(value.type)) += "\\t";
    append_presentation(out, value.type, result.values.text(value));
    out += '"';
  }
  out += ']';
}

void ResolveLines::append_internal(std::string& out, const dns::BulkClient::Result& result) {
  const char* separator = ",\"has_internal_ips\":true,\"internal_ips\":[";
  bool any = false;
  for (const auto& value : result.values.all()) {
    if (value.type != RrType::kA && value.type != RrType::kAaaa) continue;
    const auto ip = net::IpAddress::parse(result.values.text(value));
    if (!ip.ok() || !ip->is_private()) continue;
    append_text(out += std::exchange(separator, ","), result.values.text(value));
    any = true;
  }
  if (any) out += ']';
}

void ResolveLines::append_malformed(std::string& out, std::string_view text, std::string_view why) {
  if (options_.form != LineForm::kJson || !options_.rcodes.empty()) return;
  append_text(out += "{\"host\":", text);
  json::append_quoted(out += ",\"error\":", "malformed name: " + std::string(why));
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
