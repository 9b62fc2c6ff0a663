#include "probe/page.h"

#include <algorithm>
#include <cerrno>

#include <iconv.h>

#include "base/file.h"
#include "base/regex.h"
#include "dsl/html_entities.h"
#include "probe/html.h"

namespace m8::probe {
namespace {

constexpr std::size_t kMaxItems = 2048;
constexpr std::size_t kMaxIcons = 64;
constexpr std::size_t kMaxValue = 16u << 10;
constexpr std::size_t kMaxTitle = 4u << 10;
/// Where a charset declaration is looked for (HTML 5, 13.2.3.2).
constexpr std::size_t kCharsetPrefix = 1024;

bool is_icon(std::string_view rel) {
  const std::string lower = lower_ascii(rel);
  for (const char* word : {"icon", "shortcut", "apple-touch-icon", "mask-icon", "alternate"})
    if (lower.find(word) != std::string::npos) return true;
  return false;
}

void read_link(const HtmlScanner& tag, Page& page) {
  std::string rel, href;
  if (page.icons.size() >= kMaxIcons || !tag.attribute("rel", rel) || !is_icon(rel)) return;
  if (!tag.attribute("href", href) || href.empty() || href.size() > kMaxValue) return;
  page.icons.push_back(std::move(href));
}

void read_meta(const HtmlScanner& tag, Page& page) {
  std::string name, content;
  if (tag.attribute("http-equiv", name) && equals_lower(name, "content-security-policy") &&
      page.policies.size() < kMaxIcons && tag.attribute("content", content)) {
    page.policies.push_back(content.substr(0, kMaxValue));
    return;
  }
  if (page.metas.size() >= kMaxItems || !tag.attribute("name", name) ||
      !tag.attribute("content", content))
    return;
  if (name.size() + content.size() <= kMaxValue)
    page.metas.emplace_back(std::move(name), std::move(content));
}

void read_script(const HtmlScanner& tag, Page& page) {
  std::string source;
  if (page.scripts.size() >= kMaxItems || !tag.attribute("src", source)) return;
  if (source.size() <= kMaxValue) page.scripts.push_back(std::move(source));
}

bool may_have_title(std::string_view content_type) {
  const std::string type = lower_ascii(media_type(content_type));
  if (type.empty()) return true;
  for (const char* known :
       {"text/html", "application/xhtml+xml", "application/xml", "text/xml", "application/rss+xml",
        "application/atom+xml", "application/vnd.wap.xhtml+xml"})
    if (type == known) return true;
  return false;
}

/// What follows "charset=" in \p text, without quotes; empty if there is none.
std::string charset_in(std::string_view text) {
  const std::string lower = lower_ascii(text);
  std::size_t at = lower.find("charset");
  if (at == lower.npos) return {};
  at = lower.find_first_not_of(" \t", at + 7);
  if (at == lower.npos || lower[at] != '=') return {};
  at = lower.find_first_not_of(" \t\"'", at + 1);
  if (at == lower.npos) return {};
  const std::size_t end = lower.find_first_of(" \t\"';>/,", at);
  return lower.substr(at, std::min(end, lower.size()) - at);
}

struct Iconv {
  explicit Iconv(const char* from) : handle(iconv_open("UTF-8//TRANSLIT", from)) {}
  ~Iconv() {
    if (valid()) iconv_close(handle);
  }
  Iconv(const Iconv&) = delete;
  bool valid() const { return handle != reinterpret_cast<iconv_t>(-1); }
  iconv_t handle;
};

/// \p text from \p charset to UTF-8; what can't be converted becomes U+FFFD.
std::string to_utf8_from(std::string_view charset, std::string_view text) {
  const bool name_good =
      !charset.empty() && charset.size() < 40 &&
      charset.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_:.") == charset.npos;
  const Iconv converter(name_good ? std::string(charset).c_str() : "UTF-8");
  if (!converter.valid()) return to_utf8(text);
  std::string in(text), out(text.size() * 4 + 8, '\0');
  char* from = in.data();
  std::size_t left = in.size();
  char* to = out.data();
  std::size_t room = out.size();
  while (left > 0 &&
         iconv(converter.handle, &from, &left, &to, &room) == static_cast<std::size_t>(-1)) {
    if (errno == E2BIG || room < 3) break;
    // One byte of nonsense: a replacement, and on.
    std::copy_n("\xef\xbf\xbd", 3, to);
    to += 3;
    room -= 3;
    ++from;
    --left;
  }
  out.resize(out.size() - room);
  return to_utf8(out);
}

std::string decoded(std::string_view raw, std::string_view content_type, std::string_view body) {
  if (is_utf8(raw)) return std::string(raw);
  std::string charset = charset_in(content_type);
  if (charset.empty()) charset = charset_in(body.substr(0, kCharsetPrefix));
  return to_utf8_from(charset.empty() ? "windows-1252" : charset, raw);
}

/// Control characters that break a line are taken out, others at both ends.
std::string tidy(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '\n' && c != '\t' && c != '\v' && c != '\f' && c != '\r') out += c;
  return std::string(trim(out));
}

/// As a sloppy expression finds it: <title...> up to the next </title> of the same line.
std::string_view careless_title(std::string_view body) {
  static const auto kTitle = Regex::compile("(?i)<\\s*title[^>]*>(.*?)<\\s*/\\s*title>");
  if (!kTitle.ok() || lower_ascii(body.substr(0, 1u << 16)).find("title") == std::string::npos)
    return {};
  // The first match's text as a view: found again where the expression found it.
  const auto matches = kTitle->find_all(body.substr(0, 1u << 16), 1);
  if (matches.empty()) return {};
  const std::size_t at = body.find(matches.front());
  return at == body.npos ? std::string_view() : body.substr(at, matches.front().size());
}

}  // namespace

Page read_page(std::string_view body) {
  Page page;
  HtmlScanner tag(body);
  while (tag.next()) {
    if (tag.is("script")) {
      read_script(tag, page);
    } else if (tag.is("meta")) {
      read_meta(tag, page);
    } else if (tag.is("link")) {
      read_link(tag, page);
    } else if (tag.is("title") && !page.has_title) {
      page.has_title = true;
      page.title = tag.content().substr(0, kMaxTitle);
    } else if (tag.is("base") && page.base.empty()) {
      (void)tag.attribute("href", page.base);
    }
  }
  std::stable_partition(page.icons.begin(), page.icons.end(), [](const std::string& href) {
    return lower_ascii(href).find(".ico") != std::string::npos;
  });
  return page;
}

std::string read_title(const Page& page, std::string_view content_type, std::string_view body) {
  if (!may_have_title(content_type)) return {};
  const std::string_view raw =
      page.has_title ? std::string_view(page.title) : careless_title(body).substr(0, kMaxTitle);
  if (raw.empty()) return {};
  std::string text = decoded(raw, content_type, body);
  if (text.find('&') != text.npos) text = dsl::html_unescape(text);
  return tidy(text);
}

std::string_view media_type(std::string_view content_type) {
  return trim(content_type.substr(0, content_type.find(';')));
}

}  // namespace m8::probe
