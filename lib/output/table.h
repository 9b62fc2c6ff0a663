/// Table: aligned columns of text whose rows stream, for people.
///
/// Plain value, one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace m8::output {

class Table {
 public:
  struct Column {
    const char* title;
    std::size_t width;   ///< a longer cell moves the rest of its line; the last needs none
    bool right = false;  ///< numbers
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// The titles, in capitals by custom.
  std::string header() const;
  /// One line. Control characters of \p cells are made visible.
  std::string row(const std::vector<std::string>& cells) const;

 private:
  std::vector<Column> columns_;
};

/// "3.2 s", "4 min 05 s", "2 h 13 min".
std::string duration_text(std::chrono::milliseconds time);
/// "17.3 MB": powers of ten.
std::string bytes_text(std::uint64_t bytes);

}  // namespace m8::output
