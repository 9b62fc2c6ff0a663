/// Recursion: the word list again, under each name that has names below it.
///
/// A zone is found when a name below it is, or when it has name servers of its own. One zone at a
/// time, in the order found. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "enumerate/bruteforce.h"
#include "enumerate/candidate_source.h"
#include "net/name.h"

namespace m8::enumerate {

class Recursion final : public CandidateSource {
 public:
  /// The words from their beginning. kIo.
  using OpenWords = std::function<Result<std::unique_ptr<WordSource>>()>;
  struct Options {
    int depth = 1;                    ///< labels of a zone below its domain, at most
    std::size_t most_zones = 10'000;  ///< what is found beyond is passed over
  };

  Recursion(std::vector<net::Name> apexes, OpenWords words, Options options)
      : apexes_(std::move(apexes)), open_(std::move(words)), options_(options) {}

  Result<Next> next(Candidate& candidate) override;
  void found(const Candidate& candidate, const model::Hostname& record) override;
  void answered(const Candidate& candidate, const dns::Reply* reply) override;

  std::uint64_t zones() const { return zones_; }  ///< begun

 private:
  void add(std::string_view zone, std::size_t apex);

  const std::vector<net::Name> apexes_;
  const OpenWords open_;
  const Options options_;
  struct Zone {
    std::string name;
    std::size_t apex = 0;
  };
  std::deque<Zone> waiting_;
  std::unordered_set<std::string, SeededHash, std::equal_to<>> known_;
  std::size_t apex_ = 0;  ///< of the zone under way
  std::unique_ptr<BruteForce> words_;
  std::uint64_t zones_ = 0;
};

}  // namespace m8::enumerate
