/// Route: one row of the API's table. The router and the OpenAPI document are made from the same
/// rows, so that neither knows a path that the other does not.
///
/// Plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "serve/routes.h"

namespace m8::api {

/// What a token may do; each includes those before it.
enum class Scope : std::uint8_t { kNone, kRead, kScan, kAdmin };

/// "read", "scan", "admin"; "" for kNone.
const char* to_string(Scope scope);
/// kInvalidArgument "not a scope: x (read, scan, admin)".
Result<Scope> parse_scope(std::string_view text);

/// Who asks.
struct Caller {
  std::int64_t token = 0;  ///< id; 0: nobody, reading what is public
  std::string name;        ///< of the token
  Scope scope = Scope::kNone;
};

/// A request that was let through: parameters are of the kinds that the table promises.
struct Call {
  const serve::Request& request;
  Caller caller;
  std::map<std::string, std::string, std::less<>> parameters;  ///< of path and query, decoded

  /// Empty if it was not given.
  std::string text(std::string_view name) const;
  bool has(std::string_view name) const { return parameters.find(name) != parameters.end(); }
  bool flag(std::string_view name) const;
  std::int64_t number(std::string_view name, std::int64_t fallback = 0) const;
};

/// The answer, or an error that answer_of() turns into one.
using Handler = std::function<Result<serve::Response>(const Call&)>;

struct Route {
  const char* method = "";   ///< "GET"; HEAD is answered by GET's handler
  const char* pattern = "";  ///< "/api/v1/domains/{domain}": a parameter is a whole segment
  const char* summary = "";
  Handler handler = {};
  Scope scope = Scope::kRead;
  std::vector<const char*> query = {};  ///< names of find_parameter()
  const char* body = "";                ///< schema of what is sent
  const char* answer = "";              ///< schema of what comes back; "": no JSON
  bool list = false;                    ///< a page of those
  int status = 200;                     ///< when it succeeds

  // What a row says beyond the four.
  Route for_all() &&;    ///< needs no token
  Route for_admin() &&;  ///< needs the scope admin
  Route asks(std::vector<const char*> names) &&;
  Route takes(const char* schema) &&;
  Route gives(const char* schema, int when_good = 200) &&;
  /// A page of \p schema; with \p cursor it asks for "limit" and "cursor", too.
  Route gives_many(const char* schema, bool cursor = true) &&;
};

/// A row that reads: it needs the scope read.
Route reads(const char* pattern, const char* summary, Handler handler);
/// A row that changes something, by \p method: it needs the scope scan.
Route writes(const char* method, const char* pattern, const char* summary, Handler handler);

/// What a parameter may be.
struct Parameter {
  enum class Kind { kNumber, kFlag, kName, kText, kChoice, kCursor };
  const char* name;
  Kind kind = Kind::kText;
  const char* brief;
  std::int64_t min = 0, max = 0;  ///< of a number; of a text: bytes
  std::vector<std::string_view> choices = {};
};

/// Every parameter that a route may have. Null if there is none of that name.
const Parameter* find_parameter(std::string_view name);
/// Its canonical form, or kInvalidArgument "NAME: reason".
Result<std::string> check_parameter(const Parameter& parameter, std::string_view text);

/// {"error": message} with \p status.
serve::Response refusal(int status, std::string_view message);
/// The status that fits, and a message that tells strangers nothing about this machine: what is no
/// fault of the caller is logged, and said in general words.
serve::Response answer_of(const Error& error);
/// A body of JSON.
serve::Response json_answer(std::string body, int status = 200);

/// Cursors are texts that only we can read: unpadded base64url of a key.
std::string cursor_of(std::string_view key);
/// kInvalidArgument "cursor: not one of ours".
Result<std::string> key_of(std::string_view cursor);

}  // namespace m8::api
