#include "scan/endpoint_record.h"

#include <utility>

#include "probe/page.h"

namespace m8::scan {
namespace {

constexpr std::size_t kLongestServer = 256;
constexpr std::size_t kTitleWithin = 256u << 10;

std::string_view header_of(const http::Response& response, std::string_view name) {
  const auto* header = http::find_header(response.headers, name);
  return header ? std::string_view(header->value) : std::string_view();
}

bool is_html(const http::Response& response) {
  const auto type = probe::media_type(header_of(response, "content-type"));
  return !response.body.empty() && type.find("html") != type.npos;
}

std::string title_of(const http::Response& response) {
  const std::string_view body = std::string_view(response.body).substr(0, kTitleWithin);
  return probe::read_title(probe::read_page(body), header_of(response, "content-type"), body);
}

/// What needs no memory of earlier answers.
model::Endpoint endpoint_of(const net::Url& url, const http::Response& response, WallTime now) {
  model::Endpoint record;
  record.url = url.root();
  record.hostname = url.host;
  record.ip = response.ip.to_string();
  record.port = url.effective_port();
  record.last_seen = now;
  return record;
}

}  // namespace

EndpointLog::Known& EndpointLog::entry(State& state, std::string_view key) const {
  if (const auto it = state.young.find(key); it != state.young.end()) return it->second;
  Known known;
  if (const auto it = state.old.find(key); it != state.old.end()) known = std::move(it->second);
  if (state.young.size() >= max_servers_) {
    state.old = std::move(state.young);
    state.young.clear();
  }
  return state.young.emplace(std::string(key), std::move(known)).first->second;
}

std::optional<model::Endpoint> EndpointLog::answered(std::string_view key, const net::Url& url,
                                                     const http::Response& response, WallTime now) {
  const bool front_page = (url.path.empty() || url.path == "/") && url.query.empty();
  const From title_from = front_page ? From::kFrontPage : From::kSecondBest;
  const From status_from = !front_page             ? From::kNothing
                           : response.body.empty() ? From::kSecondBest
                                                   : From::kFrontPage;
  bool news = false, reads_title = false;
  {
    auto state = state_.lock();
    Known& known = entry(*state, key);
    news = !std::exchange(known.answered, true);
    if (known.server.empty())
      known.server = header_of(response, "server").substr(0, kLongestServer);
    if (status_from > known.status_from) {
      known.status_from = status_from;
      news = news || known.status != response.status;
      known.status = response.status;
    }
    reads_title = title_from > known.title_from && is_html(response);
    if (reads_title) known.title_from = title_from;
  }
  if (!news && !reads_title) return std::nullopt;
  std::string title = reads_title ? title_of(response) : std::string();  // the lock is not held
  model::Endpoint record = endpoint_of(url, response, now);
  auto state = state_.lock();
  Known& known = entry(*state, key);
  if (!title.empty() && known.title_from <= title_from && known.title != title) {
    news = true;
    known.title = std::move(title);
  }
  if (!news) return std::nullopt;
  record.status = known.status;
  record.title = known.title;
  record.server = known.server;
  return record;
}

}  // namespace m8::scan
