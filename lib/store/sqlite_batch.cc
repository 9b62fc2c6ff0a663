#include "store/sqlite_batch.h"

#include <sqlite3.h>

// A module for SQLite is a table of C functions: https://www.sqlite.org/vtab.html. None may throw;
// what they allocate is small, and without memory for it the program ends as everywhere else.
namespace m8::store {
namespace {

struct OpenTable : sqlite3_vtab {
  explicit OpenTable(BatchTables& all) : sqlite3_vtab{}, tables(all) {}
  BatchTables& tables;
};

struct Cursor : sqlite3_vtab_cursor {
  explicit Cursor(BatchTables& all) : sqlite3_vtab_cursor{}, tables(all) {}
  BatchTables& tables;
  std::size_t row = 0, size = 0;
};

int arrive(Cursor& cursor) {
  if (cursor.row < cursor.size) cursor.tables.rows->go_to(cursor.row);
  return SQLITE_OK;
}

int best_index(sqlite3_vtab*, sqlite3_index_info* plan) {
  plan->estimatedCost = 1e6;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<OpenTable*>(table);
  return SQLITE_OK;
}

int open(sqlite3_vtab* table, sqlite3_vtab_cursor** cursor) {
  *cursor = new Cursor(static_cast<OpenTable*>(table)->tables);
  return SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

int rewind(sqlite3_vtab_cursor* at, int, const char*, int, sqlite3_value**) {
  auto& cursor = *static_cast<Cursor*>(at);
  cursor.row = 0;
  cursor.size = cursor.tables.rows ? cursor.tables.rows->size() : 0;
  return arrive(cursor);
}

int next(sqlite3_vtab_cursor* at) {
  auto& cursor = *static_cast<Cursor*>(at);
  ++cursor.row;
  return arrive(cursor);
}

int at_end(sqlite3_vtab_cursor* at) {
  const auto& cursor = *static_cast<Cursor*>(at);
  return cursor.row >= cursor.size ? 1 : 0;
}

int column(sqlite3_vtab_cursor* at, sqlite3_context* out, int number) {
  const auto cell = static_cast<Cursor*>(at)->tables.rows->cell(number);
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
    sqlite3_result_int64(out, *integer);
    return SQLITE_OK;
  }
  const auto text = std::get<std::string_view>(cell);
  // A null pointer would be NULL instead of "".
  sqlite3_result_text64(out, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  return SQLITE_OK;
}

int row_number(sqlite3_vtab_cursor* at, sqlite3_int64* row) {
  *row = static_cast<sqlite3_int64>(static_cast<Cursor*>(at)->row);
  return SQLITE_OK;
}

void same(sqlite3_context* context, int, sqlite3_value** arguments) {
  const bool value = sqlite3_value_int(arguments[0]) != 0;
  auto* const rows = static_cast<BatchTables*>(sqlite3_user_data(context))->rows;
  if (rows) rows->compared(value);
  sqlite3_result_int(context, value ? 1 : 0);
}

int connect(sqlite3* connection, const BatchTables::Table& wanted, sqlite3_vtab** table) {
  const int code = sqlite3_declare_vtab(connection, wanted.declaration.c_str());
  if (code == SQLITE_OK) *table = new OpenTable(*wanted.tables);
  return code;
}

/// Without xCreate: a table that is there without being created, and is never on disk.
constexpr sqlite3_module make_module() {
  sqlite3_module module{};
  module.xConnect = [](sqlite3* connection, void* wanted, int, const char* const*,
                       sqlite3_vtab** table, char**) {
    return connect(connection, *static_cast<BatchTables::Table*>(wanted), table);
  };
  module.xBestIndex = best_index;
  module.xDisconnect = disconnect;
  module.xOpen = open;
  module.xClose = close;
  module.xFilter = rewind;
  module.xNext = next;
  module.xEof = at_end;
  module.xColumn = column;
  module.xRowid = row_number;
  return module;
}

constexpr sqlite3_module kModule = make_module();

}  // namespace

bool BatchTables::add(sqlite3* connection, const char* name, const char* columns) {
  tables_.push_front({this, std::string("CREATE TABLE batch (") + columns + ")"});
  return sqlite3_create_module(connection, name, &kModule, &tables_.front()) == SQLITE_OK;
}

bool BatchTables::add_function(sqlite3* connection) {
  return sqlite3_create_function(connection, "batch_same", 1, SQLITE_UTF8, this, same, nullptr,
                                 nullptr) == SQLITE_OK;
}

}  // namespace m8::store
