#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dns/server_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = m8::dns::parse_servers({reinterpret_cast<const char*>(data), size});
  // What was taken reads as itself when it is written out again.
  for (const auto& server : file.servers) {
    const auto again = m8::dns::Server::parse(server.to_string());
    if (!again.ok() || !(*again == server)) std::abort();
  }
  return 0;
}
