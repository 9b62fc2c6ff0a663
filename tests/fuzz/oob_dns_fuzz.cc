// Any bytes as a query to the interaction server: what decodes gets an answer that encodes, can be
// written down, and never goes outside the domain.
#include <cstdint>
#include <cstdlib>

#include "dns/wire.h"
#include "oob/dns_answers.h"
#include "oob/identity.h"

namespace dns = m8::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const m8::oob::DnsZone zone{"oob.test", {m8::net::IpAddress::v4(0x7f000001)}};
  const auto query = dns::decode({reinterpret_cast<const std::byte*>(data), size});
  if (!query.ok()) return 0;
  const dns::Message reply = m8::oob::answer(zone, *query);
  if (!dns::encode(reply).ok()) std::abort();
  const bool inside =
      query->questions.size() == 1 && m8::oob::is_within(zone, query->questions[0].name);
  if (!inside && !reply.answers.empty()) std::abort();
  (void)m8::oob::to_text(*query);
  for (const auto& question : query->questions)
    for (const auto& mention : m8::oob::find_mentions(question.name, 4))
      if (mention.unique_id.size() != m8::oob::kUniqueIdChars) std::abort();
  return 0;
}
