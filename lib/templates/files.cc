#include "templates/files.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <glob.h>

#include "base/file.h"
#include "base/yaml.h"
#include "templates/document.h"

namespace m8::templates {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool is_template_name(const fs::path& path) {
  const std::string extension = lower(path.extension().string());
  return extension == ".yaml" || extension == ".json";
}

bool skipped_folder(const fs::path& path) {
  const std::string name = lower(path.filename().string());
  return name == ".git" || name == ".github" || name == "helpers";
}

bool skipped_file(const std::string& name) {
  for (const char* part : {"cves.json", "contributors.json", "TEMPLATES-STATS.json"})
    if (name.find(part) != std::string::npos) return true;
  return false;
}

Error folder_error(const fs::path& folder, const std::error_code& error) {
  return errno_error(fmt::format("read folder {}", folder.string()), error.value());
}

/// All template files below \p folder, sorted, so that runs repeat.
Result<std::vector<std::string>> walk(const fs::path& folder) {
  std::vector<std::string> found;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error), end;
  if (error) return folder_error(folder, error);
  while (it != end) {
    const fs::path& path = it->path();
    std::error_code type_error;
    if (it->is_directory(type_error) && skipped_folder(path)) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file(type_error) && is_template_name(path) &&
               !skipped_file(path.filename().string())) {
      found.push_back(path.string());
    }
    it.increment(error);
    if (error) return folder_error(folder, error);
  }
  std::sort(found.begin(), found.end());
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
