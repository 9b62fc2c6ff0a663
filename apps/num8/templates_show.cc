// num8 templates show: one template in words: what it sends, what it looks for, whether it runs.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
#include "commands.h"
#include "output/stream.h"
#include "selection.h"
#include "templates/catalog.h"
#include "templates/files.h"
#include "tool_services.h"

namespace m8::num8 {
namespace {

constexpr std::size_t kColumn = 14;

/// Lines of a name and a text; further lines of the text stand under its first.
class Sheet {
 public:
  void line(std::string_view name, std::string_view text) {
    text = trim(text);
    for (bool first = true; first || !text.empty(); first = false) {
      const auto end = std::min(text.find('\n'), text.size());
      const auto row = fmt::format("{:<{}}{}", first ? name : "", kColumn, text.substr(0, end));
      out_ += row.substr(0, row.find_last_not_of(" \r") + 1) + "\n";
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  /// Nothing for an empty text.
  void line_if(std::string_view name, std::string_view text) {
    if (!trim(text).empty()) line(name, text);
  }
  void title(std::string_view text) { out_ += fmt::format("\n{}\n", text); }
  const std::string& text() const { return out_; }

 private:
  std::string out_;
};

std::string text_of(const yaml::Node* node) {
  if (!node) return {};
  return node->is_scalar() ? node->str() : node->is_null() ? std::string() : node->to_json();
}

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

bool is_on(const yaml::Node& map, std::string_view key) {
  const auto* node = map.find(key);
  bool on = false;
  return node && node->as_bool(on) && on;
}

/// The values of a matcher or an extractor, each in quotes.
std::string values_of(const yaml::Node& operation) {
  for (const char* key :
       {"words", "regex", "status", "size", "dsl", "binary", "xpath", "kval", "json"}) {
    const auto* values = operation.find(key);
    if (!values) continue;
    std::vector<std::string> texts;
    for (const yaml::Node& value : values->items())
      texts.push_back(value.quoted() ? fmt::format("\"{}\"", value.text()) : value.str());
    if (values->is_scalar()) texts.push_back(values->str());
    const bool all = text_of(operation.find("condition")) == "and";
    return fmt::format("{}", fmt::join(texts, all ? " and " : " or "));
  }
  return {};
}

std::string operation_text(const yaml::Node& operation) {
  std::string text = is_on(operation, "negative") ? "not " : "";
  text += text_of(operation.find("type"));
  if (const std::string part = text_of(operation.find("part")); !part.empty())
    text += " in " + part;
  text += ": " + values_of(operation);
  if (const std::string group = text_of(operation.find("group")); !group.empty())
    text += ", group " + group;
  if (const std::string name = text_of(operation.find("name")); !name.empty()) text += " = " + name;
  return text + (is_on(operation, "internal") ? " (internal)" : "");
}

void show_list(const yaml::Node& block, std::string_view key, std::string_view name, Sheet& sheet) {
  const auto* list = block.find(key);
  if (!list) return;
  for (const yaml::Node& item : list->items()) sheet.line(name, operation_text(item));
}

void show_requests(const yaml::Node& block, Sheet& sheet) {
  const std::string method = text_of(block.find("method"));
  for (const char* key : {"path", "raw", "inputs", "address", "host", "steps"}) {
    const auto* list = block.find(key);
    if (!list || !list->is_sequence()) continue;
    for (const yaml::Node& item : list->items()) {
      const bool path = std::string_view(key) == "path";
      sheet.line("sends", (path ? (method.empty() ? "GET" : method) + " " : "") + text_of(&item));
    }
  }
}

/// Everything else that the block says, as it is written.
void show_rest(const yaml::Node& block, Sheet& sheet) {
  static constexpr std::string_view kShown[] = {"method", "path",  "raw",      "inputs",
                                                "host",   "steps", "matchers", "extractors"};
  for (const auto& [key, value] : block.members())
    if (std::find(std::begin(kShown), std::end(kShown), key) == std::end(kShown))
      sheet.line_if(key, text_of(&value));
}

void show_head(const model::TemplateInfo& info, Sheet& sheet) {
  sheet.line("id", info.id);
  sheet.line("name", info.name);
  sheet.line("severity", model::to_string(info.severity));
  sheet.line_if("author", joined(info.author));
  sheet.line_if("tags", joined(info.tags));
  sheet.line("file", info.path);
  sheet.line_if("description", info.description);
  sheet.line_if("impact", info.impact);
  sheet.line_if("remediation", info.remediation);
  for (const std::string& reference : info.reference) sheet.line_if("reference", reference);
  if (info.classification && info.classification->cve_id)
    sheet.line_if("cve", joined(*info.classification->cve_id));
}

void show_verdict(const templates::Document& document, const templates::LoadOptions& options,
                  Sheet& sheet) {
  ToolServices services;
  const auto compiled = templates::Template::compile(document, options.command_line, services);
  const bool later = !compiled.ok() && compiled.error().code == ErrorCode::kUnsupported;
  if (compiled.ok()) {
    sheet.line("requests", fmt::format("{} at most", (*compiled)->request_count()));
    sheet.line_if("runs with", templates::needed_permission(document, options));
  } else {
    sheet.line(later ? "not supported" : "invalid", compiled.error().message);
  }
}

std::string sheet_of(const templates::Document& document, const templates::LoadOptions& options) {
  Sheet sheet;
  show_head(*document.info, sheet);
  show_verdict(document, options, sheet);
  for (const auto& [name, text] : document.variables) sheet.line("variable", name + " = " + text);
  sheet.line_if("flow", document.flow);
  for (const templates::RawBlock& block : document.blocks) {
    sheet.title(fmt::format("{} {}", to_string(block.kind), block.index));
    show_requests(block.node, sheet);
    show_list(block.node, "matchers", "matches", sheet);
    show_list(block.node, "extractors", "extracts", sheet);
    show_rest(block.node, sheet);
  }
  return sheet.text();
}

/// Files that \p argument means: a path, else ids under the flags of the command.
Result<std::vector<std::string>> files_of(const std::string& argument,
                                          templates::LoadOptions& options) {
  std::error_code error;
  const std::string path = templates::resolve_path(argument, options.root);
  if (std::filesystem::is_regular_file(path, error)) return std::vector<std::string>{path};
  options.compile = false;
  options.filter.ids = {argument};
  dsl::Services services;
  const cli::Signals signals;
  const auto catalog = M8_TRY(templates::load_catalog(options, services, signals.token()));
  std::vector<std::string> out;
  for (const auto& info : catalog.selected) out.push_back(info->path);
  if (!out.empty()) return out;
  return Error{ErrorCode::kNotFound, fmt::format("no template has the id or path {}", argument)};
}

Result<std::string> show(const cli::Context& context) {
  const auto& arguments = context.flags.arguments();
  if (arguments.empty())
    return Error{ErrorCode::kInvalidArgument, "templates show: give an id or a path"};
  auto options = M8_TRY(selection_options(context.flags));
  std::string out;
  for (const std::string& argument : arguments) {
    for (const std::string& path : M8_TRY(files_of(argument, options))) {
      const auto document = templates::read_template(path, options);
      if (!document.ok()) return document.error().with_context(path);
      out += (out.empty() ? "" : "\n\n") + sheet_of(*document, options);
    }
  }
  return out;
}

int run(const cli::Context& context) {
  const auto text = show(context);
  if (!text.ok()) return cli::fail(context.program, text.error());
  output::Stream out(Fd(1), "stdout", {.flush_each = false});
  (void)out.write(*text);
  const Status status = out.flush();
  return status.ok() ? cli::kDone : cli::fail(context.program, status.error());
}

}  // namespace

cli::Command templates_show_command() {
  cli::Command command;
  command.name = "templates show";
  command.brief = "one template in words: what it sends and looks for";
  command.detail =
      "For people to read. An id may have wildcards; it is looked for in the templates folder, or "
      "where --templates says.";
  command.arguments = "ID|PATH...";
  command.flags = selection_flags();
  command.examples = {"num8 templates show examples/templates/admin-panel.yaml"};
  command.run = run;
  return command;
}

}  // namespace m8::num8
