// Which backend a store's URL means.
#include <filesystem>

#include <fmt/format.h>

#include "store/backend.h"

namespace m8::store {
namespace {

struct Backend {
  std::string_view scheme;
  Result<std::unique_ptr<Store>> (*open)(const std::string& place, const OpenOptions& options);
  bool whole_url;  ///< it is given the scheme too
};

constexpr Backend kBackends[] = {
    {"sqlite", open_sqlite, false},
    {"postgresql", open_postgres, true},
    {"postgres", open_postgres, true},
};

bool is_scheme_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// "sqlite" of "sqlite:x"; empty for a bare path, which may have colons after a slash or a dot.
std::string_view scheme_of(std::string_view url) {
  std::size_t end = 0;
  while (end < url.size() && is_scheme_character(url[end])) ++end;
  return end > 0 && end < url.size() && url[end] == ':' ? url.substr(0, end) : std::string_view();
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const std::string& url, const OpenOptions& options) {
  const std::string_view scheme = scheme_of(url);
  if (scheme.empty()) return open_sqlite(url, options);
  for (const Backend& backend : kBackends) {
    if (scheme != backend.scheme) continue;
    return backend.open(backend.whole_url ? url : url.substr(scheme.size() + 1), options);
  }
  // The rest of the URL may hold a password: it is not repeated.
  return Error{
      ErrorCode::kUnsupported,
      fmt::format("store '{}:': known are sqlite:PATH and postgresql://HOST/DATABASE", scheme)};
}

std::string default_store_url(std::string_view data_home) {
  return "sqlite:" + (std::filesystem::path(data_home) / "m8" / "m8.db").string();
}

}  // namespace m8::store
