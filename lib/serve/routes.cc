#include "serve/routes.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "net/url.h"

namespace m8::serve {

bool same_folded(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string Request::query(std::string_view name) const {
  const auto mark = target.find('?');
  if (mark == std::string::npos) return {};
  std::string_view rest = std::string_view(target).substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const auto equals = pair.find('=');
    if (net::percent_decode(pair.substr(0, equals)) != name) continue;
    if (equals == std::string_view::npos) return {};
    std::string value(pair.substr(equals + 1));
    std::replace(value.begin(), value.end(), '+', ' ');
    return net::percent_decode(value);
  }
  return {};
}

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (same_folded(key, name)) return trim(value);
  return {};
}

Response json_response(int status, std::string_view key, std::string_view text) {
  json::Writer w;
  w.object().field(key, text).end();
  return {status, w.take(), "application/json; charset=utf-8"};
}

void Routes::add(std::string method, std::string path, Handler handler) {
  routes_.push_back({std::move(method), std::move(path), std::move(handler)});
}

bool Routes::fits(const Route& route, std::string_view path) {
  const std::string_view wanted = route.path;
  if (wanted.ends_with('*')) return path.starts_with(wanted.substr(0, wanted.size() - 1));
  return path == wanted;
}

Response Routes::answer(const Request& request) const {
  std::string_view method = request.method;
  if (method == "HEAD") method = "GET";
  std::string allowed;
  for (const Route& route : routes_) {
    if (!fits(route, request.path())) continue;
    if (route.method == "*" || route.method == method) return route.handler(request);
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  if (otherwise_) return otherwise_(request);
  if (allowed.empty()) return {404, "not found\n"};
  return {405, "method not allowed\n", "text/plain; charset=utf-8", {{"Allow", allowed}}};
}

}  // namespace m8::serve
