/// Messages between this program and the process that runs JavaScript.
///
/// On the wire: u32 size, then a byte that says what it is, then its parts. A text is u32 size and
/// bytes; a value a byte for its type and its content. Native byte order: both ends are one
/// program. What comes from the helper is read as bytes of a stranger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "script/value.h"

namespace m8::script {

/// What a message is.
enum class Kind : char {
  kRun = 'r',      ///< to the helper: u32 CPU limit in ms, program, names of functions
  kCheck = 'k',    ///< to the helper: program
  kAnswer = 'v',   ///< to the helper: value of a call
  kThrow = 'x',    ///< to the helper: the call throws; message
  kCall = 'c',     ///< from the helper: name of a function, arguments
  kDone = 'd',     ///< from the helper: the program ended
  kFailed = 'f',   ///< from the helper: an exception ended it, or its syntax is wrong; message
  kEnded = 't',    ///< from the helper: it used too much CPU
  kMissing = 'm',  ///< from the helper: the library can't be loaded; message
};

/// The most that one message may hold.
inline constexpr std::size_t kMaxMessage = std::size_t{64} << 20;

/// Puts a message together.
class MessageWriter {
 public:
  explicit MessageWriter(Kind kind);
  MessageWriter& number(std::uint32_t n);
  MessageWriter& text(std::string_view text);
  MessageWriter& value(const Value& value);
  MessageWriter& values(const std::vector<Value>& values);
  /// With its size in front.
  std::string finish();

 private:
  std::string bytes_;
};

/// Takes one apart. \p bytes: without the size; borrowed. Everything gives kProtocol if there is
/// less than it says, or a value of an unknown type.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : rest_(bytes) {}
  Result<Kind> kind();
  Result<std::uint32_t> number();
  Result<std::string> text();
  Result<Value> value();
  Result<std::vector<Value>> values();

 private:
  Result<std::string_view> take(std::size_t size);
  std::string_view rest_;
};

}  // namespace m8::script
