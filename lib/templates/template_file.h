/// TemplateFile: one template file as it is read, from the cache where that knows it.
#pragma once

#include <string>

#include "base/result.h"
#include "templates/compiled_cache.h"
#include "templates/source.h"

namespace m8::templates {

struct TemplateFile {
  Source source;
  CompiledCache::Stamp stamp;
  CompiledCache::Record mapped;  ///< of the cache; empty if parsed
  std::string packed, digest;    ///< if parsed with a cache
  std::string needs;             ///< of its blocks, if it was compiled now
  bool proven = false;           ///< it is known to compile
  bool is_new = false;           ///< the cache does not have it so

  /// For CompiledCache::put(). Borrows from this.
  CompiledCache::Record record() const {
    const bool parsed = mapped.source.empty();
    const std::string_view known = needs.empty() ? mapped.needs : std::string_view(needs);
    return {parsed ? packed : mapped.source, parsed ? digest : mapped.digest, known, proven};
  }
};

/// Reads the file at \p path. \p cache may be null; else the result borrows from it. Errors of
/// read_file() (kExhausted above 4 MiB) and parse_source().
Result<TemplateFile> read_template_file(const std::string& path, const CompiledCache* cache);

}  // namespace m8::templates
