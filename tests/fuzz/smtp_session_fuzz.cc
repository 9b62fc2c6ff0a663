// Any bytes as a mail session, in pieces of any size: no crash, and the bounds hold.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "oob/smtp_session.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  m8::oob::SmtpLimits limits;
  limits.max_line = 100;
  limits.max_data = 1000;
  limits.max_recipients = 3;
  m8::oob::SmtpSession session("oob.test", limits, [&](const m8::oob::Mail& mail, const auto&) {
    if (mail.data.size() > limits.max_data || mail.recipients.size() > limits.max_recipients ||
        mail.recipients.empty())
      std::abort();
  });
  const std::size_t step = 1 + data[0];
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!rest.empty() && !session.over()) {
    session.feed(rest.substr(0, step));
    rest.remove_prefix(std::min(step, rest.size()));
  }
  session.closed();
  return 0;
}
