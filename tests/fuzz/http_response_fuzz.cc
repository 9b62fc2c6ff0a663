// ResponseParser on any bytes: the same answer however they are cut, within its caps. The first
// byte chooses the options and the size of the pieces.
#include <cstdint>
#include <cstdlib>

#include "http/response_parser.h"

namespace {

constexpr std::size_t kMaxBody = 4096;

struct Outcome {
  bool ok = false;
  std::string body;
  std::size_t headers = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view bytes, std::size_t piece, std::uint8_t flags) {
  m8::http::ResponseParser::Options options;
  options.head_request = (flags & 1) != 0;
  options.read_to_end = (flags & 2) != 0;
  options.max_head = 8192;
  options.max_body = kMaxBody;
  m8::http::ResponseParser parser(options);
  while (!bytes.empty() && !parser.done()) {
    const std::string_view part = bytes.substr(0, piece);
    const auto used = parser.feed(part);
    if (!used.ok()) return {};
    if (*used > part.size() || (*used < part.size() && !parser.done())) std::abort();
    bytes.remove_prefix(*used);
  }
  if (!parser.end().ok()) return {};
  if (!parser.done() || parser.response().body.size() > kMaxBody) std::abort();
  return {true, parser.response().body, parser.response().headers.size()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = parse(bytes, size, data[0]);
  const Outcome pieces = parse(bytes, 1 + (data[0] >> 2), data[0]);
  if (whole != pieces) std::abort();
  return 0;
}
