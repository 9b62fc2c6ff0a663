#include "probe/probe.h"

#include <utility>

namespace m8::probe {
namespace {

http::Request head_request(const net::Url& bare, const char* scheme, const ProbeOptions& options) {
  http::Request request;
  request.method = "HEAD";
  request.url = bare;
  request.url.scheme = scheme;
  request.headers = {
      {"Host", request.url.authority()}, {"User-Agent", options.user_agent}, {"Accept", "*/*"}};
  request.timeout = options.timeout;
  request.retries = options.retries;
  request.max_body = 0;
  return request;
}

/// The other scheme goes the same way: to a name that is not there, or to the same closed port.
bool hopeless(const Error& error, const net::Url& bare) {
  const bool refused = error.code == ErrorCode::kRefused;
  return error.code == ErrorCode::kCancelled || error.code == ErrorCode::kDenied ||
         error.code == ErrorCode::kNotFound || (refused && bare.port);
}

}  // namespace

bool http_first(const net::Url& host_and_port) {
  const int port = host_and_port.port.value_or(0);
  return port == 80 || port == 8080 || port > 1024;
}

void probe_scheme(http::Session& session, net::Url bare, ProbeOptions options, ProbeDone done) {
  const bool plain_first = http_first(bare);
  const char* first = plain_first ? "http" : "https";
  const char* second = plain_first ? "https" : "http";
  auto request = head_request(bare, first, options);
  session.send(std::move(request),
               [&session, bare = std::move(bare), options = std::move(options),
                done = std::move(done), first, second](Result<http::Exchange> answer) mutable {
                 if (!answer.ok() && hopeless(answer.error(), bare)) return done(answer.error());
                 if (answer.ok()) {
                   bare.scheme = first;
                   return done(Probed{std::move(bare), std::move(answer->hops.back())});
                 }
                 auto again = head_request(bare, second, options);
                 session.send(std::move(again), [bare = std::move(bare), done = std::move(done),
                                                 second](Result<http::Exchange> last) mutable {
                   if (!last.ok()) return done(last.error());
                   bare.scheme = second;
                   done(Probed{std::move(bare), std::move(last->hops.back())});
                 });
               });
}

}  // namespace m8::probe
