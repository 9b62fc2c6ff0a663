/// Recycled: objects that come and go by the thousand leave their memory to the next ones.
///
/// For types above the size that malloc keeps at hand (1 KiB): for those it would first put all
/// free small pieces together, each time. Memory is kept by the thread that frees it.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace m8 {

/// Inherit as `struct Flight : Recycled<Flight>`, with a virtual destructor or none that derive.
template <typename T>
class Recycled {
 public:
  static void* operator new(std::size_t size) {
    std::vector<void*>& kept = memory().blocks;
    if (size != sizeof(T) || kept.empty()) return ::operator new(size);
    void* block = kept.back();
    kept.pop_back();
    return block;
  }
  static void operator delete(void* block, std::size_t size) noexcept {
    std::vector<void*>& kept = memory().blocks;
    if (size != sizeof(T) || kept.size() == kept.capacity()) return ::operator delete(block);
    kept.push_back(block);
  }

 private:
#ifdef M8_SANITIZED
  static constexpr std::size_t kKept = 0;  // or nobody sees who uses what is gone
#else
  static constexpr std::size_t kKept = 64;
#endif
  struct Memory {
    Memory() { blocks.reserve(kKept); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
      for (void* block : blocks) ::operator delete(block);
    }
    std::vector<void*> blocks;
  };
  static Memory& memory() {
    thread_local Memory kept;
    return kept;
  }
};

}  // namespace m8
