#include "dns/canary.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "dns/answer.h"

namespace m8::dns {
namespace {

constexpr int kDenials = 2;
constexpr std::size_t kMostWrong = 64;

std::string nobody() {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz012345";
  std::array<unsigned char, 16> bytes;
  random_bytes(bytes.data(), bytes.size());
  std::string name;
  for (const unsigned char byte : bytes) name += kLetters[byte % kLetters.size()];
  return name + ".invalid";
}

/// Name and type of the only question; false if there is no such.
bool read_question(Bytes message, std::string& name, RrType& type) {
  std::size_t at = kHeaderBytes;
  NameText text;
  if (!read_name(message, at, text) || message.size() < at + 4) return false;
  text.lower();
  name = text.view();
  type = static_cast<RrType>(static_cast<std::uint16_t>(message[at]) << 8 |
                             static_cast<std::uint16_t>(message[at + 1]));
  return true;
}

std::vector<std::string> values_of(Bytes message, RrType type) {
  AnswerValues values;
  values.add(message, type);
  auto texts = values.of(type);
  std::sort(texts.begin(), texts.end());
  return texts;
}

bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&b](const auto& value) {
    return std::binary_search(b.begin(), b.end(), value);
  });
}

bool contains(const std::vector<std::uint16_t>& list, std::uint16_t who) {
  return std::find(list.begin(), list.end(), who) != list.end();
}

}  // namespace

Canaries::Canaries(std::size_t resolvers)
    : needed_(std::min<std::size_t>(resolvers, 3)), denials_(resolvers, 0), wrong_(resolvers) {}

Canaries::Question Canaries::next(std::uint16_t who) {
  ++turn_;
  for (std::size_t i = 0; turn_ % 2 == 0 && i < names_.size(); ++i) {
    const std::size_t at = (turn_ / 2 + i) % names_.size();
    const Name& name = names_[at];
    if (good(name)) return {Question::Kind::kGood, name.name, name.type, at};
    if (!contains(name.vouchers, who)) return {Question::Kind::kSurvey, name.name, name.type, at};
  }
  return {Question::Kind::kNobody, nobody(), RrType::kA, 0};
}

Canaries::Verdict Canaries::judge(const Question& question, std::uint16_t who, Bytes message) {
  Header header;
  if (!read_header(message, header)) return Verdict::kNothing;
  const auto values = values_of(message, question.type);
  if (question.kind == Question::Kind::kNobody)
    return values.empty() ? Verdict::kHonest : Verdict::kLie;
  const Rcode rcode = header.rcode();
  const bool told = rcode == Rcode::kNoError || rcode == Rcode::kNxDomain;
  const std::size_t at = question.good;
  // Names may have been forgotten while the question was under way.
  if (!told || at >= names_.size() || names_[at].name != question.name) return Verdict::kNothing;
  Name& name = names_[at];
  const bool same = overlap(values, name.values);
  if (question.kind == Question::Kind::kSurvey) {
    if (!same) names_.erase(names_.begin() + static_cast<std::ptrdiff_t>(at));
    if (same && !contains(name.vouchers, who)) name.vouchers.push_back(who);
    return Verdict::kNothing;
  }
  if (same) return Verdict::kHonest;
  if (values.empty()) return ++denials_[who] >= kDenials ? Verdict::kLie : Verdict::kNothing;
  return repeats_itself(who, name.name, values) ? Verdict::kLie : Verdict::kNothing;
}

bool Canaries::repeats_itself(std::uint16_t who, const std::string& name,
                              const std::vector<std::string>& values) {
  for (const auto& value : values) {
    for (const auto& [other, wrong] : wrong_[who]) {
      if (wrong == value && other != name) return true;
    }
    if (wrong_[who].size() < kMostWrong) wrong_[who].emplace_back(name, value);
  }
  return false;
}

void Canaries::offer(Bytes message, std::uint16_t who) {
  if (names_.size() >= kMostNames) return;
  Name name;
  if (!read_question(message, name.name, name.type)) return;
  name.values = values_of(message, name.type);
  const bool known = std::any_of(names_.begin(), names_.end(),
                                 [&name](const Name& other) { return other.name == name.name; });
  if (name.values.empty() || known) return;
  name.vouchers = {who};
  names_.push_back(std::move(name));
}

void Canaries::forget(std::uint16_t who) {
  std::erase_if(names_, [who](const Name& name) { return contains(name.vouchers, who); });
}

std::size_t Canaries::good_names() const {
  return static_cast<std::size_t>(
      std::count_if(names_.begin(), names_.end(), [this](const Name& name) { return good(name); }));
}

}  // namespace m8::dns
