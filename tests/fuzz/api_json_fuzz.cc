// Bodies and addresses that strangers send to the API: what is taken is canonical, and never an
// argument that a program would understand otherwise.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/route.h"
#include "api/router.h"
#include "api/scan_order.h"

using namespace m8;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto order = api::parse_order(text); order.ok()) {
    if (order->targets.empty() || order->targets.size() > api::kMaxTargets) std::abort();
    for (const std::string& target : order->targets) {
      if (target.front() == '-' || target.find('\n') != target.npos) std::abort();
      const auto again = api::check_target(target);
      if (!again.ok() || *again != target) std::abort();
    }
    const auto arguments = api::option_arguments(order->options);
    for (std::size_t i = 1; i < arguments.size(); i += 2)
      if (arguments[i].front() == '-') std::abort();
  }
  std::vector<std::string> values;
  if (api::fits_pattern("/a/{id}/b", text, values)) {
    if (values.size() != 1 || values[0] == "..") std::abort();
  }
  if (const auto key = api::key_of(text); key.ok() && key->empty()) std::abort();
  for (const char* name : {"limit", "domain", "live", "severity", "tag"})
    (void)api::check_parameter(*api::find_parameter(name), text);
  return 0;
}
