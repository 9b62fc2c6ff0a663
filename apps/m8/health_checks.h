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

/// How many messages waited in each queue when the broker was asked last.
using SeenDepths = Guarded<std::map<std::string, std::uint64_t>>;

/// What the flags configure: database (essential), nuclei (the template catalogue), resolvers and
/// disk always; rabbitmq (essential) with --queue-url, redis with --cache-url, oob with
/// --oob-server, burpsuite with --burp-api. Both are borrowed while the checks are used. \p
/// chosen: a file or folder to look at instead of --templates-dir. \p depths is set when the broker
/// answers; may be null. Shared with the check, which may be late.
std::vector<metrics::Check> health_checks(const cli::Values& flags, Services& services,
                                          const std::string& chosen,
                                          std::shared_ptr<SeenDepths> depths);

}  // namespace m8::app
