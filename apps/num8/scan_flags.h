/// The flags of `num8 scan`, and what they come to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flag.h"
#include "dsl/variables.h"
#include "http/credentials.h"
#include "model/severity.h"
#include "model/target_reader.h"
#include "net/rate_limiter.h"
#include "net/scope.h"
#include "oob/receiver.h"
#include "output/redact.h"
#include "protocols/protocol.h"
#include "scan/engine.h"

namespace m8::num8 {

/// All flags of the command, in the order of its help.
std::vector<cli::Flag> scan_flags();

/// Flags of nuclei that are not among them, with the reason.
std::vector<cli::RefusedFlags> refused_flags();

/// What is scanned, how, and how fast.
struct ScanSettings {
  model::TargetReader::Options targets;  ///< warn is not set
  protocols::Settings requests;
  protocols::CompileOptions compile;  ///< what the flags say about all templates
  dsl::Variables overrides;           ///< -var, -ev
  scan::EngineOptions engine;
  net::RateLimiter::Options rates;
  net::Scope scope;
  output::Redactor redactor;
  http::Credentials credentials;  ///< -sf; requests borrows it
  std::optional<model::Severity> fail_on;
  bool details = false;                              ///< the plan names every template
  std::optional<oob::ReceiverOptions> interactions;  ///< empty: -ni
};

/// kInvalidArgument names the flag and what is wrong; errors of the files that flags name.
Result<ScanSettings> scan_settings(const cli::Context& context);

}  // namespace m8::num8
