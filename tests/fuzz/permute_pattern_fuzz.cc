// The pattern language and masks on any bytes: what parses makes candidates that can be names.
#include <cstdint>
#include <cstdlib>

#include "enumerate/mask.h"
#include "enumerate/permute.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m8::enumerate;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)PermuteConfig::parse(text);
  (void)expand_mask(text.substr(0, 6));
  PermuteConfig config{{text}, {{"word", {"api", "dev"}}, {"number", {"1", "02"}}}};
  auto permuter = Permuter::create(config, {.step = 2, .statements = 64, .candidates = 64});
  if (!permuter.ok()) return 0;
  permuter->learn("app7-eu.k8s.example.co.uk");
  permuter->begin("web01.eu.example.co.uk");
  for (int i = 0; i < 1000; ++i) {
    const auto candidate = permuter->next();
    if (candidate.empty()) break;
    if (candidate.size() > 253) std::abort();
  }
  return 0;
}
