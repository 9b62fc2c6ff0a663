/// Unchanged: which targets answer as they did when they were last scanned in full
/// (--skip-unchanged).
///
/// A target's answer is that to GET of its URL: status, type, place of a redirect, and body; where
/// it leads on the same host is followed. A page that differs each time is scanned each time.
/// Thread-safe; asked on loop threads: a cache that is slow to answer holds a loop up for as long
/// as it may (cache.timeout).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "cache/cache.h"
#include "http/response.h"

namespace m8::scan {

class Unchanged {
 public:
  /// \p scanned_with: what findings depend on besides the target (templates, variables, headers).
  /// Borrows \p backend.
  Unchanged(cache::Backend& backend, const std::string& scanned_with);

  /// 64 hex digits.
  static std::string digest(const http::Response& answer);

  /// Whether \p target answered \p digest when it was last scanned in full.
  bool same(const std::string& target, const std::string& digest);
  /// It was scanned in full just now. Kept for 30 days.
  void keep(const std::string& target, const std::string& digest);

 private:
  cache::Cache cache_;
};

}  // namespace m8::scan
