#include "live.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "net/socket_local.h"
#include "serve/telemetry.h"

namespace m8::app {
namespace {

constexpr int kSeconds = 2;
constexpr std::size_t kMostBytes = 16u << 20;

Result<std::string> read_all(const Fd& fd) {
  std::string text;
  char block[16 << 10];
  for (ssize_t n; (n = ::read(fd.get(), block, sizeof block)) != 0;) {
    if (n < 0) return Error{ErrorCode::kTimeout, "no answer"};
    text.append(block, static_cast<std::size_t>(n));
    if (text.size() > kMostBytes) return Error{ErrorCode::kExhausted, "too much"};
  }
  return text;
}

Result<Live> ask(const std::string& path) {
  const auto socket = net::local_connect(path, kSeconds);
  if (!socket.ok()) {
    if (socket.error().code == ErrorCode::kRefused) ::unlink(path.c_str());
    return socket.error();
  }
  return parse_live(M8_TRY(read_all(*socket)));
}

}  // namespace

Result<Live> parse_live(const std::string& text) {
  const auto json = json::parse(text);
  const json::Value* series = json.ok() ? json->find("metrics") : nullptr;
  const json::Value* pid = json.ok() ? json->find("pid") : nullptr;
  if (series == nullptr || pid == nullptr || !series->is_object())
    return Error{ErrorCode::kProtocol, "not the answer of a program of ours"};
  std::string exposition;
  for (const auto& [name, value] : series->members())
    exposition += fmt::format("{} {}\n", name, value.as_double());
  Live live;
  live.pid = pid->as_int();
  live.program = json->string_at("program");
  live.command = json->string_at("command");
  live.version = json->string_at("version");
  live.snapshot = M8_TRY(metrics::Snapshot::parse(exposition, SystemClock::instance().wall()));
  live.json = text;
  return live;
}

std::vector<Live> live_processes() {
  std::vector<Live> all;
  std::error_code none;  // no directory: nothing runs
  for (const auto& entry : std::filesystem::directory_iterator(serve::socket_directory(), none)) {
    if (entry.path().extension() != ".sock") continue;
    if (auto live = ask(entry.path().string()); live.ok()) all.push_back(std::move(*live));
  }
  std::sort(all.begin(), all.end(), [](const Live& a, const Live& b) { return a.pid < b.pid; });
  return all;
}

Result<Live> live_process(std::int64_t pid) {
  auto live = ask(fmt::format("{}/{}.sock", serve::socket_directory(), pid));
  if (live.ok()) return live;
  return Error{ErrorCode::kNotFound, fmt::format("no program of yours with process id {}: {}", pid,
                                                 live.error().message)};
}

}  // namespace m8::app
