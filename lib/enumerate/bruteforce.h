/// Brute force: every word under every domain, made one at a time.
///
/// Word by word, not domain by domain: one pass over a list of any length, and the queries spread
/// over the zones. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "enumerate/candidate_source.h"
#include "net/name.h"

namespace m8::enumerate {

/// Where words come from.
class WordSource {
 public:
  virtual ~WordSource() = default;
  /// The next word, borrowed until the next call; empty optional at the end. kIo.
  virtual Result<std::optional<std::string_view>> next() = 0;
  /// Number of words if it is known.
  virtual std::optional<std::size_t> size() const = 0;
};

/// The list of common labels written for this project.
std::unique_ptr<WordSource> built_in_words();
/// One word a line; '#' comments and blank lines are passed over. Errors of LineReader::open().
Result<std::unique_ptr<WordSource>> words_of_file(const std::string& path);

class BruteForce final : public CandidateSource {
 public:
  /// \p source: provenance of its candidates; static text.
  BruteForce(std::vector<net::Name> apexes, std::unique_ptr<WordSource> words,
             const char* source = "bruteforce")
      : apexes_(std::move(apexes)),
        words_(std::move(words)),
        source_(source),
        next_apex_(apexes_.size()) {}

  /// Words that make no host name are counted and passed over. kIo.
  Result<Next> next(Candidate& candidate) override;
  std::size_t invalid_words() const { return invalid_words_; }

 private:
  Result<bool> next_word();

  std::vector<net::Name> apexes_;
  std::unique_ptr<WordSource> words_;
  const char* source_;
  std::size_t next_apex_;
  std::string word_;  ///< canonical, of the round that is under way
  std::size_t invalid_words_ = 0;
};

}  // namespace m8::enumerate
