#include "enumerate/permutations.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"

namespace m8::enumerate {
namespace {

constexpr double kPrior = 40;     ///< candidates that the first guess of a yield is worth
constexpr int kQuantum = 32;      ///< candidates between two looks at which way is best
constexpr int kLikePatterns = 2;  ///< names that make a pattern of what they have in common
constexpr std::size_t kManyStatements = 1u << 12, kOneStatement = 16;
constexpr std::size_t kMostSeenPatterns = 100'000;
constexpr std::size_t kMostParts = 12, kLongestWord = 30, kLongestMixed = 4;
constexpr const char* kWordList = "learned-word";
constexpr const char* kNumberList = "learned-number";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

struct Part {
  std::size_t begin = 0, end = 0;
  bool digits = false;
};

/// Runs of letters and runs of digits.
std::vector<Part> parts_of(std::string_view labels) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < labels.size();) {
    const bool digits = is_digit(labels[i]);
    if (!digits && !is_letter(labels[i])) {
      ++i;
      continue;
    }
    Part part{i, i, digits};
    while (i < labels.size() && (digits ? is_digit(labels[i]) : is_letter(labels[i]))) ++i;
    part.end = i;
    parts.push_back(part);
  }
  return parts;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

double Permutations::Way::expected() const {
  return (static_cast<double>(hits) + prior) / (static_cast<double>(tried) + kPrior);
}

Permutations::Permutations(std::vector<net::Name> apexes, Options options)
    : apexes_(std::move(apexes)),
      index_(apexes_),
      options_(options),
      payloads_(std::make_shared<Payloads>()),
      seen_(options.remembered) {}

Result<std::unique_ptr<Permutations>> Permutations::create(std::vector<net::Name> apexes,
                                                           const PermuteConfig& config,
                                                           Options options) {
  std::unique_ptr<Permutations> made(new Permutations(std::move(apexes), options));
  *made->payloads_ = config.payloads;
  made->learned_words_ = &(*made->payloads_)[kWordList];
  made->learned_numbers_ = &(*made->payloads_)[kNumberList];
  M8_TRY(made->add_ways(config));
  return made;
}

/// Earlier patterns of the list are expected to find more: its author put them first.
Status Permutations::add_ways(const PermuteConfig& config) {
  if (config.patterns.empty()) return Error{ErrorCode::kInvalidArgument, "no patterns"};
  double prior = 2;
  for (const std::string& pattern : config.patterns) {
    M8_TRY(add_way(pattern, prior, kManyStatements));
    std::string learned = replaced(pattern, "{{word}}", fmt::format("{{{{{}}}}}", kWordList));
    learned = replaced(learned, "{{number}}", fmt::format("{{{{{}}}}}", kNumberList));
    // Words of this zone's own find more than anybody's.
    if (learned != pattern) M8_TRY(add_way(std::move(learned), prior * 1.5, kManyStatements));
    prior *= 0.9;
  }
  return {};
}

Status Permutations::add_way(std::string pattern, double prior, std::size_t statements) {
  Way way;
  // Candidates are remembered here, for all ways at once.
  auto permuter = M8_TRY(Permuter::create(
      {pattern}, payloads_, {.step = options_.step, .statements = statements, .candidates = 0}));
  way.permuter = std::make_unique<Permuter>(std::move(permuter));
  if (pattern.find(kWordList) != pattern.npos) way.values = learned_words_;
  if (pattern.find(kNumberList) != pattern.npos) way.values = learned_numbers_;
  way.pattern = std::move(pattern);
  way.prior = prior;
  ways_.push_back(std::move(way));
  return {};
}

// ---- learning -----------------------------------------------------------------------------------

std::string_view Permutations::labels_of(std::string_view name, std::size_t apex) const {
  const std::size_t domain = apexes_[apex].text().size();
  return name.size() > domain ? name.substr(0, name.size() - domain - 1) : std::string_view();
}

void Permutations::found(const Candidate& candidate, const model::Hostname& record) {
  if (end_ != End::kNone) return;
  bases_.push_back({record.hostname, candidate.apex});
  const std::string_view labels = labels_of(record.hostname, candidate.apex);
  learn(labels);
  learn_patterns(labels, candidate.apex);
}

void Permutations::learn_word(std::string_view word) {
  if (word.size() < 2 || word.size() > kLongestWord) return;
  if (learned_words_->size() >= options_.most_learned) return;
  if (known_words_.emplace(word).second) learned_words_->push_back(word);
}

void Permutations::learn_number(std::string_view number) {
  if (number.size() > 8 || learned_numbers_->size() >= options_.most_learned) return;
  if (known_words_.emplace(number).second) learned_numbers_->push_back(number);
}

void Permutations::learn(std::string_view labels) {
  const auto parts = parts_of(labels);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    const auto text = labels.substr(part.begin, part.end - part.begin);
    part.digits ? learn_number(text) : learn_word(text);
    // "k8s" and "s3" are words too; "web01" is one with its number.
    std::size_t end = part.end, last = i;
    while (last + 1 < parts.size() && parts[last + 1].begin == end) end = parts[++last].end;
    if (last > i && end - part.begin <= kLongestMixed)
      learn_word(labels.substr(part.begin, end - part.begin));
  }
}

/// Every part of the name once as a variable: names that differ there agree in what is left.
void Permutations::learn_patterns(std::string_view labels, std::size_t apex) {
  const auto parts = parts_of(labels);
  if (parts.size() < 2 || parts.size() > kMostParts) return;
  for (const Part& part : parts) {
    count_pattern(fmt::format("{}{{{{{}}}}}{}.{}", labels.substr(0, part.begin),
                              part.digits ? kNumberList : kWordList, labels.substr(part.end),
                              apexes_[apex].text()));
  }
}

void Permutations::count_pattern(const std::string& pattern) {
  const std::uint64_t hash = seeded_hash(pattern);
  const auto known = patterns_seen_.find(hash);
  if (known == patterns_seen_.end()) {
    if (patterns_seen_.size() < kMostSeenPatterns) patterns_seen_.try_emplace(hash);
    return;
  }
  auto& [count, way] = known->second;
  if (++count == kLikePatterns && patterns_learned_ < options_.most_patterns &&
      add_way(pattern, 0, kOneStatement).ok()) {
    way = &ways_.back();
    way->once = true;
    ++patterns_learned_;
  }
  // The more names are made like this, the more there will be.
  if (way != nullptr) way->prior = std::min(kPrior * 0.8, 1.2 * count);
}

// ---- making -------------------------------------------------------------------------------------

bool Permutations::has_work(Way& way) const {
  const std::size_t values = way.values != nullptr ? way.values->size() : 0;
  if (way.under_way) return true;
  const bool fresh_base = way.once ? way.seen_bases == 0 : bases_.size() > way.seen_bases;
  return (fresh_base && !bases_.empty()) || values > way.seen_values;
}

Permutations::Way* Permutations::best() {
  Way* best = nullptr;
  for (Way& way : ways_) {
    if (!has_work(way)) continue;
    if (best == nullptr || way.expected() > best->expected()) best = &way;
  }
  return best;
}

/// Looks for the next base with something to try. False, and noted, if there is none.
bool Permutations::begin_next(Way& way) {
  const std::size_t values = way.values != nullptr ? way.values->size() : 1;
  const std::size_t bases = way.once ? std::min<std::size_t>(bases_.size(), 1) : bases_.size();
  way.done.resize(bases, 0);
  for (std::size_t looked = 0; looked < bases; ++looked, ++way.base) {
    if (way.base >= bases) way.base = 0;
    std::uint32_t& done = way.done[way.base];
    if (done >= values) continue;
    const std::size_t from = way.values != nullptr ? done : 0;
    done = static_cast<std::uint32_t>(values);
    if (way.permuter->begin_at(bases_[way.base].name, from)) return way.under_way = true;
  }
  way.base = bases;  // what is found next comes first
  way.seen_bases = bases_.size();
  way.seen_values = way.values != nullptr ? values : 0;
  return false;
}

bool Permutations::usable(std::string_view name, std::size_t apex) {
  return net::name_is_inside(name, apexes_[apex].text()) && name != apexes_[apex].text() &&
         seen_.insert(name);
}

/// The next candidate of \p way. False if it has none now.
bool Permutations::advance(Way& way, Candidate& candidate) {
  while (way.under_way || begin_next(way)) {
    const std::string_view name = way.permuter->next();
    if (name.empty()) {
      way.under_way = false;
      continue;
    }
    const std::size_t apex = bases_[way.base].apex;
    if (way.once) {
      candidate.apex = index_.of(name);
      if (candidate.apex == index_.size()) continue;
    } else {
      candidate.apex = apex;
    }
    if (!usable(name, candidate.apex)) continue;
    candidate.name = name;
    return true;
  }
  return false;
}

bool Permutations::spent() {
  if (end_ != End::kNone) return true;
  if (made_ >= options_.budget) end_ = End::kBudget;
  const bool poor =
      last_.size() >= options_.window &&
      static_cast<double>(last_hits_) < options_.min_rate * static_cast<double>(last_.size());
  if (options_.min_rate > 0 && poor) end_ = End::kMinRate;
  return end_ != End::kNone;
}

Result<CandidateSource::Next> Permutations::next(Candidate& candidate) {
  if (spent()) return under_way_.empty() ? Next::kEnd : Next::kNeedsFinds;
  for (;;) {
    if (quantum_ == 0 || current_ == nullptr) {
      current_ = best();
      quantum_ = kQuantum;
      if (current_ == nullptr) return Next::kNeedsFinds;
    }
    if (advance(*current_, candidate)) break;
    current_ = nullptr;
  }
  --quantum_;
  candidate.guess = true;
  candidate.source = "permute";
  ++current_->tried;
  ++made_;
  under_way_[candidate.name] = current_;
  return Next::kCandidate;
}

void Permutations::finished(const Candidate& candidate, Verdict verdict) {
  const auto given = under_way_.find(candidate.name);
  const bool own = given != under_way_.end() && candidate.source == "permute";
  if (!own) {
    // What another source tried needs no second question.
    if (!candidate.is_apex && verdict != Verdict::kFailed) seen_.insert(candidate.name);
    return;
  }
  Way& way = *given->second;
  under_way_.erase(given);
  if (verdict == Verdict::kNotAsked) return;
  const bool hit = verdict == Verdict::kFound;
  way.hits += hit;
  hits_ += hit;
  last_hits_ += hit;
  last_.push_back(hit);
  if (last_.size() > options_.window) {
    last_hits_ -= last_.front();
    last_.pop_front();
  }
}

std::string Permutations::why() const {
  if (end_ == End::kBudget) return fmt::format("the budget of {} is used up", options_.budget);
  if (end_ == End::kMinRate)
    return fmt::format("of the last {} tried {} were found", last_.size(), last_hits_);
  return "all were tried";
}

}  // namespace m8::enumerate
