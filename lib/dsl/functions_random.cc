// Random text, numbers and addresses (dsl.md 7.6).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dsl/drawn_texts.h"
#include "dsl/function.h"
#include "dsl/number.h"
#include "dsl/unicode.h"
#include "net/address.h"

namespace m8::dsl {
namespace {

constexpr std::string_view kLettersAndDigits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890";
constexpr std::string_view kLetters = kLettersAndDigits.substr(0, 52);
constexpr std::string_view kDigits = kLettersAndDigits.substr(52);

/// Random numbers, fetched together: asking for each would take most of the time.
class Draws {
 public:
  /// At least \p expected of them will be asked for.
  Draws(Services& services, std::size_t expected) : services_(services), expected_(expected) {}

  /// Uniform in [0, limit). REQUIRES: limit > 0.
  std::uint64_t below(std::uint64_t limit) {
    // Values in the last, partial stretch would favour the low ones.
    const std::uint64_t bound = ~std::uint64_t{0} - ~std::uint64_t{0} % limit;
    std::uint64_t value = next();
    while (value >= bound) value = next();
    return value % limit;
  }

 private:
  std::uint64_t next() {
    if (used_ == drawn_) {
      drawn_ = std::clamp<std::size_t>(expected_, 1, values_.size());
      expected_ -= std::min(expected_, drawn_);
      services_.random(values_.data(), drawn_ * sizeof(values_[0]));
      used_ = 0;
    }
    return values_[used_++];
  }

  Services& services_;
  std::size_t expected_;
  std::array<std::uint64_t, 128> values_;
  std::size_t used_ = 0, drawn_ = 0;
};

std::uint64_t random_below(Services& services, std::uint64_t limit) {
  return Draws(services, 1).below(limit);
}

void remember(const Call& call, std::string_view text) {
  if (DrawnTexts* drawn = call.services().drawn()) drawn->add(text);
}

Result<Value> random_text(const Call& call, std::string_view alphabet) {
  const std::int64_t length = M8_TRY(call.integer(0));
  if (length < 0) return bad_argument("negative length");
  if (alphabet.empty()) return bad_argument("no characters to choose from");
  M8_TRY(check_size(static_cast<std::size_t>(length)));
  std::string out(static_cast<std::size_t>(length), '\0');
  Draws draws(call.services(), out.size());
  for (char& c : out) c = alphabet[draws.below(alphabet.size())];
  remember(call, out);
  return Value(std::move(out));
}

bool is_blank(std::string_view text) { return trim_space(text).empty(); }

Result<Value> rand_char(const Call& call) {
  if (call.size() > 1) return bad_signature();
  std::string alphabet(kLettersAndDigits);
  if (call.size() == 1 && !is_blank(Text(call[0]))) alphabet = call[0].text();
  return Value(std::string(1, alphabet[random_below(call.services(), alphabet.size())]));
}

Result<Value> rand_base(const Call& call) {
  if (call.size() < 1 || call.size() > 3) return bad_signature();
  std::string alphabet(kLettersAndDigits);
  // With three arguments the reference forgets the set.
  if (call.size() == 2 && !is_blank(Text(call[1]))) alphabet = call[1].text();
  return random_text(call, alphabet);
}

/// \p alphabet without the characters of the second argument.
Result<Value> random_without(const Call& call, std::string_view alphabet) {
  if (call.size() < 1 || call.size() > 2) return bad_signature();
  std::string kept(alphabet);
  if (call.size() == 2) {
    const Text bad(call[1]);
    std::erase_if(kept, [&](char c) { return bad.view().find(c) != std::string_view::npos; });
  }
  return random_text(call, kept);
}

Result<Value> rand_text_alphanumeric(const Call& call) {
  return random_without(call, kLettersAndDigits);
}
Result<Value> rand_text_alpha(const Call& call) { return random_without(call, kLetters); }
Result<Value> rand_text_numeric(const Call& call) { return random_without(call, kDigits); }

Result<Value> rand_int(const Call& call) {
  constexpr std::int64_t kDefaultMax = 2147483647;
  if (call.size() > 2) return bad_signature();
  const std::int64_t min = call.size() > 0 ? M8_TRY(call.integer(0)) : 0;
  const std::int64_t max = call.size() > 1 ? M8_TRY(call.integer(1)) : kDefaultMax;
  if (max <= min) return bad_argument("max can't be <= 0");
  const std::uint64_t span = static_cast<std::uint64_t>(max) - static_cast<std::uint64_t>(min);
  const std::uint64_t value = static_cast<std::uint64_t>(min) + random_below(call.services(), span);
  remember(call, std::to_string(value));
  return Value(static_cast<std::int64_t>(value));
}

/// A random address that shares \p prefix bits with \p base.
net::IpAddress random_address(Services& services, const net::IpAddress& base, int prefix) {
  std::array<std::uint8_t, 16> bytes{};
  services.random(bytes.data(), base.size());
  for (int bit = 0; bit < prefix; ++bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const unsigned mask = 0x80u >> (bit % 8);
    bytes[at] = static_cast<std::uint8_t>((bytes[at] & ~mask) | (base.data()[at] & mask));
  }
  if (base.is_v6()) return net::IpAddress::v6(bytes);
  return net::IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

Result<Value> rand_ip(const Call& call) {
  constexpr int kTries = 255;
  if (call.size() == 0) return bad_signature();
  std::vector<net::Cidr> ranges;
  for (std::size_t i = 0; i < call.size(); ++i) {
    const Text text(call[i]);
    auto range = net::Cidr::parse(text);
    const bool slash = text.view().find('/') != std::string_view::npos;
    if (!slash || !range.ok())
      return bad_argument(fmt::format("{} is not a valid cidr", text.view()));
    ranges.push_back(*range);
  }
  Services& services = call.services();
  const net::Cidr& range = ranges[random_below(services, ranges.size())];
  net::IpAddress address = range.base();
  for (int i = 0; i < kTries && address == range.base(); ++i) {
    address = random_address(services, range.base(), range.prefix());
    if (range.count() == 1) break;
  }
  return Value(address.to_string());
}

constexpr Function kFunctions[] = {
    {"rand_char", -1, rand_char, "(optionalCharSet string) string"},
    {"rand_base", -1, rand_base, "(length uint, optionalCharSet string) string"},
    {"rand_text_alphanumeric", -1, rand_text_alphanumeric,
     "(length uint, optionalBadChars string) string"},
    {"rand_text_alpha", -1, rand_text_alpha, "(length uint, optionalBadChars string) string"},
    {"rand_text_numeric", -1, rand_text_numeric, "(length uint, optionalBadNumbers string) string"},
    {"rand_int", -1, rand_int, "(optionalMin, optionalMax uint) int"},
    {"rand_ip", -1, rand_ip, "(cidr ...string) string"},
};

}  // namespace

std::span<const Function> random_functions() { return kFunctions; }

}  // namespace m8::dsl
