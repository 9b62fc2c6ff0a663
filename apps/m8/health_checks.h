/// The checks of m8 health: what each part of the world says when it is asked now.
#pragma once

#include <string>
#include <vector>

#include "cli/flag.h"
#include "metrics/health.h"
#include "services.h"

namespace m8::app {

/// --resolve-name, --templates-dir, --oob-server, --burp-api, --min-disk; those of the broker, of
/// the cache and of services.
std::vector<cli::Flag> check_flags();
/// check_flags(), --resolvers and those of the store.
std::vector<cli::Flag> health_flags();

/// What the flags configure: database (essential), nuclei (the template catalogue), resolvers and
/// disk always; rabbitmq (essential) with --queue-url, redis with --cache-url, oob with
/// --oob-server, burpsuite with --burp-api. Both are borrowed while the checks are used. \p
/// chosen: a file or folder to look at instead of --templates-dir.
std::vector<metrics::Check> health_checks(const cli::Values& flags, Services& services,
                                          const std::string& chosen = {});

}  // namespace m8::app
