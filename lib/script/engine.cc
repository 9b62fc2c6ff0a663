#include "script/engine.h"

#include <unistd.h>

#include "script/message.h"

namespace m8::script {
namespace {

constexpr std::chrono::milliseconds kCheckTime{10'000};

Error out_of_step() { return {ErrorCode::kExhausted, "script: the helper process is out of step"}; }

/// Answers one call of the program. kCancelled: end it.
Result<std::string> answer(MessageReader& call, Environment& environment) {
  const std::string name = M8_TRY(call.text());
  const auto arguments = M8_TRY(call.values());
  Result<Value> value = Value();
  if (name == "template.get") {
    const auto* field = arguments.empty() ? nullptr : std::get_if<std::string>(&arguments.front());
    if (field) value = environment.field(*field);
  } else if (name == "template.keys") {
    value = Value(environment.fields());
  } else {
    value = environment.call(name, arguments);
  }
  if (value.ok()) return MessageWriter(Kind::kAnswer).value(*value).finish();
  if (value.error().code == ErrorCode::kCancelled) return value.error();
  return MessageWriter(Kind::kThrow).text(value.error().message).finish();
}

}  // namespace

Engine::Engine() : helper_({"script", 0, serve_scripts}) {}

Status Engine::answer_call(MessageReader& call, Environment& environment,
                           std::chrono::milliseconds silence) {
  const std::string reply = M8_TRY(answer(call, environment));
  return helper_.send(reply, std::chrono::steady_clock::now() + silence);
}

// The helper bounds its memory itself: most of the address space that the library takes at its
// start is never used.
Status Engine::ask(const std::string& request, Environment* environment,
                   std::chrono::milliseconds silence) {
  if (!helper_.running()) M8_TRY(helper_.start());
  const auto deadline = [&] { return std::chrono::steady_clock::now() + silence; };
  M8_TRY(helper_.send(request, deadline()));
  for (;;) {
    const std::uint32_t size = M8_TRY(helper_.take_number(deadline()));
    if (size > kMaxMessage) return out_of_step();
    const std::string bytes = M8_TRY(helper_.take(size, deadline()));
    MessageReader message(bytes);
    switch (M8_TRY(message.kind())) {
      case Kind::kDone:
        return {};
      case Kind::kFailed:
        return Error{ErrorCode::kInvalidArgument, M8_TRY(message.text())};
      case Kind::kMissing:
        return Error{ErrorCode::kUnsupported, M8_TRY(message.text())};
      case Kind::kEnded:
        return Error{ErrorCode::kTimeout, "script: the program took too long"};
      case Kind::kCall:
        if (environment == nullptr) return out_of_step();
        M8_TRY(answer_call(message, *environment, silence));
        break;
      default:
        return out_of_step();
    }
  }
}

Status Engine::check(std::string_view program) {
  const Status status =
      ask(MessageWriter(Kind::kCheck).text(program).finish(), nullptr, kCheckTime);
  if (!status.ok() && status.error().code != ErrorCode::kInvalidArgument) helper_.stop();
  return status;
}

Status Engine::run(std::string_view program, const std::vector<std::string>& functions,
                   Environment& environment, const Limits& limits) {
  MessageWriter request(Kind::kRun);
  request.number(static_cast<std::uint32_t>(limits.cpu.count())).text(program);
  request.value(List(functions));
  const Status status = ask(request.finish(), &environment, limits.silence);
  if (!status.ok() && status.error().code != ErrorCode::kInvalidArgument) helper_.stop();
  return status;
}

#ifdef M8_JAVASCRIPT
Status available() {
  if (::access(M8_JAVASCRIPT, R_OK) == 0) return {};
  return Error{ErrorCode::kUnsupported,
               "flow script: JavaScriptCore is not installed (libjavascriptcoregtk-4.1-0)"};
}
#else
Status available() {
  return Error{ErrorCode::kUnsupported, "flow script: built without JavaScript"};
}
#endif

}  // namespace m8::script
