#include "resume.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/make_flag.h"
#include "cli/shell_words.h"
#include "store/run_key.h"

namespace m8::num8 {
namespace {

/// Flags that change what a template sends or finds, besides which templates and targets there are.
constexpr const char* kOptions[] = {
    "ports",
    "no-httpx",
    "follow-redirects",
    "follow-host-redirects",
    "max-redirects",
    "disable-redirects",
    "no-interactsh",
    "attack-type",
    "sni",
    "leave-default-ports",
    "response-size-read",
    "stop-at-first-match",
    "exclude",
    "header",
    "var",
    "exclude-matchers",
    // These change which templates are sent as one.
    "disable-clustering",
    "matcher-status",
    "explain",
    "debug",
    "debug-req",
    "debug-resp",
    "store-resp",
    "store-resp-dir",
};

/// Path, size and time of a template: what make keeps to.
std::string version_of(const model::TemplateInfo& info) {
  struct stat about {};
  (void)::stat(info.path.c_str(), &about);
  return fmt::format("{} {} {} {} {}", info.id, info.path, about.st_size, about.st_mtim.tv_sec,
                     about.st_mtim.tv_nsec);
}

}  // namespace

cli::Flag resume_flag() {
  return detailed(
      typed(cli::valued("Run", "resume", {}, "RUN", "go on with a scan that did not end"),
            cli::ValueType::number(1, 1'000'000'000'000)),
      "With the same targets, templates and options (which of them changed is told): templates "
      "that had ended on a target are not run again, but for the last half second before a kill. A "
      "file of -o is added to. It needs the store, and targets that are not piped in.");
}

Result<store::Continuation> continuation_of(const cli::Values& flags, const ScanSettings& settings,
                                            const templates::Catalog& catalog,
                                            store::ScanJournal& journal) {
  store::Continuation continuation;
  continuation.resume = flags.number<std::int64_t>("resume");
  continuation.journal = &journal;
  // Without a store there is no journal, and looking at each template again takes a while.
  if (flags.on("no-store") && continuation.resume == 0) return continuation;
  store::RunKey key;
  key.add("targets", settings.targets.arguments);
  for (const std::string& file : settings.targets.files) {
    if (file == "-") {
      key.add_stream();
    } else {
      M8_TRY(key.add_file("list", file));
    }
  }
  M8_TRY(key.add_file("scope", flags.text("scope")));
  std::vector<std::string> texts;
  for (const auto& one : catalog.templates) texts.push_back(version_of(one->info()));
  key.add("templates", texts);
  texts.clear();
  if (flags.on("distributed")) key.add("workers", {"1"});  // another kind of journal
  for (const char* option : kOptions)
    for (const std::string& value : flags.list(option)) texts.push_back(value);
  key.add("options", texts);
  continuation.key = key.text();
  if (!continuation.key.empty() || continuation.resume == 0) return continuation;
  return Error{ErrorCode::kInvalidArgument,
               "--resume: targets that are piped in can't be read again"};
}

std::string resume_command(const cli::Context& context, std::int64_t id) {
  std::vector<std::string> words = {context.program};
  for (std::size_t i = 0; i < context.arguments.size(); ++i) {
    const std::string& word = context.arguments[i];
    if (word == "--resume" || word == "-resume") {
      ++i;
    } else if (!word.starts_with("--resume=") && !word.starts_with("-resume=")) {
      words.push_back(word);
    }
  }
  words.insert(words.end(), {"--resume", std::to_string(id)});
  return cli::shell_words(words);
}

void BeforeJournal::begin(scan::Engine& engine, Outputs& outputs) {
  const std::lock_guard lock(mutex_);
  engine_ = &engine;
  outputs_ = &outputs;
}

void BeforeJournal::end() {
  const std::lock_guard lock(mutex_);
  engine_ = nullptr;
}

Status BeforeJournal::flush() {
  const std::lock_guard lock(mutex_);
  if (engine_) engine_->drain();
  return outputs_->flush_files();
}

}  // namespace m8::num8
