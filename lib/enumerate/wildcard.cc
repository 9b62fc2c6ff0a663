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

/// After one that was answered so many more: two names that nobody made do not exist by chance.
constexpr int kNamesAfterHit = 4;

/// Words that hosts are not named after.
constexpr std::array kWords = {
    "marzipan",  "gherkin",   "thimble",   "walrus",   "parsley",   "trombone",  "custard",
    "pelican",   "turnip",    "wicket",    "drizzle",  "cobbler",   "haddock",   "radish",
    "banister",  "crumpet",   "doorknob",  "eyebrow",  "flannel",   "gosling",   "hammock",
    "jamboree",  "kneecap",   "lozenge",   "mackerel", "nutmeg",    "ointment",  "porridge",
    "rhubarb",   "spatula",   "teaspoon",  "umbrella", "vinegar",   "whiskers",  "yodeling",
    "armchair",  "buttercup", "clothing",  "dumpling", "earlobe",   "farthing",  "goosebump",
    "hairbrush", "icicle",    "jellybean", "kerchief", "lampshade", "moustache", "nightgown",
};

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

std::string random_word() {
  unsigned char byte = 0;
  random_bytes(&byte, 1);
  return kWords[byte % kWords.size()];
}

std::string like_label(std::string_view label) {
  constexpr double kFew = 1e6;
  double shapes = 1;
  int letters = 0;
  std::string out(label);
  for (char& c : out) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'z')) continue;
    unsigned char byte = 0;
    random_bytes(&byte, 1);
    c = digit ? static_cast<char>('0' + byte % 10) : static_cast<char>('a' + byte % 26);
    shapes *= digit ? 10 : 26;
    letters += digit ? 0 : 1;
  }
  // Numbers may all be there: "001" to "999".
  return letters < 3 || shapes < kFew || out == label ? std::string() : out;
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

WildcardVerdict::Label WildcardVerdict::next_label() const {
  if (selective_) return answered_label_;
  if (controls_ == 0 || failed() || !none()) return Label::kRandom;
  if (hit_) return after_hit_ % 2 == 0 && after_hit_ < kNamesAfterHit ? Label::kWord : Label::kLike;
  return words_ == 0 ? Label::kWord : Label::kLike;
}

void WildcardVerdict::count_name(Label label) {
  if (label == Label::kRandom || selective_) return;
  after_hit_ += hit_ ? 1 : 0;
  ++(label == Label::kWord ? words_ : likes_);
}

void WildcardVerdict::control(std::string_view name, const dns::AnswerValues& values, Label label) {
  count_name(label);
  if (label != Label::kRandom && !selective_) {
    const bool again = hit_ && hit_->name == name;
    selective_ = hit_ && !again && !values.empty();
    if (!selective_) {
      ++controls_;
      if (hit_ || values.empty()) return;
      hit_ = Hit{std::string(name), values};
      return;
    }
    answered_label_ = label;
    lessons_ = answers_.learn(hit_->name, hit_->values) ? 1 : 0;
  }
  const bool taught = answers_.learn(name, values);
  quiet_ = taught ? 0 : quiet_ + 1;
  lessons_ += taught ? 1 : 0;
  ++controls_;
}

void WildcardVerdict::control_failed(std::optional<dns::Rcode> rcode, Label label) {
  count_name(label);
  if (failures_ == 0) failure_ = rcode;
  if (failure_ != rcode) failure_.reset();
  ++failures_;
  ++quiet_;
  ++controls_;
}

bool WildcardVerdict::unbounded() const {
  return lessons_ >= kAllNew && lessons_ * 10 >= controls_ * 9;
}

bool WildcardVerdict::none_for(Need need) const {
  if (need == Need::kSeen) return true;
  if (hit_ && after_hit_ < kNamesAfterHit) return false;
  return words_ > 0 && (need == Need::kGuess || likes_ > 0);
}

bool WildcardVerdict::settled(Need need) const {
  if (controls_ == 0) return false;
  // A zone whose controls fail is asked a few times: the first failure may be chance.
  if (failed()) return controls_ >= kQuietControls;
  const int enough = lessons_ > 1 ? kQuietPerLesson * lessons_ : kQuietControls;
  if (none()) return none_for(need);
  return quiet_ >= enough || unbounded() || controls_ >= kMostControls;
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
  if (selective_) out += "only labels like names; ";
  return out + fmt::format("{} controls", controls_);
}

}  // namespace m8::enumerate
