#include "templates/catalog.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/regex.h"
#include "base/thread_pool.h"
#include "match/jq.h"
#include "operators/packed_need.h"
#include "templates/files.h"
#include "templates/template_file.h"
#include "templates/workflow_loader.h"

namespace m8::templates {
namespace {

/// What became of one file. Written by one worker, read after all are done.
struct Slot {
  enum class Fate { kSelected, kLoaded, kFiltered, kInvalid, kUnsupported, kExcluded };
  Fate fate = Fate::kInvalid;
  bool has_severity = true;
  bool needs_interactions = false;
  std::shared_ptr<const model::TemplateInfo> info;
  std::shared_ptr<const Template> compiled;
  std::string reason;
  std::vector<std::string> jq;  ///< programs of its extractors, if somebody asks
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

/// For \p blocks of which nothing is known.
std::string needs_of_any(std::size_t blocks) {
  std::string need;
  operators::pack_need({}, need);
  return join_needs(std::vector<std::string>(blocks, need));
}

class Loader {
 public:
  Loader(const LoadOptions& options, dsl::Services& services, CompiledCache* cache)
      : options_(options),
        services_(services),
        cache_(cache),
        brief_(options.compile && options.keep && options.command_line.excluded_matchers.empty() &&
               options.filter.authors.empty() && options.filter.conditions.empty()) {}

  void load(const std::string& path, Slot& slot) const {
    auto read = read_template_file(path, cache_);
    if (!read.ok()) return settle(slot, Slot::Fate::kInvalid, read.error().message);
    const auto document = read_document(read->source, origin_of(path, options_.root),
                                        read->proven && brief_ ? Extent::kBrief : Extent::kWhole);
    if (document.ok()) {
      slot.info = document->info;
      slot.has_severity = document->has_severity;
      decide(*document, *read, slot);
    } else {
      settle(slot, Slot::Fate::kInvalid, document.error().message);
    }
    if (cache_ && read->is_new) cache_->put(path, read->stamp, read->record());
  }

 private:
  void decide(const Document& document, TemplateFile& read, Slot& slot) const {
    if (document.kind == Kind::kWorkflow) {
      const Status read_well = check_workflow(document);
      if (!read_well.ok()) return settle(slot, Slot::Fate::kInvalid, read_well.error().message);
      return settle(slot, Slot::Fate::kExcluded, "-w");
    }
    if (!options_.filter.selects(document, services_)) return settle(slot, Slot::Fate::kFiltered);
    if (!options_.compile) return settle(slot, Slot::Fate::kSelected);
    std::string needed = options_.gates ? needed_permission(document, options_) : std::string();
    if (!needed.empty()) return settle(slot, Slot::Fate::kExcluded, std::move(needed));
    compile(document, read, slot);
  }

  void compile(const Document& document, TemplateFile& read, Slot& slot) const {
    const auto proven = read.proven ? proven_of(read, document) : nullptr;
    const DeferredRegexes deferred(read.proven);
    match::JqPrograms programs;
    auto compiled = Template::compile(document, options_.command_line, services_, proven);
    if (options_.thorough) slot.jq = std::move(programs.all());
    if (!compiled.ok()) {
      const bool unsupported = compiled.error().code == ErrorCode::kUnsupported;
      return settle(slot, unsupported ? Slot::Fate::kUnsupported : Slot::Fate::kInvalid,
                    compiled.error().message);
    }
    if (!read.proven && !read.record().digest.empty() && deferred.all_good())
      prove(**compiled, read);
    slot.needs_interactions = (*compiled)->needs_interactions();
    if (options_.keep) slot.compiled = std::move(compiled).value();
    settle(slot, Slot::Fate::kLoaded);
  }

  /// With -em, or without a look at scripts, not everything was compiled.
  void prove(const Template& compiled, TemplateFile& read) const {
    const auto& flags = options_.command_line;
    auto needs = compiled.needs();
    if (!needs || !flags.excluded_matchers.empty() || !flags.check_scripts) return;
    // Another run has other random texts, and would never find those of this one.
    if (read.source.filled) needs = needs_of_any(compiled.blocks());
    read.needs = *std::move(needs);
    read.is_new = read.proven = true;
  }

  /// Null: everything is to be compiled at once.
  std::shared_ptr<const ProvenTemplate> proven_of(const TemplateFile& read,
                                                  const Document& document) const {
    if (!options_.command_line.excluded_matchers.empty()) return nullptr;
    return std::make_shared<const ProvenTemplate>(read.source, read.mapped.needs, cache_->owner(),
                                                  document.brief);
  }

  const LoadOptions& options_;
  dsl::Services& services_;
  CompiledCache* cache_;
  const bool brief_;  ///< what only findings tell of a template is read when there is one
};

/// Loads all of \p files side by side.
void load_all(const std::vector<std::string>& files, const Loader& loader, int workers,
              std::vector<Slot>& slots, const std::stop_token& stop) {
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::stop_token) {
    constexpr std::size_t kBytesPerTemplate = 2000;
    reserve_heap(kBytesPerTemplate * files.size() / static_cast<std::size_t>(workers));
    for (std::size_t i = next++; i < files.size() && !stop.stop_requested(); i = next++) {
      try {
        loader.load(files[i], slots[i]);
      } catch (const std::exception& error) {  // memory is short
        settle(slots[i], Slot::Fate::kInvalid, error.what());
      }
    }
  };
  ThreadPool pool({workers, static_cast<std::size_t>(workers)});
  for (int i = 0; i < workers; ++i) pool.submit(work, stop);
  pool.drain();
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
    if (slot.needs_interactions) ++catalog_.with_interactions;
    if (slot.compiled) catalog_.templates.push_back(std::move(slot.compiled));
  }

  Catalog& catalog_;
  std::unordered_set<std::string, SeededHash> ids_;
};

/// Of all templates together: starting jq once takes longer than most programs.
void refuse_bad_jq(std::vector<Slot>& slots) {
  std::set<std::string> programs;
  for (const Slot& slot : slots) programs.insert(slot.jq.begin(), slot.jq.end());
  const std::vector<std::string> all(programs.begin(), programs.end());
  const auto refused = match::refused_jq(all);
  const auto is_bad = [&refused](const std::string& program) {
    return std::find(refused.begin(), refused.end(), program) != refused.end();
  };
  for (Slot& slot : slots) {
    const auto bad = std::find_if(slot.jq.begin(), slot.jq.end(), is_bad);
    if (bad != slot.jq.end() && slot.fate == Slot::Fate::kLoaded)
      settle(slot, Slot::Fate::kInvalid, "json: not a jq program: " + *bad);
  }
}

void keep(CompiledCache& cache) {
  const Status kept = cache.commit();
  if (!kept.ok()) log::get("templates")->info("cache is not kept: {}", kept.error().message);
}

}  // namespace

Result<Document> read_template(const std::string& path, const LoadOptions& options,
                               CompiledCache* cache) {
  const auto file = M8_TRY(read_template_file(path, cache));
  if (cache && file.is_new) cache->put(path, file.stamp, file.record());
  return read_document(file.source, origin_of(path, options.root));
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
  std::optional<CompiledCache> cache;
  const bool many = files.size() >= options.cache_from || !options.workflows.empty();
  if (options.cache && many && !options.thorough) cache.emplace(*options.cache);
  load_all(files, Loader(options, services, cache ? &*cache : nullptr),
           std::clamp(options.workers, 1, 64), slots, stop);
  if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "load templates: interrupted"};
  if (options.thorough) refuse_bad_jq(slots);
  Catalog catalog;
  catalog.files = files.size();
  Collector collector(catalog);
  for (std::size_t i = 0; i < files.size(); ++i) collector.add(files[i], slots[i]);
  if (!options.workflows.empty())
    M8_TRY(load_workflows(options, services, stop, cache ? &*cache : nullptr, catalog));
  if (cache) keep(*cache);
  return catalog;
}

}  // namespace m8::templates
