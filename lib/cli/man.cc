// The manual page of a program, in man(7) macros.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/version.h"
#include "cli/flag_values.h"
#include "cli/generate.h"
#include "cli/help.h"

namespace m8::cli {
namespace {

/// When the pages last changed in substance; fixed, so that a build prints what is committed.
constexpr const char* kDate = "2026-11-22";
constexpr std::size_t kLine = 78;

/// Text as roff shows it literally.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && out.empty()) {
      out += std::string("\\&") + c;
    } else {
      out += c;
    }
  }
  return out;
}

/// A paragraph: a new line for each sentence, none longer than kLine.
std::string prose(const std::string& text) {
  std::string out, line;
  const auto flush = [&] {
    if (!line.empty()) out += line + "\n";
    line.clear();
  };
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    if (word.empty()) continue;
    const std::string shown = escape(word);
    if (line.size() + 1 + shown.size() > kLine) flush();
    line += (line.empty() ? "" : " ") + shown;
    const char last = word.back();
    if (word.size() > 2 && (last == '.' || last == ';') && word != "e.g.") flush();
  }
  flush();
  return out;
}

std::string sentence(const std::string& text) {
  return text.empty() || text.back() == '.' ? text : text + ".";
}

std::string flag_entry(const Flag& flag) {
  std::vector<std::string> names;
  for (const std::string& name : dashed_names(flag)) {
    names.push_back(fmt::format("\\fB{}\\fR", escape(name)));
  }
  std::string out = fmt::format(".TP\n{}", fmt::join(names, ", "));
  if (!flag.is_switch()) out += fmt::format(" \\fI{}\\fR", escape(flag.argument));
  out += "\n" + prose(sentence(flag.brief)) + prose(flag.detail);
  if (const std::string range = flag.type.range(); !range.empty()) out += prose(range + ".");
  if (const std::string note = remark(flag); !note.empty()) {
    out += prose(fmt::format("{}", note));
  }
  return out;
}

std::string flag_entries(const std::vector<Flag>& flags) {
  std::string out;
  std::vector<std::string> sections;
  for (const Flag& flag : flags) {
    if (std::find(sections.begin(), sections.end(), flag.section) == sections.end()) {
      sections.push_back(flag.section);
    }
  }
  for (const std::string& section : sections) {
    out += fmt::format(".PP\n\\fI{}\\fR\n", escape(section));
    for (const Flag& flag : flags) {
      if (flag.section == section) out += flag_entry(flag);
    }
  }
  return out;
}

std::string refused_entries(const std::vector<RefusedFlags>& refused) {
  if (refused.empty()) return {};
  std::string out = ".PP\n\\fIRefused by name\\fR\n";
  for (const RefusedFlags& one : refused) {
    std::vector<std::string> names;
    for (const std::string& name : one.names)
      names.push_back(fmt::format("\\fB{}\\fR", escape("-" + name)));
    out += fmt::format(".TP\n{}\n{}", fmt::join(names, ", "), prose(sentence(one.reason)));
  }
  return out;
}

std::string command_section(const Program& program, const Command& command) {
  std::string out = fmt::format(".SH {}\n", escape(command.name)) + prose(sentence(command.brief));
  out += fmt::format(".PP\n\\fB{} {}\\fR [\\fIFLAGS\\fR]", program.name, escape(command.name));
  if (!command.arguments.empty()) out += " " + escape(command.arguments);
  out += "\n";
  if (!command.detail.empty()) out += ".PP\n" + prose(command.detail);
  out += flag_entries(command.flags) + refused_entries(command.refused);
  if (!command.examples.empty()) {
    out += ".PP\n\\fIExamples\\fR\n.PP\n.nf\n";
    for (const std::string& example : command.examples) out += escape(example) + "\n";
    out += ".fi\n";
  }
  return out;
}

constexpr const char* kFlagsText =
    "Flags may be written with one dash or two, and their value after a blank or an equals sign: "
    "-name value, --name=value. "
    "Switches take =false. "
    "Flags that take several values may be repeated, or their values separated by commas; "
    "flags whose value is taken literally can only be repeated. "
    "Short flags are neither bundled nor joined with their value. "
    "Everything after -- is an argument. "
    "Durations are written 500ms, 10s, 2m30s, 1h or 1d; a bare number is seconds. "
    "Sizes are written 1048576, 64K, 150M or 4G; rates 150/s, 4/m or 1000/h.";

constexpr const char* kEnvironment =
    "Every flag has an environment variable: M8_ and the long name in capitals with underscores, "
    "so M8_RATE_LIMIT for --rate-limit. "
    "The command line goes before the environment, and the environment before the configuration "
    "file. "
    "A higher source replaces the list of a lower one.";

constexpr const char* kFiles =
    "Read if it exists, unless --config or M8_CONFIG names another one. "
    "YAML; the keys are names of flags, also below the name of a command or of a program. "
    "Settings that the programs share stand in sections: --store-url is url below store. "
    "A map in a map is the same as a key with a dot: num8.scan.severity. "
    "The inner section wins. "
    "${VARIABLE} in a value stands for the variable, $${ for itself, and a value file:PATH for the "
    "text of a file. "
    "An unknown key, a key given twice, a bad value and a missing variable are errors, with file, "
    "line and key. "
    "m8 config init writes a file with every key, m8 config check tells every mistake, and m8 "
    "config show tells what is in effect and why.";

/// (code, meaning) as in cli/exit_code.h.
constexpr std::pair<const char*, const char*> kExitCodes[] = {
    {"0", "Done."},
    {"1", "Failed."},
    {"2", "Bad usage or configuration."},
    {"3", "Done, and what --fail-on names was found."},
    {"4", "Done but incomplete; what was lost is named on standard error and in the summary."},
    {"130", "Interrupted; results are flushed."},
};

std::string tail(const Program& program) {
  std::string out = ".SH ENVIRONMENT\n" + prose(kEnvironment);
  out += ".TP\n\\fBNO_COLOR\\fR\n" + prose("If not empty, there are no colours.");
  out +=
      ".SH FILES\n.TP\n\\fI$XDG_CONFIG_HOME/m8/config.yaml\\fR (or "
      "\\fI~/.config/m8/config.yaml\\fR)\n";
  out += prose(kFiles) + ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : kExitCodes) {
    out += fmt::format(".TP\n\\fB{}\\fR\n{}", code, prose(meaning));
  }
  out += ".SH SEE ALSO\n";
  for (const char* other : {"asmm8", "m8", "num8"}) {
    if (program.name != other) out += fmt::format(".BR {} (1),\n", other);
  }
  return out + ".BR m8\\-records (5),\n.BR m8\\-compatibility (7)\n";
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

}  // namespace

std::string man_page(const Program& program) {
  std::string out =
      fmt::format(".\\\" Printed by {} --generate man; not to be edited.\n", program.name);
  out += fmt::format(".TH {} 1 {} \"M8 {}\" \"User Commands\"\n", upper(program.name), kDate,
                     version());
  out += fmt::format(".SH NAME\n{} \\- {}\n", program.name, escape(program.brief));
  out += fmt::format(
      ".SH SYNOPSIS\n\\fB{}\\fR \\fICOMMAND\\fR [\\fIFLAGS\\fR] [\\fIARGUMENT\\fR...]\n",
      program.name);
  out += ".SH DESCRIPTION\n";
  for (const Command& command : program.commands) {
    out += fmt::format(".TP\n\\fB{}\\fR\n", escape(command.name)) + prose(sentence(command.brief));
  }
  for (const Command& command : program.commands) out += command_section(program, command);
  out += ".SH COMMON FLAGS\n" + prose(kFlagsText) + flag_entries(common_flags());
  return out + tail(program);
}

}  // namespace m8::cli
