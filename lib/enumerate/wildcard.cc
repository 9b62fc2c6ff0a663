#include "enumerate/wildcard.h"

#include <algorithm>
#include <array>

#include "base/hash.h"

namespace m8::enumerate {
namespace {

std::string_view first_label(std::string_view name) { return name.substr(0, name.find('.')); }

/// \p target with every label equal to \p label written as '*'.
std::string without_label(std::string_view target, std::string_view label) {
  std::string out;
  for (std::size_t begin = 0; begin <= target.size();) {
    const std::size_t end = std::min(target.find('.', begin), target.size());
    const std::string_view part = target.substr(begin, end - begin);
    if (begin > 0) out += '.';
    out += part == label ? "*" : part;
    begin = end + 1;
  }
  return out;
}

std::string key_of(std::string_view name, const dns::AnswerValues& values,
                   const dns::AnswerValues::Value& value) {
  const std::string_view text = values.text(value);
  const std::string type = dns::to_string(value.type) + " ";
  if (value.type == dns::RrType::kCname) return type + without_label(text, first_label(name));
  return type + std::string(text);
}

}  // namespace

std::string random_label() {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz012345";
  std::array<unsigned char, 16> bytes;
  random_bytes(bytes.data(), bytes.size());
  std::string label;
  for (const unsigned char byte : bytes) label += kLetters[byte % kLetters.size()];
  return label;
}

bool WildcardAnswers::learn(std::string_view name, const dns::AnswerValues& values) {
  const std::size_t before = known_.size();
  for (const auto& value : values.all()) known_.insert(key_of(name, values, value));
  return known_.size() > before;
}

bool WildcardAnswers::covers(std::string_view name, const dns::AnswerValues& values) const {
  return std::all_of(values.all().begin(), values.all().end(), [&](const auto& value) {
    return known_.contains(key_of(name, values, value));
  });
}

}  // namespace m8::enumerate
