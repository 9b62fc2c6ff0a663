/// ValueList: many short texts in one piece of memory: a million words are their letters and four
/// bytes each. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace m8::enumerate {

class ValueList {
 public:
  ValueList() = default;
  ValueList(std::initializer_list<std::string_view> values) {
    for (const auto value : values) push_back(value);
  }

  /// Views of values end with it. REQUIRES: less than 4 GiB in all.
  void push_back(std::string_view value) {
    text_ += value;
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  }
  void clear() {
    text_.clear();
    ends_.clear();
  }
  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  /// Bytes of all values.
  std::size_t bytes() const { return text_.size(); }
  /// Borrowed until the list changes.
  std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string text_;
  std::vector<std::uint32_t> ends_;
};

}  // namespace m8::enumerate
