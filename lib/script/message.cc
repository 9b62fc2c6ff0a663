#include "script/message.h"

#include <cstring>
#include <utility>

namespace m8::script {
namespace {

enum class Type : char { kNone = 'n', kBool = 'b', kNumber = 'd', kText = 's', kList = 'l' };

Error broken() { return {ErrorCode::kProtocol, "script: a message is cut short or malformed"}; }

}  // namespace

MessageWriter::MessageWriter(Kind kind) : bytes_(sizeof(std::uint32_t), '\0') {
  bytes_ += static_cast<char>(kind);
}

MessageWriter& MessageWriter::number(std::uint32_t n) {
  bytes_.append(reinterpret_cast<const char*>(&n), sizeof n);
  return *this;
}

MessageWriter& MessageWriter::text(std::string_view text) {
  number(static_cast<std::uint32_t>(text.size()));
  bytes_ += text;
  return *this;
}

MessageWriter& MessageWriter::value(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) {
    bytes_ += static_cast<char>(Type::kBool);
    bytes_ += *flag ? '\1' : '\0';
  } else if (const auto* n = std::get_if<double>(&value)) {
    bytes_ += static_cast<char>(Type::kNumber);
    bytes_.append(reinterpret_cast<const char*>(n), sizeof *n);
  } else if (const auto* string = std::get_if<std::string>(&value)) {
    bytes_ += static_cast<char>(Type::kText);
    text(*string);
  } else if (const auto* list = std::get_if<List>(&value)) {
    bytes_ += static_cast<char>(Type::kList);
    number(static_cast<std::uint32_t>(list->size()));
    for (const std::string& item : *list) text(item);
  } else {
    bytes_ += static_cast<char>(Type::kNone);
  }
  return *this;
}

MessageWriter& MessageWriter::values(const std::vector<Value>& values) {
  number(static_cast<std::uint32_t>(values.size()));
  for (const Value& one : values) value(one);
  return *this;
}

std::string MessageWriter::finish() {
  const auto size = static_cast<std::uint32_t>(bytes_.size() - sizeof(std::uint32_t));
  std::memcpy(bytes_.data(), &size, sizeof size);
  return std::move(bytes_);
}

Result<std::string_view> MessageReader::take(std::size_t size) {
  if (size > rest_.size()) return broken();
  const std::string_view out = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return out;
}

Result<Kind> MessageReader::kind() { return static_cast<Kind>(M8_TRY(take(1)).front()); }

Result<std::uint32_t> MessageReader::number() {
  std::uint32_t out = 0;
  std::memcpy(&out, M8_TRY(take(sizeof out)).data(), sizeof out);
  return out;
}

Result<std::string> MessageReader::text() {
  const std::uint32_t size = M8_TRY(number());
  return std::string(M8_TRY(take(size)));
}

Result<Value> MessageReader::value() {
  switch (static_cast<Type>(M8_TRY(take(1)).front())) {
    case Type::kNone:
      return Value();
    case Type::kBool:
      return Value(M8_TRY(take(1)).front() != '\0');
    case Type::kNumber: {
      double n = 0;
      std::memcpy(&n, M8_TRY(take(sizeof n)).data(), sizeof n);
      return Value(n);
    }
    case Type::kText:
      return Value(M8_TRY(text()));
    case Type::kList: {
      List list;
      for (std::uint32_t left = M8_TRY(number()); left > 0; --left) list.push_back(M8_TRY(text()));
      return Value(std::move(list));
    }
  }
  return broken();
}

Result<std::vector<Value>> MessageReader::values() {
  std::vector<Value> out;
  for (std::uint32_t left = M8_TRY(number()); left > 0; --left) out.push_back(M8_TRY(value()));
  return out;
}

}  // namespace m8::script
