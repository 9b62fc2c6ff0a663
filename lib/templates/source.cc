#include "templates/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "base/file.h"
#include "base/hash.h"
#include "templates/schema.h"

namespace m8::templates {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kLength = 27;
/// A mark stands for a random text: this and a number of three letters, as long as the text itself,
/// so that it can be filled in anywhere, a packed tree included.
constexpr std::string_view kMark = "m8X4kQv0Zr7TtLb2WnYp5HsE";
static_assert(kMark.size() + 3 == kLength);

bool is_name_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

std::string mark_of(std::size_t number) {
  std::string mark(kMark);
  for (std::size_t place : {62u * 62u, 62u, 1u}) mark += kAlphabet[number / place % 62];
  return mark;
}

/// \p text with a mark for each {{randstr}}, the same for the same name.
std::string with_marks(std::string_view text) {
  static constexpr std::string_view kBegin = "{{randstr";
  std::string out;
  std::map<std::string_view, std::string, std::less<>> marks;
  std::size_t done = 0;
  for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at)) {
    std::size_t end = at + kBegin.size();
    while (end < text.size() && is_name_byte(text[end])) ++end;
    const auto name = text.substr(at + 2, end - at - 2);
    const bool ours = name == "randstr" || name.starts_with("randstr_");
    const auto begin = at;
    at = end;
    if (!ours || text.substr(end, 2) != "}}") continue;
    const auto mark = marks.try_emplace(name, mark_of(marks.size())).first;
    out += text.substr(done, begin - done);
    out += mark->second;
    done = at = end + 2;
  }
  out += text.substr(done);
  return out;
}

/// What identities of issues know a random word by (model/issue.cc): 1 in 100 draws lacks it.
bool has_every_kind(std::string_view text) {
  const auto any = [text](char first, char last) {
    return std::any_of(text.begin(), text.end(), [=](char c) { return c >= first && c <= last; });
  };
  return any('a', 'z') && any('A', 'Z') && any('0', '9');
}

std::string random_text() {
  std::array<unsigned char, kLength> random{};
  std::string out;
  do {
    random_bytes(random.data(), random.size());
    out.clear();
    for (const unsigned char byte : random) out += kAlphabet[byte % kAlphabet.size()];
  } while (!has_every_kind(out));
  return out;
}

void fill_marks(std::string& text) {
  std::map<std::string, std::string, std::less<>> values;
  for (auto at = text.find(kMark); at != std::string::npos && at + kLength <= text.size();
       at = text.find(kMark, at + kLength)) {
    std::string& value = values[text.substr(at, kLength)];
    if (value.empty()) value = random_text();
    text.replace(at, kLength, value);
  }
}

bool has_marks(std::string_view text) { return text.find(kMark) != std::string_view::npos; }

bool looks_like_json(std::string_view text) { return trim(text).starts_with('{'); }

/// \p packed has no marks any more.
Result<Source> unpack(std::string_view packed, std::shared_ptr<const std::string> owner) {
  if (packed.empty()) return Error{ErrorCode::kCorrupt, "packed template: empty"};
  Source source{M8_TRY(yaml::Tree::unpack(packed.substr(1))), packed.front() == '1', packed,
                std::move(owner)};
  if (!source.root.is_map()) return Error{ErrorCode::kCorrupt, "packed template: not a map"};
  return source;
}

Result<Source> unpack_owned(std::string packed) {
  auto owner = std::make_shared<const std::string>(std::move(packed));
  const std::string_view bytes = *owner;
  return unpack(bytes, std::move(owner));
}

}  // namespace

std::string fill_random_strings(std::string_view text) {
  std::string out = with_marks(text);
  fill_marks(out);
  return out;
}

Result<Source> parse_source(std::string_view text, std::string* packed) {
  std::string filled = with_marks(text);
  const bool marked = has_marks(filled);
  if (marked && !packed) fill_marks(filled);
  Source source{M8_TRY(yaml::parse(filled)), looks_like_json(text), {}, nullptr};
  if (!source.root.is_map()) return Error{ErrorCode::kInvalidArgument, "a template must be a map"};
  M8_TRY(check_keys(source.root));
  if (!packed) return source;
  packed->assign(1, source.json ? '1' : '0');
  source.root.pack(*packed);
  if (marked) {
    std::string own = *packed;
    fill_marks(own);
    return unpack_owned(std::move(own));
  }
  return source;
}

Result<Source> unpack_source(std::string_view packed) {
  if (!has_marks(packed)) return unpack(packed, nullptr);
  std::string filled(packed);
  fill_marks(filled);
  return unpack_owned(std::move(filled));
}

}  // namespace m8::templates
