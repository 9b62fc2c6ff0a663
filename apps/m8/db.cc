// m8 db migrate|status|explain|prune: the store's schema, and how it answers.
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "commands.h"
#include "output/stream.h"
#include "output/table.h"
#include "store/chosen_store.h"
#include "store/settings.h"

namespace m8::app {
namespace {

Status print(const std::string& text) {
  output::Stream out(Fd(STDOUT_FILENO), "stdout");
  M8_TRY(out.write(text));
  return out.flush();
}

/// "up to date", or what to do about it.
std::string state_of(const store::StoreInfo& info) {
  if (info.version > info.newest) return "newer than this program: use the version that wrote it";
  if (info.pending.empty()) return "up to date";
  return fmt::format("{} behind: m8 db migrate brings it up to date, and so does any other use",
                     info.pending.size());
}

std::string info_json(const store::StoreInfo& info) {
  json::Writer w;
  w.object().field("backend", info.backend).field("store", info.place);
  w.field("schema", info.version).field("newest", info.newest).strings("pending", info.pending);
  w.field("bytes", info.bytes).key("rows").object();
  for (const auto& [table, rows] : info.rows) w.field(table, rows);
  w.end();
  w.key("query_cache").object().field("hits", info.cache.hits).field("misses", info.cache.misses);
  w.field("entries", info.cache.entries).field("bytes", info.cache.bytes).end();
  if (info.pool) {
    const store::PoolStats& pool = *info.pool;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(pool.wait_time);
    w.key("pool").object().field("open", pool.open).field("idle", pool.idle);
    w.field("most_open", pool.most_open);
    w.field("in_use", pool.in_use).field("opened", pool.opened).field("broken", pool.broken);
    w.field("expired", pool.expired).field("waits", pool.waits).field("timeouts", pool.timeouts);
    w.field("refused", pool.refused).field("wait_ms", waited.count()).end();
  }
  return w.end().take() + '\n';
}

std::string info_text(const store::StoreInfo& info) {
  std::string text = fmt::format("store     {} ({})\nschema    {} of {}, {}\nsize      {}\n",
                                 info.place, info.backend, info.version, info.newest,
                                 state_of(info), output::bytes_text(info.bytes));
  for (const auto& [table, rows] : info.rows) text += fmt::format("{:<9} {}\n", table, rows);
  return text;
}

Status show_status(const cli::Context& context) {
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true, .migrate = false}));
  const auto info = M8_TRY(store->info());
  return print(context.flags.on("jsonl") ? info_json(info) : info_text(info));
}

/// The version before, 0 if there is no store yet.
Result<int> version_before(const cli::Context& context) {
  auto store = store::open_chosen(context.flags, {.must_exist = true, .migrate = false});
  if (!store.ok() && store.error().code == ErrorCode::kNotFound) return 0;
  if (!store.ok()) return store.error();
  return M8_TRY((*store)->info()).version;
}

Status migrate(const cli::Context& context) {
  const int before = M8_TRY(version_before(context));
  auto store = M8_TRY(store::open_chosen(context.flags, {}));
  const auto info = M8_TRY(store->info());
  return print(before == info.version
                   ? fmt::format("{}: schema {}, up to date\n", info.place, before)
                   : fmt::format("{}: schema {} -> {}\n", info.place, before, info.version));
}

Status explain(const cli::Context& context) {
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true}));
  std::string text;
  M8_TRY(store->explain([&](const store::QueryPlan& plan) {
    if (context.flags.on("jsonl")) {
      json::Writer w;
      w.object().field("name", plan.name).field("sql", plan.sql).strings("plan", plan.plan);
      w.strings("scanned", plan.scanned).end();
      text += w.take() + '\n';
      return Status();
    }
    text += fmt::format("{}\n  {}\n", plan.name, plan.sql);
    for (const std::string& line : plan.plan) text += "    " + line + '\n';
    for (const std::string& table : plan.scanned) text += "    reads all of " + table + '\n';
    return Status();
  }));
  return print(text);
}

Status prune(const cli::Context& context) {
  const auto& flags = context.flags;
  if (!flags.given("keep")) return Error{ErrorCode::kInvalidArgument, "--keep is missing"};
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  const WallTime before = SystemClock::instance().wall() - flags.duration("keep");
  const auto size_before = M8_TRY(store->info()).bytes;
  const auto pruned = M8_TRY(store->life().prune(before));
  const auto size = M8_TRY(store->info()).bytes;
  if (flags.on("jsonl")) {
    json::Writer w;
    w.object().field("before", rfc3339(before)).key("removed").object();
    for (const auto& [what, rows] : pruned) w.field(what, rows);
    w.end().field("bytes_before", size_before).field("bytes", size).end();
    return print(w.take() + '\n');
  }
  std::string text;
  for (const auto& [what, rows] : pruned) text += fmt::format("{:<17} {}\n", what, rows);
  return print(text + fmt::format("{:<17} {} -> {}\n", "size", output::bytes_text(size_before),
                                  output::bytes_text(size)));
}

cli::Command db_command(std::string name, std::string brief, std::string detail,
                        Status (*run)(const cli::Context&)) {
  cli::Command command;
  command.name = "db " + name;
  command.brief = std::move(brief);
  command.detail = std::move(detail);
  command.flags = store::store_settings();
  if (name != "migrate") {
    cli::Flag jsonl;
    jsonl.name = "jsonl";
    jsonl.aliases = {"json"};
    jsonl.section = "Output";
    jsonl.brief = "JSON records";
    jsonl.common = true;
    command.flags.push_back(jsonl);
  }
  command.run = [run](const cli::Context& context) {
    const Status done = run(context);
    return done.ok() ? cli::kDone : cli::fail("m8 " + context.command, done.error());
  };
  return command;
}

cli::Command prune_command() {
  cli::Command command = db_command(
      "prune", "remove what is old, and give the space back",
      "Removes runs that ended before then (but the last of each command), changes and sent "
      "messages that are older, and hostnames, endpoints and issues that are gone since then. What "
      "is there stays, and so does what was judged ignored or a false positive. Compacts the "
      "database afterwards.",
      prune);
  cli::Flag keep;
  keep.name = "keep";
  keep.argument = "TIME";
  keep.section = "Filter";
  keep.brief = "what is younger stays";
  keep.detail = "Such as 90d.";
  keep.common = true;
  keep.type = cli::ValueType::duration(std::chrono::hours(1), std::chrono::hours(24 * 36'500));
  command.flags.push_back(keep);
  return command;
}

}  // namespace

std::vector<cli::Command> db_commands() {
  return {
      db_command("migrate", "make the store, or bring its schema up to date",
                 "Every use of a store does so too: this is for who wants to choose the moment. A "
                 "store that is newer than the program is left alone, exit code 1.",
                 migrate),
      db_command("status", "tell where the store is, its schema, size and rows",
                 "Changes nothing, and also works for a schema that is older or newer.",
                 show_status),
      db_command("explain", "print the plan of every query that the programs use",
                 "As the database itself explains it, with the SQL.", explain),
      prune_command(),
  };
}

}  // namespace m8::app
