// asmm8 sources: the passive sources: which need a key, which have one, how each did last.
#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/exit_code.h"
#include "commands.h"
#include "enumerate/sources/registry.h"
#include "output/stream.h"
#include "passive.h"

namespace m8::asmm8 {
namespace {

using enumerate::sources::AllSettings;
using enumerate::sources::Key;
using enumerate::sources::Report;
using enumerate::sources::Settings;
using enumerate::sources::Source;

const char* key_need(Key key) {
  return key == Key::kNone ? "none" : key == Key::kOptional ? "optional" : "required";
}

/// "-", "optional", "missing", "1 key", "2 keys".
std::string key_state(const Source& source, const Settings& settings) {
  const std::size_t count = source.key == Key::kNone ? 0 : settings.keys.size();
  if (count > 0) return fmt::format("{} key{}", count, count == 1 ? "" : "s");
  return source.key == Key::kNone ? "-" : source.key == Key::kOptional ? "optional" : "missing";
}

std::string line_of(const Source& source, const Settings& settings, const Report* last) {
  std::string line = fmt::format("{:<16} {:<9}", source.name, key_state(source, settings));
  if (last != nullptr) {
    line += fmt::format(" {:<8} {} {:>7}", to_string(last->state),
                        rfc3339(last->ended).substr(0, 16), last->names);
    if (!last->reason.empty()) line += "  " + last->reason;
  }
  while (line.ends_with(' ')) line.pop_back();
  return line + "\n";
}

std::string record_of(const Source& source, const Settings& settings, const Report* last) {
  json::Writer w;
  w.object().field("source", source.name).field("key", key_need(source.key));
  w.field("keys", static_cast<std::uint64_t>(settings.keys.size()));
  w.field("url", settings.url.empty() ? source.url : std::string_view(settings.url));
  w.field("rate", settings.rate.empty() ? source.rate : std::string_view(settings.rate));
  w.field("recursive", source.recursive);
  if (last != nullptr) {
    w.key("last").object().field("state", to_string(last->state));
    w.field("ended", rfc3339(last->ended)).field("names", last->names);
    w.field("requests", last->requests);
    w.field("seconds", static_cast<double>(last->duration.count()) / 1000);
    w.field("reason", last->reason).end();
  }
  return w.end().take() + "\n";
}

Result<int> list_sources(const cli::Context& context) {
  const auto settings = M8_TRY(source_settings(context.flags));
  const std::string path = last_reports_path();
  const auto reports = path.empty() ? std::vector<Report>() : enumerate::sources::read_last(path);
  const bool json = context.flags.on("jsonl");
  std::string lines;
  if (!json)
    lines =
        fmt::format("{:<16} {:<9} {:<8} {:<16} {:>7}\n", "SOURCE", "KEY", "LAST", "WHEN", "NAMES");
  for (const Source* source : enumerate::sources::registry()) {
    const auto known = settings.find(source->name);
    const Settings& its = known == settings.end() ? Settings() : known->second;
    const auto last = std::find_if(reports.begin(), reports.end(), [&](const Report& report) {
      return report.source == source->name;
    });
    const Report* report = last == reports.end() ? nullptr : &*last;
    lines += json ? record_of(*source, its, report) : line_of(*source, its, report);
  }
  M8_TRY(output::Stream(Fd(STDOUT_FILENO), "stdout").write(lines));
  return cli::kDone;
}

}  // namespace

cli::Command sources_command() {
  cli::Command command;
  command.name = "sources";
  command.brief = "list the passive sources";
  command.detail =
      "One line a source: whether it has a key (-: needs none), how it ended when it was last "
      "asked, when, how many names it gave, and why not more. Sends nothing.";
  cli::Flag jsonl;
  jsonl.name = "jsonl";
  jsonl.aliases = {"json", "oJ"};
  jsonl.section = "Output";
  jsonl.brief = "one JSON record per source";
  jsonl.common = true;
  command.flags = source_settings_flags();
  command.flags.insert(command.flags.begin(), jsonl);
  command.examples = {"asmm8 sources --jsonl"};
  command.run = [](const cli::Context& context) {
    const auto code = list_sources(context);
    return code.ok() ? *code : cli::fail("asmm8 sources", code.error());
  };
  return command;
}

}  // namespace m8::asmm8
