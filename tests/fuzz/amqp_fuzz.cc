// Whatever a broker, or who plays one, sends: frames, methods, properties, reply texts.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "queue/amqp_url.h"
#include "queue/amqp_wire.h"
#include "queue/amqp_words.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m8::queue::amqp;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Decoder decoder;
  // As one payload, and as a stream of frames.
  if (const auto header = decoder.header(bytes); header.ok()) {
    if (!header->message.body.empty()) std::abort();
    for (const auto& death : header->deaths)
      if (death.at < m8::WallTime{}) std::abort();
  }
  static_cast<void>(decoder.method(bytes));
  if (const auto difference = difference_in(bytes); difference && difference->name.empty())
    std::abort();
  static_cast<void>(reply_error(406, bytes));
  static_cast<void>(reply_error(530, bytes));
  static_cast<void>(AmqpUrl::parse(bytes));
  for (int i = 0; i < 1000; ++i) {
    const auto frame = next_frame(bytes, kFrameMax);
    if (!frame.ok() || !*frame) break;
    if ((*frame)->size > bytes.size()) std::abort();
    if ((*frame)->type == FrameType::kMethod) static_cast<void>(decoder.method((*frame)->payload));
    if ((*frame)->type == FrameType::kHeader) static_cast<void>(decoder.header((*frame)->payload));
    bytes.remove_prefix((*frame)->size);
  }
  return 0;
}
