// asmm8 domain add|list|enable|disable|remove: the domains that the inventory is about.
#include <cstdio>

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/exit_code.h"
#include "commands.h"
#include "domain_input.h"
#include "inventory.h"
#include "output/table.h"
#include "output/text.h"
#include "store/settings.h"

namespace m8::asmm8 {
namespace {

/// What one of the changing commands does to one domain.
struct Change {
  const char* done;  ///< "added"
  bool makes_store;
  /// True if it changed anything. kNotFound.
  Result<bool> (*apply)(store::Store&, const std::string& name, const cli::Values& flags);
};

void say(const cli::Context& context, const std::string& text) {
  if (!context.flags.on("quiet")) fmt::print(stderr, "asmm8 {}: {}\n", context.command, text);
}

/// Applies \p change to every domain given. A name that is not there does not keep the rest from
/// being done: each is told, and the command fails.
Result<int> change_domains(const cli::Context& context, const Change& change) {
  const auto names = M8_TRY(read_domains(context.flags.arguments(), context.flags.text("list")));
  if (names.empty()) return Error{ErrorCode::kInvalidArgument, "no domain given"};
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = !change.makes_store}));
  std::size_t changed = 0, missing = 0;
  for (const net::Name& name : names) {
    const auto done = change.apply(*store, name.text(), context.flags);
    if (!done.ok() && done.error().code != ErrorCode::kNotFound) return done.error();
    if (!done.ok()) cli::fail("asmm8 " + context.command, done.error());
    missing += done.ok() ? 0 : 1;
    changed += done.ok() && *done ? 1 : 0;
  }
  say(context, fmt::format("{} of {} domains {}{}", changed, names.size(), change.done,
                           changed + missing < names.size() ? ", the others were there" : ""));
  return missing > 0 ? cli::kFailed : cli::kDone;
}

Result<bool> add(store::Store& store, const std::string& name, const cli::Values& flags) {
  return store.add_domain({name, !flags.on("disabled"), SystemClock::instance().wall()});
}

Result<bool> enable(store::Store& store, const std::string& name, const cli::Values&) {
  M8_TRY(store.set_domain_enabled(name, true));
  return true;
}

Result<bool> disable(store::Store& store, const std::string& name, const cli::Values&) {
  M8_TRY(store.set_domain_enabled(name, false));
  return true;
}

Result<bool> remove(store::Store& store, const std::string& name, const cli::Values&) {
  M8_TRY(store.remove_domain(name));
  return true;
}

std::string domain_json(const model::Domain& domain) {
  json::Writer w;
  w.object().field("domain", domain.name).field("enabled", domain.enabled);
  w.field("first_seen", rfc3339(domain.first_seen)).end();
  return w.take() + '\n';
}

Result<int> list_domains(const cli::Context& context) {
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true}));
  const bool jsonl = context.flags.on("jsonl"), names = context.flags.on("names");
  const output::Table table({{"FIRST SEEN", 19}, {"ENABLED", 7}, {"DOMAIN", 0}});
  Listing out;
  bool first = true;
  const Status read = store->for_each_domain(
      {.enabled_only = context.flags.on("enabled")}, [&](const model::Domain& domain) -> Status {
        if (jsonl) return out.line(domain_json(domain));
        if (names) return out.line(domain.name + '\n');
        if (std::exchange(first, false)) M8_TRY(out.line(table.header()));
        return out.line(table.row({output::local_seconds(domain.first_seen),
                                   domain.enabled ? "yes" : "no", domain.name}));
      });
  M8_TRY(out.finish(read));
  return cli::kDone;
}

int finish(const cli::Context& context, const Result<int>& code) {
  return code.ok() ? *code : cli::fail("asmm8 " + context.command, code.error());
}

/// A command that changes domains.
cli::Command changing(const std::string& name, std::string brief, std::string detail,
                      Change change) {
  cli::Command command;
  command.name = "domain " + name;
  command.brief = std::move(brief);
  command.detail = std::move(detail);
  command.arguments = "[DOMAIN...]";
  cli::Flag list = inventory_flag("list", {"l"}, "Input", "file of domains, one a line");
  list.argument = "FILE";
  list.complete = cli::Complete::kFile;
  command.flags = store::with_store_settings({list});
  command.run = [change](const cli::Context& context) {
    return finish(context, change_domains(context, change));
  };
  return command;
}

cli::Command list_command() {
  cli::Command command;
  command.name = "domain list";
  command.brief = "list the stored domains";
  command.detail =
      "By name: when each was first seen, and whether asmm8 enum --stored asks for it.";
  command.flags = store::with_store_settings({
      inventory_flag("enabled", {}, "Filter", "only those that are enabled"),
      inventory_flag("jsonl", {"json"}, "Output", "one JSON record per domain"),
      inventory_flag("names", {}, "Output", "only the names, one a line"),
  });
  command.run = [](const cli::Context& context) { return finish(context, list_domains(context)); };
  return command;
}

}  // namespace

std::vector<cli::Command> domain_commands() {
  cli::Command add_command =
      changing("add", "put domains into the inventory",
               "Domains come from arguments, --list or stdin. They are enabled, so that asmm8 enum "
               "--stored asks for them, unless --disabled is given; one that is there already "
               "stays as it is.",
               {"added", true, add});
  add_command.flags.push_back(inventory_flag("disabled", {}, "Input", "do not enable them"));
  return {
      std::move(add_command),
      list_command(),
      changing("enable", "let asmm8 enum --stored ask for domains",
               "One that is not stored is told, and the exit code is 1.",
               {"enabled", false, enable}),
      changing("disable", "keep domains, but out of asmm8 enum --stored",
               "What is known of them stays, and they stay disabled when names of them are found "
               "by other means.",
               {"disabled", false, disable}),
      changing("remove", "forget domains and all that is known of them",
               "Their names and the history of those are removed too.", {"removed", false, remove}),
  };
}

}  // namespace m8::asmm8
