#include "store/pg_connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <forward_list>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/regex.h"
#include "net/shown_url.h"

namespace m8::store {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxPrepared = 200;
constexpr const char* kKept = "; what was stored before is kept";

/// The first line of a message of libpq or the server, without the severity.
std::string first_line(const char* message) {
  std::string_view text(message ? message : "");
  for (const std::string_view severity : {"ERROR:  ", "FATAL:  ", "PANIC:  "}) {
    if (const auto at = text.find(severity); at != text.npos)
      text.remove_prefix(at + severity.size());
  }
  return std::string(text.substr(0, text.find('\n')));
}

struct Cause {
  std::string_view state;  ///< SQLSTATE, or the beginning of one
  ErrorCode code;
  std::string_view advice;
};

constexpr Cause kCauses[] = {
    {"53100", ErrorCode::kExhausted, ": free space on the server's disk and run again"},
    {"53300", ErrorCode::kExhausted,
     ": lower store.max_open or raise the server's max_connections"},
    {"53", ErrorCode::kExhausted, ""},
    {"54", ErrorCode::kExhausted, ""},
    {"58030", ErrorCode::kExhausted, ": look at the server's disk"},
    {"25006", ErrorCode::kDenied, ": this server or database is read-only, store on another"},
    {"42501", ErrorCode::kDenied, ": grant this user the right, or give it a database of its own"},
    {"28", ErrorCode::kDenied, ": check user and password of store.url"},
    {"3D000", ErrorCode::kNotFound, ": create it (createdb)"},
    {"57014", ErrorCode::kTimeout, ""},
    {"55P03", ErrorCode::kTimeout, ": another program holds a lock, run again"},
    {"40", ErrorCode::kTimeout, ": other programs write the same rows, run again"},
    {"57P", ErrorCode::kNetwork, ": run again when the server is up"},
    {"08", ErrorCode::kNetwork, ""},
    {"42P07", ErrorCode::kInvalidArgument, ": give m8 a database or a schema of its own"},
    {"22", ErrorCode::kInvalidArgument, ""},
    {"23", ErrorCode::kInvalidArgument, ""},
    {"XX001", ErrorCode::kCorrupt, ": restore a backup of the server"},
    {"XX002", ErrorCode::kCorrupt, ": rebuild the index (REINDEX) or restore a backup"},
};

const Cause* cause_of(std::string_view state) {
  const auto found = std::find_if(std::begin(kCauses), std::end(kCauses), [&](const Cause& cause) {
    return state.starts_with(cause.state);
  });
  return found == std::end(kCauses) ? nullptr : found;
}

/// While connecting libpq hands on no SQLSTATE, only these words.
struct Refusal {
  std::string_view words, state;
};
constexpr Refusal kRefusals[] = {
    {"too many clients", "53300"},
    {"connection slots", "53300"},
    {"too many connections", "53300"},
    {"authentication", "28P01"},
    {"no pg_hba.conf entry", "28000"},
    {"password", "28P01"},
    {"role", "28000"},
    {"does not exist", "3D000"},
    {"permission denied", "42501"},
    {"No space left", "53100"},
    {"is not currently accepting", "57P03"},
};

Error malformed_url() {
  return {ErrorCode::kInvalidArgument,
          "failed to open database: the URL is malformed: expected "
          "postgresql://user:password@host:port/database"};
}

int milliseconds_until(Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
}

/// The values of a statement in libpq's form; borrows \p values. Without memory of its own for the
/// few short ones that most statements have.
class Parameters {
 public:
  explicit Parameters(const std::vector<Value>& values) {
    if (values.size() > kFew) more_.resize(values.size());
    const char** out = more_.empty() ? few_.data() : more_.data();
    for (const Value& value : values) *out++ = text_of(value);
    count_ = static_cast<int>(values.size());
  }
  Parameters(const Parameters&) = delete;
  int count() const { return count_; }
  const char* const* data() const { return more_.empty() ? few_.data() : more_.data(); }

 private:
  static constexpr std::size_t kFew = 8;

  const char* text_of(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      texts_.push_front(std::to_string(*number));
    } else {
      const auto& text = std::get<std::string>(value);
      if (text.find('\0') == text.npos && is_utf8(text)) return text.c_str();
      texts_.push_front(clean_text(text));
    }
    return texts_.front().c_str();
  }

  int count_ = 0;
  std::array<const char*, kFew> few_;
  std::vector<const char*> more_;
  std::forward_list<std::string> texts_;  ///< those that are not in \p values; they stay in place
};

class ResultRow final : public Row {
 public:
  explicit ResultRow(const PgResult& result) : result_(result) {}
  void go_to(int row) { row_ = row; }
  int columns() const override { return result_.columns(); }
  std::int64_t integer(int column) const override { return result_.integer(row_, column); }
  std::string_view text(int column) const override { return result_.text(row_, column); }

 private:
  const PgResult& result_;
  int row_ = 0;
};

}  // namespace

std::string clean_text(std::string_view bytes) {
  const bool nul = bytes.find('\0') != bytes.npos;
  std::string text = is_utf8(bytes) ? std::string(bytes) : to_utf8(bytes);
  if (!nul) return text;
  std::string out;
  for (const char c : text) {
    if (c == '\0') {
      out += "\xef\xbf\xbd";
    } else {
      out += c;
    }
  }
  return out;
}

void PgResult::Clear::operator()(pg_result* result) const { PQclear(result); }

int PgResult::rows() const { return PQntuples(result_.get()); }

int PgResult::columns() const { return PQnfields(result_.get()); }

std::string_view PgResult::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t PgResult::integer(int row, int column) const {
  const std::string_view value = text(row, column);
  if (value == "t") return 1;
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

std::int64_t PgResult::changed() const {
  const std::string_view value = PQcmdTuples(result_.get());
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

std::size_t PgResult::bytes() const { return PQresultMemorySize(result_.get()); }

Status PgResult::for_each(const EachRow& each) const {
  ResultRow row(*this);
  for (int i = 0; i < rows(); ++i) {
    row.go_to(i);
    M8_TRY(each(row));
  }
  return {};
}

Result<std::unique_ptr<PgConnection>> PgConnection::open(const PgTarget& target) {
  char* message = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(target.url.c_str(), &message);
  PQfreemem(message);  // may repeat the password
  if (parsed == nullptr) return malformed_url();
  PQconninfoFree(parsed);
  // What stands before dbname is overruled by the URL, what stands behind it is not.
  const char* const names[] = {"tcp_user_timeout", "fallback_application_name", "dbname",
                               "client_encoding", nullptr};
  const char* const values[] = {"30000", "m8", target.url.c_str(), "UTF8", nullptr};
  std::unique_ptr<PgConnection> made(
      new PgConnection(target, PQconnectStartParams(names, values, 1)));
  if (made->handle_ == nullptr) return Error{ErrorCode::kExhausted, "out of memory"};
  if (std::string_view(PQerrorMessage(made->handle_)).find("connection option") !=
      std::string_view::npos) {
    return malformed_url();
  }
  auto connected = made->connect();
  if (connected.ok()) {
    const bool sent = PQsendQuery(made->handle_, "SELECT 1") == 1;
    if (auto answer = made->answer(sent, target.ping_timeout); !answer.ok())
      connected = answer.error();
  }
  if (!connected.ok()) return connected.error().with_context("failed to ping database");
  return made;
}

PgConnection::~PgConnection() { PQfinish(handle_); }

Status PgConnection::connect() {
  const Deadline deadline = std::chrono::steady_clock::now() + target_.ping_timeout;
  PQsetNoticeReceiver(
      handle_, [](void*, const PGresult*) {}, nullptr);
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(handle_) != CONNECTION_BAD && state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) return connect_failure();
    M8_TRY(wait_for(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline));
    state = PQconnectPoll(handle_);
  }
  if (PQstatus(handle_) == CONNECTION_BAD) return connect_failure();
  PQsetnonblocking(handle_, 1);
  return {};
}

Status PgConnection::wait_for(short events, Deadline deadline) {
  pollfd entry{PQsocket(handle_), events, 0};
  for (;;) {
    const int ready = ::poll(&entry, 1, milliseconds_until(deadline));
    if (ready > 0) return {};
    if (ready < 0 && errno == EINTR) continue;
    broken_ = true;
    return Error{ErrorCode::kTimeout, place() + ": the server does not answer"};
  }
}

/// Sends what libpq holds; reads meanwhile, because a server that is stuck on its answers would not
/// read either.
Status PgConnection::flush() {
  const Deadline deadline = std::chrono::steady_clock::now() + target_.answer_timeout;
  for (;;) {
    const int left = PQflush(handle_);
    if (left == 0) return {};
    if (left < 0) return failure(nullptr);
    M8_TRY(wait_for(POLLIN | POLLOUT, deadline));
    if (PQconsumeInput(handle_) == 0) return failure(nullptr);
  }
}

/// Null when the statement is over.
Result<pg_result*> PgConnection::next_result(Deadline deadline) {
  while (PQisBusy(handle_) == 1) {
    M8_TRY(wait_for(POLLIN, deadline));
    if (PQconsumeInput(handle_) == 0) return failure(nullptr);
  }
  return PQgetResult(handle_);
}

Result<PgResult> PgConnection::answer(bool sent, std::chrono::milliseconds timeout) {
  if (!sent) return failure(nullptr);
  M8_TRY(flush());
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  PgResult last(nullptr);
  std::optional<Error> failed;
  for (;;) {
    pg_result* const result = M8_TRY(next_result(deadline));
    if (result == nullptr) break;
    PgResult holder(result);
    const auto state = PQresultStatus(result);
    if (state == PGRES_COPY_IN) return holder;
    if (state == PGRES_FATAL_ERROR && !failed) failed = failure(result);
    last = std::move(holder);
  }
  if (failed) return *failed;
  return last;
}

std::string PgConnection::place() const { return net::shown_url(target_.url); }

Error PgConnection::connect_failure() const {
  const std::string message = first_line(PQerrorMessage(handle_));
  for (const Refusal& refusal : kRefusals) {
    if (message.find(refusal.words) == message.npos) continue;
    const Cause* cause = cause_of(refusal.state);
    return {cause->code, fmt::format("{}: {}{}", place(), message, cause->advice)};
  }
  return {ErrorCode::kNetwork, fmt::format("{}: {}", place(), message)};
}

Error PgConnection::failure(const pg_result* result) {
  const char* state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  last_state_ = state ? state : "";
  if (PQstatus(handle_) == CONNECTION_BAD || state == nullptr) {
    broken_ = true;
    return {ErrorCode::kNetwork,
            fmt::format("{}: the server closed the connection{}", place(), kKept)};
  }
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const Cause* cause = cause_of(last_state_);
  if (last_state_.starts_with("57P")) broken_ = true;
  return {cause ? cause->code : ErrorCode::kInternal,
          fmt::format("{}: {}{}{}", place(), first_line(primary), cause ? cause->advice : "",
                      cause && cause->code == ErrorCode::kExhausted ? kKept : "")};
}

bool PgConnection::usable() const {
  return !broken_ && PQtransactionStatus(handle_) == PQTRANS_IDLE;
}

bool PgConnection::alive() {
  char byte;
  // Nothing to read: as it should be. The end, or a last word of the server: it is gone.
  return ::recv(PQsocket(handle_), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

Result<PgResult> PgConnection::execute(const std::string& sql) {
  return answer(PQsendQuery(handle_, sql.c_str()) == 1, target_.answer_timeout);
}

Status PgConnection::begin(const std::string& sql) {
  if (PQsendQuery(handle_, sql.c_str()) != 1) return failure(nullptr);
  return flush();
}

Result<PgResult> PgConnection::run(const Query& query) {
  auto known = prepared_.find(query.sql);
  if (known == prepared_.end()) {
    if (prepared_.size() >= kMaxPrepared) return run_once(query);
    const std::string name = fmt::format("m8_{}", prepared_.size() + 1);
    M8_TRY(prepare(name, query.sql));
    known = prepared_.emplace(query.sql, name).first;
  }
  return execute_known(known->second, query.values);
}

Result<PgResult> PgConnection::run_once(const Query& query) {
  const Parameters parameters(query.values);
  const bool sent = PQsendQueryParams(handle_, query.sql.c_str(), parameters.count(), nullptr,
                                      parameters.data(), nullptr, nullptr, 0) == 1;
  return answer(sent, target_.answer_timeout);
}

Status PgConnection::prepare(const std::string& name, const std::string& sql) {
  const bool sent = PQsendPrepare(handle_, name.c_str(), sql.c_str(), 0, nullptr) == 1;
  M8_TRY(answer(sent, target_.answer_timeout));
  statements_.insert(name);
  return {};
}

Result<PgResult> PgConnection::execute_prepared(const std::string& name,
                                                const std::vector<Value>& values) {
  if (!statements_.contains(name))
    return Error{ErrorCode::kNotFound, fmt::format("prepared statement {} not found", name)};
  return execute_known(name, values);
}

Result<PgResult> PgConnection::execute_known(const std::string& name,
                                             const std::vector<Value>& values) {
  const Parameters parameters(values);
  const bool sent = PQsendQueryPrepared(handle_, name.c_str(), parameters.count(),
                                        parameters.data(), nullptr, nullptr, 0) == 1;
  return answer(sent, target_.answer_timeout);
}

Status PgConnection::copy_begin(const std::string& sql) {
  M8_TRY(execute(sql));
  return {};
}

Status PgConnection::copy_write(std::string_view bytes) {
  for (;;) {
    const int taken = PQputCopyData(handle_, bytes.data(), static_cast<int>(bytes.size()));
    if (taken < 0) return failure(nullptr);
    if (taken > 0) return flush();
    M8_TRY(flush());
  }
}

Status PgConnection::copy_end() {
  const bool ended = PQputCopyEnd(handle_, nullptr) == 1;
  M8_TRY(answer(ended, target_.answer_timeout));
  return {};
}

std::string PgConnection::server_version() const {
  const char* version = PQparameterStatus(handle_, "server_version");
  const std::string text = version ? version : "";
  return text.substr(0, text.find(' '));
}

Result<PgTransaction> PgTransaction::begin(PgConnection& connection, const char* begin) {
  M8_TRY(connection.execute(begin));
  return PgTransaction(connection);
}

PgTransaction::PgTransaction(PgTransaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

PgTransaction::~PgTransaction() {
  // Fails only where the connection is gone, and the transaction with it.
  if (connection_) (void)connection_->execute("ROLLBACK");
}

Status PgTransaction::commit() {
  PgConnection* const connection = std::exchange(connection_, nullptr);
  M8_TRY(connection->execute("COMMIT"));
  return {};
}

}  // namespace m8::store
