/// ApiServer: `m8 serve` of this build on a database of its own, for a benchmark of the API.
///
/// One thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/subprocess.h"
#include "bench/bench.h"

namespace m8::bench {

class ApiServer {
 public:
  /// Makes a token in the store \p store_url and serves it on a free loopback port, without a limit
  /// on the token's rate. \p arguments: more of `m8 serve`.
  static Result<ApiServer> start(const Context& context, const std::string& store_url,
                                 std::vector<std::string> arguments);

  const std::string& url() const { return url_; }  ///< without a '/' at the end
  const std::string& token() const { return token_; }
  /// Of the process, now.
  Result<std::uint64_t> resident_bytes() const;
  Status stop();

 private:
  ApiServer(Child child, std::string url, std::string token)
      : child_(std::move(child)), url_(std::move(url)), token_(std::move(token)) {}

  Child child_;
  std::string url_, token_;
};

}  // namespace m8::bench
