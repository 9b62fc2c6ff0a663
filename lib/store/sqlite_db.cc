#include "store/sqlite_db.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"

namespace m8::store {
namespace {

// page_size: of new files. A batch in no order touches most pages of an index, so fewer, larger
// ones are less work. NORMAL: in WAL mode a power cut (not a crash or kill of the program) may take
// the last batches with it, each as a whole, and never damages the file. 48 MiB of cache, which
// holds the index of a million names; 128 MiB of WAL between checkpoints, so that a page that each
// batch touches is copied back seldom. secure_delete: Debian's SQLite overwrites with zeros what is
// deleted or moved; pruning writes the file anew, which leaves nothing of that.
constexpr const char* kPragmas =
    "PRAGMA page_size = 16384;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA cache_size = -49152;"
    "PRAGMA wal_autocheckpoint = 8192;"
    "PRAGMA journal_size_limit = 134217728;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA secure_delete = OFF;";

/// Without the statistics of SQLite's memory, which cost a lock at each allocation. Has an effect
/// before the library's first use only; refused later, which does no harm.
void configure_library() {
  static const int refused = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(refused);
}

/// A scan that stores some hundred findings a second does with so much of the cache, until there is
/// a batch as large as those of an enumeration.
constexpr const char* kModestCache = "PRAGMA cache_size = -12288";
constexpr const char* kWholeCache = "PRAGMA cache_size = -49152";
constexpr std::size_t kLargeBatch = 5000;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string_view text_of(sqlite3_value* value) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return bytes ? std::string_view(bytes, static_cast<std::size_t>(sqlite3_value_bytes(value)))
               : std::string_view();
}

/// SQL function join_words(known, more): the words of both, each once, the known ones first.
void join_words(sqlite3_context* context, int, sqlite3_value** arguments) {
  const std::string_view known = text_of(arguments[0]), more = text_of(arguments[1]);
  std::string joined(known);
  if (known != more) {
    std::vector<std::string_view> seen = words_of(known);
    for (const std::string_view word : words_of(more)) {
      if (std::find(seen.begin(), seen.end(), word) != seen.end()) continue;
      seen.push_back(word);
      joined.append(joined.empty() ? "" : " ").append(word);
    }
  }
  sqlite3_result_text(context, joined.data(), static_cast<int>(joined.size()), SQLITE_TRANSIENT);
}

/// Says in the words of the file system why \p path can't be opened, before SQLite says less.
/// Creates the file with mode 0600 if there is none and \p must_exist does not forbid it.
Status check_file(const std::string& path, bool must_exist) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT || must_exist) return errno_error(path, errno);
    const Fd created(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!created && errno != EEXIST) return errno_error(path, errno);
    return {};
  }
  if (S_ISDIR(status.st_mode)) return errno_error(path, EISDIR);
  // access(), not open(): closing a descriptor would drop this process's locks on the file.
  if (::access(path.c_str(), R_OK | W_OK) != 0) return errno_error(path, errno);
  return {};
}

Error make_error(const std::string& path, int code, int system_errno, const char* message) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorCode::kExhausted,
              path + ": disk is full: free space and run again; what was stored before is kept"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kTimeout, path + ": locked by another process"};
    case SQLITE_CORRUPT:
      return {ErrorCode::kCorrupt, path + ": database is damaged: move it away or restore a copy"};
    case SQLITE_NOTADB:
      return {ErrorCode::kInvalidArgument, path + ": not a database"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {ErrorCode::kDenied, path + ": can't be written to"};
    case SQLITE_NOMEM:
      return {ErrorCode::kExhausted, path + ": out of memory"};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system_errno != 0) return errno_error(path, system_errno);
      return {ErrorCode::kIo, fmt::format("{}: {}", path, message)};
    default:
      return {ErrorCode::kInternal, fmt::format("{}: {}", path, message)};
  }
}

/// "$1" as "?1": to SQLite the first is a name, which it looks for among all names before it.
std::string with_numbers(std::string_view sql) {
  std::string text(sql);
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '$' && text[i + 1] >= '1' && text[i + 1] <= '9') text[i] = '?';
  }
  return text;
}

}  // namespace

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)), next_(other.next_) {}

SqliteStatement::~SqliteStatement() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

SqliteStatement& SqliteStatement::bind(std::int64_t value) {
  sqlite3_bind_int64(statement_, next_++, value);
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::string_view text) {
  // A null pointer would bind NULL instead of "".
  const char* bytes = text.data() ? text.data() : "";
  sqlite3_bind_text64(statement_, next_++, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

SqliteStatement& SqliteStatement::bind_value(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return bind(*number);
  return bind(std::string_view(std::get<std::string>(value)));
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return db_->error();
}

Status SqliteStatement::run() {
  const auto row = step();
  reset();
  if (!row) return row.error();
  return {};
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_);
  next_ = 1;
}

int SqliteStatement::columns() const { return sqlite3_column_count(statement_); }

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view SqliteStatement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (!bytes) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::unique_ptr<SqliteDb>> SqliteDb::open(const std::string& path,
                                                 std::chrono::milliseconds busy_timeout,
                                                 bool must_exist) {
  M8_TRY(check_file(path, must_exist));
  configure_library();
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  // The handle must be closed also when opening failed.
  std::unique_ptr<SqliteDb> db(new SqliteDb(path, handle));
  if (code != SQLITE_OK) return db->error();
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  if (sqlite3_create_function(handle, "join_words", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
                              join_words, nullptr, nullptr) != SQLITE_OK ||
      !db->batches_.add_function(handle)) {
    return db->error();
  }
  M8_TRY(db->execute(kPragmas));
  M8_TRY(db->execute(kModestCache));
  return db;
}

SqliteDb::~SqliteDb() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

const char* SqliteDb::version() { return sqlite3_libversion(); }

Result<SqliteStatement> SqliteDb::prepare(std::string_view sql) {
  auto [entry, added] = statements_.try_emplace(std::string(sql), nullptr);
  if (!added) return SqliteStatement(*this, entry->second);
  const std::string text = with_numbers(sql);
  if (sqlite3_prepare_v3(handle_, text.data(), static_cast<int>(text.size()),
                         SQLITE_PREPARE_PERSISTENT, &entry->second, nullptr) != SQLITE_OK) {
    statements_.erase(entry);
    return error();
  }
  return SqliteStatement(*this, entry->second);
}

Status SqliteDb::make_room(std::size_t records) {
  if (roomy_ || records < kLargeBatch) return {};
  roomy_ = true;
  return execute(kWholeCache);
}

Status SqliteDb::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return {};
}

Status SqliteDb::add_batch_table(const char* name, const char* columns) {
  if (!batches_.add(handle_, name, columns)) return error();
  return {};
}

Status SqliteDb::run_batch(std::string_view sql, BatchRows& rows) {
  auto statement = M8_TRY(prepare(sql));
  read_batch(&rows);
  const Status status = statement.run();
  read_batch(nullptr);
  return status;
}

std::int64_t SqliteDb::last_id() const { return sqlite3_last_insert_rowid(handle_); }

int SqliteDb::changes() const { return sqlite3_changes(handle_); }

Error SqliteDb::error() const {
  return make_error(path_, sqlite3_extended_errcode(handle_), sqlite3_system_errno(handle_),
                    sqlite3_errmsg(handle_));
}

Result<SqliteTransaction> SqliteTransaction::begin(SqliteDb& db) {
  M8_TRY(db.execute("BEGIN IMMEDIATE"));
  return SqliteTransaction(db);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : db_(std::exchange(other.db_, nullptr)) {}

SqliteTransaction::~SqliteTransaction() {
  // Fails only where SQLite rolled back by itself (disk full).
  if (db_) (void)db_->execute("ROLLBACK");
}

Status SqliteTransaction::commit() {
  M8_TRY(db_->execute("COMMIT"));
  db_ = nullptr;
  return {};
}

}  // namespace m8::store
