/// ScanOrder: what a caller may ask to be scanned, read from a stranger's JSON.
///
/// Plain values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace m8::api {

inline constexpr std::size_t kMaxTargets = 1'000;  ///< of one body

/// One kind of scan, and the program that does it.
struct ScanType {
  const char* name;     ///< "vuln"
  const char* program;  ///< "num8"
  const char* command;  ///< "scan"
  std::vector<std::string> arguments;
  const char* brief;
};

/// Null if there is none of that name.
const ScanType* find_scan_type(std::string_view name);
const std::vector<ScanType>& scan_types();

struct ScanOrder {
  std::string type;                  ///< a name of scan_types()
  std::vector<std::string> targets;  ///< at least one, in canonical form, each once
  std::string options;               ///< JSON object in canonical form
};

/// Reads {"target": T} or {"targets": [T, ...]} with "type" (or the guides' "scan_type"; "vuln"
/// without), and for templates "severity", "tags", "exclude_tags", "templates" (lists of words).
/// kInvalidArgument says what is wrong; members that are not known are refused.
Result<ScanOrder> parse_order(std::string_view json);

/// The order to scan \p targets with all templates. kInvalidArgument as check_target().
Result<ScanOrder> order_for(std::vector<std::string> targets);

/// The arguments of the program for \p options as ScanOrder has them.
std::vector<std::string> option_arguments(std::string_view options);

/// A host, host:port, URL, address or CIDR of at most 65,536 addresses, in canonical form.
/// kInvalidArgument.
Result<std::string> check_target(std::string_view text);
/// The host of a target, or its address or CIDR.
std::string host_of(std::string_view target);

}  // namespace m8::api
