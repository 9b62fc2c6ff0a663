/// The settings under which services are called, as flags: `http.timeout` in the config file,
/// M8_HTTP_TIMEOUT, --http-timeout.
#pragma once

#include <vector>

#include "base/result.h"
#include "cli/flag.h"
#include "http/proxy.h"
#include "http/service_options.h"

namespace m8::http {

/// For a command that calls services.
const std::vector<cli::Flag>& service_flags();

/// What \p flags (which have service_flags()) say. Without --http-proxy services go through what
/// \p environment says. kInvalidArgument for a proxy that is none.
Result<ServiceOptions> service_options(const cli::Values& flags, const ProxyRules& environment);

}  // namespace m8::http
