/// Interpreter: JavaScriptCore in the helper process, one program after the other.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "script/library.h"
#include "script/message.h"
#include "script/value.h"

namespace m8::script {

/// How a program ended.
struct Ending {
  Kind kind = Kind::kDone;  ///< kDone, kFailed, kEnded
  std::string message;      ///< of kFailed
};

class Interpreter {
 public:
  /// What a program's calls are handed to. Returns the value, or an error to be thrown.
  class Caller {
   public:
    virtual ~Caller() = default;
    virtual Result<Value> call(const std::string& name, const std::vector<Value>& arguments) = 0;
  };

  /// Bounds the memory of this process once the engine has what it starts with.
  explicit Interpreter(const Library& library);

  Ending check(std::string_view program);
  Ending run(std::string_view program, const List& functions, std::chrono::milliseconds cpu,
             Caller& caller);

 private:
  class Run;
  const Library& js_;
  JSContextGroupRef group_;
};

}  // namespace m8::script
