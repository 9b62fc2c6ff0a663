#include "enumerate/mask.h"

#include <limits>

#include <fmt/format.h>

namespace m8::enumerate {
namespace {

constexpr std::size_t kMostPlaces = 253;
constexpr std::uint64_t kMostExpanded = 1'000'000;
constexpr std::string_view kLettersAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
/// Every byte once, in order: a place with one choice is a view into it.
const std::string& all_bytes() {
  static const std::string bytes = [] {
    std::string made;
    for (int byte = 0; byte < 256; ++byte) made += static_cast<char>(byte);
    return made;
  }();
  return bytes;
}

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

Result<std::string_view> choices_of(char kind) {
  if (kind == 'd') return kLettersAndDigits.substr(26);
  if (kind == 'l') return kLettersAndDigits.substr(0, 26);
  if (kind == 'a') return kLettersAndDigits;
  if (kind == 'h') return std::string_view("0123456789abcdef");
  if (kind == '?') return std::string_view("?");
  return invalid(fmt::format("?{}: not one of ?d ?l ?a ?h ??", kind));
}

}  // namespace

Result<Mask> Mask::parse(std::string_view text) {
  Mask mask;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string_view choices =
        std::string_view(all_bytes()).substr(static_cast<unsigned char>(text[i]), 1);
    if (text[i] == '?') {
      if (++i == text.size()) return invalid("a mask can't end with one '?'");
      choices = M8_TRY(choices_of(text[i]));
    }
    mask.places_.push_back(choices);
  }
  if (mask.places_.empty()) return invalid("empty");
  if (mask.places_.size() > kMostPlaces) return invalid("longer than a name");
  mask.at_.assign(mask.places_.size(), 0);
  return mask;
}

std::uint64_t Mask::size() const {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
  std::uint64_t size = 1;
  for (const auto& choices : places_) {
    if (size > kMost / choices.size()) return kMost;
    size *= choices.size();
  }
  return size;
}

bool Mask::next(std::string& value) {
  if (begun_) {
    std::size_t place = places_.size();
    while (place > 0 && ++at_[place - 1] == places_[place - 1].size()) at_[--place] = 0;
    if (place == 0) {
      begun_ = false;
      return false;
    }
  }
  begun_ = true;
  value.clear();
  for (std::size_t i = 0; i < places_.size(); ++i) value += places_[i][at_[i]];
  return true;
}

Result<std::vector<std::string>> expand_mask(std::string_view text) {
  auto mask = M8_TRY(Mask::parse(text));
  if (mask.size() > kMostExpanded)
    return Error{ErrorCode::kExhausted, fmt::format("mask {}: over a million names", text)};
  std::vector<std::string> values;
  values.reserve(static_cast<std::size_t>(mask.size()));
  for (std::string value; mask.next(value);) values.push_back(value);
  return values;
}

Result<std::optional<std::string_view>> MaskWords::next() {
  for (; mask_ < masks_.size(); ++mask_) {
    if (masks_[mask_].next(value_)) return std::optional<std::string_view>(value_);
  }
  return std::optional<std::string_view>();
}

std::optional<std::size_t> MaskWords::size() const {
  std::uint64_t size = 0;
  for (const Mask& mask : masks_) {
    if (mask.size() > std::numeric_limits<std::uint64_t>::max() / 4 - size) return std::nullopt;
    size += mask.size();
  }
  return static_cast<std::size_t>(size);
}

}  // namespace m8::enumerate
