#include <cstdint>
#include <cstdlib>

#include "lab/web_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = m8::lab::read_request(bytes);
  if (!read.ok() || !read->complete) return 0;
  if (read->size > size) std::abort();
  (void)read->request.parameter("q");
  (void)read->request.form("q");
  (void)read->request.keep_alive();
  return 0;
}
