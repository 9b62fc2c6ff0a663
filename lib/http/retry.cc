#include "http/retry.h"

#include <algorithm>
#include <array>
#include <random>

#include "http/http_date.h"

namespace m8::http {

std::chrono::milliseconds Backoff::pause(int tried, double draw) const {
  const auto most =
      std::min<std::chrono::milliseconds>(base * (1LL << std::clamp(tried, 0, 20)), cap);
  return std::chrono::milliseconds(
      static_cast<long long>(draw * static_cast<double>(most.count())));
}

double random_draw() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

bool is_retryable_status(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods{"GET",   "HEAD", "OPTIONS",
                                                     "TRACE", "PUT",  "DELETE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

std::optional<std::chrono::seconds> retry_after(const Response& response, WallTime now) {
  const Header* header = find_header(response.headers, "retry-after");
  if (header == nullptr) return std::nullopt;
  return parse_retry_after(header->value, now);
}

}  // namespace m8::http
