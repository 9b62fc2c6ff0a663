#include "dsl/services.h"

#include "base/hash.h"

namespace m8::dsl {
namespace {

Error not_here(const char* what) {
  return {ErrorCode::kUnsupported, std::string(what) + ": not available here"};
}

}  // namespace

void Services::wait(std::chrono::seconds time) { clock().sleep_until(clock().now() + time, {}); }

void Services::random(void* out, std::size_t bytes) { random_bytes(out, bytes); }

Result<std::string> Services::resolve(const std::string&, const std::string&) {
  return not_here("resolve");
}

Result<std::string> Services::public_ip() { return not_here("public_ip"); }

Result<std::string> Services::jarm(const std::string&) { return not_here("jarm"); }

Result<List> Services::technologies(const std::vector<std::pair<std::string, std::string>>&,
                                    std::string_view) {
  return not_here("wappalyzer");
}

}  // namespace m8::dsl
