#include "templates/workflow_loader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/regex.h"
#include "base/thread_pool.h"
#include "templates/files.h"
#include "templates/workflow.h"

namespace m8::templates {
namespace {

/// Templates named by the steps of one workflow, each time counted.
constexpr std::size_t kMaxTemplates = 200'000;

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& item) {
    return std::find(b.begin(), b.end(), item) != b.end();
  });
}

bool under(const std::string& path, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return path_matches(path, pattern); });
}

/// Left out of every step (3.6 a, b): an included tag lifts only itself.
bool is_excluded(const Filter& filter, const model::TemplateInfo& info) {
  if (under(info.path, filter.exclude_paths) && !under(info.path, filter.include_paths))
    return true;
  return std::any_of(info.tags.begin(), info.tags.end(), [&](const std::string& tag) {
    return share({tag}, filter.exclude_tags) && !share({tag}, filter.include_tags);
  });
}

/// Wanted in a step that starts no others (3.6 c).
bool is_wanted(Filter filter, const Document& document, dsl::Services& services) {
  for (auto* lifted :
       {&filter.exclude_paths, &filter.include_paths, &filter.exclude_tags, &filter.include_tags})
    lifted->clear();
  if (!document.has_severity) filter.severities.clear();
  return filter.selects(document, services);
}

std::vector<const yaml::Node*> entries_of(const Document& document) {
  std::vector<const yaml::Node*> out;
  for (const RawBlock& block : document.blocks) out.push_back(&block.node);
  return out;
}

class Loader {
 public:
  Loader(const LoadOptions& options, dsl::Services& services, std::stop_token stop,
         CompiledCache* cache, Catalog& catalog)
      : options_(options),
        services_(services),
        stop_(std::move(stop)),
        cache_(cache),
        catalog_(catalog) {
    for (const auto& info : catalog.selected) ids_.insert(info->id);
  }

  void load_workflow(const std::string& path) {
    const auto document = read_template(path, options_, cache_);
    if (!document.ok()) return reject(catalog_.invalid, path, "", document.error().message);
    if (document->kind != Kind::kWorkflow) {
      ++catalog_.filtered;
      return;
    }
    const std::string& id = document->info->id;
    if (!ids_.insert(id).second) return reject(catalog_.duplicates, path, id, "duplicate id");
    const auto warn = [&](std::string message) {
      reject(catalog_.invalid, path, id, "step left out: " + message);
    };
    auto workflow = read_workflow(entries_of(*document), warn);
    if (!workflow.ok()) return reject(catalog_.invalid, path, id, workflow.error().message);
    if (options_.compile) {
      const Status filled = fill(*workflow, warn);
      if (!filled.ok()) return reject(catalog_.invalid, path, id, filled.error().message);
      catalog_.templates.push_back(
          Template::of_workflow(document->info, std::move(workflow).value()));
    }
    catalog_.selected.push_back(document->info);
  }

 private:
  using Warn = std::function<void(std::string)>;
  /// What a step's file came to.
  struct Loaded {
    std::shared_ptr<const Template> compiled;  ///< null: not to be run
    bool wanted = true;                        ///< also in a leaf step
  };
  struct Tagged {
    std::string path;
    std::vector<std::string> tags;
  };

  static void reject(std::vector<Rejected>& list, const std::string& path, const std::string& id,
                     std::string reason) {
    list.push_back({path, id, std::move(reason)});
  }

  Status fill(Workflow& workflow, const Warn& warn) {
    named_ = 0;
    for (WorkflowStep& step : workflow.steps) M8_TRY(fill(step, warn));
    return {};
  }

  Status fill(WorkflowStep& step, const Warn& warn) {
    const auto files =
        step.path.empty() ? files_with(step.tags) : find_files({step.path}, options_.root);
    if (!files.ok()) return files.error().with_context(fmt::format("line {}", step.line));
    for (const std::string& file : *files) {
      const Loaded& one = load(file);
      if (!one.compiled || (step.is_leaf() && !one.wanted)) continue;
      if (++named_ > kMaxTemplates) {
        return Error{ErrorCode::kExhausted,
                     fmt::format("its steps name more than {} templates", kMaxTemplates)};
      }
      step.templates.push_back(one.compiled);
    }
    fill_substeps(step.subtemplates, warn);
    for (auto& matcher : step.matchers) fill_substeps(matcher.subtemplates, warn);
    return {};
  }

  /// A broken one is left out.
  void fill_substeps(std::vector<WorkflowStep>& steps, const Warn& warn) {
    steps.erase(std::remove_if(steps.begin(), steps.end(),
                               [&](WorkflowStep& step) {
                                 const Status filled = fill(step, warn);
                                 if (!filled.ok()) warn(filled.error().message);
                                 return !filled.ok();
                               }),
                steps.end());
  }

  /// Each file is read, judged and compiled once for all workflows.
  const Loaded& load(const std::string& path) {
    const auto [at, fresh] = loaded_.try_emplace(path);
    if (fresh) at->second = load_anew(path);
    return at->second;
  }

  Loaded load_anew(const std::string& path) {
    const auto document = read_template(path, options_, cache_);
    if (!document.ok()) {
      reject(catalog_.invalid, path, "", document.error().message);
      return {};
    }
    const model::TemplateInfo& info = *document->info;
    if (document->kind == Kind::kWorkflow) {
      reject(catalog_.invalid, path, info.id, "a workflow can't be a step of a workflow");
      return {};
    }
    if (is_excluded(options_.filter, info)) return {};
    std::string needed = options_.gates ? needed_permission(*document, options_) : std::string();
    if (!needed.empty()) {
      reject(catalog_.excluded, path, info.id, std::move(needed));
      return {};
    }
    const DeferredRegexes deferred(/*trusted=*/false);
    auto compiled = Template::compile(*document, options_.command_line, services_);
    if (!compiled.ok()) {
      const bool unsupported = compiled.error().code == ErrorCode::kUnsupported;
      reject(unsupported ? catalog_.unsupported : catalog_.invalid, path, info.id,
             compiled.error().message);
      return {};
    }
    return {std::move(compiled).value(), is_wanted(options_.filter, *document, services_)};
  }

  /// The files of the templates folder with one of \p tags.
  Result<std::vector<std::string>> files_with(const std::vector<std::string>& tags) {
    if (!index_) index_ = M8_TRY(read_tags());
    std::vector<std::string> out;
    for (const Tagged& one : *index_)
      if (share(one.tags, tags)) out.push_back(one.path);
    return out;
  }

  Result<std::vector<Tagged>> read_tags() {
    const auto files = M8_TRY(find_files({options_.root}, options_.root));
    std::vector<Tagged> all(files.size());
    ThreadPool pool({std::clamp(options_.workers, 1, 64), 256});
    for (std::size_t i = 0; i < files.size() && !stop_.stop_requested(); ++i) {
      pool.submit(
          [&, i](std::stop_token) {
            const auto document = read_template(files[i], options_, cache_);
            if (!document.ok() || document->kind == Kind::kWorkflow) return;
            all[i] = {files[i], document->info->tags};
          },
          stop_);
    }
    pool.drain();
    return all;
  }

  const LoadOptions& options_;
  dsl::Services& services_;
  const std::stop_token stop_;
  CompiledCache* const cache_;
  Catalog& catalog_;
  std::map<std::string, Loaded> loaded_;
  std::optional<std::vector<Tagged>> index_;
  std::unordered_set<std::string, SeededHash> ids_;
  std::size_t named_ = 0;  ///< by the workflow being loaded
};

}  // namespace

Status check_workflow(const Document& document) {
  Status first;
  const auto workflow = read_workflow(entries_of(document), [&](std::string message) {
    if (first.ok()) first = Error{ErrorCode::kInvalidArgument, std::move(message)};
  });
  return workflow.ok() ? first : Status(workflow.error());
}

Status load_workflows(const LoadOptions& options, dsl::Services& services, std::stop_token stop,
                      CompiledCache* cache, Catalog& catalog) {
  const auto files = M8_TRY(find_files(options.workflows, options.root));
  catalog.files += files.size();
  Loader loader(options, services, stop, cache, catalog);
  for (const std::string& file : files) {
    if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "load workflows: interrupted"};
    loader.load_workflow(file);
  }
  return {};
}

}  // namespace m8::templates
