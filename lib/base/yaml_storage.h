/// Storage: where the nodes and texts of one YAML tree lie. Internal to yaml.cc and yaml_pack.cc.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace m8::yaml {

/// Grows only, and is freed as a whole. One thread at a time. Its first block is what an earlier
/// one of the thread has left, for trees come and go by the thousand.
struct Storage {
  Storage() : first(std::exchange(spare(), nullptr)) {
    if (!first) first = std::make_unique_for_overwrite<std::byte[]>(kFirst);
  }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  ~Storage() { spare() = std::move(first); }

  /// \p count default values.
  template <typename T>
  T* make(std::size_t count) {
    void* place = memory.allocate(count * sizeof(T), alignof(T));
    T* values = static_cast<T*>(place);
    std::uninitialized_value_construct_n(values, count);
    return values;
  }

  template <typename T>
  const T* keep(const std::vector<T>& values) {
    T* place = static_cast<T*>(memory.allocate(values.size() * sizeof(T), alignof(T)));
    std::uninitialized_copy(values.begin(), values.end(), place);
    return place;
  }

  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    char* place = static_cast<char*>(memory.allocate(text.size(), 1));
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }

 private:
  using Block = std::unique_ptr<std::byte[]>;
  static constexpr std::size_t kFirst = 32u << 10;
  static Block& spare() {
    thread_local Block block;
    return block;
  }

  Block first;
  std::pmr::monotonic_buffer_resource memory{first.get(), kFirst};
};

}  // namespace m8::yaml
