#include "templates/files.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/yaml.h"
#include "templates/document.h"

namespace m8::templates {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// A name that is nothing but an extension has none.
bool is_template_name(std::string_view name) {
  if (name.size() <= 5) return false;
  const std::string extension = lower(name.substr(name.size() - 5));
  return (extension == ".yaml" || extension == ".json") && name[name.size() - 6] != '/';
}

bool skipped_folder(std::string_view name) {
  const std::string folder = lower(name);
  return folder == ".git" || folder == ".github" || folder == "helpers";
}

bool skipped_file(std::string_view name) {
  for (const char* part : {"cves.json", "contributors.json", "TEMPLATES-STATS.json"})
    if (name.find(part) != std::string_view::npos) return true;
  return false;
}

struct Entry {
  std::string name;  ///< of a folder with a '/' behind it, so that they sort like whole paths
  bool folder = false;
};

/// What \p entry of \p folder is: DT_DIR, DT_REG, or something else. Links to files are files,
/// those to folders are not followed.
unsigned char type_of(DIR& folder, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) return entry.d_type;
  struct stat status {};
  const int flags = entry.d_type == DT_LNK ? 0 : AT_SYMLINK_NOFOLLOW;
  if (::fstatat(::dirfd(&folder), entry.d_name, &status, flags) != 0) return DT_UNKNOWN;
  if (S_ISREG(status.st_mode)) return DT_REG;
  return S_ISDIR(status.st_mode) && entry.d_type != DT_LNK ? DT_DIR : DT_UNKNOWN;
}

/// The folders and template files of one folder, sorted.
Result<std::vector<Entry>> read_folder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  std::vector<Entry> found;
  errno = folder ? 0 : errno;
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    const bool is_template = is_template_name(name) && !skipped_file(name);
    if (name == "." || name == "..") continue;
    const unsigned char type = type_of(*folder, *entry);
    if (type == DT_DIR && !skipped_folder(name)) found.push_back({std::string(name) + '/', true});
    if (type == DT_REG && is_template) found.push_back({std::string(name), false});
    errno = 0;
  }
  if (errno != 0) return errno_error(fmt::format("read folder {}", path), errno);
  std::sort(found.begin(), found.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return found;
}

/// Adds all template files below \p folder, which ends in '/', sorted, so that runs repeat.
Status walk_into(const std::string& folder, std::vector<std::string>& found) {
  for (const Entry& entry : M8_TRY(read_folder(folder))) {
    if (entry.folder) {
      M8_TRY(walk_into(folder + entry.name, found));
    } else {
      found.push_back(folder + entry.name);
    }
  }
  return {};
}

Result<std::vector<std::string>> walk(std::string folder) {
  std::vector<std::string> found;
  if (!folder.ends_with('/')) folder += '/';
  M8_TRY(walk_into(folder, found));
  return found;
}

/// Frees what glob(3) allocated.
struct Glob {
  glob_t state{};
  Glob() = default;
  Glob(const Glob&) = delete;
  Glob& operator=(const Glob&) = delete;
  ~Glob() { ::globfree(&state); }
};

std::vector<std::string> expand_glob(const std::string& pattern) {
  Glob found;
  std::vector<std::string> out;
  if (::glob(pattern.c_str(), 0, nullptr, &found.state) != 0) return out;
  for (std::size_t i = 0; i < found.state.gl_pathc; ++i) out.emplace_back(found.state.gl_pathv[i]);
  return out;
}

bool has_wildcard(std::string_view text) { return text.find('*') != std::string_view::npos; }

Result<std::vector<std::string>> expand(const std::string& argument, const std::string& root) {
  const std::string path = resolve_path(argument, root);
  std::error_code error;
  if (fs::is_directory(path, error)) return walk(path);
  if (fs::exists(path, error)) {
    if (!is_template_name(path))
      return Error{
          ErrorCode::kInvalidArgument,
          fmt::format("failed to identify template format expected JSON or YAML but got {}", path)};
    return std::vector<std::string>{path};
  }
  std::vector<std::string> found;
  if (has_wildcard(argument)) {
    found = expand_glob(fs::absolute(argument, error).lexically_normal().string());
    if (found.empty()) found = expand_glob((fs::path(root) / argument).string());
  }
  if (found.empty())
    return Error{ErrorCode::kNotFound, fmt::format("could not find template '{}'", argument)};
  std::vector<std::string> files;
  for (const std::string& name : found) {
    if (fs::is_directory(name, error)) {
      for (std::string& file : M8_TRY(walk(name))) files.push_back(std::move(file));
    } else if (is_template_name(name)) {
      files.push_back(name);
    }
  }
  return files;
}

}  // namespace

std::string resolve_path(std::string_view argument, const std::string& root) {
  std::error_code error;
  const fs::path here = fs::absolute(fs::path(argument), error).lexically_normal();
  if (fs::exists(here, error) || root.empty()) return here.string();
  const fs::path below = (fs::path(root) / argument).lexically_normal();
  return fs::exists(below, error) || has_wildcard(argument) ? below.string() : here.string();
}

Result<std::vector<std::string>> find_files(const std::vector<std::string>& arguments,
                                            const std::string& root) {
  if (arguments.size() == 1 && !has_wildcard(arguments[0])) return expand(arguments[0], root);
  std::vector<std::string> files;
  std::set<std::string> seen;
  for (const std::string& argument : arguments) {
    for (std::string& file : M8_TRY(expand(argument, root)))
      if (seen.insert(file).second) files.push_back(std::move(file));
  }
  return files;
}

Result<IgnoreList> read_ignore_list(const std::string& root) {
  const std::string path = root + "/.nuclei-ignore";
  std::error_code error;
  if (root.empty() || !fs::exists(path, error)) return IgnoreList();
  const auto parsed = yaml::parse(M8_TRY(read_file(path, 1u << 20)));
  if (!parsed.ok()) return parsed.error().with_context(path);
  IgnoreList list;
  if (const auto* tags = parsed->find("tags")) list.tags = normalised_list(*tags);
  if (const auto* files = parsed->find("files"))
    for (const yaml::Node& item : files->items())
      list.files.push_back(resolve_path(item.text(), root));
  return list;
}

}  // namespace m8::templates
