/// Migrations: numbered steps that bring a database's schema up to date.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::store {

/// One step. Steps are never changed once released: a new one is added.
struct Migration {
  int version;       ///< 1, 2, ... without gaps
  const char* name;  ///< of its file in schema/
  const char* sql;
};

/// What a backend lends to migrate().
class SchemaOwner {
 public:
  virtual ~SchemaOwner() = default;
  /// 0 for an empty database.
  virtual Result<int> schema_version() = 0;
  /// Runs \p step and records its version in one transaction; does nothing if another process was
  /// faster.
  virtual Status apply(const Migration& step) = 0;
};

/// Applies each step above the database's version, in order. \p what names the database in errors.
/// kUnsupported if the database is newer than the last step.
Status migrate(SchemaOwner& database, std::span<const Migration> steps, std::string_view what);

std::span<const Migration> sqlite_migrations();
std::span<const Migration> postgres_migrations();

}  // namespace m8::store
