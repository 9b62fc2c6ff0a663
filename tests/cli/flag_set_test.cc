#include <cstdlib>

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/temp_file.h"
#include "cli/exit_code.h"
#include "cli/flag.h"

namespace m8::cli {
namespace {

/// What the command saw.
struct Seen {
  std::vector<std::string> tags;
  std::vector<std::string> headers;
  std::vector<std::string> arguments;
  std::string limit;
  std::string format;
  bool jsonl = false;
  Origin limit_origin = Origin::kDefault;
  int runs = 0;
};

Flag value_flag(std::string name, std::vector<std::string> aliases, std::string initial = {}) {
  Flag flag{std::move(name), std::move(aliases), "X", "Test", "a flag"};
  flag.initial = std::move(initial);
  return flag;
}

Program program_with(Seen& seen) {
  Flag tags = value_flag("tags", {});
  tags.repeatable = true;
  Flag header = value_flag("header", {"H"});
  header.repeatable = header.literal = true;
  Flag format = value_flag("format", {"f"}, "text");
  format.choices = {"text", "jsonl"};
  Command scan{"scan", "scans", "", "[TARGET...]", {}, {}, {}};
  scan.flags = {tags, header, format, value_flag("rate-limit", {"rl", "limit"}, "150"),
                Flag{"jsonl", {"j"}, "", "Test", "lines"}};
  scan.run = [&seen](const Context& context) {
    const Values& flags = context.flags;
    seen = {flags.list("tags"),         flags.list("header"), flags.arguments(),
            flags.text("rate-limit"),   flags.text("format"), flags.on("jsonl"),
            flags.origin("rate-limit"), seen.runs + 1};
    return kDone;
  };
  Command add{"list add", "adds", "", "", {}, {}, [](const Context&) { return 7; }};
  return {"num8", "a program", {scan, add}};
}

int run_with(Seen& seen, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "num8");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return run(program_with(seen), static_cast<int>(argv.size() - 1), argv.data());
}

/// Sets a variable for one test.
struct Variable {
  Variable(const char* variable, const std::string& text) : name(variable) {
    ::setenv(name, text.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name); }
  const char* name;
};

TEST_CASE("cli/flag_set: values, lists and positional arguments reach the command") {
  const Variable no_config("XDG_CONFIG_HOME", "/nonexistent");
  Seen seen;
  CHECK(run_with(seen, {"scan", "a", "-tags", "x,y", "-H", "A: 1,2", "-tags=z", "-H=[B]: -v", "b",
                        "-j", "--", "-c"}) == 0);
  CHECK(seen.tags == std::vector<std::string>{"x", "y", "z"});
  CHECK(seen.headers == std::vector<std::string>{"A: 1,2", "[B]: -v"});
  CHECK(seen.arguments == std::vector<std::string>{"a", "b", "-c"});
  CHECK(seen.jsonl);
  CHECK(seen.limit == "150");
  CHECK(seen.limit_origin == Origin::kDefault);
}

TEST_CASE("cli/flag_set: the last value of a plain flag wins, switches take =false") {
  const Variable no_config("XDG_CONFIG_HOME", "/nonexistent");
  Seen seen;
  CHECK(run_with(seen, {"scan", "-rl", "1", "-rl", "2", "-j", "-j=false"}) == 0);
  CHECK(seen.limit == "2");
  CHECK_FALSE(seen.jsonl);
  CHECK(run_with(seen, {"scan", "--jsonl=maybe"}) == kUsage);
}

TEST_CASE("cli/flag_set: flag before environment before config file before default") {
  auto folder = TempDirectory::create("/tmp");
  REQUIRE(folder.ok());
  const std::string path = folder->path() + "/config.yaml";
  REQUIRE(write_file_atomically(path, "rate-limit: 10\nscan: {tags: [a, b]}\n").ok());
  Seen seen;
  CHECK(run_with(seen, {"scan", "--config", path}) == 0);
  CHECK(seen.limit == "10");
  CHECK(seen.limit_origin == Origin::kConfig);
  CHECK(seen.tags == std::vector<std::string>{"a", "b"});
  const Variable config("M8_CONFIG", path);
  const Variable limit("M8_RATE_LIMIT", "20");
  CHECK(run_with(seen, {"scan"}) == 0);
  CHECK(seen.limit == "20");
  CHECK(seen.limit_origin == Origin::kEnvironment);
  CHECK(run_with(seen, {"scan", "--rate-limit", "30", "-tags", "c"}) == 0);
  CHECK(seen.limit == "30");
  CHECK(seen.limit_origin == Origin::kCommandLine);
  CHECK(seen.tags == std::vector<std::string>{"c"});
}

TEST_CASE("cli/flag_set: a setting is a flag, a variable and a key in a section") {
  auto folder = TempDirectory::create("/tmp");
  REQUIRE(folder.ok());
  const std::string path = folder->path() + "/config.yaml";
  REQUIRE(write_file_atomically(path, "store: {max_open: 3}\n").ok());
  long long open = 0;
  Command use{"use", "uses", "", "", {}, {}, {}};
  use.flags = {setting("store.max_open", "N", ValueType::number(1, 100), "25", "connections")};
  use.run = [&open](const Context& context) {
    open = context.flags.number("store-max-open");
    return kDone;
  };
  const Program program{"num8", "a program", {use}};
  const auto run_use = [&program](std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    return run(program, static_cast<int>(argv.size()), argv.data());
  };
  const Variable no_config("XDG_CONFIG_HOME", "/nonexistent");
  CHECK(run_use({"num8", "use"}) == kDone);
  CHECK(open == 25);
  CHECK(run_use({"num8", "use", "--config", path}) == kDone);
  CHECK(open == 3);
  const Variable variable("M8_STORE_MAX_OPEN", "4");
  CHECK(run_use({"num8", "use", "--config", path}) == kDone);
  CHECK(open == 4);
  CHECK(run_use({"num8", "use", "--store-max-open", "5"}) == kDone);
  CHECK(open == 5);
  CHECK(run_use({"num8", "use", "--store-max-open", "101"}) == kUsage);
}

TEST_CASE("cli/flag_set: a long alias has a variable too, an abbreviation has none") {
  const Variable no_config("XDG_CONFIG_HOME", "/nonexistent");
  Seen seen;
  const Variable abbreviation("M8_RL", "3");
  const Variable alias("M8_LIMIT", "4");
  CHECK(run_with(seen, {"scan"}) == 0);
  CHECK(seen.limit == "4");
}

TEST_CASE("cli/flag_set: bad usage exits with 2 and runs nothing") {
  const Variable no_config("XDG_CONFIG_HOME", "/nonexistent");
  Seen seen;
  const std::vector<std::vector<std::string>> table = {{},
                                                       {"scna"},
                                                       {"scan", "--tgas", "x"},
                                                       {"scan", "-rl"},
                                                       {"list"},
                                                       {"-tags"},
                                                       {"list", "ad"},
                                                       {"scan", "-f", "yaml"},
                                                       {"scan", "-q", "-v"},
                                                       {"list add", "x"},
                                                       {"list", "add", "x"},
                                                       {"scan", "--config", "/nonexistent"},
                                                       {"scan", "--config=/"}};
  for (const auto& arguments : table) {
    CAPTURE(arguments);
    CHECK(run_with(seen, arguments) == kUsage);
  }
  CHECK(seen.runs == 0);
  CHECK(run_with(seen, {"list", "add"}) == 7);
  CHECK(run_with(seen, {"--no-color", "--config", "/dev/null", "list", "add"}) == 7);
}

TEST_CASE("cli/flag_set: records that contradict themselves are found") {
  Seen seen;
  Program program = program_with(seen);
  CHECK(check_records(program).ok());
  program.commands[0].flags.push_back(value_flag("threads", {"rl"}));
  const Status status = check_records(program);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message == "scan: --rl: declared twice");
  const ValueType small = ValueType::number(1, 8);
  Flag misnamed = setting("store.max_open", "N", small, "4", "connections");
  misnamed.name = "max-open";
  const std::vector<std::pair<Flag, std::string>> table = {
      {setting("store.max_open", "N", small, "9", "connections"),
       "scan: --store-max-open: must be 1 to 8: 9"},
      {setting("shop.max_open", "N", small, "4", "connections"),
       "scan: --shop-max-open: key of no section"},
      {misnamed, "scan: --max-open: not named as its key"},
  };
  for (const auto& [flag, message] : table) {
    program.commands[0].flags.back() = flag;
    const Status wrong = check_records(program);
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().message == message);
  }
}

}  // namespace
}  // namespace m8::cli
