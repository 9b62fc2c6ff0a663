#include "profile.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/make_flag.h"
#include "selection.h"

namespace m8::num8 {
namespace {

namespace fs = std::filesystem;

Error unknown(std::string reason) { return {ErrorCode::kInvalidArgument, std::move(reason)}; }

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_profile(const fs::path& path) {
  return path.extension() == ".yml" || path.extension() == ".yaml";
}

/// The first file below \p folder, by name, that is called \p id.
std::string find_profile(const fs::path& folder, const std::string& id) {
  std::string found;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const fs::path& path = it->path();
    if (!is_profile(path) || path.stem() != id || !is_file(path)) continue;
    if (found.empty() || path.string() < found) found = path.string();
  }
  return found;
}

}  // namespace

std::vector<cli::Flag> profile_flags() {
  return {
      detailed(file_flag(cli::valued("Templates", "profile", {"tp"}, "NAME",
                                     "settings that come with the templates")),
               "A file of settings, or its name without .yml below the folder profiles of the "
               "templates. The config file, the environment and the command line go before it; "
               "keys that num8 has not are named and left out."),
      detailed(cli::switched("Templates", "new-templates", {"nt"},
                             "only the templates that the installed release added"),
               "Those in the file .new-additions of the templates folder."),
  };
}

Result<std::string> profile_path(const cli::Values& flags) {
  const std::string name = flags.text("profile");
  if (name.empty()) return std::string();
  const fs::path folder = fs::path(templates_folder(flags)) / "profiles";
  if (!fs::path(name).has_extension()) {
    std::string found = find_profile(folder, name);
    if (!found.empty()) return found;
    return unknown(fmt::format("--profile: '{}' is not a profile-id or profile path", name));
  }
  if (is_file(name)) return name;
  if (!fs::path(name).is_absolute() && is_file(folder / name)) return (folder / name).string();
  return unknown(fmt::format("--profile: given template profile file '{}' does not exist", name));
}

Result<std::vector<std::string>> new_templates(const std::string& root) {
  const auto text = read_file(root + "/.new-additions");
  if (!text.ok()) return text.error().with_context("--new-templates");
  std::vector<std::string> paths;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    const auto line = trim(std::string_view(*text).substr(begin, end - begin));
    if (line.ends_with(".yaml") && line.find("..") == line.npos)
      paths.push_back(root + "/" + std::string(line));
    begin = end + 1;
  }
  return paths;
}

}  // namespace m8::num8
