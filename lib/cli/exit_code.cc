#include "cli/exit_code.h"

#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "cli/value_type.h"

namespace m8::cli {
namespace {

/// One line that a terminal can't be led astray with: what strangers sent may be in a message.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

ExitCode exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return kUsage;
    case ErrorCode::kCancelled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

int fail(std::string_view program, const Error& error) {
  const std::string line =
      fmt::format("{}: {}\n", program, printable(without_password(error.message)));
  std::fwrite(line.data(), 1, line.size(), stderr);
  return exit_code(error);
}

}  // namespace m8::cli
