/// The flags of asmm8 probe, and what they come to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/flag.h"
#include "model/target_reader.h"
#include "net/rate_limiter.h"
#include "probe/settings.h"

namespace m8::asmm8 {

std::vector<cli::Flag> probe_flags();

/// What the flags say of the requests and of the record. kInvalidArgument; kNotFound without a
/// browser for --screenshot, or of files that flags name.
Result<probe::Settings> probe_settings(const cli::Values& flags);

/// Where targets come from: arguments, --list, stdin; --ports. kInvalidArgument.
/// -store-response, which -store-response-dir means too.
bool stores_responses(const cli::Values& flags);
Result<model::TargetReader::Options> probe_targets(const cli::Values& flags);

/// What --ports names; empty without it. kInvalidArgument.
Result<std::vector<model::TargetReader::Port>> probe_ports(const cli::Values& flags);
/// --rate-limit and --rate-host.
net::RateLimiter::Options probe_rates(const cli::Values& flags);

}  // namespace m8::asmm8
