// Fuzz target: a flow is parsed and walked with both outcomes.
#include <cstdint>
#include <string_view>

#include "templates/flow.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto flow = m8::templates::Flow::parse({reinterpret_cast<const char*>(data), size});
  if (!flow.ok()) return 0;
  for (const bool outcome : {false, true}) {
    m8::templates::FlowRun run(*flow);
    std::optional<bool> previous;
    while (run.next(previous) != nullptr) previous = outcome;
  }
  return 0;
}
