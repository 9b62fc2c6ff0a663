#include "enumerate/wildcard.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/hash.h"

namespace m8::enumerate {
namespace {

/// One that has not rotated yet needs a few quiet controls; one that has taught n times needs 8 n,
/// which leaves a chance of e^-8 to have missed a part of a pool of n. Up to a number for each
/// zone.
constexpr int kQuietControls = 3;
constexpr int kQuietPerLesson = 8;
constexpr int kMostControls = 1024;
/// So many controls that all taught something: the pool is too large to learn.
constexpr int kAllNew = 24;

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

void WildcardVerdict::control(std::string_view name, const dns::AnswerValues& values) {
  const bool taught = answers_.learn(name, values);
  quiet_ = taught ? 0 : quiet_ + 1;
  lessons_ += taught ? 1 : 0;
  ++controls_;
}

void WildcardVerdict::control_failed(std::optional<dns::Rcode> rcode) {
  if (failures_ == 0) failure_ = rcode;
  if (failure_ != rcode) failure_.reset();
  ++failures_;
  ++quiet_;
  ++controls_;
}

bool WildcardVerdict::unbounded() const {
  return lessons_ >= kAllNew && lessons_ * 10 >= controls_ * 9;
}

bool WildcardVerdict::settled() const {
  if (controls_ == 0) return false;
  // A zone whose controls fail is asked a few times: the first failure may be chance.
  if (failed()) return controls_ >= kQuietControls;
  const int enough = lessons_ > 1 ? kQuietPerLesson * lessons_ : kQuietControls;
  return none() || quiet_ >= enough || unbounded() || controls_ >= kMostControls;
}

bool WildcardVerdict::fails_with(dns::Rcode rcode) const {
  return failed() && failures_ >= kQuietControls && failure_ == rcode;
}

std::string WildcardVerdict::evidence() const {
  constexpr int kShown = 8;
  std::string out;
  for (const dns::RrType type : {dns::RrType::kA, dns::RrType::kAaaa, dns::RrType::kCname}) {
    const std::string word = dns::to_string(type) + " ";
    int count = 0;
    out += word;
    for (const auto& key : answers_.known()) {
      if (key.starts_with(word) && count++ < kShown) out += key.substr(word.size()) + " ";
    }
    if (count == 0) out += "none ";
    if (count > kShown) out += fmt::format("and {} more ", count - kShown);
    out.back() = ';';
    out += ' ';
  }
  return out + fmt::format("{} controls", controls_);
}

}  // namespace m8::enumerate
