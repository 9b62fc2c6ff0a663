/// The checks of m8 health: what each part of the world says when it is asked now.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "cli/flag.h"
#include "metrics/health.h"
#include "services.h"

namespace m8::app {

/// --resolve-name, --templates-dir, --oob-server, --burp-api, --min-disk; those of the broker, of
/// the cache and of services.
std::vector<cli::Flag> check_flags();
/// check_flags(), --resolvers and those of the store.
std::vector<cli::Flag> health_flags();

/// What the checks saw beside good and bad.
struct Seen {
  std::map<std::string, std::uint64_t> depths;  ///< messages that waited in each queue
  int connections = 0;                          ///< of this process to the database
};
using SeenLast = Guarded<Seen>;

/// What the flags configure: database (essential), nuclei (the template catalogue), resolvers and
/// disk always; rabbitmq (essential) with --queue-url, redis with --cache-url, oob with
/// --oob-server, burpsuite with --burp-api. Both are borrowed while the checks are used. \p
/// chosen: a file or folder to look at instead of --templates-dir. \p seen is set when
/// database and broker answer. Shared with the checks, which may be late.
std::vector<metrics::Check> health_checks(const cli::Values& flags, Services& services,
                                          const std::string& chosen,
                                          std::shared_ptr<SeenLast> seen);

}  // namespace m8::app
