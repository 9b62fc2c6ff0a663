/// Cut: a run into jobs of a good size: enough of them that no worker is left idle, few enough that
/// starting programs costs little, none too long.
///
/// The lines of a host go together, so that a host is one worker's at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/channel.h"
#include "base/guarded.h"
#include "base/result.h"
#include "fleet/job.h"
#include "fleet/submit.h"

namespace m8::fleet {

/// A line of input, and whose it is.
struct CutLine {
  std::string line;
  std::string host;
};

struct CutOptions {
  int slots = 1;            ///< places of all workers
  int at_once = 25;         ///< lines that a job works on at a time
  double seconds = 1;       ///< one line takes, if it is alone
  double rate_seconds = 0;  ///< of each line, however many are worked on at once: a rate
  bool keep_order = false;  ///< jobs have their lines in the order of the input, all in one go
  bool slices = true;       ///< what is done with a line may be divided
  int most_slices = 1'000;  ///< at most into so many
  std::vector<std::string> later = {};          ///< arguments of all slices but the first
  double job_seconds = 20;                      ///< a good length of a job
  double most_seconds = 300;                    ///< the longest that may be expected
  std::size_t ahead = 10'000;                   ///< lines read ahead
  std::chrono::milliseconds first_wait{1'000};  ///< for a first look at slow input
};

/// How lines become jobs.
struct CutPlan {
  std::size_t lines = 1;  ///< of a job
  std::size_t most = 1;   ///< of a job, if they are all of one host
  int slices = 1;         ///< jobs of the same lines, each with a part of what is to be done
};
/// For \p known lines. O(1).
CutPlan plan_cut(const CutOptions& options, std::size_t known);
/// kInvalidArgument, in words, if one line alone makes jobs that are expected to take longer than
/// they may. \p instead: what the user could do about it.
Status check_cut(const CutOptions& options, std::string_view instead);

class Cut {
 public:
  /// The next line; empty at the end.
  using Read = std::function<Result<std::optional<CutLine>>(std::stop_token)>;
  /// Reads on a thread of its own, which \p read belongs to until this is gone. \p model: what all
  /// jobs have in common.
  Cut(CutOptions options, Job model, Read read);
  ~Cut();

  /// Errors of \p read.
  Result<Submitter::NextJob> next(std::stop_token stop);
  /// Jobs of the same lines, of the plan in force.
  int slices() const { return plan_.slices; }

 private:
  void keep(CutLine line);
  void fill(const std::stop_token& stop);
  int gather(const std::string& host, int more);
  bool make_group();
  Job job_of(int slice);

  const CutOptions options_;
  const Job model_;
  Channel<CutLine> channel_;
  Guarded<Status> read_status_;
  std::atomic<bool> read_all_{false};
  std::deque<CutLine> lines_;
  std::unordered_map<std::string, int> of_host_;  ///< how many of lines_
  bool planned_ = false;
  CutPlan plan_;
  std::vector<CutLine> group_;
  int next_slice_ = 0;
  std::int64_t next_number_ = 0;
  std::jthread reader_;
};

}  // namespace m8::fleet
