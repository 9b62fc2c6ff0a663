// num8 templates: what is in the catalogue, and what is wrong with it.
#include <cstdio>
#include <map>
#include <string>

#include <fmt/format.h>

#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "commands.h"
#include "output/stream.h"
#include "selection.h"

namespace m8::num8 {
namespace {

Result<templates::Catalog> load(const cli::Context& context, bool compile, bool gates,
                                bool thorough = false) {
  const cli::Signals signals;
  dsl::Services services;
  auto options = M8_TRY(selection_options(context.flags));
  options.compile = compile;
  options.gates = gates;
  options.keep = false;
  options.thorough = thorough;
  return templates::load_catalog(options, services, signals.token());
}

int finish(const cli::Context& context, output::Stream& out, int code) {
  const Status status = out.flush();
  return status.ok() ? code : cli::fail(context.program, status.error());
}

void print_rejected(output::Stream& out, const std::vector<templates::Rejected>& rejected,
                    std::string_view why = {}) {
  for (const auto& one : rejected)
    (void)out.write(fmt::format("{}: {}{}\n", one.path, why, one.reason));
}

/// --reasons: what is no error, and still does not run.
void print_others(output::Stream& out, const templates::Catalog& catalog) {
  print_rejected(out, catalog.unsupported, "not supported: ");
  print_rejected(out, catalog.excluded, "needs ");
  print_rejected(out, catalog.duplicates);
}

cli::Flag reasons_flag() {
  return cli::switched("Templates", "reasons", {}, "name each template that does not run, and why");
}

std::string counts_text(const std::string& title,
                        const std::map<std::string, std::size_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) text += fmt::format("{}\t{}\t{}\n", title, name, count);
  return text;
}

int run_stats(const cli::Context& context) {
  const auto catalog = load(context, true, true);
  if (!catalog.ok()) return cli::fail(context.program, catalog.error());
  std::map<std::string, std::size_t> severities, tags;
  for (const auto& info : catalog->selected) {
    ++severities[model::to_string(info->severity)];
    for (const std::string& tag : info->tags) ++tags[tag];
  }
  output::Stream out(Fd(1), "stdout", {.flush_each = false});
  (void)out.write(fmt::format(
      "files\t\t{}\nfiltered\t\t{}\nselected\t\t{}\n"
      "need interactions\t\t{}\n",
      catalog->files, catalog->filtered, catalog->selected.size(), catalog->with_interactions));
  (void)out.write(counts_text("severity", severities));
  (void)out.write(counts_text("unsupported", templates::Catalog::by_reason(catalog->unsupported)));
  (void)out.write(counts_text("excluded", templates::Catalog::by_reason(catalog->excluded)));
  (void)out.write(fmt::format("invalid\t\t{}\nduplicate id\t\t{}\n", catalog->invalid.size(),
                              catalog->duplicates.size()));
  (void)out.write(counts_text("tag", tags));
  if (context.flags.on("reasons")) {
    print_rejected(out, catalog->invalid);
    print_others(out, *catalog);
  }
  return finish(context, out, cli::kDone);
}

cli::Command command(std::string name, std::string brief, std::string detail,
                     std::function<int(const cli::Context&)> run) {
  cli::Command command;
  command.name = std::move(name);
  command.brief = std::move(brief);
  command.detail = std::move(detail);
  command.flags = selection_flags();
  command.run = std::move(run);
  return command;
}

}  // namespace

int list_templates(const cli::Context& context) {
  const auto catalog = load(context, false, false);
  if (!catalog.ok()) return cli::fail(context.program, catalog.error());
  output::Stream out(Fd(1), "stdout", {.flush_each = false});
  for (const auto& info : catalog->selected)
    (void)out.write((info->relative_path.empty() ? info->path : info->relative_path) + "\n");
  return finish(context, out, cli::kDone);
}

int validate_templates(const cli::Context& context, bool reasons) {
  const auto catalog = load(context, true, false, true);
  if (!catalog.ok()) return cli::fail(context.program, catalog.error());
  output::Stream out(Fd(1), "stdout", {.flush_each = false});
  print_rejected(out, catalog->invalid);
  print_rejected(out, catalog->without_severity);
  if (reasons) print_others(out, *catalog);
  const std::size_t bad = catalog->invalid.size() + catalog->without_severity.size();
  say(context, fmt::format("{} templates, {} with errors, {} not supported yet", catalog->files,
                           bad, catalog->unsupported.size()));
  return finish(context, out, bad == 0 ? cli::kDone : cli::kFailed);
}

cli::Command templates_list_command() {
  auto list =
      command("templates list", "templates that the filters select, one path a line",
              "Paths are relative to the templates folder where they lie in it.", list_templates);
  list.examples = {"num8 templates list -t examples/templates -s high,critical"};
  return list;
}

cli::Command templates_validate_command() {
  auto validate = command("templates validate", "check templates and run nothing",
                          "Prints what is wrong, one template a line, and exits with 1 if anything "
                          "is. Templates that can't be run yet are counted, not an error.",
                          [](const cli::Context& context) {
                            return validate_templates(context, context.flags.on("reasons"));
                          });
  validate.flags.push_back(reasons_flag());
  validate.examples = {"num8 templates validate -t examples/templates"};
  return validate;
}

cli::Command templates_stats_command() {
  auto stats = command("templates stats", "counts by severity, tag, and reason for not running",
                       "Lines of three columns, divided by tabs: kind, name, count.", run_stats);
  stats.flags.push_back(reasons_flag());
  stats.examples = {"num8 templates stats -t examples/templates"};
  return stats;
}

}  // namespace m8::num8
