#include "bench/api_server.h"

#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"

namespace m8::bench {
namespace {

constexpr auto kTimeout = std::chrono::seconds(60);

}  // namespace

Result<ApiServer> ApiServer::start(const Context& context, const std::string& store_url,
                                   std::vector<std::string> arguments) {
  const std::string m8 = M8_TRY(context.own_program("m8"));
  const std::string out = context.temp_directory + "/token";
  const std::string name = fmt::format("bench-{}", context.clock.now().time_since_epoch().count());
  M8_TRY(run_checked(context,
                     {{m8, "token", "add", "-q", "--scope", "scan", name, "--store", store_url},
                      {},
                      ChildStream::file(out),
                      ChildStream::file(out + ".log")},
                     kTimeout));
  const std::string written = M8_TRY(read_file(out));
  const std::string token(trim(written));
  const std::string ready = context.temp_directory + "/serve.json";
  std::error_code ignored;
  std::filesystem::remove(ready, ignored);  // of a server before
  ChildOptions options;
  options.arguments = {m8,        "serve",   "--port",       "0", "--ready-file", ready,
                       "--store", store_url, "--rate-token", "0"};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.errors = ChildStream::file(context.temp_directory + "/serve.log");
  Child child = M8_TRY(Child::start(options, context.clock));
  M8_TRY(wait_for_file(context, ready, child, kTimeout));
  const std::string text = M8_TRY(read_file(ready));
  const json::Value said = M8_TRY(json::parse(text));
  std::string url(said.string_at("url"));
  while (url.ends_with('/')) url.pop_back();
  return ApiServer(std::move(child), std::move(url), token);
}

Result<std::uint64_t> ApiServer::resident_bytes() const {
  const std::string text = M8_TRY(read_file(fmt::format("/proc/{}/status", child_.pid())));
  const auto at = text.find("VmRSS:");
  if (at == text.npos) return Error{ErrorCode::kIo, "the kernel does not tell VmRSS"};
  const std::string_view rest = trim(std::string_view(text).substr(at + 6, 20));
  std::uint64_t kilobytes = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), kilobytes);
  return kilobytes << 10;
}

Status ApiServer::stop() {
  M8_TRY(child_.stop(std::chrono::seconds(20)));
  return {};
}

}  // namespace m8::bench
