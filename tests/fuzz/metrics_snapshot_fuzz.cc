// Expositions of other programs.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "metrics/kpi.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m8::metrics;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto snapshot = Snapshot::parse(text, m8::WallTime{});
  (void)kpi_lines(text);
  if (!snapshot.ok()) return 0;
  (void)kpis(window_of(nullptr, *snapshot));
  (void)snapshot->json();
  return 0;
}
