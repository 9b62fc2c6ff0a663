#include "store/migrate.h"

#include <fmt/format.h>

namespace m8::store {
namespace {

constexpr Migration kSqlite[] = {
    {
        1,
        "0001_first.sql",
#include "store/schema/sqlite/0001_first.sql"
    },
    {
        2,
        "0002_inventory.sql",
#include "store/schema/sqlite/0002_inventory.sql"
    },
    {
        3,
        "0003_indexes.sql",
#include "store/schema/sqlite/0003_indexes.sql"
    },
    {
        4,
        "0004_technologies.sql",
#include "store/schema/sqlite/0004_technologies.sql"
    },
    {
        5,
        "0005_life.sql",
#include "store/schema/sqlite/0005_life.sql"
    },
    {
        6,
        "0006_api.sql",
#include "store/schema/sqlite/0006_api.sql"
    },
    {
        7,
        "0007_fleet.sql",
#include "store/schema/sqlite/0007_fleet.sql"
    },
    {
        10,
        "0010_metrics.sql",
#include "store/schema/sqlite/0010_metrics.sql"
    },
    {
        12,
        "0012_fleet_progress.sql",
#include "store/schema/sqlite/0012_fleet_progress.sql"
    },
    {
        13,
        "0013_issue_key.sql",
#include "store/schema/sqlite/0013_issue_key.sql"
    },
    {
        14,
        "0014_old_rows.sql",
#include "store/schema/sqlite/0014_old_rows.sql"
    },
    {
        15,
        "0015_tags.sql",
#include "store/schema/sqlite/0015_tags.sql"
    },
};

constexpr Migration kPostgres[] = {
    {
        1,
        "0001_first.sql",
#include "store/schema/postgres/0001_first.sql"
    },
    {
        2,
        "0002_technologies.sql",
#include "store/schema/postgres/0002_technologies.sql"
    },
    {
        3,
        "0003_life.sql",
#include "store/schema/postgres/0003_life.sql"
    },
    {
        4,
        "0004_api.sql",
#include "store/schema/postgres/0004_api.sql"
    },
    {
        5,
        "0005_room.sql",
#include "store/schema/postgres/0005_room.sql"
    },
    {
        6,
        "0006_fleet.sql",
#include "store/schema/postgres/0006_fleet.sql"
    },
    {
        8,
        "0008_metrics.sql",
#include "store/schema/postgres/0008_metrics.sql"
    },
    {
        9,
        "0009_template_order.sql",
#include "store/schema/postgres/0009_template_order.sql"
    },
    {
        11,
        "0011_fleet_progress.sql",
#include "store/schema/postgres/0011_fleet_progress.sql"
    },
    {
        12,
        "0012_old_rows.sql",
#include "store/schema/postgres/0012_old_rows.sql"
    },
    {
        13,
        "0013_tags.sql",
#include "store/schema/postgres/0013_tags.sql"
    },
};

}  // namespace

std::span<const Migration> sqlite_migrations() { return kSqlite; }

std::span<const Migration> postgres_migrations() { return kPostgres; }

Status migrate(SchemaOwner& database, std::span<const Migration> steps, std::string_view what) {
  const int version = M8_TRY(database.schema_version());
  const int newest = steps.empty() ? 0 : steps.back().version;
  if (version > newest) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("{}: its schema ({}) is newer than this program's ({}): use the "
                             "version of m8 that wrote it",
                             what, version, newest)};
  }
  for (const Migration& step : steps) {
    if (step.version <= version) continue;
    if (auto applied = database.apply(step); !applied.ok()) {
      return applied.error().with_context(fmt::format("migration {}", step.name));
    }
  }
  return {};
}

}  // namespace m8::store
