#include "output/redact.h"

#include <algorithm>

#include "base/file.h"
#include "cli/secrets.h"

namespace m8::output {
namespace {

constexpr std::string_view kMask = "***";
/// Shorter texts are found everywhere.
constexpr std::size_t kShortest = 6;

/// Tokens whose form alone tells what they are. What tells it, stays.
constexpr const char* kTokens =
    "(eyJ)[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*"  // JSON Web Token
    "|\\b(AKIA|ASIA)[0-9A-Z]{16}\\b"                                  // AWS
    "|\\b(gh[pousr]_)[A-Za-z0-9]{36,}"                                // GitHub
    "|\\b(glpat-)[A-Za-z0-9_-]{20,}"                                  // GitLab
    "|\\b(xox[abposr]-)[A-Za-z0-9-]{10,}"                             // Slack
    "|\\b(AIza)[0-9A-Za-z_-]{35}"                                     // Google
    "|\\b([sr]k_live_)[0-9A-Za-z]{16,}"                               // Stripe
    "|(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)[A-Za-z0-9+/=\\s]{16,}";

constexpr const char* kParameters =
    "(?i)((?:[\\w-]*(?:token|passw(?:or)?d|passwd|pwd|secret|api[_-]?key|access[_-]?key|session)"
    "[\\w-]*|authorization|auth|sig(?:nature)?|cookie)\\s*[=:]\\s*)[^\\s&;\"'<>]+";

constexpr const char* kLogins = "(://[^/@:\\s\"'<>]{1,256}:)[^/@\\s\"'<>]{1,256}@";

bool is_word(std::string_view name, std::string_view lower) {
  return name.size() == lower.size() &&
         std::equal(name.begin(), name.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}

/// "a=1; b=2" with the values masked: all of them, or the first and the attributes left alone.
std::string masked_cookies(std::string_view value, bool first_only) {
  std::string out;
  bool first = true;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view pair = value.substr(0, end);
    const std::size_t equals = pair.find('=');
    const bool masks = (first || !first_only) && equals != pair.npos && equals + 1 < pair.size();
    out += masks ? std::string(pair.substr(0, equals + 1)).append(kMask) : std::string(pair);
    if (end < value.size()) out += ';';
    value.remove_prefix(std::min(end + 1, value.size()));
    first = false;
  }
  return out;
}

/// The value of header \p name as it may be seen.
std::string masked_value(std::string_view name, std::string_view value) {
  if (is_word(name, "set-cookie")) return masked_cookies(value, true);
  if (is_word(name, "cookie")) return masked_cookies(value, false);
  // The scheme of a login tells no secret.
  const std::size_t space = value.find(' ');
  const bool login = is_word(name, "authorization") || is_word(name, "proxy-authorization");
  if (login && space != value.npos) return std::string(value.substr(0, space + 1)).append(kMask);
  return std::string(kMask);
}

/// One line of a head, without its end.
std::string masked_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  const bool header = colon != line.npos && line.substr(0, colon).find(' ') == line.npos;
  if (!header) return std::string(line);
  const std::string_view name = line.substr(0, colon);
  const std::size_t begin = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
  if (begin == line.size() || (!cli::names_secret(name) && !is_word(name, "set-cookie")))
    return std::string(line);
  std::string_view value = line.substr(begin);
  const bool carriage = value.ends_with('\r');
  if (carriage) value.remove_suffix(1);
  return std::string(line.substr(0, begin)) + masked_value(name, value) + (carriage ? "\r" : "");
}

/// The head at the front of \p message; moves \p message behind it.
std::string masked_head(std::string_view& message) {
  std::string out;
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = message.substr(0, end);
    out += masked_line(line);
    if (end < message.size()) out += '\n';
    message.remove_prefix(std::min(end + 1, message.size()));
    if (line.empty() || line == "\r") break;
  }
  return out;
}

/// \p text as a part of a pattern.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && !std::isalnum(byte)) out += '\\';
    out += c;
  }
  return out;
}

void replace_text(std::string& text, const std::string& from) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += kMask.size())
    text.replace(at, from.size(), kMask);
}

}  // namespace

Result<Redactor> Redactor::create(const Options& options) {
  Redactor out;
  out.secrets_ = options.secrets;
  if (options.secrets) {
    const DeferredRegexes known_good(true);  // many scans find nothing to redact
    out.tokens_ = M8_TRY(Regex::compile(kTokens));
    out.logins_ = M8_TRY(Regex::compile(kLogins));
  }
  if (options.parameters) out.parameters_ = M8_TRY(Regex::compile(kParameters));
  for (const std::string& key : options.keys)
    out.keys_.push_back(
        M8_TRY(Regex::compile("(?i)(" + literal(key) + "\\s*[:=]\\s*[\"']?)[^\"'\\r\\n&]+")));
  for (const std::string& pattern : options.patterns)
    out.patterns_.push_back(M8_TRY(Regex::compile(pattern)));
  for (const std::string& value : options.values)
    if (value.size() >= kShortest) out.values_.push_back(value);
  return out;
}

const Redactor& Redactor::strict() {
  static const Redactor strict = [] {
    Options options;
    options.parameters = true;
    return create(options).value();
  }();
  return strict;
}

std::string Redactor::body(std::string text) const {
  if (tokens_ && tokens_->search(text)) text = tokens_->replace_all(text, "$1$2$3$4$5$6$7$8***");
  if (logins_ && text.find("://") != text.npos && logins_->search(text))
    text = logins_->replace_all(text, "$1***@");
  if (parameters_ && parameters_->search(text)) text = parameters_->replace_all(text, "$1***");
  for (const Regex& key : keys_)
    if (key.search(text)) text = key.replace_all(text, "$1***");
  for (const Regex& pattern : patterns_)
    if (pattern.search(text)) text = pattern.replace_all(text, "***");
  for (const std::string& value : values_) replace_text(text, value);
  return text;
}

std::string Redactor::text(std::string_view message) const {
  if (idle() || message.empty()) return std::string(message);
  std::string head = secrets_ ? masked_head(message) : std::string();
  return body(head.append(message));
}

/// Each header of a curl line is in single quotes: -H 'Name: value'.
std::string Redactor::curl(std::string line) const {
  constexpr std::string_view kHeader = "-H '", kQuote = "'\\''";
  if (!secrets_) return body(std::move(line));
  std::string out;
  std::size_t at = 0;
  for (std::size_t next; (next = line.find(kHeader, at)) != line.npos;) {
    const std::size_t begin = next + kHeader.size();
    std::size_t end = line.find('\'', begin);
    while (end != line.npos && line.compare(end, kQuote.size(), kQuote) == 0)
      end = line.find('\'', end + kQuote.size());
    end = std::min(end, line.size());
    out.append(line, at, begin - at)
        .append(masked_line(std::string_view(line).substr(begin, end - begin)));
    at = end;
  }
  return body(out.append(line, at));
}

void Redactor::apply(model::Finding& finding) const {
  if (idle()) return;
  finding.request = text(finding.request);
  finding.response = text(finding.response);
  finding.curl_command = curl(std::move(finding.curl_command));
  finding.matched_at = body(std::move(finding.matched_at));
}

}  // namespace m8::output
