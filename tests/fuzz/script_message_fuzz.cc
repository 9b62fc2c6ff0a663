// Messages of the JavaScript helper, any bytes: read or refused; what was read is written alike.
#include <cstdint>
#include <cstdlib>

#include "script/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  m8::script::MessageReader message(bytes);
  const auto kind = message.kind();
  if (!kind.ok()) return 0;
  const auto name = message.text();
  const auto values = message.values();
  if (!name.ok() || !values.ok()) return 0;
  m8::script::MessageWriter writer(*kind);
  const std::string again = writer.text(*name).values(*values).finish().substr(4);
  if (again.size() > bytes.size() || again.front() != bytes.front()) std::abort();
  return 0;
}
