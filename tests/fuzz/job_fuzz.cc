// A job as it comes from the broker: anybody may have put it there.
#include <cstdlib>

#include "fleet/job.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto job = m8::fleet::decode(text);
  if (!job.ok()) return 0;
  const bool allowed = m8::fleet::check_job(*job).ok();
  // What was read is written and read again as the same.
  const std::string written = m8::fleet::encode(*job);
  const auto again = m8::fleet::decode(written);
  if (!again.ok() || m8::fleet::encode(*again) != written) std::abort();
  if (m8::fleet::check_job(*again).ok() != allowed) std::abort();
  return 0;
}
