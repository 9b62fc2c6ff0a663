#include "cli/exit_code.h"

namespace m8::cli {

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

}  // namespace m8::cli
