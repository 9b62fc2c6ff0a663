#include "metrics/cpu_profile.h"

#include <chrono>
#include <ctime>

#include <doctest/doctest.h>

#include "base/hash.h"
#include "metrics/symbols.h"

using namespace m8;
using namespace m8::metrics;

namespace {

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Works, not waits, for so long.
void burn(double seconds) {
  const double end = cpu_seconds() + seconds;
  while (cpu_seconds() < end) {
    for (int i = 0; i < 1'000; ++i) (void)sha256_hex("what is worth hashing");
  }
}

/// Memory that the compiler has to ask for.
struct Rope {
  [[gnu::noinline]] explicit Rope(std::size_t bytes) : memory(new char[bytes]) {
    asm volatile("" : : "r"(memory.get()) : "memory");
  }
  std::unique_ptr<char[]> memory;
};

/// The counts of all lines together; each begins with the program.
std::uint64_t sum_of(const std::string& text) {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    CHECK(line.starts_with("test;"));
    sum += std::strtoull(line.c_str() + line.rfind(' '), nullptr, 10);
    at = end + 1;
  }
  return sum;
}

}  // namespace

TEST_CASE("cpu profile: samples of what ran, in lines for a flame graph") {
  auto profile = CpuProfile::start();
  REQUIRE(profile.ok());
  CHECK(CpuProfile::start().error().code == ErrorCode::kExists);
  burn(0.5);
  const std::string text = (*profile)->folded("test");
  CHECK((*profile)->samples() >= 10);
  CHECK(text.find("m8::sha256_hex") != std::string::npos);
  CHECK(sum_of(text) == (*profile)->samples());
}

#ifndef M8_SANITIZED  // a sanitizer has allocators of its own
TEST_CASE("cpu profile: what was asked for, by who did") {
  auto profile = CpuProfile::start();
  REQUIRE(profile.ok());
  constexpr std::uint64_t kBytes = 1'000, kTimes = 10'000;
  for (std::uint64_t i = 0; i < kTimes; ++i) (void)Rope(kBytes);
  const std::string text = (*profile)->folded_allocations("test");
  CHECK((*profile)->asked_for().count >= kTimes);
  CHECK((*profile)->asked_for().bytes >= kTimes * kBytes);
  CHECK((*profile)->lost() == 0);
  // All but what each thread asked for since its last sample.
  CHECK(sum_of(text) >= kTimes * kBytes - kAllocationSample - kBytes);
  CHECK(sum_of(text) <= (*profile)->asked_for().bytes + kAllocationSample);
  CHECK(text.find("::Rope::Rope ") != std::string::npos);
  CHECK(text.find("operator_new") == std::string::npos);
  CHECK(text.find("StackRing") == std::string::npos);
}

TEST_CASE("allocations: counted while somebody counts") {
  const Allocations before = allocations();
  {
    const AllocationCounting counting;
    (void)Rope(100);
  }
  const Allocations after = allocations();
  CHECK(after.count == before.count + 1);
  CHECK(after.bytes == before.bytes + 100);
  (void)Rope(100);
  CHECK(allocations().count == after.count);
}
#endif

TEST_CASE("cpu profile: another one can be taken after it") {
  for (int i = 0; i < 2; ++i) CHECK(CpuProfile::start().ok());
}

TEST_CASE("symbols: names for people") {
  struct Case {
    const char* full;
    const char* name;
  };
  const Case cases[] = {
      {"m8::http::TargetLoop::read(int, char*)", "m8::http::TargetLoop::read"},
      {"m8::(anonymous namespace)::f(std::vector<int, std::allocator<int> >)",
       "m8::{anonymous}::f"},
      {"std::map<int, std::pair<a, b> >::find(int const&)", "std::map::find"},
      {"m8::F::operator()(int) const", "m8::F::operator()"},
      {"main", "main"},
      {"a;b c", "a_b_c"},
  };
  for (const Case& one : cases) CHECK(short_name(one.full) == one.name);
}
