// cache/redis_connection.h: whatever listens where a Redis should be.
#include <cstdint>
#include <string_view>

#include "cache/redis_connection.h"
#include "cache/redis_url.h"

namespace {

class Nobody final : public m8::cache::RedisConnection::Owner {
 public:
  void replied(m8::cache::RedisReply) override {}
  void lost(const m8::Error&) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Nobody nobody;
  (void)m8::cache::read_replies(text, nobody);
  if (const auto url = m8::cache::RedisUrl::parse(text); url.ok()) (void)url->shown();
  return 0;
}
