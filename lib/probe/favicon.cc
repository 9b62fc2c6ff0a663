#include "probe/favicon.h"

#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "probe/body_hash.h"
#include "probe/html.h"

namespace m8::probe {

std::vector<std::string> favicon_candidates(const Page& page, const net::Url& at,
                                            std::size_t most) {
  const auto base = page.base.empty() ? Result<net::Url>(at) : at.resolve(page.base);
  const net::Url& from = base.ok() ? *base : at;
  std::vector<std::string> out;
  const auto add = [&](std::string url) {
    if (out.size() < most && std::find(out.begin(), out.end(), url) == out.end())
      out.push_back(std::move(url));
  };
  for (const std::string& href : page.icons) {
    if (lower_ascii(std::string_view(href).substr(0, 5)) == "data:") {
      add(href);
      continue;
    }
    auto url = from.resolve(trim(href));
    if (!url.ok() || (url->scheme != "http" && url->scheme != "https")) continue;
    url->fragment.clear();
    add(url->to_string());
  }
  add(at.root() + "/favicon.ico");
  return out;
}

std::string data_url_bytes(std::string_view url) {
  if (lower_ascii(url.substr(0, 5)) != "data:") return {};
  const std::size_t comma = url.find(',');
  if (comma == url.npos) return {};
  const std::string text = net::percent_decode(url.substr(comma + 1));
  if (url.substr(0, comma).find(";base64") == url.npos) return text;
  return base64_decode(text).value_or({});
}

bool is_image(std::string_view bytes) {
  using namespace std::string_view_literals;
  for (const std::string_view magic :
       {"\0\0\1\0"sv, "\0\0\2\0"sv, "\x89PNG\r\n\x1a\n"sv, "GIF8"sv, "\xff\xd8\xff"sv, "BM"sv})
    if (bytes.starts_with(magic)) return true;
  if (bytes.starts_with("RIFF") && bytes.substr(0, 16).find("WEBP") != bytes.npos) return true;
  const std::string begin = lower_ascii(trim(bytes.substr(0, 1024)));
  return begin.starts_with("<svg") ||
         (begin.starts_with("<?xml") && begin.find("<svg") != begin.npos);
}

void set_favicon(std::string_view bytes, const std::string& url, model::Endpoint& record) {
  record.favicon = std::to_string(mime_murmur3(bytes));
  record.favicon_md5 = md5_hex(bytes);
  const auto parsed = net::Url::parse(url);
  if (!parsed.ok()) return;
  record.favicon_path = parsed->request_target();
  record.favicon_url = url;
}

}  // namespace m8::probe
