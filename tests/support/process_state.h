// What a process holds besides memory, to compare before and after.
#pragma once

#include <filesystem>
#include <string>

namespace m8::test {

struct ProcessState {
  long threads = 0, descriptors = 0, temp_files = 0;

  /// Of this process; \p temp is a directory whose entries are counted too.
  static ProcessState read(const std::string& temp) {
    const auto entries = [](const std::string& path) {
      std::error_code gone;
      long count = 0;
      for (auto it = std::filesystem::directory_iterator(path, gone);
           it != std::filesystem::directory_iterator(); it.increment(gone))
        ++count;
      return count;
    };
    return {entries("/proc/self/task"), entries("/proc/self/fd"), entries(temp)};
  }
  friend bool operator==(const ProcessState&, const ProcessState&) = default;
};

}  // namespace m8::test
