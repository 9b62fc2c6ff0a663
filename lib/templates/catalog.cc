#include "templates/catalog.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/regex.h"
#include "base/thread_pool.h"
#include "templates/files.h"
#include "templates/workflow_loader.h"

namespace m8::templates {
namespace {

constexpr std::size_t kMaxTemplateBytes = 4u << 20;

/// What became of one file. Written by one worker, read after all are done.
struct Slot {
  enum class Fate { kUntouched, kSelected, kLoaded, kFiltered, kInvalid, kUnsupported, kExcluded };
  Fate fate = Fate::kUntouched;
  bool has_severity = true;
  std::shared_ptr<const model::TemplateInfo> info;
  std::shared_ptr<const Template> compiled;
  std::string reason;
};

Origin origin_of(const std::string& path, const std::string& root) {
  const bool inside = !root.empty() && path.size() > root.size() + 1 &&
                      path.compare(0, root.size(), root) == 0 && path[root.size()] == '/';
  return {path, inside ? path.substr(root.size() + 1) : std::string()};
}

std::string tag_gate(const Document& document, const LoadOptions& options) {
  if (options.filter.forces_in(document) || options.allowed_tags.count("all")) return {};
  for (const std::string& tag : document.info->tags)
    if (dangerous_tags().count(tag) && !options.allowed_tags.count(tag)) return "--allow " + tag;
  return {};
}

void settle(Slot& slot, Slot::Fate fate, std::string reason = {}) {
  slot.fate = fate;
  slot.reason = std::move(reason);
}

void compile_into(const Document& document, const LoadOptions& options, dsl::Services& services,
                  Slot& slot) {
  const DeferredRegexes deferred(/*trusted=*/false);
  auto compiled = Template::compile(document, options.command_line, services);
  if (compiled.ok()) {
    slot.compiled = std::move(compiled).value();
    return settle(slot, Slot::Fate::kLoaded);
  }
  const bool unsupported = compiled.error().code == ErrorCode::kUnsupported;
  settle(slot, unsupported ? Slot::Fate::kUnsupported : Slot::Fate::kInvalid,
         compiled.error().message);
}

void load_one(const std::string& path, const LoadOptions& options, dsl::Services& services,
              Slot& slot) {
  const auto document = read_template(path, options);
  if (!document.ok()) return settle(slot, Slot::Fate::kInvalid, document.error().message);
  slot.info = document->info;
  slot.has_severity = document->has_severity;
  if (document->kind == Kind::kWorkflow) {
    const Status read = check_workflow(*document);
    if (!read.ok()) return settle(slot, Slot::Fate::kInvalid, read.error().message);
    return settle(slot, Slot::Fate::kExcluded, "-w");
  }
  if (!options.filter.selects(*document, services)) return settle(slot, Slot::Fate::kFiltered);
  if (!options.compile) return settle(slot, Slot::Fate::kSelected);
  std::string needed = options.gates ? needed_permission(*document, options) : std::string();
  if (!needed.empty()) return settle(slot, Slot::Fate::kExcluded, std::move(needed));
  compile_into(*document, options, services, slot);
}

Rejected rejected(const std::string& path, const Slot& slot, std::string reason) {
  return {path, slot.info ? slot.info->id : std::string(), std::move(reason)};
}

/// Puts what became of the files in their order into the catalog.
class Collector {
 public:
  explicit Collector(Catalog& catalog) : catalog_(catalog) {}

  void add(const std::string& path, Slot& slot) {
    using Fate = Slot::Fate;
    switch (slot.fate) {
      case Fate::kUntouched:  // an exception ended the job
        catalog_.invalid.push_back(rejected(path, slot, "could not be loaded"));
        return;
      case Fate::kFiltered:
        ++catalog_.filtered;
        return;
      case Fate::kInvalid:
        catalog_.invalid.push_back(rejected(path, slot, std::move(slot.reason)));
        return;
      case Fate::kExcluded:
        catalog_.excluded.push_back(rejected(path, slot, std::move(slot.reason)));
        return;
      case Fate::kUnsupported:
      case Fate::kSelected:
      case Fate::kLoaded:
        add_selected(path, slot);
    }
  }

 private:
  void add_selected(const std::string& path, Slot& slot) {
    if (!ids_.insert(slot.info->id).second) {
      catalog_.duplicates.push_back(rejected(path, slot, "duplicate id"));
      return;
    }
    if (!slot.has_severity)
      catalog_.without_severity.push_back(rejected(path, slot, "field 'severity' is missing"));
    catalog_.selected.push_back(slot.info);
    if (slot.fate == Slot::Fate::kUnsupported)
      catalog_.unsupported.push_back(rejected(path, slot, std::move(slot.reason)));
    if (slot.compiled) catalog_.templates.push_back(std::move(slot.compiled));
  }

  Catalog& catalog_;
  std::unordered_set<std::string, SeededHash> ids_;
};

}  // namespace

Result<Document> read_template(const std::string& path, const LoadOptions& options) {
  const std::string text = M8_TRY(read_file(path, kMaxTemplateBytes));
  return read_document(text, origin_of(path, options.root));
}

std::string needed_permission(const Document& document, const LoadOptions& options) {
  if (document.facts.fuzzing) return "-dast";
  if (document.self_contained && !options.self_contained) return "-esc";
  switch (document.kind) {
    case Kind::kHeadless:
      return "-headless";
    case Kind::kCode:
      return "-code";
    case Kind::kFile:
      return "-file";
    default:
      return tag_gate(document, options);
  }
}

const std::set<std::string>& dangerous_tags() {
  static const std::set<std::string> tags = {"dos", "fuzz", "intrusive", "bruteforce",
                                             "brute-force"};
  return tags;
}

std::map<std::string, std::size_t> Catalog::by_reason(const std::vector<Rejected>& rejected) {
  std::map<std::string, std::size_t> counts;
  for (const Rejected& one : rejected) ++counts[one.reason];
  return counts;
}

Result<Catalog> load_catalog(const LoadOptions& options, dsl::Services& services,
                             std::stop_token stop) {
  std::vector<std::string> arguments = options.paths;
  if (arguments.empty() && options.workflows.empty()) arguments = {options.root};
  const auto files = M8_TRY(find_files(arguments, options.root));
  std::vector<Slot> slots(files.size());
  {
    ThreadPool pool({std::clamp(options.workers, 1, 64), 256});
    for (std::size_t i = 0; i < files.size() && !stop.stop_requested(); ++i)
      pool.submit([&, i](std::stop_token) { load_one(files[i], options, services, slots[i]); },
                  stop);
    pool.drain();
  }
  if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "load templates: interrupted"};
  Catalog catalog;
  catalog.files = files.size();
  Collector collector(catalog);
  for (std::size_t i = 0; i < files.size(); ++i) collector.add(files[i], slots[i]);
  if (!options.workflows.empty()) M8_TRY(load_workflows(options, services, stop, catalog));
  return catalog;
}

}  // namespace m8::templates
