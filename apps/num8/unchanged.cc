#include "unchanged.h"

#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "base/version.h"
#include "cache/settings.h"

namespace m8::num8 {
namespace {

/// What findings depend on besides the target.
Result<std::string> scanned_with(const cli::Values& flags, const templates::Catalog& catalog) {
  std::vector<std::string> parts;
  for (const auto& one : catalog.templates) {
    const auto& info = one->info();
    const std::string text = M8_TRY(read_file(info.path));
    parts.push_back(info.id + ' ' + sha256_hex(text));
  }
  std::sort(parts.begin(), parts.end());
  parts.push_back(version());
  if (flags.on("automatic-scan")) parts.push_back("automatic-scan");
  for (const char* name : {"var", "header"})
    for (const auto& value : flags.list(name)) parts.push_back(std::string(name) + ' ' + value);
  std::string all;
  for (const auto& part : parts) (all += part) += '\n';
  return all;
}

}  // namespace

Status UnchangedTargets::open(const cli::Values& flags, const templates::Catalog& catalog) {
  if (!flags.on("skip-unchanged")) return {};
  backend_ = M8_TRY(cache::open_lasting(flags));
  if (!backend_)
    return Error{ErrorCode::kInvalidArgument,
                 "--skip-unchanged: no place to remember targets: set $XDG_CACHE_HOME, or give "
                 "--cache-url"};
  targets_ = std::make_unique<scan::Unchanged>(*backend_, M8_TRY(scanned_with(flags, catalog)));
  return {};
}

}  // namespace m8::num8
