#include "lab/hosts.h"

#include <fmt/format.h>

#include "base/file.h"

namespace m8::lab {
namespace {

constexpr std::size_t kHostsPerBlock = 250;  // of 256: no .0, no .255, and a round number

net::IpAddress address_in(std::uint32_t base, std::size_t index) {
  const std::size_t block = index / kHostsPerBlock, host = index % kHostsPerBlock + 1;
  return net::IpAddress::v4(base + static_cast<std::uint32_t>(block << 8 | host));
}

WebResponse from_page(const Page& page) {
  WebResponse response = web_page(page.status, std::string(page.type), std::string(page.body));
  std::string_view lines = page.headers;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    const auto colon = line.find(':');
    response.with(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return response;
}

WebResponse start_page(const Site& site) {
  return web_page(200, "text/html; charset=utf-8",
                  fmt::format("<html><head><title>{} of the lab</title></head>"
                              "<body><p>A practice host.</p></body></html>\n",
                              site.label));
}

WebResponse from_table(const Site& site, const WebRequest& request) {
  if (request.method != "GET" && request.method != "HEAD")
    return web_page(405, "text/plain", "method not allowed\n");
  for (const Page& page : site.pages)
    if (page.path == request.path()) return from_page(page);
  if (request.path() == "/") return start_page(site);
  return web_page(404, "text/html; charset=utf-8", "<html><title>Not found</title></html>\n");
}

void harden(WebResponse& response) {
  response.with("Content-Security-Policy", "default-src 'self'")
      .with("X-Frame-Options", "DENY")
      .with("X-Content-Type-Options", "nosniff")
      .with("Referrer-Policy", "no-referrer");
}

}  // namespace

WebResponse respond(const Site& site, const WebRequest& request) {
  std::optional<WebResponse> custom;
  if (site.custom) custom = site.custom(request);
  WebResponse response = custom ? std::move(*custom) : from_table(site, request);
  response.with("Server", std::string(site.server));
  if (site.hardened) harden(response);
  return response;
}

WebResponse respond_plain(const std::shared_ptr<const std::string>& body,
                          const WebRequest& request) {
  WebResponse response;
  if (request.path() == "/") {
    response.body = body;
  } else {
    response = web_page(404, "text/plain", "not found\n");
  }
  response.with("Server", "lab");
  harden(response);
  return response;
}

net::IpAddress site_address(std::size_t index) { return address_in(0x7f500100, index); }

net::IpAddress extra_host_address(std::size_t index) { return address_in(0x7f510000, index); }

}  // namespace m8::lab
