/// PgConnection: one connection to a PostgreSQL server, and its results, as guards. Only
/// pg_connection.cc includes libpq-fe.h.
///
/// One thread at a time. Every wait ends by a time-out, after which the connection is broken.
/// Errors name the server, the cause in its own words, and what to do: kDenied (user, password,
/// privileges, read-only), kExhausted (connections, disk, memory), kNetwork (down, gone), kTimeout,
/// kNotFound (database), kInvalidArgument (a value that the schema refuses), kCorrupt.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "store/pool.h"
#include "store/query.h"

struct pg_conn;
struct pg_result;

namespace m8::store {

/// \p bytes as text that PostgreSQL takes: what is no UTF-8, and NUL, becomes U+FFFD.
std::string clean_text(std::string_view bytes);

/// The answer to a statement.
class PgResult {
 public:
  explicit PgResult(pg_result* result) : result_(result) {}
  int rows() const;
  int columns() const;
  std::int64_t integer(int row, int column) const;
  std::string_view text(int row, int column) const;
  /// Rows that an INSERT, UPDATE or DELETE changed.
  std::int64_t changed() const;
  /// Memory of it all.
  std::size_t bytes() const;
  /// Gives each row to \p each.
  Status for_each(const EachRow& each) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

struct PgTarget {
  std::string url;
  std::chrono::milliseconds ping_timeout{5'000};
  std::chrono::milliseconds answer_timeout{120'000};
};

class PgConnection final : public PooledConnection {
 public:
  /// Connects and asks for a first answer. "failed to open database: ..." for a malformed URL,
  /// "failed to ping database: ..." when the server does not answer or refuses.
  static Result<std::unique_ptr<PgConnection>> open(const PgTarget& target);
  ~PgConnection() override;

  bool usable() const override;
  bool alive() override;

  /// Runs \p sql, one or more statements without values; the last one's answer.
  Result<PgResult> execute(const std::string& sql);
  /// Sends \p sql and returns at once; answer() waits for it. Nothing else in between.
  Status begin(const std::string& sql);
  Result<PgResult> answer() { return answer(true, target_.answer_timeout); }
  /// Runs \p query, which is prepared when this connection sees it for the first time.
  Result<PgResult> run(const Query& query);
  /// Runs \p query, planned for this once.
  Result<PgResult> run_once(const Query& query);

  /// Prepares \p sql under \p name, for execute_prepared().
  Status prepare(const std::string& name, const std::string& sql);
  /// kNotFound "prepared statement NAME not found".
  Result<PgResult> execute_prepared(const std::string& name, const std::vector<Value>& values);

  /// Starts the COPY ... FROM STDIN \p sql.
  Status copy_begin(const std::string& sql);
  /// Gives more of its data; some may stay buffered.
  Status copy_write(std::string_view bytes);
  /// All was given: waits until the server has it.
  Status copy_end();

  /// "15.18"
  std::string server_version() const;
  /// SQLSTATE of the last failure; empty if it had none.
  const std::string& last_state() const { return last_state_; }

 private:
  PgConnection(const PgTarget& target, pg_conn* handle) : target_(target), handle_(handle) {}
  Status connect();
  Status wait_for(short events, std::chrono::steady_clock::time_point deadline);
  Status flush();
  Result<PgResult> execute_known(const std::string& name, const std::vector<Value>& values);
  Result<PgResult> answer(bool sent, std::chrono::milliseconds timeout);
  Result<pg_result*> next_result(std::chrono::steady_clock::time_point deadline);
  Error failure(const pg_result* result);
  Error connect_failure() const;
  std::string place() const;

  const PgTarget target_;
  pg_conn* handle_;
  bool broken_ = false;
  std::string last_state_;
  std::unordered_map<std::string, std::string> prepared_;  ///< SQL to name
  std::unordered_set<std::string> statements_;             ///< names that were prepared
};

/// BEGIN now, ROLLBACK when the guard goes, unless commit() succeeded.
class PgTransaction {
 public:
  /// \p begin: "BEGIN" with options.
  static Result<PgTransaction> begin(PgConnection& connection, const char* begin = "BEGIN");
  ~PgTransaction();
  PgTransaction(PgTransaction&& other) noexcept;
  PgTransaction& operator=(PgTransaction&&) = delete;
  Status commit();

 private:
  explicit PgTransaction(PgConnection& connection) : connection_(&connection) {}
  PgConnection* connection_;  ///< null once committed
};

}  // namespace m8::store
