/// Runner: asks the chosen sources about domains, all sources at once, each about one domain after
/// the other, so that none sees more than one request at a time. One source failing stops nothing.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "enumerate/sources/answer_cache.h"
#include "enumerate/sources/query.h"
#include "enumerate/sources/report.h"
#include "enumerate/sources/settings.h"
#include "http/session.h"
#include "net/name.h"
#include "net/rate_limiter.h"

namespace m8::enumerate::sources {

struct RunnerOptions {
  Limits limits;
  net::Rate rate;    ///< over all sources; default unlimited
  int workers = 64;  ///< sources asked at once; those that wait for their rate count too
  cache::Backend* cache = nullptr;     ///< of answers; borrowed; null = none
  std::chrono::seconds ttl{6 * 3600};  ///< an answer as young as that is not asked for again
};

class Runner {
 public:
  /// Given each name with its source, once for each source and domain; from several threads. False
  /// ends the run.
  using Take = std::function<bool(const net::Name&, std::string_view source)>;

  /// \p session and \p clock are borrowed.
  Runner(http::Session& session, RunnerOptions options, Clock& clock);

  /// Returns when every source has ended; stopped, soon. One report for each source that was to be
  /// asked about anything: a special-use domain (special_use.h) is only told to sources whose base
  /// URL was configured.
  std::vector<Report> run(const std::vector<Chosen>& sources, const std::vector<net::Name>& domains,
                          const Take& take, std::stop_token stop);

 private:
  struct Work;
  Report ask_all(const Work& work, std::stop_token stop);
  Report ask_one(Lane& lane, const net::Name& domain, const Work& work, std::stop_token stop);

  http::Session& session_;
  const RunnerOptions options_;
  Clock& clock_;
  net::RateLimiter limiter_;
  AnswerCache cache_;
};

}  // namespace m8::enumerate::sources
