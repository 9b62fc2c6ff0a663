// Any bytes as a DNS message: no crash, and what decodes encodes to something that decodes.
#include <cstdint>
#include <cstdlib>

#include "dns/message_text.h"
#include "dns/wire.h"

namespace dns = m8::dns;

namespace {

dns::Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

void walk(dns::Bytes wire) {
  dns::Header header;
  if (!dns::read_header(wire, header)) return;
  dns::RecordCursor cursor(wire, dns::kHeaderBytes, header.answers);
  std::string text;
  for (dns::RecordView record; cursor.next(record);) dns::append_simple_data(wire, record, text);
  dns::same_question(wire, wire);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dns::Bytes wire(reinterpret_cast<const std::byte*>(data), size);
  walk(wire);
  const auto message = dns::decode(wire);
  if (!message.ok()) return 0;
  (void)dns::to_text(*message);
  const auto encoded = dns::encode(*message);
  // Decompressed, a message may outgrow its maximum; names and strings always encode.
  if (!encoded.ok() || !dns::decode(bytes_of(*encoded)).ok()) std::abort();
  return 0;
}
