#include "probe/likeness.h"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "probe/html.h"
#include "probe/page.h"
#include "probe/probe.h"
#include "probe/simhash.h"

namespace m8::probe {
namespace {

constexpr int kAlikeBits = 3;

/// \p text without \p host in any case.
std::string without(std::string text, const std::string& host) {
  if (host.empty()) return text;
  const std::string lower = lower_ascii(text), name = lower_ascii(host);
  std::string out;
  std::size_t begin = 0;
  for (std::size_t at = lower.find(name); at != lower.npos; at = lower.find(name, begin)) {
    out.append(text, begin, at - begin);
    begin = at + name.size();
  }
  return out.append(text, begin);
}

std::string header_of(const http::Response& response, std::string_view name) {
  const http::Header* header = http::find_header(response.headers, name);
  return header == nullptr ? std::string() : header->value;
}

/// Both answers of one comparison, which come in any order and on different threads.
struct Pair {
  std::mutex mutex;
  std::optional<Likeness> name, random;
  int missing = 2;
  TieBreakDone done;

  void arrive(std::optional<Likeness>& place, std::optional<Likeness> answer) {
    {
      const std::lock_guard lock(mutex);
      place = std::move(answer);
      if (--missing > 0) return;
    }
    done(verdict());
  }

  TieBreak verdict() const {
    if (!name) return {};
    if (!random) return {TieBreak::Verdict::kDistinct, "answers"};
    const std::string why = difference(*name, *random);
    return {why.empty() ? TieBreak::Verdict::kSame : TieBreak::Verdict::kDistinct, why};
  }
};

using AskDone = std::function<void(std::optional<Likeness>)>;

/// \p other: the scheme that is tried if this one fails below HTTP; empty for none.
void ask(http::Session& session, net::Url url, std::string other, const Settings& settings,
         AskDone done) {
  http::Request request;
  request.url = url;
  request.headers = {
      {"Host", url.authority()}, {"User-Agent", settings.user_agent}, {"Accept-Encoding", "gzip"}};
  request.timeout = settings.timeout;
  request.retries = settings.retries;
  request.max_body = settings.max_body;
  request.transparent_gzip = true;
  request.tls_details = true;
  request.fresh_connection = true;
  session.send(std::move(request), [&session, url, other = std::move(other), settings,
                                    done = std::move(done)](Result<http::Exchange> answer) mutable {
    if (answer.ok()) return done(likeness_of(*answer, url.host));
    if (other.empty() || answer.error().code == ErrorCode::kCancelled) return done(std::nullopt);
    url.scheme = std::move(other);
    ask(session, std::move(url), {}, settings, std::move(done));
  });
}

}  // namespace

Likeness likeness_of(const http::Exchange& exchange, const std::string& host) {
  const http::Response& response = exchange.final();
  Likeness out;
  out.status = response.status;
  const std::string body = without(response.body, host);
  out.title = read_title(read_page(body), header_of(response, "content-type"), body);
  out.body_sha256 = sha256_hex(body);
  out.body_simhash = simhash(body);
  out.redirect = without(header_of(response, "location"), host);
  if (response.tls) out.certificate_sha256 = response.tls->sha256;
  return out;
}

std::string difference(const Likeness& a, const Likeness& b) {
  if (a.status != b.status) return "status";
  if (a.redirect != b.redirect) return "redirect";
  if (a.title != b.title) return "title";
  if (a.certificate_sha256 != b.certificate_sha256) return "certificate";
  const bool same = a.body_sha256 == b.body_sha256 ||
                    simhash_distance(a.body_simhash, b.body_simhash) <= kAlikeBits;
  return same ? "" : "body";
}

void compare_with_random(http::Session& session, const net::Url& at, const std::string& random_host,
                         const Settings& settings, TieBreakDone done) {
  const auto pair = std::make_shared<Pair>();  // shared by the two requests
  pair->done = std::move(done);
  net::Url url = at;
  std::string other;
  if (url.scheme.empty()) {
    url.scheme = http_first(at) ? "http" : "https";
    other = http_first(at) ? "https" : "http";
  }
  ask(session, url, other, settings,
      [pair](std::optional<Likeness> answer) { pair->arrive(pair->name, std::move(answer)); });
  url.host = random_host;
  ask(session, url, other, settings,
      [pair](std::optional<Likeness> answer) { pair->arrive(pair->random, std::move(answer)); });
}

}  // namespace m8::probe
