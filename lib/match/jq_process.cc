// This end of the helper: start, ask, kill.

#include "match/jq_process.h"

#include <cstdint>

namespace m8::match {
namespace {

constexpr std::size_t kMemory = std::size_t{256} << 20;

Result<std::vector<JqValue>> receive_values(LimitedProcess& helper,
                                            LimitedProcess::Deadline deadline) {
  std::vector<JqValue> values;
  for (;;) {
    const std::string mark = M8_TRY(helper.take(1, deadline));
    if (mark == "b") return Error{ErrorCode::kInvalidArgument, "jq: the program is no good"};
    if (mark == "e") return values;
    const std::string kind = M8_TRY(helper.take(1, deadline));
    const std::uint32_t size = M8_TRY(helper.take_number(deadline));
    values.push_back({kind == "s", M8_TRY(helper.take(size, deadline))});
  }
}

}  // namespace

JqProcess::JqProcess() : helper_({"jq", kMemory, serve_jq}) {}

Result<std::vector<JqValue>> JqProcess::ask(std::string_view program, std::string_view document,
                                            std::chrono::milliseconds limit) {
  if (!helper_.running()) M8_TRY(helper_.start());
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const std::uint32_t head[3] = {static_cast<std::uint32_t>(limit.count()),
                                 static_cast<std::uint32_t>(program.size()),
                                 static_cast<std::uint32_t>(document.size())};
  std::string request(reinterpret_cast<const char*>(head), sizeof head);
  request += program;
  request += document;
  M8_TRY(helper_.send(request, deadline));
  return receive_values(helper_, deadline);
}

Result<std::vector<JqValue>> JqProcess::run(std::string_view program, std::string_view document,
                                            std::chrono::milliseconds limit) {
  auto values = ask(program, document, limit);
  if (!values.ok() && values.error().code != ErrorCode::kInvalidArgument) helper_.stop();
  return values;
}

}  // namespace m8::match
