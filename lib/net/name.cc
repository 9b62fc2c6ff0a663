#include "net/name.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <idn2.h>
#include <libpsl.h>

#include "net/address.h"

namespace m8::net {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxInput =
    4 * kMaxName;  // UTF-8 of a name takes at most four times its form

Error bad_name(std::string_view text, std::string_view reason) {
  // A name too long to be one is not repeated in full.
  const std::string_view shown = text.substr(0, 80);
  return {ErrorCode::kInvalidArgument,
          fmt::format("name '{}{}': {}", shown, shown.size() < text.size() ? "..." : "", reason)};
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

Result<std::string> to_ascii(std::string_view text) {
  if (text.size() > kMaxInput) return bad_name(text, "over 253 bytes");
  if (text.find('\0') != text.npos) return bad_name(text, "bad character");
  char* converted = nullptr;
  const int code = idn2_to_ascii_8z(std::string(text).c_str(), &converted,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, decltype(&idn2_free)> owned(converted, idn2_free);
  if (code != IDN2_OK) return bad_name(text, idn2_strerror(code));
  return std::string(owned.get());
}

/// Null if \p name (lower case, no final dot) is well-formed, else why not.
const char* defect(std::string_view name) {
  if (name.empty()) return "empty";
  if (name.size() > kMaxName) return "over 253 bytes";
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return "empty label";
      label = 0;
    } else if (!is_name_byte(c)) {
      return "bad character";
    } else if (++label > kMaxLabel) {
      return "label over 63 bytes";
    }
  }
  return label == 0 ? "empty label" : nullptr;
}

}  // namespace

Result<Name> Name::parse(std::string_view text) {
  std::string name(text.substr(0, kMaxInput + 1));
  if (!is_ascii(name)) name = M8_TRY(to_ascii(text));
  if (!name.empty() && name.back() == '.') name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(), lower);
  if (const char* reason = defect(name)) return bad_name(text, reason);
  return Name(std::move(name));
}

bool Name::is_inside(const Name& apex) const { return name_is_inside(text_, apex.text_); }

int Name::labels() const {
  return 1 + static_cast<int>(std::count(text_.begin(), text_.end(), '.'));
}

std::string_view Name::parent() const {
  const std::size_t dot = text_.find('.');
  return dot == text_.npos ? std::string_view() : std::string_view(text_).substr(dot + 1);
}

bool name_is_inside(std::string_view name, std::string_view apex) {
  if (apex.empty() || !name.ends_with(apex)) return false;
  return name.size() == apex.size() || name[name.size() - apex.size() - 1] == '.';
}

Result<SuffixSplit> split_suffix(std::string_view name) {
  const Error none{ErrorCode::kNotFound,
                   fmt::format("name '{}': has no registrable domain", name.substr(0, kMaxName))};
  const auto parsed = Name::parse(name);
  if (!parsed || IpAddress::parse(name)) return none;
  const std::string& text = parsed->text();
  // Both point into text, or are null.
  const char* registrable = psl_registrable_domain(psl_builtin(), text.c_str());
  const char* suffix = psl_unregistrable_domain(psl_builtin(), text.c_str());
  if (!registrable || !suffix || suffix <= registrable) return none;
  SuffixSplit split;
  split.registrable = registrable;
  split.suffix = suffix;
  split.domain.assign(registrable, suffix - 1);
  const auto before = static_cast<std::size_t>(registrable - text.c_str());
  if (before > 0) split.sub = text.substr(0, before - 1);
  return split;
}

}  // namespace m8::net
