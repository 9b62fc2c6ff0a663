// Fuzz target: every passive source, fed arbitrary replies. The first byte picks the source, the
// second a status; the rest are bodies, one after the other, parted by NUL.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "enumerate/sources/query.h"
#include "enumerate/sources/registry.h"

namespace {

using namespace m8;
using namespace m8::enumerate::sources;

/// Answers every service request with the next body.
class Answers final : public http::Session {
 public:
  Answers(int status, std::string_view bodies) : status_(status), bodies_(bodies) {}
  void send(http::Request, Callback) override { std::abort(); }
  void post(const std::string&, std::function<void()>, std::chrono::milliseconds) override {
    std::abort();
  }
  Result<http::Response> call(const http::Request&, std::stop_token) override {
    http::Response response;
    response.status = status_;
    const std::size_t end = bodies_.find('\0');
    response.body = bodies_.substr(0, end);
    bodies_.remove_prefix(end == std::string_view::npos ? bodies_.size() : end + 1);
    response.headers = {{"Link", "<x>; rel=\"next\""}, {"X-RateLimit-Remaining", "5"}};
    response.body_truncated = response.body.size() % 7 == 6;
    return response;
  }
  http::SessionStats stats() const override { return {}; }

 private:
  const int status_;
  std::string_view bodies_;
};

constexpr int kStatuses[] = {200, 200, 200, 200, 204, 404, 403, 429, 500};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Source& source = *registry()[data[0] % registry().size()];
  Answers session(kStatuses[data[1] % std::size(kStatuses)],
                  {reinterpret_cast<const char*>(data) + 2, size - 2});
  FakeClock clock;
  net::RateLimiter limiter({}, clock);
  Limits limits;
  limits.max_requests = 8;
  limits.max_names = 100;
  const auto domain = net::Name::trusted("example.com");
  Lane lane(source, "http://127.0.0.1", {"id:secret"}, {}, clock);
  Query query(lane, {session, limiter, clock, limits}, domain,
              [&](const net::Name& name) {
                // What is taken is canonical and inside the domain, whatever the reply was.
                if (!name.is_inside(domain) || net::Name::parse(name.text()).value() != name)
                  std::abort();
                return true;
              },
              {});
  const Report report = query.run();
  if (report.names != query.names().size() || report.names > limits.max_names) std::abort();
  return 0;
}
