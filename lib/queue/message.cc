#include "queue/message.h"

#include <fmt/format.h>

namespace m8::queue {
namespace {

constexpr std::size_t kMessageOverhead = 256;  // the objects around the texts

Status check_name(const char* what, const std::string& name) {
  if (name.size() <= kMaxName) return {};
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("message {}: {} bytes, {} are the most", what, name.size(), kMaxName)};
}

std::size_t header_bytes(const Message& message) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : message.headers) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

std::string_view Message::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

std::size_t Message::bytes() const {
  return kMessageOverhead + id.size() + type.size() + body.size() + header_bytes(*this);
}

Status check_message(const Message& message) {
  M8_TRY(check_name("id", message.id));
  M8_TRY(check_name("type", message.type));
  for (const auto& header : message.headers) M8_TRY(check_name("header", header.first));
  if (message.headers.size() > kMaxHeaders || header_bytes(message) > kMaxHeaderBytes)
    return Error{
        ErrorCode::kInvalidArgument,
        fmt::format("message headers: {} with {} bytes, {} with {} are the most",
                    message.headers.size(), header_bytes(message), kMaxHeaders, kMaxHeaderBytes)};
  if (message.body.size() > kMaxBody)
    return Error{ErrorCode::kInvalidArgument, fmt::format("message body: {} bytes, {} are the most",
                                                          message.body.size(), kMaxBody)};
  return {};
}

std::chrono::seconds Delivery::age(WallTime now) const {
  if (message.published >= now || message.published == WallTime{}) return {};
  return std::chrono::duration_cast<std::chrono::seconds>(now - message.published);
}

}  // namespace m8::queue
