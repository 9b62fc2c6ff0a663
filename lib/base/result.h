/// Result<T>: a value or an Error. The only way a function of the library reports failure.
///
/// Threads: plain values, no shared state.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace m8 {

/// What went wrong, coarse enough to act on. cli/exit_code.h maps it to exit codes, and nothing
/// else does.
enum class ErrorCode {
  kInvalidArgument,  ///< what the user or caller gave is malformed or out of range
  kNotFound,         ///< a file, name or row does not exist
  kExists,           ///< it is there already (a port in use, a row, a file)
  kDenied,           ///< permission, or outside the declared scope
  kIo,               ///< reading or writing a local file failed
  kExhausted,        ///< a bound was reached: disk, descriptors, memory, queue, size cap
  kTimeout,          ///< a deadline passed
  kCancelled,        ///< a stop was requested
  kNetwork,          ///< a connection was reset or ended early
  kRefused,          ///< nobody listens there, or no way leads there: as good as for ever
  kProtocol,         ///< a peer sent bytes that break the protocol
  kUnsupported,      ///< well-formed, but this program can't do it (yet)
  kCorrupt,          ///< our own stored data can't be read
  kInternal,         ///< a bug or a library failure without a better name
};

/// Name of the code as it appears in summaries and logs ("timeout", "network", ...).
const char* to_string(ErrorCode code);

/// An error: code and message. Message is "what: cause", lower case, without a final full stop.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  /// The same error with "context: " put in front. Each room adds context at most once.
  Error with_context(std::string_view context) const {
    return {code, std::string(context) + ": " + message};
  }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// REQUIRES: ok().
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T fallback) const { return ok() ? value() : std::move(fallback); }

  /// REQUIRES: !ok().
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  void value() const {}

  /// REQUIRES: !ok().
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace m8

/// Gives the value of \p expr (a Result) or returns its error from the enclosing function:
/// `const auto port = M8_TRY(parse_port(text));`
#define M8_TRY(expr)                                            \
  __extension__({                                               \
    auto m8_result_ = (expr);                                   \
    if (!m8_result_.ok()) return m8::Error(m8_result_.error()); \
    std::move(m8_result_).value();                              \
  })
