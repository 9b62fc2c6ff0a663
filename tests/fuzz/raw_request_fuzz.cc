// RawRequest::parse on any text: no crash, and what it gives fits into what it was given.
#include <cstdint>
#include <cstdlib>

#include "http/raw_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto request = m8::http::RawRequest::parse(text);
  if (!request.ok()) return 0;
  if (request->method.size() + request->target.size() + request->body.size() > size) std::abort();
  for (const auto& header : request->headers) {
    if (header.name.empty()) std::abort();
  }
  return 0;
}
