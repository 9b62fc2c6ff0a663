#include "cli/generate.h"

#include <doctest/doctest.h>

#include "cli/help.h"

namespace m8::cli {
namespace {

Program some_program() {
  Flag list{"list", {"l"}, "FILE", "Input", "targets, one per line"};
  list.complete = Complete::kFile;
  list.common = true;
  Flag format{"format", {}, "NAME", "Output", "how: it's [written]"};
  format.choices = {"text", "jsonl"};
  format.initial = "text";
  format.detail = ".Starts with a dot. 'Quoted' and back\\slashed.";
  Command scan{"scan", "look for flaws", "", "[TARGET...]", {list, format}, {"num8 scan a"}, {}};
  Command show{"issue show", "show an issue", "", "ID", {}, {}, {}};
  Command add{"issue list", "list issues", "", "", {}, {}, {}};
  return {"num8", "run templates", {scan, show, add}};
}

TEST_CASE("cli/generate: commands are grouped by their first word") {
  const Program program = some_program();
  using Words = std::vector<std::pair<std::string, std::string>>;
  CHECK(next_words(program, "") == Words{{"scan", "look for flaws"}, {"issue", "show, list"}});
  CHECK(next_words(program, "issue") == Words{{"show", "show an issue"}, {"list", "list issues"}});
  CHECK(command_prefixes(program) == std::vector<std::string>{"", "issue"});
}

TEST_CASE("cli/generate: an unknown kind and contradicting records are errors") {
  Program program = some_program();
  CHECK(generate(program, "man").ok());
  CHECK(generate(program, "html").error().code == ErrorCode::kInvalidArgument);
  program.commands[0].flags.push_back(program.commands[0].flags[0]);
  CHECK(generate(program, "man").error().code == ErrorCode::kInternal);
}

TEST_CASE("cli/generate: roff, zsh and fish get their special characters escaped") {
  const Program program = some_program();
  const std::string man = man_page(program);
  CHECK(man.find("\n.Starts") == std::string::npos);
  CHECK(man.find("back\\eslashed") != std::string::npos);
  CHECK(man.find("\n'Quoted'") == std::string::npos);
  CHECK(complete_zsh(program).find("how\\: it'\\''s \\[written\\]") != std::string::npos);
  CHECK(complete_fish(program).find("how: it\\'s [written]") != std::string::npos);
}

TEST_CASE("cli/help: shows common flags, or all of them") {
  const Program program = some_program();
  const std::string brief = help(program, program.commands[0], false);
  CHECK(brief.find("-l, --list FILE") != std::string::npos);
  CHECK(brief.find("--format") == std::string::npos);
  CHECK(brief.find("--help-all shows all 9 flags") != std::string::npos);
  const std::string all = help(program, program.commands[0], true);
  CHECK(all.find("--format NAME") != std::string::npos);
  CHECK(remark(program.commands[0].flags[1]) == "[one of text, jsonl; default text]");
  CHECK(help(program, "issue").find("scan") == std::string::npos);
}

TEST_CASE("cli/help: no line passes 80 columns") {
  Program program = some_program();
  program.commands[0].flags[0].brief = std::string(30, 'x') + " " + std::string(30, 'y') + " z";
  const std::string text = help(program, program.commands[0], true);
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    CHECK(end - begin <= 80);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace m8::cli
