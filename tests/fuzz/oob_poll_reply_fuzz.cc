// Any bytes as a poll's answer, and as the interactions in it: no crash.
#include <cstdint>

#include "oob/client.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string key(m8::oob::kAesKeyBytes, 'k');
  (void)m8::oob::open_interaction(text, key);
  if (const auto interaction = m8::model::parse_interaction(text); interaction.ok()) {
    if (!m8::model::parse_interaction(m8::model::to_json(*interaction)).ok()) __builtin_trap();
  }
  const auto reply = m8::oob::parse_poll_reply(text);
  if (!reply.ok()) return 0;
  for (const std::string& sealed : reply->sealed) (void)m8::oob::open_interaction(sealed, key);
  return 0;
}
