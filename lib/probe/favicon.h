/// Favicon: where a page's icon may be, and what it is known by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/endpoint.h"
#include "net/url.h"
#include "probe/page.h"

namespace m8::probe {

/// Where to look, best first, at most \p most: what the page links to (an .ico before others,
/// <base> honoured), then /favicon.ico. Of http and https only; data: URLs are given as they are.
std::vector<std::string> favicon_candidates(const Page& page, const net::Url& at, std::size_t most);

/// Bytes of a data: URL; empty if it is none or broken.
std::string data_url_bytes(std::string_view url);

/// Whether \p bytes begin as an image does: ICO, CUR, PNG, GIF, JPEG, BMP, WebP, SVG.
bool is_image(std::string_view bytes);

/// Sets favicon, favicon_md5, favicon_path and favicon_url of \p record.
void set_favicon(std::string_view bytes, const std::string& url, model::Endpoint& record);

}  // namespace m8::probe
