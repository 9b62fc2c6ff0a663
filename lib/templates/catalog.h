/// Catalog: the templates of a scan, found, read, filtered and compiled, and what became of the
/// others. Nothing is dropped without being counted.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "dsl/services.h"
#include "templates/compiled_cache.h"
#include "templates/filter.h"
#include "templates/template.h"

namespace m8::templates {

struct LoadOptions {
  std::vector<std::string> paths;      ///< arguments of -t; empty: the whole \p root
  std::vector<std::string> workflows;  ///< of -w; with them and no paths only they are loaded
  std::string root;                    ///< the templates folder, absolute; may be empty
  Filter filter;
  /// Dangerous tags that may run (--allow); "all" is every one.
  std::set<std::string> allowed_tags;
  /// False: read and filter only, for listings; gates are not applied.
  bool compile = true;
  /// False: templates that need a permission are compiled all the same (validation).
  bool gates = true;
  /// False: compiled templates are dropped at once, for what only wants to know that they are good.
  bool keep = true;
  /// Everything is compiled now, also what a scan compiles when it first needs it, and nothing is
  /// taken from the cache (validation).
  bool thorough = false;
  bool self_contained = false;             ///< -esc: load what needs no target
  protocols::CompileOptions command_line;  ///< what the flags say about all blocks
  int workers = 2;                         ///< threads while loading, 1..64
  /// Where parsed templates are kept; nothing: all are parsed.
  std::optional<CompiledCache::Options> cache;
  std::size_t cache_from = 100;  ///< files; fewer are parsed without the cache
};

/// A template that does not run, and why.
struct Rejected {
  std::string path;
  std::string id;  ///< empty if it could not be read that far
  std::string reason;
};

struct Catalog {
  std::vector<std::shared_ptr<const Template>> templates;            ///< shared with the scan
  std::vector<std::shared_ptr<const model::TemplateInfo>> selected;  ///< passed the filters
  std::vector<Rejected> invalid;
  std::vector<Rejected> unsupported;  ///< reason: the feature's name
  std::vector<Rejected> excluded;     ///< reason: what would let it run ("--allow dos")
  std::vector<Rejected> duplicates;   ///< a later file with an id that is there already
  std::vector<Rejected> without_severity;
  std::size_t files = 0;              ///< looked at
  std::size_t filtered = 0;           ///< did not pass the filters
  std::size_t with_interactions = 0;  ///< compiled ones that need an interaction server

  /// Number of \p rejected per reason.
  static std::map<std::string, std::size_t> by_reason(const std::vector<Rejected>& rejected);
};

/// Loads in parallel; the order of the result is that of the files. \p services is borrowed by the
/// templates. Errors are those of find_files(); kCancelled after a stop. A broken template is never
/// an error of this.
Result<Catalog> load_catalog(const LoadOptions& options, dsl::Services& services,
                             std::stop_token stop);

/// Reads one file, from \p cache if it is not null and has it; what it has not is noted there, and
/// the result borrows from it. Errors of read_file() and read_document().
Result<Document> read_template(const std::string& path, const LoadOptions& options,
                               CompiledCache* cache = nullptr);

/// What the user would have to say to let the template run ("--allow dos"); empty: nothing
/// (cli-and-output 3.5).
std::string needed_permission(const Document& document, const LoadOptions& options);

/// Tags whose templates may harm or burden a target, and so need --allow.
const std::set<std::string>& dangerous_tags();

}  // namespace m8::templates
