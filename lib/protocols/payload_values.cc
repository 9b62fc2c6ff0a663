#include "protocols/payload_values.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "dsl/render.h"

namespace m8::protocols {
namespace {

constexpr std::size_t kInMemory = 1u << 20;
constexpr std::size_t kStride = 64;  ///< lines

/// The next line of \p rest that is not empty, and takes it off; a null view at the end.
std::string_view next_line(std::string_view& rest) {
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) return line;
  }
  return {};
}

}  // namespace

class PayloadValues::MappedLines {
 public:
  /// REQUIRES: the file has \p size > 0 bytes.
  static Result<std::shared_ptr<const MappedLines>> create(Fd fd, std::size_t size,
                                                           const std::string& path) {
    void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (map == MAP_FAILED) return errno_error(path, errno);
    std::shared_ptr<MappedLines> made(
        new MappedLines(std::move(fd), {static_cast<const char*>(map), size}));
    made->index();
    return std::shared_ptr<const MappedLines>(std::move(made));
  }
  ~MappedLines() { ::munmap(const_cast<char*>(text_.data()), text_.size()); }
  MappedLines(const MappedLines&) = delete;
  MappedLines& operator=(const MappedLines&) = delete;

  std::size_t size() const { return lines_; }
  std::string_view text() const { return text_; }
  std::string_view at(std::size_t i) const {
    struct stat now {};
    // Reading what was cut off would be the end of this process.
    if (::fstat(fd_.get(), &now) != 0 || static_cast<std::size_t>(now.st_size) < text_.size())
      return {};
    std::string_view rest = text_.substr(starts_[i / kStride]);
    for (std::size_t skipped = 0; skipped < i % kStride; ++skipped) (void)next_line(rest);
    return next_line(rest);
  }

 private:
  MappedLines(Fd fd, std::string_view text) : fd_(std::move(fd)), text_(text) {}

  void index() {
    std::string_view rest = text_;
    for (;; ++lines_) {
      const std::size_t start = text_.size() - rest.size();
      if (next_line(rest).empty()) return;
      if (lines_ % kStride == 0) starts_.push_back(start);
    }
  }

  const Fd fd_;
  const std::string_view text_;
  std::vector<std::uint64_t> starts_;  ///< of every 64th line
  std::size_t lines_ = 0;
};

PayloadValues::PayloadValues(std::vector<std::string> values)
    : size_(values.size()),
      values_(std::make_shared<const std::vector<std::string>>(std::move(values))) {}

Result<PayloadValues> PayloadValues::of_file(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error(path, errno);
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return errno_error(path, errno);
  if (!S_ISREG(about.st_mode))
    return Error{ErrorCode::kInvalidArgument, path + ": not a regular file"};
  const auto bytes = static_cast<std::size_t>(about.st_size);
  if (bytes <= kInMemory) return PayloadValues(split_lines(M8_TRY(read_file(path)), false));
  PayloadValues out;
  out.lines_ = M8_TRY(MappedLines::create(std::move(fd), bytes, path));
  out.size_ = out.lines_->size();
  return out;
}

std::string_view PayloadValues::operator[](std::size_t i) const {
  return lines_ ? lines_->at(i) : std::string_view((*values_)[i]);
}

void PayloadValues::each(const std::function<void(std::size_t, std::string_view)>& visit) const {
  std::string_view rest = lines_ ? lines_->text() : std::string_view();
  for (std::size_t i = 0; i < size_; ++i) visit(i, lines_ ? next_line(rest) : (*values_)[i]);
}

bool PayloadValues::has_markers() const {
  if (lines_) return dsl::has_markers(lines_->text());
  return values_ && std::any_of(values_->begin(), values_->end(),
                                [](const auto& value) { return dsl::has_markers(value); });
}

std::vector<std::string> split_lines(std::string_view text, bool keep_empty) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (!keep_empty && line.ends_with('\r')) line.remove_suffix(1);
    if (keep_empty || !line.empty()) out.emplace_back(line);
    at = end + 1;
  }
  return out;
}

}  // namespace m8::protocols
