#include "templates/update.h"

#include <cctype>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/temp_file.h"
#include "templates/files.h"

namespace m8::templates {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxArchive = 512u << 20;
/// One of these is in every collection, or was put there by an update.
constexpr const char* kMarker = ".m8-templates";
constexpr const char* kKnown[] = {kMarker, ".nuclei-ignore", "http", "dns", "workflows"};

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

/// The first word of a checksum file, in lower case.
std::string first_word(std::string_view text) {
  text = trim(text);
  std::string word(text.substr(0, text.find_first_of(" \t\r\n")));
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// Keeps a second update out while it lives.
Result<Fd> lock_folder(const std::string& folder) {
  Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error(folder, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorCode::kExists, folder + ": another update is running"};
  return fd;
}

/// Copies the regular files of \p source into \p into under the limits of an archive.
class Copier {
 public:
  Copier(const fs::path& into, const UnpackLimits& limits) : into_(into), limits_(limits) {}

  Result<Unpacked> run(const fs::path& source, const std::stop_token& stop) {
    std::error_code error;
    fs::recursive_directory_iterator it(source, error), end;
    for (; !error && it != end; it.increment(error)) {
      if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "update: interrupted"};
      if (it->path().filename() == ".git") it.disable_recursion_pending();
      M8_TRY(take(*it, it->path().lexically_relative(source)));
    }
    if (error) return errno_error(source.string(), error.value());
    return counts_;
  }

 private:
  Status take(const fs::directory_entry& entry, const fs::path& relative) {
    std::error_code error;
    if (entry.is_symlink(error) || (!entry.is_directory(error) && !entry.is_regular_file(error))) {
      ++counts_.left_out;
      return {};
    }
    if (entry.is_directory(error)) return {};  // made with its first file
    counts_.bytes += entry.file_size(error);
    if (++counts_.files > limits_.files || counts_.bytes > limits_.bytes)
      return Error{ErrorCode::kExhausted, "update: too many files, or too large"};
    fs::create_directories((into_ / relative).parent_path(), error);
    if (!error) fs::copy_file(entry.path(), into_ / relative, error);
    return error ? Status(errno_error(relative.string(), error.value())) : Status();
  }

  const fs::path into_;
  const UnpackLimits limits_;
  Unpacked counts_;
};

class Update {
 public:
  Update(const UpdateOptions& options, const Fetch& fetch, std::stop_token stop)
      : options_(options),
        fetch_(fetch),
        stop_(std::move(stop)),
        place_(without_slash(options.destination)) {}

  Result<Updated> run() {
    const std::string parent = place_.parent_path().string();
    std::error_code error;
    fs::create_directories(parent, error);
    if (error) return errno_error(parent, error.value());
    const Fd lock = M8_TRY(lock_folder(parent));
    M8_TRY(check_destination());
    remove_stale_temp(parent);
    // On the destination's file system, so that renaming it is one step.
    TempDirectory stage = M8_TRY(TempDirectory::create(parent));
    const fs::path made = M8_TRY(fill(stage.path()));
    M8_TRY(check_content(made));
    M8_TRY(exchange(made));
    return out_;
  }

 private:
  Status check_destination() const {
    std::error_code error;
    const std::string source = fs::weakly_canonical(options_.source, error).string() + "/";
    if (fs::weakly_canonical(place_.parent_path(), error).string().append("/").starts_with(source))
      return Error{ErrorCode::kDenied, place_.string() + ": lies in the source"};
    const auto status = fs::symlink_status(place_, error);
    if (status.type() == fs::file_type::not_found) return {};
    if (status.type() != fs::file_type::directory)
      return Error{ErrorCode::kDenied, place_.string() + ": is no folder"};
    if (fs::is_empty(place_, error)) return {};
    for (const char* name : kKnown)
      if (fs::exists(place_ / name, error)) return {};
    return Error{ErrorCode::kDenied, place_.string() + ": is not empty and no templates folder"};
  }

  /// Puts the collection below \p stage. Gives its own folder.
  Result<fs::path> fill(const fs::path& stage) {
    const fs::path content = stage / "content";
    std::error_code error;
    fs::create_directory(content, error);
    if (error) return errno_error(content.string(), error.value());
    const Unpacked unpacked = M8_TRY(unpack(stage, content));
    out_.files = unpacked.files;
    out_.bytes = unpacked.bytes;
    out_.left_out = unpacked.left_out;
    return single_folder(content);
  }

  Result<Unpacked> unpack(const fs::path& stage, const fs::path& content) {
    std::error_code error;
    if (fs::is_directory(options_.source, error))
      return Copier(content, options_.limits).run(options_.source, stop_);
    const std::string path = M8_TRY(archive(stage));
    return unpack_archive(path, content.string(), options_.limits, stop_);
  }

  /// The archive's own folder, if it has one at its top and nothing else.
  static fs::path single_folder(const fs::path& content) {
    std::error_code error;
    fs::directory_iterator it(content, error), end;
    if (error || it == end || !it->is_directory(error)) return content;
    const fs::path first = it->path();
    it.increment(error);
    const bool alone = !error && it == end;
    for (const char* name : kKnown)
      if (first.filename() == name) return content;
    return alone ? first : content;
  }

  /// Path of the archive on disk, its checksum verified.
  Result<std::string> archive(const fs::path& stage) {
    if (!is_url(options_.source)) {
      const std::string bytes = M8_TRY(read_file(options_.source, kMaxArchive));
      M8_TRY(verify(bytes, side_file()));
      return options_.source;
    }
    const std::string body = M8_TRY(fetch_(options_.source, stop_));
    if (body.size() > kMaxArchive)
      return Error{ErrorCode::kExhausted, "update: larger than 512 MiB"};
    const std::string beside = M8_TRY(side_answer());
    M8_TRY(verify(body, beside));
    const std::string path = (stage / "archive").string();
    M8_TRY(write_file_atomically(path, body));
    return path;
  }

  std::string side_file() const {
    const auto text = read_file(options_.source + ".sha256", 4096);
    return text.ok() ? first_word(*text) : std::string();
  }

  Result<std::string> side_answer() const {
    if (!options_.sha256.empty()) return std::string();
    const auto text = fetch_(options_.source + ".sha256", stop_);
    if (text.ok()) return first_word(*text);
    if (text.error().code != ErrorCode::kNotFound) return text.error();
    if (!options_.unchecked)
      return invalid(options_.source + ".sha256: is not there; give --sha256, or --unchecked");
    return std::string();
  }

  Status verify(std::string_view bytes, const std::string& beside) {
    const std::string wanted = options_.sha256.empty() ? beside : first_word(options_.sha256);
    out_.sha256 = sha256_hex(bytes);
    if (wanted.empty()) return {};
    if (!is_sha256(wanted)) return invalid("sha256: expected 64 hex digits");
    if (wanted != out_.sha256)
      return invalid(
          fmt::format("{}: sha256 is {}, expected {}", options_.source, out_.sha256, wanted));
    out_.verified = true;
    return {};
  }

  Status check_content(const fs::path& made) {
    out_.templates = M8_TRY(find_files({made.string()}, "")).size();
    if (out_.templates == 0) return invalid(options_.source + ": no template in it");
    M8_TRY(write_file_atomically((made / kMarker).string(),
                                 fmt::format("{} {}\n", out_.sha256, options_.source)));
    std::error_code error;
    fs::permissions(made,
                    fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                        fs::perms::others_read | fs::perms::others_exec,
                    error);
    return error ? Status(errno_error(made.string(), error.value())) : Status();
  }

  Status exchange(const fs::path& made) {
    std::error_code error;
    if (!fs::exists(place_, error)) return rename(made, place_);
    if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, place_.c_str(), RENAME_EXCHANGE) != 0)
      return errno_error(place_.string(), errno);
    // The former one now lies where the new one was made.
    const fs::path old = place_.string() + ".old";
    fs::remove_all(old, error);
    const Status kept = rename(made, old);
    if (kept.ok()) {
      out_.previous = old.string();
    } else {
      (void)::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, place_.c_str(), RENAME_EXCHANGE);
    }
    return kept;
  }

  static Status rename(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    return error ? Status(errno_error(to.string(), error.value())) : Status();
  }

  const UpdateOptions& options_;
  const Fetch& fetch_;
  const std::stop_token stop_;
  const fs::path place_;
  Updated out_;
};

}  // namespace

Result<Updated> update_templates(const UpdateOptions& options, const Fetch& fetch,
                                 std::stop_token stop) {
  return Update(options, fetch, std::move(stop)).run();
}

}  // namespace m8::templates
