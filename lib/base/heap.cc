#include "base/heap.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

namespace m8 {

// What is freed goes back to the top of the heap, and the pages stay writable.
void reserve_heap(std::size_t bytes) {
  constexpr std::size_t kMost = 48u << 20, kBlock = 120u << 10;  // larger ones are mapped
  struct Free {
    void operator()(void* block) const { std::free(block); }
  };
  std::vector<std::unique_ptr<void, Free>> blocks(std::min(bytes, kMost) / kBlock);
  for (auto& block : blocks) block.reset(std::malloc(kBlock));
}

}  // namespace m8
