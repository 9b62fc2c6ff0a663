#include "base/archive.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/freed.h"

namespace m8 {
namespace {

constexpr std::size_t kReadBlock = 64u << 10, kMaxPath = 1024;

using Reader = std::unique_ptr<archive, Freed<archive_read_free>>;

class Unpacker {
 public:
  Unpacker(std::string name, std::string into, const UnpackLimits& limits)
      : name_(std::move(name)),
        into_(std::move(into)),
        limits_(limits),
        reader_(archive_read_new()) {}

  Result<Unpacked> run(const std::string& path, const std::stop_token& stop) {
    if (!reader_) return Error{ErrorCode::kExhausted, name_ + ": out of memory"};
    archive_read_support_filter_all(reader_.get());
    archive_read_support_format_tar(reader_.get());
    archive_read_support_format_zip(reader_.get());
    if (archive_read_open_filename(reader_.get(), path.c_str(), kReadBlock) != ARCHIVE_OK)
      return broken();
    while (!stop.stop_requested()) {
      archive_entry* entry = nullptr;
      const int got = archive_read_next_header(reader_.get(), &entry);
      if (got == ARCHIVE_EOF) return counts_;
      if (got != ARCHIVE_OK && got != ARCHIVE_WARN) return broken();
      M8_TRY(take(entry));
    }
    return Error{ErrorCode::kCancelled, name_ + ": interrupted"};
  }

 private:
  Error broken() const {
    const char* reason = archive_error_string(reader_.get());
    return {ErrorCode::kInvalidArgument, fmt::format("{}: {}", name_, reason ? reason : "broken")};
  }

  Error too_much(std::string_view what) const {
    return {ErrorCode::kExhausted, fmt::format("{}: {}", name_, what)};
  }

  Status take(archive_entry* entry) {
    const char* text = archive_entry_pathname(entry);
    const std::filesystem::path path = M8_TRY(inside(text ? text : ""));
    const bool linked = archive_entry_hardlink(entry) || archive_entry_symlink(entry);
    const auto type = archive_entry_filetype(entry);
    if (linked || (type != AE_IFREG && type != AE_IFDIR)) {
      ++counts_.left_out;
      return {};
    }
    if (path.empty()) return {};  // "./"
    if (++entries_ > limits_.files) return too_much("too many files");
    const std::filesystem::path target = std::filesystem::path(into_) / path;
    std::error_code error;
    std::filesystem::create_directories(type == AE_IFDIR ? target : target.parent_path(), error);
    if (error) return errno_error(target.string(), error.value());
    return type == AE_IFDIR ? Status() : write(target.string());
  }

  /// \p text without "." components. Nothing in the folder is a link, so text is all that can lead
  /// out of it.
  Result<std::filesystem::path> inside(std::string_view text) const {
    const std::filesystem::path path(text);
    bool out =
        text.size() > kMaxPath || path.is_absolute() || text.find('\0') != std::string_view::npos;
    std::filesystem::path clean;
    for (const auto& part : path) {
      out = out || part == "..";
      if (part != "." && !part.empty()) clean /= part;
    }
    if (!out) return clean;
    return Error{ErrorCode::kDenied,
                 fmt::format("{}: path leads out of the folder: {}", name_, text.substr(0, 200))};
  }

  Status write(const std::string& target) {
    const Fd file(::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                         S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH));
    if (!file) return errno_error(target, errno);
    ++counts_.files;
    std::uint64_t size = 0;
    for (;;) {
      const void* block = nullptr;
      std::size_t bytes = 0;
      la_int64_t offset = 0;
      const int got = archive_read_data_block(reader_.get(), &block, &bytes, &offset);
      if (got == ARCHIVE_EOF) return {};
      if (got != ARCHIVE_OK && got != ARCHIVE_WARN) return broken();
      size = static_cast<std::uint64_t>(offset) + bytes;
      counts_.bytes += bytes;
      // Holes of sparse files count as if they were written.
      if (offset < 0 || size > limits_.file_bytes) return too_much("too large a file");
      if (counts_.bytes > limits_.bytes) return too_much("too large");
      M8_TRY(write_at(file, static_cast<const char*>(block), bytes, offset, target));
    }
  }

  static Status write_at(const Fd& file, const char* block, std::size_t bytes, la_int64_t offset,
                         const std::string& target) {
    while (bytes > 0) {
      const ssize_t n = ::pwrite(file.get(), block, bytes, offset);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno_error(target, errno);
      block += n;
      offset += n;
      bytes -= static_cast<std::size_t>(n);
    }
    return {};
  }

  const std::string name_, into_;
  const UnpackLimits limits_;
  const Reader reader_;
  Unpacked counts_;
  std::size_t entries_ = 0;
};

}  // namespace

Result<Unpacked> unpack_archive(const std::string& path, const std::string& into,
                                const UnpackLimits& limits, std::stop_token stop) {
  const std::string name = std::filesystem::path(path).filename().string();
  return Unpacker(name, into, limits).run(path, stop);
}

namespace {

namespace fs = std::filesystem;
using Writer = std::unique_ptr<archive, Freed<archive_write_free>>;

la_ssize_t append(archive*, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

class Packer {
 public:
  explicit Packer(const UnpackLimits& limits) : limits_(limits), writer_(archive_write_new()) {}

  Result<std::string> run(const std::vector<Packed>& what) {
    archive_write_add_filter_zstd(writer_.get());
    archive_write_set_format_pax_restricted(writer_.get());
    archive_write_set_bytes_in_last_block(writer_.get(), 1);
    if (archive_write_open(writer_.get(), &out_, nullptr, append, nullptr) != ARCHIVE_OK)
      return broken();
    for (const Packed& one : what) M8_TRY(add(one.path, one.name, 0));
    if (archive_write_close(writer_.get()) != ARCHIVE_OK) return broken();
    return std::move(out_);
  }

 private:
  Error broken() const {
    const char* reason = archive_error_string(writer_.get());
    return {ErrorCode::kIo, fmt::format("pack an archive: {}", reason ? reason : "failed")};
  }

  Status add(const std::string& path, const std::string& name, int depth) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (fs::is_regular_file(status)) return add_file(path, name);
    if (!fs::is_directory(status) || depth > 64) return {};  // sockets, devices, circles
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path, error))
      if (entry.path().filename() != ".git") names.push_back(entry.path().filename().string());
    if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", path, error.message())};
    std::sort(names.begin(), names.end());
    M8_TRY(write(name, {}, AE_IFDIR, 0755));
    for (const std::string& child : names)
      M8_TRY(add(path + "/" + child, name + "/" + child, depth + 1));
    return {};
  }

  Status add_file(const std::string& path, const std::string& name) {
    const std::string text = M8_TRY(read_file(path, limits_.file_bytes));
    bytes_ += text.size();
    if (bytes_ > limits_.bytes)
      return Error{ErrorCode::kExhausted, path + ": the archive would be too large"};
    return write(name, text, AE_IFREG, 0644);
  }

  Status write(const std::string& name, std::string_view text, unsigned type, int mode) {
    if (++files_ > limits_.files)
      return Error{ErrorCode::kExhausted, name + ": the archive would have too many files"};
    const std::unique_ptr<archive_entry, Freed<archive_entry_free>> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(text.size()));
    archive_entry_set_filetype(entry.get(), type);
    archive_entry_set_perm(entry.get(), static_cast<mode_t>(mode));
    if (archive_write_header(writer_.get(), entry.get()) != ARCHIVE_OK) return broken();
    if (archive_write_data(writer_.get(), text.data(), text.size()) < 0) return broken();
    return {};
  }

  const UnpackLimits& limits_;
  const Writer writer_;
  std::string out_;
  std::uint64_t bytes_ = 0;
  std::size_t files_ = 0;
};

}  // namespace

Result<std::string> pack_archive(const std::vector<Packed>& what, const UnpackLimits& limits) {
  return Packer(limits).run(what);
}

}  // namespace m8
