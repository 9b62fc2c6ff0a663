#include "base/keep.h"

#include <mutex>
#include <utility>
#include <vector>

namespace m8 {

void keep_until_exit(std::shared_ptr<const void> value) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<std::shared_ptr<const void>>;
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(value));
}

}  // namespace m8
