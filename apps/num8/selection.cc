#include "selection.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/version.h"
#include "cli/environment.h"
#include "cli/make_flag.h"
#include "profile.h"
#include "templates/files.h"

namespace m8::num8 {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTemplates = "Templates";
constexpr const char* kFiltering = "Filtering";

cli::Flag list_flag(std::string name, std::vector<std::string> aliases, std::string argument,
                    std::string brief) {
  cli::Flag flag;
  flag.name = std::move(name);
  flag.aliases = std::move(aliases);
  flag.argument = std::move(argument);
  flag.section = kFiltering;
  flag.brief = std::move(brief);
  flag.repeatable = true;
  return flag;
}

cli::Flag path_flag(std::string name, std::vector<std::string> aliases, std::string brief,
                    std::string detail = {}) {
  cli::Flag flag = list_flag(std::move(name), std::move(aliases), "PATH", std::move(brief));
  flag.section = kTemplates;
  flag.detail = std::move(detail);
  flag.complete = cli::Complete::kFile;
  return flag;
}

cli::Flag word_flag(std::string name, std::string alias, std::string brief,
                    std::vector<std::string> words) {
  cli::Flag flag = list_flag(std::move(name), {std::move(alias)}, "LIST", std::move(brief));
  flag.choices = std::move(words);
  flag.complete = cli::Complete::kChoices;
  return flag;
}

std::vector<std::string> severity_words() {
  return {"info", "low", "medium", "high", "critical", "unknown"};
}

std::vector<std::string> kind_words() {
  return {"dns", "file",      "http",  "headless", "tcp",       "workflow",
          "ssl", "websocket", "whois", "code",     "javascript"};
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

std::string default_root() {
  const std::string home = cli::environment("HOME");
  std::string data = cli::environment("XDG_DATA_HOME");
  if (data.empty() && !home.empty()) data = home + "/.local/share";
  const std::string ours = data + "/m8/templates";
  const std::string theirs = home + "/nuclei-templates";
  return !is_folder(ours) && !home.empty() && is_folder(theirs) ? theirs : ours;
}

std::string normal(std::string_view text) {
  std::string out(trim(text));
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Result<std::vector<std::string>> words(const cli::Values& flags, const char* name) {
  auto values = M8_TRY(expand_files(flags.list(name)));
  for (std::string& value : values) value = normal(value);
  values.erase(std::remove(values.begin(), values.end(), ""), values.end());
  return values;
}

Result<std::vector<std::string>> paths(const cli::Values& flags, const char* name,
                                       const std::string& root) {
  auto values = M8_TRY(expand_files(flags.list(name)));
  for (std::string& value : values) value = templates::resolve_path(value, root);
  return values;
}

std::vector<model::Severity> severities(const cli::Values& flags, const char* name) {
  std::vector<model::Severity> out;
  for (const std::string& word : flags.list(name))
    if (const auto severity = model::parse_severity(word)) out.push_back(*severity);
  return out;
}

std::vector<templates::Kind> kinds(const cli::Values& flags, const char* name) {
  std::vector<templates::Kind> out;
  for (const std::string& word : flags.list(name)) out.push_back(templates::parse_kind(word));
  return out;
}

Result<templates::Filter> filter_of(const cli::Values& flags, const std::string& root) {
  templates::Filter filter;
  filter.authors = M8_TRY(words(flags, "author"));
  filter.tags = M8_TRY(words(flags, "tags"));
  filter.exclude_tags = M8_TRY(words(flags, "exclude-tags"));
  filter.include_tags = M8_TRY(words(flags, "include-tags"));
  filter.ids = M8_TRY(words(flags, "template-id"));
  filter.exclude_ids = M8_TRY(words(flags, "exclude-id"));
  filter.severities = severities(flags, "severity");
  filter.exclude_severities = severities(flags, "exclude-severity");
  filter.kinds = kinds(flags, "type");
  filter.exclude_kinds = kinds(flags, "exclude-type");
  filter.include_paths = M8_TRY(paths(flags, "include-templates", root));
  filter.exclude_paths = M8_TRY(paths(flags, "exclude-templates", root));
  for (const std::string& condition : flags.list("template-condition"))
    M8_TRY(filter.add_condition(condition));
  return filter;
}

/// Nothing if there is no folder for it.
std::optional<templates::CompiledCache::Options> cache_options() {
  const std::string home = cli::cache_home();
  if (home.empty()) return std::nullopt;
  std::error_code error;
  fs::create_directories(home + "/m8", error);
  const auto program = templates::CompiledCache::stamp_of("/proc/self/exe");
  if (error || !program) return std::nullopt;
  const auto now = SystemClock::instance().wall().time_since_epoch();
  return templates::CompiledCache::Options{
      home + "/m8/templates.cache",
      fmt::format("{} {} {} {}", version(), commit(), program->size, program->mtime_ns),
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
}

std::vector<cli::Flag> template_flags() {
  cli::Flag templates =
      path_flag("templates", {"t"}, "template files, folders, patterns",
                "Relative paths are looked for here, then in the templates folder. Without this "
                "flag the whole templates folder is used: $XDG_DATA_HOME/m8/templates, else "
                "~/nuclei-templates.");
  templates.common = true;
  cli::Flag allow =
      list_flag("allow", {}, "TAG", "run templates with these dangerous tags; all: every one");
  allow.section = kTemplates;
  allow.detail =
      "Templates tagged dos, fuzz, intrusive, bruteforce or brute-force are left out and counted "
      "unless they are allowed here or forced in with --include-tags or --include-templates.";
  allow.common = true;
  cli::Flag no_cache;
  no_cache.name = "no-cache";
  no_cache.section = kTemplates;
  no_cache.brief = "parse all templates anew";
  no_cache.detail =
      "Parsed templates are kept in m8/templates.cache of $XDG_CACHE_HOME (~/.cache); a file that "
      "has changed since is parsed anew. With this flag nothing is read from there or kept.";
  cli::Flag self_contained = cli::switched(kTemplates, "enable-self-contained", {"esc"},
                                           "load templates that name their own hosts");
  self_contained.detail =
      "They run once, not for each target, and without targets too; what their URLs need comes "
      "from "
      "--var. Without this flag they are counted.";
  return {templates,
          templates_folder_flag(),
          self_contained,
          path_flag("workflows", {"w"}, "workflow files, folders, patterns",
                    "Without --templates only they run. Their steps' templates are looked for in "
                    "the templates folder, and --tags, --severity and their like hold for steps "
                    "that start no others."),
          allow,
          no_cache,
          path_flag("include-templates", {"it"}, "force these templates in"),
          path_flag("exclude-templates", {"et"}, "leave these templates out")};
}

}  // namespace

cli::Flag templates_folder_flag() {
  cli::Flag folder =
      path_flag("templates-dir", {"ud", "update-template-dir"}, "the templates folder");
  folder.detail = "Relative template paths and payload files are looked for in it.";
  folder.repeatable = false;
  folder.complete = cli::Complete::kDirectory;
  return folder;
}

std::string templates_folder(const cli::Values& flags) {
  const std::string folder = flags.text("templates-dir");
  return folder.empty() ? default_root() : templates::resolve_path(folder, "");
}

std::vector<cli::Flag> selection_flags() {
  std::vector<cli::Flag> flags = template_flags();
  for (cli::Flag& flag : profile_flags()) flags.push_back(std::move(flag));
  cli::Flag condition = list_flag("template-condition", {"tc"}, "EXPRESSION",
                                  "select by an expression on the template's facts");
  condition.literal = true;
  cli::Flag severity = word_flag("severity", "s", "select by severity", severity_words());
  cli::Flag tags = list_flag("tags", {}, "LIST", "select by tag");
  cli::Flag id = list_flag("template-id", {"id"}, "LIST", "select by id, with * ? [..]");
  for (cli::Flag* flag : {&severity, &tags, &id}) flag->common = true;
  for (cli::Flag flag :
       {severity, word_flag("exclude-severity", "es", "leave out by severity", severity_words()),
        tags, list_flag("exclude-tags", {"etags"}, "LIST", "leave out by tag"),
        list_flag("include-tags", {"itags"}, "LIST", "force in by tag, even what is left out"), id,
        list_flag("exclude-id", {"eid"}, "LIST", "leave out by id"),
        list_flag("author", {"a"}, "LIST", "select by author"),
        word_flag("type", "pt", "select by protocol", kind_words()),
        word_flag("exclude-type", "ept", "leave out by protocol", kind_words()), condition})
    flags.push_back(std::move(flag));
  return flags;
}

Result<std::vector<std::string>> expand_files(const std::vector<std::string>& values) {
  std::vector<std::string> out;
  for (const std::string& value : values) {
    const std::string extension = fs::path(value).extension().string();
    std::error_code error;
    const bool document = extension == ".yaml" || extension == ".yml" || extension == ".json";
    if (document || !fs::is_regular_file(value, error)) {
      out.push_back(value);
      continue;
    }
    LineReader lines = M8_TRY(LineReader::open(value));
    for (;;) {
      const auto line = M8_TRY(lines.next());
      if (!line) break;
      if (const auto text = trim(*line); !text.empty()) out.emplace_back(text);
    }
  }
  return out;
}

Result<templates::LoadOptions> selection_options(const cli::Values& flags) {
  templates::LoadOptions options;
  options.root = templates_folder(flags);
  options.paths = M8_TRY(expand_files(flags.list("templates")));
  options.workflows = M8_TRY(expand_files(flags.list("workflows")));
  if (flags.on("new-templates"))
    for (std::string& path : M8_TRY(new_templates(options.root)))
      options.paths.push_back(std::move(path));
  options.filter = M8_TRY(filter_of(flags, options.root));
  for (std::string& tag : M8_TRY(words(flags, "allow")))
    options.allowed_tags.insert(std::move(tag));
  options.command_line.templates_root = options.root;
  options.self_contained = flags.on("enable-self-contained");
  options.workers = loading_threads();
  if (!flags.on("no-cache")) options.cache = cache_options();
  if (options.paths.empty() && options.workflows.empty() && !is_folder(options.root))
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("no templates: {} is not there; give -t", options.root)};
  if (flags.text("templates-dir").empty() && options.paths.size() == 1 &&
      is_folder(options.paths[0])) {
    // One folder given is the templates folder: payload files are found in it.
    options.command_line.templates_root = templates::resolve_path(options.paths[0], options.root);
  }
  return options;
}

Status apply_ignore_list(templates::LoadOptions& options) {
  auto ignored = M8_TRY(templates::read_ignore_list(options.root));
  const bool all = options.allowed_tags.count("all") > 0;
  for (std::string& tag : ignored.tags)
    if (!all && !options.allowed_tags.count(tag))
      options.filter.exclude_tags.push_back(std::move(tag));
  for (std::string& file : ignored.files) options.filter.exclude_paths.push_back(std::move(file));
  return {};
}

int loading_threads() {
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 8u));
}

void say(const cli::Context& context, std::string_view text) {
  if (context.flags.on("quiet")) return;
  std::fputs(fmt::format("{}: {}\n", context.program, text).c_str(), stderr);
}

}  // namespace m8::num8
