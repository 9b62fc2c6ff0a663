#include "dns/https_queries.h"

#include "base/log.h"
#include "http/session.h"

namespace m8::dns {
namespace {

constexpr int kThreads = 24;
constexpr std::size_t kMostWaiting = 32768;
constexpr std::chrono::milliseconds kTimeout{10'000};
constexpr const char* kMediaType = "application/dns-message";

/// Services are looked up by the system: this is never asked.
class NoLookup final : public net::HostLookup {
 public:
  void lookup(const std::string& host, Callback done) override {
    done(Error{ErrorCode::kNotFound, "look up " + host + ": not here"});
  }
};

std::uint16_t id_of(const std::string& query) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(query[0]) << 8 |
                                    static_cast<unsigned char>(query[1]));
}

}  // namespace

/// The session, and what it borrows.
struct HttpsQueries::Door {
  explicit Door(Clock& clock) : limiter({}, clock) {}
  NoLookup lookup;
  net::Scope scope;
  net::RateLimiter limiter;
  std::unique_ptr<http::Session> session;
  http::Request request;
};

/// Where answers are handed over, until the stream goes.
struct HttpsQueries::Mailbox {
  Events events;
  bool open = true;  ///< the poller's thread only
};

Result<std::unique_ptr<HttpsQueries>> HttpsQueries::create(const std::string& url,
                                                           const std::string& more_ca,
                                                           Events events, net::Poller& poller,
                                                           Clock& clock) {
  auto door = std::make_unique<Door>(clock);
  http::Session::Options options;
  options.service.ca_file = more_ca;
  options.service.timeout = kTimeout;
  door->session =
      M8_TRY(http::Session::create(options, door->lookup, door->scope, door->limiter, clock));
  door->request.method = "POST";
  door->request.url = M8_TRY(net::Url::parse(url));
  door->request.headers = {{"Content-Type", kMediaType}, {"Accept", kMediaType}};
  door->request.timeout = kTimeout;
  door->request.max_body = kMaxMessageBytes;
  return std::unique_ptr<HttpsQueries>(
      new HttpsQueries(std::move(door), std::move(events), poller));
}

HttpsQueries::HttpsQueries(std::unique_ptr<Door> door, Events events, net::Poller& poller)
    : door_(std::move(door)),
      mailbox_(std::make_shared<Mailbox>(Mailbox{std::move(events)})),
      poller_(poller),
      queries_(kMostWaiting) {
  for (int i = 0; i < kThreads; ++i)
    threads_.emplace_back([this](std::stop_token stop) { run(stop); });
}

HttpsQueries::~HttpsQueries() {
  mailbox_->open = false;
  queries_.close();
  for (auto& thread : threads_) thread.request_stop();
}

void HttpsQueries::send(Bytes query) {
  std::string bytes(reinterpret_cast<const char*>(query.data()), query.size());
  // What finds no room times out, as a datagram would.
  (void)queries_.try_push(bytes);
}

void HttpsQueries::run(std::stop_token stop) {
  while (auto query = queries_.pop(stop)) {
    http::Request request = door_->request;
    const std::uint16_t id = id_of(*query);
    // RFC 8484 4.1: id 0, so that caches on the way find the same question again.
    (*query)[0] = (*query)[1] = 0;
    request.body = std::move(*query);
    auto response = door_->session->call(request, stop);
    if (stop.stop_requested()) return;
    const bool good = response.ok() && response->status == 200 && response->body.size() >= 12;
    if (!good) {
      log::get("dns")->info(
          "resolver={} failed: {}", request.url.to_string(),
          response.ok() ? "status " + std::to_string(response->status) : response.error().message);
    }
    poller_.post(
        [box = mailbox_, id, answer = good ? std::move(response->body) : std::string()]() mutable {
          if (!box->open) return;
          if (answer.empty()) return box->events.failed(id);
          answer[0] = static_cast<char>(id >> 8);
          answer[1] = static_cast<char>(id & 0xff);
          box->events.answered({reinterpret_cast<const std::byte*>(answer.data()), answer.size()});
        });
  }
}

}  // namespace m8::dns
