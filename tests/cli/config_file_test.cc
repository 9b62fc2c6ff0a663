#include "cli/config_file.h"

#include <chrono>
#include <cstdlib>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/temp_file.h"

namespace m8::cli {
namespace {

Program some_program() {
  Flag threads{"threads", {"t", "workers"}, "N", "Rate", "threads"};
  threads.type = ValueType::number(1, 1000);
  Flag tags{"tags", {}, "TAG", "Filter", "tags"};
  tags.repeatable = true;
  Flag format{"format", {}, "NAME", "Output", "format"};
  format.choices = {"text", "jsonl"};
  Flag silent{"brief", {}, "", "Output", "be brief"};
  Flag wait{"wait", {}, "TIME", "Rate", "wait"};
  wait.type = ValueType::duration(std::chrono::milliseconds(0), std::chrono::hours(1));
  Flag token{"token", {}, "TOKEN", "Rate", "token"};
  token.secret = true;
  const Flag open = setting("store.max_open", "N", ValueType::number(1, 100), "25", "connections");
  Flag url = setting("store.url", "URL", ValueType::url(), "", "where");
  url.name = "store";
  url.aliases = {"store-url"};
  const Flag failures =
      setting("http.breaker.max_failures", "N", ValueType::number(0, 9), "5", "failures");
  const Flag reset =
      setting("http.breaker.reset_timeout", "TIME",
              ValueType::duration(std::chrono::seconds(1), std::chrono::hours(1)), "30s", "time");
  const Flag idle = setting("http.max_idle", "N", ValueType::number(1, 1000), "100", "idle");
  const std::vector<Flag> flags = {threads, tags, silent, open, url, token, failures, reset, idle};
  Command enumerate{"enum", "finds names", "", "", flags, {}, {}};
  Command add{"domain add", "adds", "", "", {format, wait}, {}, {}};
  return {"asmm8", "names", {enumerate, add}};
}

/// The values of `asmm8 enum` after reading \p text as config file, or the first problem without
/// the folder's name; all in `problems`.
struct Read {
  explicit Read(const std::string& text) : flags(all_flags(program.commands[0])), values(flags) {
    const std::string path = folder + "/c.yaml";
    REQUIRE(write_file_atomically(path, text).ok());
    const ConfigReport report = apply_config(path, program, program.commands[0], flags, values);
    warnings = report.warnings;
    for (const ConfigProblem& problem : report.problems) {
      problems += (problems.empty() ? "" : "\n") + without_folder(problem.message);
    }
    error = problems.substr(0, problems.find('\n'));
  }
  static std::string without_folder(std::string message) {
    for (std::size_t at; (at = message.find(folder + "/")) != std::string::npos;)
      message.erase(at, folder.size() + 1);
    return message;
  }

  static std::string folder;
  Program program = some_program();
  std::vector<Flag> flags;
  FlagValues values;
  std::string error, problems;
  std::vector<std::string> warnings;
};

std::string Read::folder;

/// A folder for the config files of one test.
struct Folder {
  Folder() : made(TempDirectory::create("/tmp")) {
    REQUIRE(made.ok());
    Read::folder = made->path();
  }
  Result<TempDirectory> made;
};

struct Variable {
  Variable(const char* variable, const char* text) : name(variable) { ::setenv(name, text, 1); }
  ~Variable() { ::unsetenv(name); }
  const char* name;
};

TEST_CASE("cli/config_file: the inner section wins, other programs' sections are skipped") {
  const Folder folder;
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

TEST_CASE("cli/config_file: every problem is told, by line") {
  const Folder folder;
  CHECK(
      Read("enum:\n  threads: x\ntgas: a\nstore:\n  max_open: 0\n  url: b\nbrief: no\n").problems ==
      "c.yaml:2: threads: not a whole number: x\n"
      "c.yaml:3: unknown key: tgas (did you mean tags?)\n"
      "c.yaml:5: store.max_open: must be 1 to 100: 0\n"
      "c.yaml:6: store.url: not a URL (SCHEME:...): b");
}

TEST_CASE("cli/config_file: settings in sections, the inner one wins") {
  const Folder folder;
  const std::vector<std::pair<std::string, long long>> table = {
      {"", 25},
      {"store:", 25},
      {"store: {max_open: 1}", 1},
      {"store-max-open: 2", 2},
      {"enum: {store: {max_open: 3}}\nstore: {max_open: 1}", 3},
      {"asmm8: {store: {max_open: 4}}\nstore: {max_open: 1}", 4},
      {"asmm8: {enum: {store: {max_open: 5}}, store: {max_open: 4}}", 5},
      {"domain add: {wait: 1}\nm8: {store: {max_open: 9}}", 25},
  };
  for (const auto& [text, open] : table) {
    const auto& shown = text;
    CAPTURE(shown);
    const Read read(text);
    CHECK(read.problems.empty());
    CHECK(read.values.number("store-max-open") == open);
  }
  CHECK(Read("store: sqlite:a").values.text("store") == "sqlite:a");
  CHECK(Read("store: {url: sqlite:b}").values.text("store") == "sqlite:b");
}

TEST_CASE("cli/config_file: a map in a map is the same as a key with a dot") {
  const Folder folder;
  for (const char* text : {
           "http: {breaker: {max_failures: 3}}",
           "http: {breaker.max_failures: 3}",
           "http.breaker: {max_failures: 3}",
           "http.breaker.max_failures: 3",
           "http-breaker-max-failures: 3",
           "asmm8: {http: {breaker: {max_failures: 3}}}",
           "asmm8.http.breaker.max_failures: 3",
           "enum: {http: {breaker: {max_failures: 3}}}",
           "enum.http.breaker.max_failures: 3",
           "enum.http: {breaker.max_failures: 3}",
           "asmm8: {enum: {http: {breaker: {max_failures: 3}}}}",
           "asmm8: {enum.http.breaker: {max_failures: 3}}",
           "asmm8.enum: {http: {breaker: {max_failures: 3}}}",
           "asmm8.enum.http.breaker.max_failures: 3\nenum: {http: {breaker: {max_failures: 2}}}",
           "enum.http-breaker-max-failures: 3\nasmm8: {http: {breaker: {max_failures: 2}}}",
           "asmm8.http.breaker.max_failures: 3\nhttp: {max_idle: 7, breaker: {max_failures: 2}}",
           "http:\n  breaker:\nhttp.breaker.max_failures: 3",
       }) {
    CAPTURE(text);
    const Read read(text);
    CHECK(read.problems == "");
    CHECK(read.values.number("http-breaker-max-failures") == 3);
  }
}

TEST_CASE("cli/config_file: references to variables and files") {
  const Folder folder;
  const Variable user("M8_TEST_USER", "me"), word("M8_TEST_WORD", "hunter2");
  REQUIRE(write_file_atomically(Read::folder + "/secret", "s3cret\n").ok());
  REQUIRE(::chmod((Read::folder + "/secret").c_str(), 0600) == 0);
  CHECK(Read("token: ${M8_TEST_USER}-${M8_TEST_WORD}$").values.text("token") == "me-hunter2$");
  CHECK(Read("token: $${M8_TEST_USER}").values.text("token") == "${M8_TEST_USER}");
  CHECK(Read("store: {url: 'pg://${M8_TEST_USER}@h'}").values.text("store") == "pg://me@h");
  CHECK(Read("token: file:secret").values.text("token") == "s3cret");
  CHECK(Read("token: file:" + Read::folder + "/secret").values.text("token") == "s3cret");
  CHECK(Read("store: file:///x").values.text("store") == "file:///x");
  CHECK(Read("token: file:secret").warnings.empty());
  // What a reference stands for is not shown; what another command needs is not read.
  CHECK(Read("threads: ${M8_TEST_WORD}").error == "c.yaml:1: threads: not a whole number");
  CHECK(Read("domain add: {format: '${M8_TEST_GONE}'}").error.empty());
  CHECK(Read("format: file:gone").error.empty());
}

TEST_CASE("cli/config_file: a secret that everybody may read is warned of once") {
  const Folder folder;
  const std::string secret = Read::folder + "/secret";
  REQUIRE(write_file_atomically(secret, "s").ok());
  REQUIRE(::chmod(secret.c_str(), 0644) == 0);
  const Read read("token: file:secret\nstore: {url: file:secret}");
  CHECK(read.warnings ==
        std::vector<std::string>{secret + ": holds a secret and everybody may read it"});
}

TEST_CASE("cli/config_file: a check tells what is wrong for any program, once") {
  const Folder folder;
  const std::string path = Read::folder + "/c.yaml";
  REQUIRE(write_file_atomically(path,
                                "num8: {trheads: 1}\n"
                                "asmm8: {domain add: {wait: x}}\n"
                                "nothing-at-all: 1\n"
                                "store: {max_open: 0}\n")
              .ok());
  Program other = some_program();
  other.name = "num8";
  std::string told;
  for (const auto& problem : check_config(path, {some_program(), other}).problems)
    told += Read::without_folder(problem.message) + "\n";
  CHECK(told ==
        "c.yaml:1: unknown key: trheads (did you mean threads?)\n"
        "c.yaml:2: wait: not a duration: x\n"
        "c.yaml:3: unknown key: nothing-at-all (not of asmm8; other programs' keys go below their "
        "name)\n"
        "c.yaml:4: store.max_open: must be 1 to 100: 0\n");
}

TEST_CASE("cli/config_file: lists, comma text and switches") {
  const Folder folder;
  CHECK(Read("tags: [a, 'b,c']").values.list("tags") == std::vector<std::string>{"a", "b", "c"});
  CHECK(Read("tags: a,b").values.list("tags") == std::vector<std::string>{"a", "b"});
  CHECK(Read("brief: Yes").values.on("brief"));
  CHECK_FALSE(Read("brief: false").values.on("brief"));
}

TEST_CASE("cli/config_file: errors name file, line and key") {
  const Folder folder;
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
      {"threads: lots", "c.yaml:1: threads: not a whole number: lots"},
      {"threads: 0", "c.yaml:1: threads: must be 1 to 1000: 0"},
      {"threads: 1\ntags: a\nthreads: 2", "c.yaml:3: threads: duplicate of line 1"},
      {"threads: 1\nworkers: 2", "c.yaml:2: workers: duplicate of line 1"},
      {"enum: {}\nenum: {}", "c.yaml:2: enum: duplicate of line 1"},
      {"enum:\n  tags: a\n  tags: b", "c.yaml:3: tags: duplicate of line 2"},
      {"wait: soon", "c.yaml:1: wait: not a duration: soon"},
      {"domain add: {wait: 2h}", "c.yaml:1: wait: must be 0 to 1h: 2h"},
      {"asmm8:\n  domain add:\n    wait: 2h", "c.yaml:3: wait: must be 0 to 1h: 2h"},
      {"store: {max_opne: 3}",
       "c.yaml:1: unknown key: store.max_opne (did you mean store.max_open?)"},
      {"store:\n  max-open: 3",
       "c.yaml:2: unknown key: store.max-open (did you mean store.max_open?)"},
      {"storr: {max_open: 3}", "c.yaml:1: unknown key: storr (did you mean store?)"},
      {"enum: {store: {max_open: 101}}", "c.yaml:1: store.max_open: must be 1 to 100: 101"},
      {"store: {max_open: {a: b}}", "c.yaml:1: store.max_open: not a value or a list of values"},
      {"store:\n  max_open: 1\n  max_open: 2", "c.yaml:3: store.max_open: duplicate of line 2"},
      {"store: sqlite:a\nstore:\n  url: sqlite:b", "c.yaml:2: store: duplicate of line 1"},
      {"store: here", "c.yaml:1: store: not a URL (SCHEME:...): here"},
      {"store: [a]", "c.yaml:1: store: not a map of settings"},
      {"shelf: {url: x}",
       "c.yaml:1: unknown key: shelf (not of asmm8; other programs' keys go below their name)"},
      {"enum: {queue: {url: x}}", "c.yaml:1: unknown key: queue"},
      // Maps in maps, and keys that are paths.
      {"http:\n  breaker:\n    max_failure: 1",
       "c.yaml:3: unknown key: http.breaker.max_failure (did you mean http.breaker.max_failures?)"},
      {"http:\n  braker:\n    max_failures: 1",
       "c.yaml:2: unknown key: http.braker (did you mean http.breaker?)"},
      {"http.braker.max_failures: 1",
       "c.yaml:1: unknown key: http.braker.max_failures (did you mean http.breaker.max_failures?)"},
      {"htp:\n  breaker: {max_failures: 1}", "c.yaml:1: unknown key: htp (did you mean http?)"},
      {"htp.breaker.max_failures: 1",
       "c.yaml:1: unknown key: htp.breaker.max_failures (did you mean http.breaker.max_failures?)"},
      {"http:\n  breaker:\n    max_failures: 10",
       "c.yaml:3: http.breaker.max_failures: must be 0 to 9: 10"},
      {"http:\n  breaker:\n    max_failures: -1",
       "c.yaml:3: http.breaker.max_failures: must be 0 to 9: -1"},
      {"http:\n  breaker:\n    max_failures: few",
       "c.yaml:3: http.breaker.max_failures: not a whole number: few"},
      {"http:\n  breaker:\n    reset_timeout: 2h",
       "c.yaml:3: http.breaker.reset_timeout: must be 1s to 1h: 2h"},
      {"http:\n  breaker:\n    reset_timeout: soon",
       "c.yaml:3: http.breaker.reset_timeout: not a duration: soon"},
      {"http:\n  breaker:\n    max_failures: [1, 2]",
       "c.yaml:3: http.breaker.max_failures: takes one value"},
      {"http:\n  breaker:\n    max_failures: {a: b}",
       "c.yaml:3: http.breaker.max_failures: not a value or a list of values"},
      {"http:\n  breaker:\n    max_failures:",
       "c.yaml:3: http.breaker.max_failures: not a value or a list of values"},
      {"http:\n  breaker: 5", "c.yaml:2: http.breaker: not a map of settings"},
      {"http:\n  breaker: [max_failures]", "c.yaml:2: http.breaker: not a map of settings"},
      {"http:\n  breaker:\n    max_failures: 1\n    max_failures: 2",
       "c.yaml:4: http.breaker.max_failures: duplicate of line 3"},
      {"http:\n  breaker:\n    max_failures: 1\n  breaker.max_failures: 2",
       "c.yaml:4: http.breaker.max_failures: duplicate of line 3"},
      {"http.breaker: {max_failures: 1}\nhttp-breaker-max-failures: 2",
       "c.yaml:2: http-breaker-max-failures: duplicate of line 1"},
      {"asmm8:\n  enum:\n    http:\n      breaker:\n        max_failures: 10",
       "c.yaml:5: http.breaker.max_failures: must be 0 to 9: 10"},
      {"asmm8.enum.tread: 1", "c.yaml:1: unknown key: tread (did you mean threads?)"},
      {"asmm8.enmu.threads: 1", "c.yaml:1: unknown key: enmu.threads (did you mean enum.threads?)"},
      {"asmm.enum.threads: 1",
       "c.yaml:1: unknown key: asmm.enum.threads (did you mean asmm8.enum.threads?)"},
      {"asmm8.domain add.wait: 2h", "c.yaml:1: wait: must be 0 to 1h: 2h"},
      {"enum: {threads: 1}\nenum.t: 2", "c.yaml:2: t: duplicate of line 1"},
      {"http.: 1", "c.yaml:1: unknown key: http. (did you mean http?)"},
      {".http: 1", "c.yaml:1: unknown key: .http (did you mean http?)"},
      {"token: ${M8_TEST_GONE}", "c.yaml:1: token: variable M8_TEST_GONE is not set"},
      {"\nstore:\n  url: sqlite:${M8_TEST_GONE}",
       "c.yaml:3: store.url: variable M8_TEST_GONE is not set"},
      {"token: ${M8_TEST", "c.yaml:1: token: reference without end: ${M8_TEST"},
      {"token: file:gone", "c.yaml:1: token: file:gone: no such file or directory"},
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
