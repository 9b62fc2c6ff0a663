// Fuzz target: an expression is compiled and, when it can be, evaluated.
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "dsl/expression.h"

namespace {

/// Time stands still, so that wait_for() does not wait.
class FuzzServices final : public m8::dsl::Services {
 public:
  m8::Clock& clock() override { return clock_; }

 private:
  m8::FakeClock clock_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m8::dsl;
  static FuzzServices services;
  static const Variables names = [] {
    Variables made;
    made.set("body", "<html>{{x}} hello</html>");
    made.set("status_code", 200);
    made.set("list", List{"a", "b"});
    made.set("raw", Bytes{std::string("\x00\xff\x80", 3)});
    made.set("nothing", Value());
    return made;
  }();
  const auto expression = Expression::compile({reinterpret_cast<const char*>(data), size});
  if (!expression.ok()) return 0;
  const auto value = expression->eval(names, services);
  if (value.ok()) static_cast<void>(value->go_text());
  return 0;
}
