// A line of an import of any bytes is an issue or an error, never a crash; what was read is written
// and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "issues/import.h"
#include "model/event_json.h"
#include "model/event_read.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto finding = m8::model::parse_event(text);
  if (finding.ok() && !m8::model::parse_event(m8::model::event_json(*finding)).ok()) std::abort();
  (void)m8::issues::read_sarif(text, [](const m8::model::Finding&, char) { return m8::Status(); });
  return 0;
}
