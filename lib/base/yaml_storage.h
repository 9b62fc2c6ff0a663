/// Storage: where the nodes and texts of one YAML tree lie. Internal to yaml.cc and yaml_pack.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace m8::yaml {

/// Grows only, and is freed as a whole. One thread at a time.
struct Storage {
  explicit Storage(std::size_t first_bytes) : memory(std::max<std::size_t>(first_bytes, 256)) {}

  /// \p count default values.
  template <typename T>
  T* make(std::size_t count) {
    void* place = memory.allocate(count * sizeof(T), alignof(T));
    T* first = static_cast<T*>(place);
    std::uninitialized_value_construct_n(first, count);
    return first;
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
  std::pmr::monotonic_buffer_resource memory;
};

}  // namespace m8::yaml
