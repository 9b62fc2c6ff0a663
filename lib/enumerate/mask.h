/// Masks, as of hashcat: "web-?d?d" is web-00 to web-99.
///
/// ?d is a digit, ?l a letter, ?a either, ?h a hexadecimal digit, ?? itself; every other character
/// stands for itself. Host names have no upper case, so there is no ?u. Plain values, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "enumerate/bruteforce.h"

namespace m8::enumerate {

class Mask {
 public:
  /// kInvalidArgument: empty, an unknown class, a '?' at the end, or more than 253 places.
  static Result<Mask> parse(std::string_view text);

  /// How many values it has; stops at 2^63.
  std::uint64_t size() const;
  /// The next value, the last place turning fastest; false after the last one, which begins anew.
  bool next(std::string& value);

 private:
  std::vector<std::string_view> places_;  ///< choices of each; into static text or text_
  std::vector<std::size_t> at_;
  bool begun_ = false;
};

/// Values of a mask, all at once. kInvalidArgument; kExhausted above a million.
Result<std::vector<std::string>> expand_mask(std::string_view mask);

/// The values of masks, one mask after the other, made one at a time.
class MaskWords final : public WordSource {
 public:
  explicit MaskWords(std::vector<Mask> masks) : masks_(std::move(masks)) {}
  Result<std::optional<std::string_view>> next() override;
  std::optional<std::size_t> size() const override;

 private:
  std::vector<Mask> masks_;
  std::size_t mask_ = 0;
  std::string value_;
};

}  // namespace m8::enumerate
