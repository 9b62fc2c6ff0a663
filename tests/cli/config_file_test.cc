#include "cli/config_file.h"

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/temp_file.h"

namespace m8::cli {
namespace {

Program some_program() {
  Flag threads{"threads", {"t"}, "N", "Rate", "threads"};
  Flag tags{"tags", {}, "TAG", "Filter", "tags"};
  tags.repeatable = true;
  Flag format{"format", {}, "NAME", "Output", "format"};
  format.choices = {"text", "jsonl"};
  Flag silent{"brief", {}, "", "Output", "be brief"};
  Command enumerate{"enum", "finds names", "", "", {threads, tags, silent}, {}, {}};
  Command add{"domain add", "adds", "", "", {format}, {}, {}};
  return {"asmm8", "names", {enumerate, add}};
}

/// The values of `asmm8 enum` after reading \p text as config file, or the error without the
/// folder's name.
struct Read {
  explicit Read(const std::string& text) : flags(all_flags(program.commands[0])), values(flags) {
    auto folder = TempDirectory::create("/tmp");
    REQUIRE(folder.ok());
    const std::string path = folder->path() + "/c.yaml";
    REQUIRE(write_file_atomically(path, text).ok());
    const Status status = apply_config(path, program, program.commands[0], flags, values);
    if (status.ok()) return;
    CHECK(status.error().code == ErrorCode::kInvalidArgument);
    error = status.error().message;
    const auto begin = error.find(folder->path() + "/");
    REQUIRE(begin != std::string::npos);
    error.erase(begin, folder->path().size() + 1);
  }

  Program program = some_program();
  std::vector<Flag> flags;
  FlagValues values;
  std::string error;
};

TEST_CASE("cli/config_file: the inner section wins, other programs' sections are skipped") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", ""},
      {"# nothing\n", ""},
      {"threads: 1", "1"},
      {"t: 1", "1"},
      {"threads: 1\nenum: {threads: 2}", "2"},
      {"enum: {threads: 2}\nthreads: 1", "2"},
      {"threads: 1\nasmm8: {threads: 3}", "3"},
      {"asmm8: {threads: 3, enum: {threads: 4}}", "4"},
      {"num8: {anything: {at: all}}\nthreads: 1", "1"},
      {"domain add: {format: text}\nthreads: 1", "1"},
      {"format: jsonl\nthreads: 1", "1"},
      {"enum:\n", ""},
  };
  for (const auto& row : table) {
    CAPTURE(row.first);
    const Read read(row.first);
    CHECK(read.error == "");
    CHECK(read.values.text("threads") == row.second);
  }
}

TEST_CASE("cli/config_file: lists, comma text and switches") {
  CHECK(Read("tags: [a, 'b,c']").values.list("tags") == std::vector<std::string>{"a", "b", "c"});
  CHECK(Read("tags: a,b").values.list("tags") == std::vector<std::string>{"a", "b"});
  CHECK(Read("brief: Yes").values.on("brief"));
  CHECK_FALSE(Read("brief: false").values.on("brief"));
}

TEST_CASE("cli/config_file: errors name file, line and key") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"threads: 1\ntread: 2", "c.yaml:2: unknown key: tread (did you mean threads?)"},
      {"\nenmu:\n  threads: 2", "c.yaml:2: unknown key: enmu (did you mean enum?)"},
      {"enum:\n  tgas: x", "c.yaml:2: unknown key: tgas (did you mean tags?)"},
      {"domain add:\n  fromat: x", "c.yaml:2: unknown key: fromat (did you mean format?)"},
      {"domain add: {format: html}", "c.yaml:1: format: not one of text, jsonl: html"},
      {"completely-else: 1",
       "c.yaml:1: unknown key: completely-else (not of asmm8; other programs' keys go below their "
       "name)"},
      {"help: true",
       "c.yaml:1: unknown key: help (not of asmm8; other programs' keys go below "
       "their name)"},
      {"brief: perhaps", "c.yaml:1: brief: not true or false: perhaps"},
      {"threads: [1, 2]", "c.yaml:1: threads: takes one value"},
      {"threads: {a: b}", "c.yaml:1: threads: not a value or a list of values"},
      {"threads:", "c.yaml:1: threads: not a value or a list of values"},
      {"tags: [[a]]", "c.yaml:1: tags: not a value or a list of values"},
      {"- a", "c.yaml:1: not a map of flag names and values"},
      {"enum: [a]", "c.yaml:1: not a map of flag names and values"},
  };
  for (const auto& row : table) {
    CAPTURE(row.first);
    CHECK(Read(row.first).error == row.second);
  }
  CHECK(Read("threads: 'a").error.find("c.yaml: line ") == 0);
}

}  // namespace
}  // namespace m8::cli
