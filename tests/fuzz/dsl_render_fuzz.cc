// Fuzz target: a text with markers is rendered, and the markers that are left are found.
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "dsl/render.h"

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
    made.set("BaseURL", "http://127.0.0.1:8080");
    made.set("user", "b'o\"b\\");
    made.set("evil", "{{user}}");
    made.set("x-y", 5);
    return made;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto rendered = render(text, names, services);
  if (rendered.ok()) static_cast<void>(unresolved(*rendered));
  static_cast<void>(fill_literals(text, names));
  return 0;
}
