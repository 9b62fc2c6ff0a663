#include "word_list.h"

#include <array>
#include <cerrno>
#include <filesystem>

#include <poll.h>
#include <unistd.h>

#include "base/file.h"

namespace m8::asmm8 {
namespace {

Status write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(fd, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("keep the words of stdin", errno);
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return {};
}

Status copy_stdin(int to, const std::stop_token& stop) {
  std::array<char, 64u << 10> block;
  while (!stop.stop_requested()) {
    pollfd readable{STDIN_FILENO, POLLIN, 0};
    if (::poll(&readable, 1, 100) == 0) continue;
    const ssize_t count = ::read(STDIN_FILENO, block.data(), block.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return errno_error("stdin", errno);
    if (count == 0) return {};
    M8_TRY(write_all(to, block.data(), static_cast<std::size_t>(count)));
  }
  return Error{ErrorCode::kCancelled, "read words: interrupted"};
}

}  // namespace

Result<WordList> WordList::open(const std::string& path, const std::string& temp_folder,
                                const std::stop_token& stop) {
  WordList list;
  if (path.empty()) return list;
  list.path_ = list.shown_ = path;
  if (path != "-") {
    list.opened_ = M8_TRY(enumerate::words_of_file(path));  // told before anything begins
    return list;
  }
  list.kept_ = M8_TRY(TempFile::create(temp_folder));
  M8_TRY(copy_stdin(list.kept_->fd(), stop));
  list.path_ = list.kept_->path();
  list.shown_ = "stdin";
  return list;
}

Result<std::unique_ptr<enumerate::WordSource>> WordList::words() {
  if (opened_) return std::move(opened_);
  return built_in() ? enumerate::built_in_words() : enumerate::words_of_file(path_);
}

Result<std::uint64_t> WordList::count() const {
  if (built_in()) return enumerate::built_in_words()->size().value_or(0);
  std::error_code error;
  if (!std::filesystem::is_regular_file(path_, error)) return std::uint64_t{0};
  const auto words = M8_TRY(enumerate::words_of_file(path_));
  std::uint64_t count = 0;
  while (M8_TRY(words->next())) ++count;
  return count;
}

}  // namespace m8::asmm8
