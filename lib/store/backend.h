/// Backends: how each kind of database is opened. One line each in registry.cc.
#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace m8::store {

/// \p path may not exist yet.
Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, const OpenOptions& options);

/// \p url as libpq takes it.
Result<std::unique_ptr<Store>> open_postgres(const std::string& url, const OpenOptions& options);

}  // namespace m8::store
