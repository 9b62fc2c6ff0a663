/// The web hosts of the lab: which flaw is planted where.
///
/// A site is a name, pages in a table, and, for what a table cannot say, a function. The ids of the
/// templates in examples/templates that must find something on it are part of the site, so that
/// tests and people can compare. Constant data; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lab/faults.h"
#include "lab/web_request.h"
#include "net/address.h"

namespace m8::lab {

struct Page {
  std::string_view path;  ///< exactly as in the request, without query
  std::string_view body;
  std::string_view type = "text/html; charset=utf-8";
  int status = 200;
  std::string_view headers = {};  ///< "Name: value" lines
};

struct Site {
  std::string_view label;  ///< "git": git.<apex>
  std::string_view brief;  ///< what is wrong with it, one line
  std::span<const Page> pages = {};
  std::span<const std::string_view> planted = {};  ///< template ids
  std::string_view server = "lab";                 ///< the Server header
  bool hardened = true;                            ///< sends the headers that protect browsers
  /// Asked before the table; empty answer: the table decides.
  std::optional<WebResponse> (*custom)(const WebRequest&) = nullptr;
  Behaviour behaviour = Behaviour::kProper;
};

/// Sites that speak proper HTTP; the first is "www".
std::span<const Site> sites();
/// Sites that reset, drip, send garbage or too little.
std::span<const Site> broken_sites();

/// What \p site answers: its custom function, a page of its table, a start page, or 404.
WebResponse respond(const Site& site, const WebRequest& request);
/// A plain host whose every page has \p body (`m8 lab --hosts`).
WebResponse respond_plain(const std::shared_ptr<const std::string>& body,
                          const WebRequest& request);

/// 127.80.1.x: the address of sites()[index], then of broken_sites().
net::IpAddress site_address(std::size_t index);
/// 127.81.x.y: the address of the additional host \p index, below 60,000.
net::IpAddress extra_host_address(std::size_t index);
inline constexpr std::size_t kMaxExtraHosts = 60'000;

}  // namespace m8::lab
