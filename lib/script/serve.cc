// The helper's end: JavaScript, and nothing else of this program.

#include "base/limited_process.h"
#include "script/engine.h"
#include "script/message.h"

#ifdef M8_JAVASCRIPT

#include <algorithm>
#include <cstdlib>

#include "script/interpreter.h"

namespace m8::script {
namespace {

using std::chrono::milliseconds;

/// The next message; empty when the other end is gone.
std::string receive(int socket) {
  std::uint32_t size = 0;
  if (!read_fully(socket, &size, sizeof size) || size > kMaxMessage) return {};
  std::string bytes(size, '\0');
  return read_fully(socket, bytes.data(), size) ? bytes : std::string();
}

/// Hands a program's calls to the other end.
class Calls final : public Interpreter::Caller {
 public:
  explicit Calls(int socket) : socket_(socket) {}

  Result<Value> call(const std::string& name, const std::vector<Value>& arguments) override {
    const std::string bytes = MessageWriter(Kind::kCall).text(name).values(arguments).finish();
    // Nothing is left to do without the other end, and no program may go on.
    if (!write_fully(socket_, bytes)) std::_Exit(0);
    const std::string reply = receive(socket_);
    if (reply.empty()) std::_Exit(0);
    MessageReader message(reply);
    const Kind kind = M8_TRY(message.kind());
    if (kind == Kind::kThrow) return Error{ErrorCode::kInvalidArgument, M8_TRY(message.text())};
    return message.value();
  }

 private:
  int socket_;
};

/// Regular expressions hear of no time limit: the signal is for them.
constexpr milliseconds kGrace{1000};

Result<Ending> run(MessageReader& request, Interpreter& interpreter, int socket) {
  const milliseconds cpu(M8_TRY(request.number()));
  const std::string program = M8_TRY(request.text());
  const Value functions = M8_TRY(request.value());
  Calls calls(socket);
  limit_cpu(cpu + kGrace);
  const auto* names = std::get_if<List>(&functions);
  Ending ending = interpreter.run(program, names ? *names : List(), cpu, calls);
  limit_cpu(milliseconds(0));
  return ending;
}

Result<Ending> serve(std::string_view bytes, Interpreter& interpreter, int socket) {
  MessageReader request(bytes);
  const Kind kind = M8_TRY(request.kind());
  if (kind == Kind::kRun) return run(request, interpreter, socket);
  return interpreter.check(M8_TRY(request.text()));
}

/// Tells every request that there is no engine.
void refuse(int socket, const std::string& why) {
  while (!receive(socket).empty())
    if (!write_fully(socket, MessageWriter(Kind::kMissing).text(why).finish())) return;
}

}  // namespace

void serve_scripts(int socket) {
  const auto library = load_library();
  if (!library.ok()) return refuse(socket, library.error().message);
  Interpreter interpreter(*library);
  for (;;) {
    const std::string request = receive(socket);
    if (request.empty()) return;
    const auto ending = serve(request, interpreter, socket);
    if (!ending.ok()) return;
    MessageWriter answer(ending->kind);
    if (ending->kind == Kind::kFailed) answer.text(ending->message);
    if (!write_fully(socket, answer.finish())) return;
  }
}

}  // namespace m8::script

#else

namespace m8::script {

void serve_scripts(int) {}

}  // namespace m8::script

#endif
