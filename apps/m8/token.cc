// m8 token add|list|revoke: who may use the API.
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "api/token_book.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "commands.h"
#include "output/listing.h"
#include "output/table.h"
#include "output/text.h"
#include "store/chosen_store.h"
#include "store/settings.h"

namespace m8::app {
namespace {

using cli::valued;
using cli::ValueType;

constexpr std::size_t kLongestName = 64;

Status add(const cli::Context& context) {
  const auto& flags = context.flags;
  const auto& names = flags.arguments();
  if (names.size() != 1 || names[0].empty() || names[0].size() > kLongestName)
    return Error{ErrorCode::kInvalidArgument, "one name is needed, of at most 64 bytes"};
  store::Token token;
  token.name = names[0];
  for (const std::string& scope : flags.list("scope")) {
    M8_TRY(api::parse_scope(scope));
    token.scopes += (token.scopes.empty() ? "" : " ") + scope;
  }
  token.created = SystemClock::instance().wall();
  const auto life = flags.duration("expires");
  if (life.count() > 0) token.expires = token.created + life;
  const std::string secret = api::new_secret();
  token.digest = api::secret_digest(secret);
  auto store = M8_TRY(store::open_chosen(flags, {.create_parents = true}));
  const auto id = M8_TRY(store::Tokens(store->statements()).add(token));
  std::string text = secret + '\n';
  if (flags.on("jsonl")) {
    json::Writer w;
    w.object().field("id", id).field("name", token.name).field("scopes", token.scopes);
    text = w.field("token", secret).end().take() + '\n';
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  if (!flags.on("quiet"))
    fmt::print(stderr, "m8 token add: token {} of {}: this is the only time that it is shown\n", id,
               output::escape_control(token.name));
  return {};
}

std::string time_text(const std::optional<WallTime>& time) {
  return time ? output::local_seconds(*time) : "-";
}

std::string json_of(const store::Token& token, WallTime now) {
  json::Writer w;
  const auto time = [&w](const char* key, const std::optional<WallTime>& at) {
    if (at) w.field(key, rfc3339(*at));
  };
  w.object().field("id", token.id).field("name", token.name).field("scopes", token.scopes);
  w.field("valid", token.valid(now)).field("created", rfc3339(token.created));
  time("expires", token.expires);
  time("last_used", token.last_used);
  time("revoked", token.revoked);
  return w.end().take() + '\n';
}

Status list(const cli::Context& context) {
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true}));
  const output::Table table({{"ID", 4, true},
                             {"NAME", 20},
                             {"SCOPES", 14},
                             {"STATE", 8},
                             {"CREATED", 19},
                             {"EXPIRES", 19},
                             {"LAST USED", 0}});
  const bool json = context.flags.on("jsonl");
  const WallTime now = SystemClock::instance().wall();
  output::Listing out;
  bool first = true;
  return out.finish(
      store::Tokens(store->statements()).for_each([&](const store::Token& token) -> Status {
        if (json) return out.line(json_of(token, now));
        std::string text = std::exchange(first, false) ? table.header() : "";
        const char* state = token.revoked ? "revoked" : token.valid(now) ? "valid" : "expired";
        text += table.row({std::to_string(token.id), token.name, token.scopes, state,
                           time_text(token.created), time_text(token.expires),
                           time_text(token.last_used)});
        return out.line(text);
      }));
}

/// By id, or by the name of one that is not revoked.
Result<std::int64_t> find(store::Tokens& tokens, const std::string& given) {
  std::int64_t id = 0;
  M8_TRY(tokens.for_each([&](const store::Token& token) {
    if (token.revoked) return Status();
    if (token.name == given || std::to_string(token.id) == given) id = token.id;
    return Status();
  }));
  if (id != 0) return id;
  return Error{ErrorCode::kNotFound, "no valid token: " + given};
}

Status revoke(const cli::Context& context) {
  const auto& given = context.flags.arguments();
  if (given.empty()) return Error{ErrorCode::kInvalidArgument, "ids or names of tokens are needed"};
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true}));
  store::Tokens tokens(store->statements());
  for (const std::string& one : given) {
    const auto id = M8_TRY(find(tokens, one));
    M8_TRY(tokens.revoke(id, SystemClock::instance().wall()));
  }
  return {};
}

cli::Command token_command(std::string name, std::string arguments, std::string brief,
                           Status (*run)(const cli::Context&)) {
  cli::Command command;
  command.name = "token " + name;
  command.brief = std::move(brief);
  command.arguments = std::move(arguments);
  command.run = [run](const cli::Context& context) {
    const Status done = run(context);
    return done.ok() ? cli::kDone : cli::fail("m8 " + context.command, done.error());
  };
  return command;
}

cli::Flag jsonl_flag() {
  cli::Flag jsonl = cli::switched("Output", "jsonl", {"json"}, "JSON records");
  jsonl.common = true;
  return jsonl;
}

}  // namespace

std::vector<cli::Command> token_commands() {
  using namespace std::chrono_literals;
  cli::Command add_one =
      token_command("add", "NAME", "make a token for the API and print its secret", add);
  add_one.detail =
      "The secret is printed once, alone on stdout; the store keeps only a digest of it. Scopes: "
      "read sees everything, scan also asks for scans, adds domains and judges issues, admin also "
      "removes domains.";
  add_one.flags = store::with_store_settings({
      jsonl_flag(),
      cli::common(cli::repeated(cli::chosen(
          cli::with_default(valued("Token", "scope", {}, "SCOPE,...", "what it may do"), "read"),
          {"read", "scan", "admin"}))),
      cli::common(cli::detailed(cli::typed(cli::with_default(valued("Token", "expires", {}, "TIME",
                                                                    "worth nothing after so long"),
                                                             "0"),
                                           ValueType::duration(0s, std::chrono::hours(24) * 3650)),
                                "0: never.")),
  });
  add_one.examples = {"m8 token add dashboard", "m8 token add ci --scope scan --expires 90d"};
  cli::Command list_all = token_command("list", "", "list the tokens, without their secrets", list);
  list_all.flags = store::with_store_settings({jsonl_flag()});
  cli::Command revoke_one =
      token_command("revoke", "TOKEN...", "make tokens worthless, by id or name", revoke);
  revoke_one.detail = "A server that runs notices within two seconds.";
  revoke_one.flags = store::with_store_settings({});
  return {add_one, list_all, revoke_one};
}

}  // namespace m8::app
