#include "fleet/bundle.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/archive.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/temp_file.h"
#include "fleet/program.h"

namespace m8::fleet {
namespace {

namespace fs = std::filesystem;

const UnpackLimits kLimits{.bytes = 2ull << 30, .file_bytes = 512ull << 20, .files = 500'000};
constexpr auto kKeep = std::chrono::hours(24 * 7);
constexpr std::size_t kMaxArchive = 1u << 30;

Status write_whole(const std::string& folder, const std::string& path, std::string_view bytes) {
  TempFile file = M8_TRY(TempFile::create(folder));
  if (const Status written = write_all(file.fd(), bytes); !written.ok())
    return written.error().with_context(path);
  return file.keep_as(path);
}

}  // namespace

Result<std::string> Bundle::add(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return Error{ErrorCode::kNotFound, fmt::format("{}: {}", path, error.message())};
  const bool is_folder = fs::is_directory(real, error);
  std::string given = fs::absolute(path, error).lexically_normal().string();
  while (given.size() > 1 && given.back() == '/') given.pop_back();
  const std::string folder = is_folder ? given : fs::path(given).parent_path().string();
  const std::string base = fs::path(given).filename().string();
  for (std::size_t i = 0; i < packed_.size(); ++i) {
    if (packed_[i].path != real.string()) continue;
    return is_folder ? fmt::format("@/{}", i) : fmt::format("@/{}/{}", i, base);
  }
  const std::size_t number = packed_.size();
  const std::string name = is_folder ? std::to_string(number) : fmt::format("{}/{}", number, base);
  packed_.push_back({real.string(), name, folder});
  return "@/" + name;
}

Result<std::string> Bundle::add_secret(std::string_view text) {
  TempDirectory folder = M8_TRY(TempDirectory::create(fs::temp_directory_path().string()));
  const std::string path = folder.path() + "/arguments";
  M8_TRY(write_whole(folder.path(), path, text));
  secrets_.push_back(std::move(folder));
  return add(path);
}

Status Bundle::make() {
  std::vector<Packed> what;
  for (const Entry& entry : packed_) what.push_back({entry.path, entry.name});
  archive_ = M8_TRY(pack_archive(what, kLimits));
  hash_ = sha256_hex(archive_);
  secrets_.clear();
  return {};
}

std::string Bundle::original(std::string_view path) const {
  if (!path.starts_with('/')) return std::string(path);
  const auto end = std::min(path.find('/', 1), path.size());
  std::size_t number = 0;
  for (const char c : path.substr(1, end - 1)) {
    if (c < '0' || c > '9' || number > packed_.size()) return std::string(path);
    number = number * 10 + static_cast<std::size_t>(c - '0');
  }
  if (number >= packed_.size()) return std::string(path);
  return packed_[number].folder + std::string(path.substr(end));
}

Status BundleShelf::put(const Bundle& bundle, WallTime now) {
  if (!folder_.empty()) {
    const std::string path = fmt::format("{}/{}.tar.zst", folder_, bundle.hash());
    std::error_code error;
    if (fs::exists(path, error)) return {};
    return write_whole(folder_, path, bundle.archive());
  }
  if (M8_TRY(jobs_.has_bundle(bundle.hash(), now))) return {};
  return jobs_.add_bundle(bundle.hash(), bundle.archive(), now, kKeep);
}

Result<std::string> BundleShelf::get(const std::string& hash) {
  std::string bytes =
      folder_.empty() ? M8_TRY(jobs_.bundle(hash))
                      : M8_TRY(read_file(fmt::format("{}/{}.tar.zst", folder_, hash), kMaxArchive));
  if (sha256_hex(bytes) != hash)
    return Error{ErrorCode::kCorrupt,
                 fmt::format("templates {}: not what their hash says", hash.substr(0, 12))};
  return bytes;
}

Result<std::string> BundleCache::folder(const std::string& hash) {
  const std::string path = fmt::format("{}/{}", folder_, hash);
  const std::lock_guard lock(mutex_);
  std::error_code error;
  // A folder that has its name was unpacked whole: it gets it last.
  if (fs::is_directory(path, error)) return path;
  M8_TRY(unpack(hash, path));
  return path;
}

Status BundleCache::unpack(const std::string& hash, const std::string& into) {
  std::error_code error;
  fs::create_directories(folder_, error);
  // Archives may hold logins and keys.
  fs::permissions(folder_, fs::perms::owner_all, error);
  const std::string bytes = M8_TRY(shelf_.get(hash));
  const TempDirectory work = M8_TRY(TempDirectory::create(folder_));
  const std::string archive = work.path() + "/archive", tree = work.path() + "/tree";
  M8_TRY(write_whole(work.path(), archive, bytes));
  fs::create_directory(tree, error);
  if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", tree, error.message())};
  M8_TRY(unpack_archive(archive, tree, kLimits, {}));
  fs::rename(tree, into, error);
  // Another worker of this machine may have been faster.
  std::error_code ignored;
  if (error && !fs::is_directory(into, ignored))
    return Error{ErrorCode::kIo, fmt::format("{}: {}", into, error.message())};
  return {};
}

}  // namespace m8::fleet
