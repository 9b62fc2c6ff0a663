#include "templates/include.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "base/file.h"

namespace m8::templates {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "# !include:", kExtension = ".yaml";
constexpr int kDeepest = 32;
constexpr std::size_t kMaxBytes = 4u << 20;

class Includer {
 public:
  explicit Includer(const fs::path& folder) : root_(fs::weakly_canonical(folder, ignored_)) {}

  /// Adds \p text, whose file lies in \p folder, each line behind the first after \p indent.
  Status add(std::string_view text, const fs::path& folder, const std::string& indent, int depth) {
    if (depth > kDeepest) return Error{ErrorCode::kExhausted, "includes are nested too deeply"};
    for (bool first = true; !text.empty(); first = false) {
      const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(end);
      M8_TRY(append(first ? std::string_view() : std::string_view(indent)));
      M8_TRY(add_line(line, folder, indent, depth));
    }
    return {};
  }

  std::string take() { return std::move(out_); }

 private:
  Status add_line(std::string_view line, const fs::path& folder, const std::string& indent,
                  int depth) {
    const auto mark = line.find(kMark);
    const auto name_end = line.rfind(kExtension);
    const bool names = mark != line.npos && name_end != line.npos && name_end > mark + kMark.size();
    if (!names) return append(line);
    const auto name =
        line.substr(mark + kMark.size(), name_end + kExtension.size() - mark - kMark.size());
    const fs::path file = folder / name;
    if (!fs::is_regular_file(file, ignored_)) return append(line);
    M8_TRY(check_inside(file));
    const std::string text = M8_TRY(read_file(file.string(), kMaxBytes));
    M8_TRY(append(line.substr(0, mark)));
    const std::string below = indent + std::string(line.substr(0, mark));
    M8_TRY(add(text, file.parent_path(), below, depth + 1));
    return append(line.substr(name_end + kExtension.size()));
  }

  Status check_inside(const fs::path& file) {
    const fs::path relative = fs::weakly_canonical(file, ignored_).lexically_relative(root_);
    if (!relative.empty() && *relative.begin() != "..") return {};
    return Error{ErrorCode::kDenied,
                 fmt::format("access to included file {} denied", file.string())};
  }

  Status append(std::string_view text) {
    if (out_.size() + text.size() > kMaxBytes)
      return Error{ErrorCode::kExhausted, "a template with its includes is larger than 4 MiB"};
    out_ += text;
    return {};
  }

  std::error_code ignored_;
  const fs::path root_;
  std::string out_;
};

}  // namespace

bool has_includes(std::string_view text) { return text.find(kMark) != std::string_view::npos; }

Result<std::string> fill_includes(std::string_view text, const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  Includer includer(folder.empty() ? fs::path(".") : folder);
  M8_TRY(includer.add(text, folder, {}, 0));
  return includer.take();
}

}  // namespace m8::templates
