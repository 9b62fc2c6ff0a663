#include "store/tokens.h"

#include <fmt/format.h>

#include "store/columns.h"

namespace m8::store {
namespace {

std::int64_t millis_or_zero(const std::optional<WallTime>& time) {
  return time ? to_millis(*time) : 0;
}

std::optional<WallTime> time_or_none(std::int64_t millis) {
  if (millis == 0) return std::nullopt;
  return from_millis(millis);
}

Query insert_token(const Token& token) {
  return {
      "INSERT INTO api_token (name, digest, scopes, created, expires) VALUES ($1, $2, $3, $4, $5)"
      " ON CONFLICT DO NOTHING RETURNING id",
      {token.name, token.digest, token.scopes, to_millis(token.created),
       millis_or_zero(token.expires)}};
}

Query select_tokens() {
  return {
      "SELECT id, name, digest, scopes, created, expires, last_used, revoked FROM api_token"
      " ORDER BY id",
      {}};
}

Query revoke_token(std::int64_t id, WallTime at) {
  return {"UPDATE api_token SET revoked = $1 WHERE id = $2 AND revoked = 0", {to_millis(at), id}};
}

Query use_token(std::int64_t id, WallTime at) {
  return {"UPDATE api_token SET last_used = $1 WHERE id = $2", {to_millis(at), id}};
}

Token read_token(const Row& row) {
  Token token;
  token.id = row.integer(0);
  token.name = row.text(1);
  token.digest = row.text(2);
  token.scopes = row.text(3);
  token.created = from_millis(row.integer(4));
  token.expires = time_or_none(row.integer(5));
  token.last_used = time_or_none(row.integer(6));
  token.revoked = time_or_none(row.integer(7));
  return token;
}

Status no_row(const Row&) { return {}; }

}  // namespace

Result<std::int64_t> Tokens::add(const Token& token) {
  std::int64_t id = 0;
  M8_TRY(sql_.run(insert_token(token), [&id](const Row& row) {
    id = row.integer(0);
    return Status();
  }));
  if (id != 0) return id;
  return Error{ErrorCode::kExists, fmt::format("a token of that name is there: {}", token.name)};
}

Status Tokens::for_each(const std::function<Status(const Token&)>& each) {
  M8_TRY(sql_.run(select_tokens(), [&](const Row& row) { return each(read_token(row)); }));
  return {};
}

Status Tokens::revoke(std::int64_t id, WallTime at) {
  if (M8_TRY(sql_.run(revoke_token(id, at), no_row)) > 0) return {};
  return Error{ErrorCode::kNotFound, fmt::format("no valid token {}", id)};
}

Status Tokens::used(std::int64_t id, WallTime at) {
  M8_TRY(sql_.run(use_token(id, at), no_row));
  return {};
}

std::vector<Sample> token_samples() {
  return {
      {"add a token", insert_token({})},
      {"tokens", select_tokens(), true},
      {"revoke a token", revoke_token(1, {})},
      {"use of a token", use_token(1, {})},
  };
}

}  // namespace m8::store
