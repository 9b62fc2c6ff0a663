/// Flags that every command of asmm8 that asks resolvers has, and what they come to.
#pragma once

#include <string>
#include <vector>

#include "cli/flag.h"
#include "dns/resolver.h"

namespace m8::asmm8 {

/// What a command's flags start from.
struct DnsDefaults {
  const char* in_flight = "100";
  const char* rate = "0";
  const char* attempts = "2";
  const char* timeout = "3";  ///< seconds
  /// Names that a command of another tool gives to other flags: enum has subfinder's.
  const char* timeout_flag = "timeout";
  bool short_rate = true;  ///< -rl and -rate-limit
};

/// --resolver, --trusted, --threads, --retry, --timeout, --rate and their like.
std::vector<cli::Flag> dns_flags(const DnsDefaults& defaults);

/// Lines of a --dry-run: who is asked, how fast.
std::string plan_of(const dns::ResolverOptions& options);

/// kInvalidArgument, and errors of the resolvers' file.
Result<dns::ResolverOptions> resolver_options(const cli::Values& flags,
                                              const DnsDefaults& defaults = {});

}  // namespace m8::asmm8
