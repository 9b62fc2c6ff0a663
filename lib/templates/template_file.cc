#include "templates/template_file.h"

#include <optional>
#include <utility>

#include "base/file.h"
#include "dsl/go_json_check.h"
#include "templates/include.h"

namespace m8::templates {
namespace {

constexpr std::size_t kMaxTemplateBytes = 4u << 20;

std::optional<TemplateFile> read_record(const std::optional<CompiledCache::Record>& record,
                                        const CompiledCache::Stamp& stamp, bool is_new) {
  if (!record) return std::nullopt;
  auto source = unpack_source(record->source);
  if (!source.ok()) return std::nullopt;
  return TemplateFile{
      std::move(source).value(), stamp, *record, {}, {}, {}, record->proven, is_new};
}

/// The YAML parser reads JSON, too, but lets more pass.
Status check_json(std::string_view text, const std::string& path) {
  return path.ends_with(".json") ? dsl::check_go_json(text) : Status();
}

Result<TemplateFile> parse_file(std::string text, const std::string& path) {
  TemplateFile read;
  M8_TRY(check_json(text, path));
  if (has_includes(text)) text = M8_TRY(fill_includes(text, path));
  read.source = M8_TRY(parse_source(text));
  return read;
}

/// The file is stamped before it is read, so that a change in between shows later.
Result<TemplateFile> read_cached(const std::string& path, const CompiledCache& cache) {
  const auto stamp = CompiledCache::stamp_of(path).value_or(CompiledCache::Stamp());
  if (auto known = read_record(cache.find(path, stamp), stamp, false)) return *std::move(known);
  const std::string text = M8_TRY(read_file(path, kMaxTemplateBytes));
  // Of the files that it includes the cache knows nothing.
  if (has_includes(text)) return parse_file(text, path);
  std::string digest = CompiledCache::digest_of(text);
  if (auto known = read_record(cache.find(path, digest), stamp, true)) return *std::move(known);
  M8_TRY(check_json(text, path));
  TemplateFile read{{}, stamp, {}, {}, std::move(digest), {}, false, true};
  read.source = M8_TRY(parse_source(text, &read.packed));
  return read;
}

}  // namespace

Result<TemplateFile> read_template_file(const std::string& path, const CompiledCache* cache) {
  if (cache) return read_cached(path, *cache);
  return parse_file(M8_TRY(read_file(path, kMaxTemplateBytes)), path);
}

}  // namespace m8::templates
