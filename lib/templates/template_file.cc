#include "templates/template_file.h"

#include <optional>
#include <utility>

#include "base/file.h"

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

/// The file is stamped before it is read, so that a change in between shows later.
Result<TemplateFile> read_cached(const std::string& path, const CompiledCache& cache) {
  const auto stamp = CompiledCache::stamp_of(path).value_or(CompiledCache::Stamp());
  if (auto known = read_record(cache.find(path, stamp), stamp, false)) return *std::move(known);
  const std::string text = M8_TRY(read_file(path, kMaxTemplateBytes));
  std::string digest = CompiledCache::digest_of(text);
  if (auto known = read_record(cache.find(path, digest), stamp, true)) return *std::move(known);
  TemplateFile read{{}, stamp, {}, {}, std::move(digest), {}, false, true};
  read.source = M8_TRY(parse_source(text, &read.packed));
  return read;
}

}  // namespace

Result<TemplateFile> read_template_file(const std::string& path, const CompiledCache* cache) {
  if (cache) return read_cached(path, *cache);
  TemplateFile read;
  const std::string text = M8_TRY(read_file(path, kMaxTemplateBytes));
  read.source = M8_TRY(parse_source(text));
  return read;
}

}  // namespace m8::templates
