// Any file is a list of fingerprints or an error, and what a pattern requires is what it matches.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/regex.h"
#include "match/required_literals.h"
#include "probe/technologies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto prints = m8::probe::Fingerprints::parse(text);
  if (!prints.ok()) {
    (void)m8::match::required_literals(text);
    return 0;
  }
  const m8::probe::TechnologyDetector detector(std::move(prints).value(),
                                               m8::probe::TechnologyDetector::Depth::kDeep);
  m8::http::Response response;
  response.headers = {{"Server", "nginx/1.2"}, {"Set-Cookie", "a=b; path=/"}};
  response.body = "<script src=/a.js></script><meta name=generator content='x 1'><p class=y>";
  const auto page = m8::probe::read_page(response.body);
  const auto fast = detector.detect(response, page);
  const auto slow = detector.detect_slowly(response, page);
  if (fast.size() != slow.size()) std::abort();
  return 0;
}
