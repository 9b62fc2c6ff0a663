#include "cache/files.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hash.h"
#include "cache/kept_file.h"

namespace m8::cache {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::uint64_t kSweepEach = 1'000;  // puts
constexpr std::string_view kCounts = "counts";
constexpr std::size_t kHashDigits = 40;

std::int64_t now_ms(Clock& clock) {
  return std::chrono::duration_cast<milliseconds>(clock.wall().time_since_epoch()).count();
}

/// In memory of the file system, then in place.
Status write_and_rename(const std::string& path, std::string_view text) {
  const std::string beside = fmt::format("{}.{}~", path, ::getpid());
  Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return errno_error(beside, errno);
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const Error error = errno_error(beside, errno);
      ::unlink(beside.c_str());
      return error;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return errno_error(path, errno);
  return {};
}

/// Visits what lies in the folders of \p root: path, and its folder's name.
template <typename Visit>
void each_file(const std::string& root, const Visit& visit) {
  std::error_code error;
  for (fs::directory_iterator folder(root, error), end; !error && folder != end;
       folder.increment(error)) {
    std::error_code inner;
    if (!folder->is_directory(inner)) continue;
    for (fs::directory_iterator file(folder->path(), inner); !inner && file != end;
         file.increment(inner)) {
      std::error_code gone;
      if (file->is_regular_file(gone)) visit(*file, folder->path().filename().string());
    }
  }
}

/// On disk.
std::uint64_t size_of(const fs::directory_entry& file) {
  struct stat status {};
  if (::stat(file.path().c_str(), &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

}  // namespace

Files::Files(Options options, Clock& clock) : options_(std::move(options)), clock_(clock) {}

std::string Files::path_of(std::string_view key) const {
  return fmt::format("{}/{}/{}", options_.folder, key.substr(0, key.find(':')),
                     sha256_hex(key).substr(0, kHashDigits));
}

Bytes Files::get(std::string_view key) {
  const std::string path = path_of(key);
  const auto text = read_file(path, options_.largest_value + (1u << 20));
  if (!text.ok()) {
    if (text.error().code != ErrorCode::kNotFound) ++failures_;
    return nullptr;
  }
  auto file = KeptFile::parse(*text);
  if (!file.ok() || file->key != key) {
    ++failures_;
    return nullptr;
  }
  if (file->expires_ms != 0 && file->expires_ms <= now_ms(clock_)) {
    ++expired_;
    ::unlink(path.c_str());
    return nullptr;
  }
  return std::make_shared<const std::string>(std::move(file->value));
}

void Files::put(std::string_view key, std::string value, const Keep& keep) {
  const std::string path = path_of(key);
  if (value.size() > options_.largest_value) {
    ++refused_;
    ::unlink(path.c_str());
    return;
  }
  if (puts_.fetch_add(1) % kSweepEach == kSweepEach - 1) sweep();
  const std::int64_t expires = keep.ttl.count() > 0 ? now_ms(clock_) + keep.ttl.count() : 0;
  const KeptFile file{expires, std::string(key), keep.tags, std::move(value)};
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error || !write_and_rename(path, file.to_text()).ok()) ++failures_;
}

Result<std::uint64_t> Files::erase(std::string_view key) {
  const std::string path = path_of(key);
  if (::unlink(path.c_str()) == 0) return std::uint64_t{1};
  if (errno == ENOENT) return std::uint64_t{0};
  return errno_error(path, errno);
}

template <typename Match>
std::uint64_t Files::erase_if(const Match& match) {
  std::uint64_t erased = 0;
  each_file(options_.folder, [&](const fs::directory_entry& entry, const std::string& name) {
    if (entry.path().filename() == kCounts) return;
    const auto text = read_file(entry.path(), options_.largest_value + (1u << 20));
    auto file = text.ok() ? KeptFile::parse(*text) : Result<KeptFile>(text.error());
    // What can't be read belongs to its folder only.
    if (!file.ok()) file = KeptFile{0, name + ":", {}, {}};
    if (match(*file) && ::unlink(entry.path().c_str()) == 0) ++erased;
  });
  return erased;
}

Result<std::uint64_t> Files::erase_prefix(std::string_view prefix) {
  return erase_if([&](const KeptFile& file) { return file.key.starts_with(prefix); });
}

Result<std::uint64_t> Files::erase_tag(std::string_view tag) {
  return erase_if([&](const KeptFile& file) {
    return std::find(file.tags.begin(), file.tags.end(), tag) != file.tags.end();
  });
}

Status Files::each(std::string_view prefix, const Visit& visit) {
  const std::int64_t now = now_ms(clock_);
  each_file(options_.folder, [&](const fs::directory_entry& entry, const std::string&) {
    const auto text = read_file(entry.path(), options_.largest_value + (1u << 20));
    if (!text.ok()) return;
    const auto file = KeptFile::parse(*text);
    if (!file.ok() || !file->key.starts_with(prefix)) return;
    if (file->expires_ms != 0 && file->expires_ms <= now) return;
    visit({file->key, file->value.size(),
           milliseconds(file->expires_ms == 0 ? 0 : file->expires_ms - now)});
  });
  return {};
}

Status Files::check() {
  if (::access(options_.folder.c_str(), F_OK) != 0) return {};  // it is made at the first put
  if (::access(options_.folder.c_str(), R_OK | W_OK | X_OK) != 0)
    return errno_error(options_.folder, errno);
  return {};
}

/// Two processes at the same moment may lose one's counts: they are for people.
void Files::count(std::string_view name, std::uint64_t hits, std::uint64_t misses) {
  const std::string folder = fmt::format("{}/{}", options_.folder, name);
  if (::access(folder.c_str(), W_OK) != 0) return;
  std::uint64_t known[2] = {0, 0};
  if (const auto text = read_file(folder + "/counts", 100); text.ok())
    (void)std::sscanf(text->c_str(), "%lu %lu", &known[0], &known[1]);
  (void)write_and_rename(folder + "/counts",
                         fmt::format("{} {}\n", known[0] + hits, known[1] + misses));
}

Result<std::vector<NamedCounts>> Files::counts() {
  std::vector<NamedCounts> all;
  each_file(options_.folder, [&](const fs::directory_entry& entry, const std::string& name) {
    if (entry.path().filename() != kCounts) return;
    NamedCounts one{name, 0, 0};
    if (const auto text = read_file(entry.path(), 100); text.ok())
      (void)std::sscanf(text->c_str(), "%lu %lu", &one.hits, &one.misses);
    all.push_back(std::move(one));
  });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

/// Removes what is over, and, if there is too much, the oldest until a tenth is free.
void Files::sweep() {
  struct Found {
    std::int64_t written;
    std::uint64_t bytes;
    std::string path;
  };
  std::vector<Found> files;
  std::uint64_t bytes = 0;
  const std::int64_t now = now_ms(clock_);
  each_file(options_.folder, [&](const fs::directory_entry& entry, const std::string&) {
    if (entry.path().filename() == kCounts) return;
    const auto text = read_file(entry.path(), options_.largest_value + (1u << 20));
    const auto file = text.ok() ? KeptFile::parse(*text) : Result<KeptFile>(text.error());
    if (!file.ok()) return;
    if (file->expires_ms != 0 && file->expires_ms <= now) {
      expired_ += ::unlink(entry.path().c_str()) == 0 ? 1 : 0;
      return;
    }
    struct stat status {};
    if (::stat(entry.path().c_str(), &status) != 0) return;
    files.push_back({status.st_mtim.tv_sec, size_of(entry), entry.path().string()});
    bytes += files.back().bytes;
  });
  if (bytes <= options_.limit_bytes) return;
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.written < b.written; });
  for (const auto& file : files) {
    if (bytes <= options_.limit_bytes / 10 * 9) break;
    evicted_ += ::unlink(file.path.c_str()) == 0 ? 1 : 0;
    bytes -= file.bytes;
  }
}

BackendStats Files::stats() {
  BackendStats stats;
  each_file(options_.folder, [&](const fs::directory_entry& entry, const std::string&) {
    if (entry.path().filename() == kCounts) return;
    ++stats.entries;
    stats.bytes += size_of(entry);
  });
  stats.limit_bytes = options_.limit_bytes;
  stats.evicted = evicted_;
  stats.expired = expired_;
  stats.refused = refused_;
  stats.failures = failures_;
  const Status status = check();
  stats.state = status.ok() ? "ok" : status.error().message;
  return stats;
}

}  // namespace m8::cache
