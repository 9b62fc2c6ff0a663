#include "fleet/job_program.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "fleet/narrow.h"

namespace m8::fleet {
namespace {

constexpr std::string_view kScope = "--scope=";

/// "--name=value" and "--name", taken apart.
struct Argument {
  explicit Argument(std::string_view text) {
    const auto equals = std::min(text.find('='), text.size());
    name = text.substr(2, equals - 2);
    is_switch = equals == text.size();
    value = text.substr(std::min(equals + 1, text.size()));
  }
  std::string text() const { return is_switch ? "--" + name : fmt::format("--{}={}", name, value); }
  std::string name, value;
  bool is_switch = false;
};

/// Flags that read a file if their value is the name of one.
bool may_name_a_file(std::string_view flag) {
  static constexpr std::string_view kNames[] = {
      "header",      "var",        "exclude", "author", "tags",      "exclude-tags", "include-tags",
      "template-id", "exclude-id", "allow",   "proxy",  "resolvers", "resolver",     "trusted"};
  return std::find(std::begin(kNames), std::end(kNames), flag) != std::end(kNames);
}

/// What is looked for: of NAME=VALUE the value.
std::string file_of(const Argument& argument) {
  const auto equals = argument.name == "var" ? argument.value.find('=') : std::string::npos;
  return equals == std::string::npos ? argument.value : argument.value.substr(equals + 1);
}

/// As they are for a program here.
Result<std::vector<std::string>> arguments_here(const Job& job,
                                                const std::vector<std::string>& arguments,
                                                const std::string& root) {
  M8_TRY(check_arguments(job, arguments));
  std::vector<std::string> out;
  for (const std::string& text : arguments) {
    Argument argument(text);
    const Travels how = how_travels(job.program + " " + job.command, argument.name);
    std::error_code error;
    if (how == Travels::kPath || (how == Travels::kEither && argument.value.starts_with('@'))) {
      argument.value.replace(0, 1, root);
    } else if (may_name_a_file(argument.name) &&
               std::filesystem::is_regular_file(file_of(argument), error)) {
      return Error{ErrorCode::kDenied,
                   fmt::format("--{}: names a file of this machine", argument.name)};
    }
    out.push_back(argument.text());
  }
  return out;
}

Result<std::vector<std::string>> secrets_of(const Job& job, const std::string& root) {
  std::vector<std::string> out;
  if (job.secrets.empty()) return out;
  const std::string text = M8_TRY(read_file(root + job.secrets.substr(1)));
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

/// Without what this user has at home: templates and lists are the job's own.
std::vector<std::string> environment_of(const std::string& root, const std::string& cache) {
  std::vector<std::string> out = plain_environment();
  std::erase_if(out, [](const std::string& entry) {
    return entry.starts_with("HOME=") || entry.starts_with("XDG_");
  });
  const std::string none = (root.empty() ? cache : root) + "/none";
  out.push_back("HOME=" + none);
  out.push_back("XDG_DATA_HOME=" + none);
  out.push_back("XDG_CACHE_HOME=" + cache);
  out.emplace_back(kFileWord);
  return out;
}

Result<TempFile> file_with(std::string_view text, const std::string& folder) {
  TempFile file = M8_TRY(TempFile::create(folder));
  M8_TRY(write_all(file.fd(), text));
  return file;
}

}  // namespace

std::string config_of(const std::vector<std::string>& arguments) {
  std::map<std::string, std::vector<std::string>> values;
  for (const std::string& text : arguments) {
    Argument argument(text);
    std::string& value = argument.value;
    for (auto at = value.find("${"); at != value.npos; at = value.find("${", at + 3))
      value.insert(at, 1, '$');
    if (value.starts_with("file:")) value.replace(0, 5, "${JOB_FILE_WORD}");
    values[argument.name].push_back(argument.is_switch ? "true" : value);
  }
  json::Writer w;
  w.object();
  for (const auto& [name, list] : values) {
    if (list.size() == 1) {
      w.field(name, list.front());
    } else {
      w.strings(name, list);
    }
  }
  return w.end().take() + "\n";
}

/// The job's scope within the worker's own.
Status JobProgram::narrow_scope_to(const JobProgramOptions& options) {
  if (options.scope.empty()) return {};
  const std::string own = M8_TRY(read_file(options.scope));
  std::string jobs;
  for (const std::string& argument : program_.arguments)
    if (argument.starts_with(kScope)) jobs = M8_TRY(read_file(argument.substr(kScope.size())));
  std::erase_if(program_.arguments,
                [](const std::string& argument) { return argument.starts_with(kScope); });
  const std::string both = M8_TRY(narrow_scope(own, jobs));
  scope_ = M8_TRY(file_with(both, options.temp));
  program_.arguments.push_back(std::string(kScope) + scope_->path());
  return {};
}

Status JobProgram::hide(const std::vector<std::string>& secrets, const JobProgramOptions& options) {
  if (!secrets.empty()) {
    config_ = M8_TRY(file_with(config_of(secrets), options.temp));
  }
  program_.arguments.push_back("--config=" + (config_ ? config_->path() : "/dev/null"));
  return {};
}

Result<JobProgram> JobProgram::create(const Job& job, const std::string& root, std::int64_t share,
                                      const JobProgramOptions& options) {
  JobProgram out;
  ProgramOptions& program = out.program_;
  program.program = M8_TRY(sibling_program(job.program));
  program.arguments = {job.command, "--as-job=" + (root.empty() ? std::string("/") : root),
                       "--no-store", "--progress=json"};
  for (std::string& argument : M8_TRY(arguments_here(job, job.arguments, root)))
    program.arguments.push_back(std::move(argument));
  const auto secrets = M8_TRY(secrets_of(job, root));
  const auto hidden = M8_TRY(arguments_here(job, secrets, root));
  M8_TRY(out.hide(hidden, options));
  if (share > 0) program.arguments.push_back(fmt::format("--rate={:.3f}/s", double(share) / 1000));
  M8_TRY(out.narrow_scope_to(options));
  for (const std::string& line : job.input) program.input += line + "\n";
  program.environment = environment_of(root, options.cache);
  program.deadline = options.time;
  program.nice = options.nice;
  program.memory = options.memory;
  return out;
}

}  // namespace m8::fleet
