#include "output/table.h"

#include <fmt/format.h>

#include "output/text.h"

namespace m8::output {

std::string Table::header() const {
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.emplace_back(column.title);
  return row(titles);
}

std::string Table::row(const std::vector<std::string>& cells) const {
  std::string line;
  for (std::size_t i = 0; i < columns_.size() && i < cells.size(); ++i) {
    if (i > 0) line += "  ";
    const std::string cell = escape_control(cells[i]);
    line += columns_[i].right ? fmt::format("{:>{}}", cell, columns_[i].width)
                              : fmt::format("{:<{}}", cell, columns_[i].width);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

std::string duration_text(std::chrono::milliseconds time) {
  const auto seconds = time.count() / 1000;
  if (seconds < 60) return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string bytes_text(std::uint64_t bytes) {
  const auto number = static_cast<double>(bytes);
  if (bytes < 1'000) return fmt::format("{} B", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.1f} kB", number / 1e3);
  if (bytes < 1'000'000'000) return fmt::format("{:.1f} MB", number / 1e6);
  return fmt::format("{:.1f} GB", number / 1e9);
}

}  // namespace m8::output
