#include "base/temp_file.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file.h"

namespace m8 {
namespace {

std::string name_template(const std::string& directory) {
  return fmt::format("{}/m8-{}-XXXXXX", directory, ::getpid());
}

void remove_tree(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

/// The process id in "m8-<pid>-XXXXXX", 0 if the name is not ours.
pid_t owner_of(const std::string& name) {
  if (name.rfind("m8-", 0) != 0) return 0;
  char* end = nullptr;
  const long pid = std::strtol(name.c_str() + 3, &end, 10);
  return end && *end == '-' && pid > 0 ? static_cast<pid_t>(pid) : 0;
}

}  // namespace

Result<TempFile> TempFile::create(const std::string& directory) {
  std::string path = name_template(directory);
  Fd fd(::mkostemp(path.data(), O_CLOEXEC));  // mode 0600
  if (!fd) return errno_error("temporary file in " + directory, errno);
  return TempFile(std::move(path), std::move(fd));
}

TempFile::~TempFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

TempFile::TempFile(TempFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)) {}

TempFile& TempFile::operator=(TempFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

Status TempFile::keep_as(const std::string& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) return errno_error(path, errno);
  path_.clear();
  return {};
}

Result<TempDirectory> TempDirectory::create(const std::string& directory) {
  std::string path = name_template(directory);
  if (!::mkdtemp(path.data())) return errno_error("temporary directory in " + directory, errno);
  return TempDirectory(std::move(path));
}

TempDirectory::~TempDirectory() {
  if (!path_.empty()) remove_tree(path_);
}

TempDirectory::TempDirectory(TempDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TempDirectory& TempDirectory::operator=(TempDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

int remove_stale_temp(const std::string& directory) {
  int removed = 0;
  std::error_code error;
  for (auto it = std::filesystem::directory_iterator(directory, error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    const pid_t pid = owner_of(name);
    if (pid == 0 || ::kill(pid, 0) == 0 || errno != ESRCH) continue;
    struct stat status {};
    if (::lstat(it->path().c_str(), &status) != 0 || status.st_uid != ::geteuid()) continue;
    remove_tree(it->path().string());
    ++removed;
  }
  return removed;
}

}  // namespace m8
