#include "enumerate/bruteforce.h"

#include "enumerate/words.h"

namespace m8::enumerate {
namespace {

class BuiltIn final : public WordSource {
 public:
  Result<std::optional<std::string_view>> next() override {
    const auto words = common_labels();
    if (next_ == words.size()) return std::optional<std::string_view>();
    return std::optional<std::string_view>(words[next_++]);
  }
  std::optional<std::size_t> size() const override { return common_labels().size(); }

 private:
  std::size_t next_ = 0;
};

class FileWords final : public WordSource {
 public:
  explicit FileWords(LineReader reader) : reader_(std::move(reader)) {}

  Result<std::optional<std::string_view>> next() override {
    for (;;) {
      auto line = reader_.next();
      if (!line.ok() && line.error().code == ErrorCode::kExhausted) continue;  // no word that long
      if (!line.ok() || !*line) return line;
      const std::string_view word = trim(line->value().substr(0, line->value().find('#')));
      if (!word.empty()) return std::optional<std::string_view>(word);
    }
  }
  std::optional<std::size_t> size() const override { return std::nullopt; }

 private:
  LineReader reader_;
};

}  // namespace

std::unique_ptr<WordSource> built_in_words() { return std::make_unique<BuiltIn>(); }

Result<std::unique_ptr<WordSource>> words_of_file(const std::string& path) {
  return std::unique_ptr<WordSource>(std::make_unique<FileWords>(M8_TRY(LineReader::open(path))));
}

Result<bool> BruteForce::next_word() {
  for (;;) {
    const auto word = M8_TRY(words_->next());
    if (!word) return false;
    // "dev." and ".dev" are meant as "dev" by those who keep lists.
    std::string_view text = *word;
    while (text.starts_with('.')) text.remove_prefix(1);
    auto name = net::Name::parse(text);
    if (name.ok()) {
      word_ = name->text();
      return true;
    }
    ++invalid_words_;
  }
}

Result<CandidateSource::Next> BruteForce::next(Candidate& candidate) {
  for (;;) {
    if (next_apex_ == apexes_.size()) {
      if (apexes_.empty() || !M8_TRY(next_word())) return Next::kEnd;
      next_apex_ = 0;
    }
    candidate.apex = next_apex_++;
    (candidate.name.assign(word_) += '.') += apexes_[candidate.apex].text();
    candidate.guess = true;
    candidate.source = source_;
    if (candidate.name.size() <= 253) return Next::kCandidate;
    ++invalid_words_;
  }
}

}  // namespace m8::enumerate
