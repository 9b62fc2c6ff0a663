/// m8 queue: the broker's queues, looked at and kept in order.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "commands.h"
#include "fleet/flags.h"
#include "output/text.h"
#include "queue/desired.h"
#include "queue/settings.h"
#include "store/chosen_store.h"
#include "store/settings.h"
#include "store/sql_jobs.h"

namespace m8::app {
namespace {

using namespace std::chrono_literals;
using cli::ValueType;
using queue::Broker;

constexpr std::size_t kJobsOfRun = 100'000;  ///< are looked at for why they were given up

/// A connection to the broker that --queue-url names, and what it is for.
struct Session {
  const cli::Values& flags;
  std::stop_token stop;
  std::unique_ptr<Broker> broker;
  queue::Names names;
  queue::Topology topology;
};

Status print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

Result<Session> connect(const cli::Values& flags, std::stop_token stop) {
  if (queue::chosen_url(flags).empty())
    return Error{ErrorCode::kInvalidArgument,
                 "no broker: --queue-url or queue.url is missing, and queues of another process "
                 "can't be seen"};
  auto broker = M8_TRY(queue::open_chosen(flags, stop));
  const auto names = queue::chosen_names(flags);
  auto topology = fleet::work_topology(flags);
  return Session{flags, stop, std::move(broker), names, std::move(topology)};
}

// ---- status -----------------------------------------------------------------------------------

struct Row {
  std::string name;
  std::optional<queue::QueueState> state;      ///< none: it is missing
  std::vector<queue::Difference> differences;  ///< the first row has those of exchanges, too
};

Result<std::vector<Row>> rows_of(Session& session) {
  const auto differences = M8_TRY(session.broker->compare(session.topology, session.stop));
  std::vector<Row> rows;
  for (const auto& spec : session.topology.queues) {
    Row row{spec.name, {}, {}};
    const auto state = session.broker->inspect(spec.name, session.stop);
    if (state.ok()) row.state = *state;
    if (!state.ok() && state.error().code != ErrorCode::kNotFound) return state.error();
    rows.push_back(std::move(row));
  }
  for (const auto& difference : differences) {
    const auto of = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
      return difference.what == fmt::format("queue '{}'", row.name);
    });
    if (of != rows.end() && !difference.name.empty()) of->differences.push_back(difference);
    if (of == rows.end()) rows.front().differences.push_back(difference);
  }
  return rows;
}

std::string row_json(const Row& row) {
  json::Writer w;
  w.object().field("queue", row.name).field("exists", row.state.has_value());
  if (row.state) w.field("messages", row.state->messages).field("consumers", row.state->consumers);
  std::vector<std::string> words;
  for (const auto& difference : row.differences) words.push_back(difference.to_string());
  w.strings("differences", words).end();
  return w.take() + '\n';
}

std::string rows_text(const std::vector<Row>& rows) {
  std::string text = fmt::format("{:<32} {:>10} {:>10}\n", "queue", "messages", "consumers");
  std::string words;
  for (const Row& row : rows) {
    text += row.state ? fmt::format("{:<32} {:>10} {:>10}\n", row.name, row.state->messages,
                                    row.state->consumers)
                      : fmt::format("{:<32} {:>10} {:>10}\n", row.name, "missing", "-");
    for (const auto& difference : row.differences) words += difference.to_string() + '\n';
  }
  return text + words;
}

Status show_status(Session& session) {
  const auto rows = M8_TRY(rows_of(session));
  bool differs = false;
  for (const Row& row : rows)
    for (const auto& difference : row.differences) differs = differs || !difference.name.empty();
  if (session.flags.on("jsonl")) {
    std::string text;
    for (const Row& row : rows) text += row_json(row);
    M8_TRY(print(text));
  } else {
    M8_TRY(print(session.broker->describe() + '\n' + rows_text(rows)));
  }
  if (!differs) return {};
  return Error{ErrorCode::kExists,
               "the broker has queues or exchanges that differ from what is "
               "configured: remove them, or configure what they are"};
}

// ---- declare, purge -----------------------------------------------------------------------------

Status declare(Session& session) {
  M8_TRY(session.broker->declare(session.topology, session.stop));
  return print(fmt::format("{}: {} exchanges, {} queues and {} bindings are there\n",
                           session.broker->describe(), session.topology.exchanges.size(),
                           session.topology.queues.size(), session.topology.bindings.size()));
}

Status purge(Session& session) {
  if (!session.flags.on("yes"))
    return Error{ErrorCode::kInvalidArgument, "what waits would be lost: say --yes"};
  for (const std::string& name : session.flags.arguments()) {
    const auto count = M8_TRY(session.broker->purge(name, session.stop));
    M8_TRY(print(fmt::format("{}: {} messages dropped\n", name, count)));
  }
  return {};
}

// ---- dead letters -------------------------------------------------------------------------------

queue::DeadLetterFilter filter_of(const Session& session) {
  queue::DeadLetterFilter filter;
  filter.queue = session.names.dead_letters();
  filter.id = session.flags.text("id");
  filter.reason = session.flags.text("reason");
  filter.max = session.flags.number<std::size_t>("max");
  return filter;
}

/// Why jobs were given up, by the id of their message.
using Reasons = std::map<std::string, std::string>;

/// What the store of --store knows of \p letters that are jobs; nothing without it.
Result<Reasons> reasons_of(const Session& session, const std::vector<queue::Delivery>& letters) {
  if (!session.flags.given("store")) return Reasons();
  const auto store = M8_TRY(store::open_chosen(session.flags, {.must_exist = true}));
  store::SqlJobs jobs(*store);
  std::set<std::int64_t> runs;
  for (const auto& letter : letters) {
    const std::string& id = letter.message.id;  // RUN.NUMBER
    std::int64_t run = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), run);
    if (error == std::errc() && end != id.data() + id.size() && *end == '.') runs.insert(run);
  }
  Reasons reasons;
  for (const std::int64_t run : runs)
    for (const store::EndedJob& job : M8_TRY(jobs.ended(run, kJobsOfRun)))
      if (job.given_up) reasons.emplace(fmt::format("{}.{}", run, job.number), job.reason);
  return reasons;
}

std::string letter_json(const queue::Delivery& letter, const std::string& why) {
  json::Writer w;
  w.object().field("id", letter.message.id).field("type", letter.message.type);
  if (!why.empty()) w.field("why", why);
  w.field("published", rfc3339(letter.message.published));
  w.field("bytes", letter.message.body.size());
  w.key("headers").object();
  for (const auto& [name, value] : letter.message.headers) w.field(name, value);
  w.end().key("deaths").array();
  for (const auto& death : letter.deaths) {
    w.object().field("queue", death.queue).field("reason", death.reason);
    w.field("exchange", death.sent_to.exchange).field("key", death.sent_to.key);
    w.field("count", death.count).field("at", rfc3339(death.at)).end();
  }
  w.end().end();
  return w.take() + '\n';
}

std::string letter_text(const queue::Delivery& letter, const std::string& why) {
  const bool died = !letter.deaths.empty();
  return fmt::format("{:<34} {:<12} {:<10} {:<20} {:>8} {}{}{}\n", letter.message.id,
                     letter.message.type, died ? letter.deaths.front().reason : "-",
                     died ? letter.deaths.front().queue : "-", letter.message.body.size(),
                     rfc3339(died ? letter.deaths.front().at : letter.message.published),
                     why.empty() ? "" : "  ", output::escape_control(why));
}

Status list_letters(Session& session) {
  const auto letters = M8_TRY(session.broker->dead_letters(filter_of(session), session.stop));
  const Reasons reasons = M8_TRY(reasons_of(session, letters));
  const bool jsonl = session.flags.on("jsonl");
  std::string text;
  for (const auto& letter : letters) {
    const auto found = reasons.find(letter.message.id);
    const std::string why = found == reasons.end() ? "" : found->second;
    text += jsonl ? letter_json(letter, why) : letter_text(letter, why);
  }
  return print(text);
}

Status replay_letters(Session& session) {
  const auto sent = M8_TRY(session.broker->replay(filter_of(session), session.stop));
  return print(fmt::format("{} sent again\n", sent));
}

// ---- desired ------------------------------------------------------------------------------------

Status show_desired(Session& session) {
  const std::string name = session.names.work_queue(0);
  const auto interval = session.flags.duration("interval");
  const auto before = M8_TRY(session.broker->inspect(name, session.stop));
  auto& clock = SystemClock::instance();
  if (!clock.sleep_until(clock.now() + interval, session.stop))
    return Error{ErrorCode::kCancelled, "stopped"};
  const auto now = M8_TRY(session.broker->inspect(name, session.stop));
  queue::Demand demand;
  demand.waiting = now.messages;
  demand.growth = (static_cast<double>(now.messages) - static_cast<double>(before.messages)) /
                  std::chrono::duration<double>(interval).count();
  demand.concurrency = session.flags.number<int>("concurrency");
  const int prefetch = queue::chosen_prefetch(session.flags);
  const int consumers_of_one = (demand.concurrency + prefetch - 1) / prefetch;
  demand.workers = now.consumers / static_cast<std::uint64_t>(std::max(consumers_of_one, 1));
  demand.least = session.flags.number<int>("min");
  demand.most = session.flags.number<int>("most");
  return print(fmt::format("{}\n", queue::desired_workers(demand)));
}

// ---- the commands -------------------------------------------------------------------------------

cli::Flag jsonl_flag() {
  return cli::common(cli::switched("Output", "jsonl", {"json"}, "JSON records"));
}

cli::Command queue_command(std::string name, std::string brief, std::string detail,
                           Status (*run)(Session&)) {
  cli::Command command;
  command.name = "queue " + name;
  command.brief = std::move(brief);
  command.detail = std::move(detail);
  command.flags = queue::queue_settings();
  command.run = [run](const cli::Context& context) {
    const cli::Signals signals;
    auto session = connect(context.flags, signals.token());
    const Status done = session.ok() ? run(*session) : Status(session.error());
    return done.ok() ? cli::kDone : cli::fail("m8 " + context.command, done.error());
  };
  return command;
}

cli::Command status_command() {
  auto command = queue_command(
      "status", "tell what waits in the queues, who takes it, and what is not as configured",
      "Makes nothing and changes nothing. Exit code 1 if a queue or an exchange is there and was "
      "declared otherwise; each difference is told.",
      show_status);
  command.flags.push_back(jsonl_flag());
  command.examples = {"m8 queue status --queue-url amqp://localhost"};
  return command;
}

cli::Command purge_command() {
  auto command =
      queue_command("purge", "drop what waits in queues", "What consumers hold stays.", purge);
  command.flags.push_back(
      cli::common(cli::switched("Purge", "yes", {"y"}, "yes, lose what waits in them")));
  command.arguments = "QUEUE...";
  command.examples = {"m8 queue purge m8.work.0 --yes"};
  return command;
}

std::vector<cli::Flag> letter_flags() {
  const char* in = "Filter";
  return {
      cli::common(cli::valued(in, "id", {}, "ID", "this message only")),
      cli::common(cli::chosen(cli::valued(in, "reason", {}, "WHY", "those that died of this only"),
                              {"expired", "rejected", "maxlen", "delivery_limit"})),
      cli::typed(cli::with_default(cli::valued(in, "max", {}, "N", "at most so many"), "100"),
                 ValueType::number(1, 1'000'000)),
  };
}

cli::Command dlq_command(std::string name, std::string brief, std::string detail,
                         Status (*run)(Session&)) {
  auto command = queue_command("dlq " + name, std::move(brief), std::move(detail), run);
  for (cli::Flag& flag : letter_flags()) command.flags.push_back(std::move(flag));
  if (name == "list") {
    command.flags.push_back(jsonl_flag());
    command.flags = store::with_store_settings(std::move(command.flags));
  }
  command.examples = {fmt::format("m8 queue dlq {} --reason expired", name)};
  return command;
}

cli::Command desired_command() {
  auto command = queue_command(
      "desired", "print how many workers there should be",
      "For an autoscaler: a number, by what waits in the work queue and how that changes. Workers "
      "that are there are kept while work comes in as fast as they do it.",
      show_desired);
  const char* in = "Workers";
  const auto number = [&](const char* name, const char* initial, const char* brief) {
    return cli::common(cli::typed(cli::with_default(cli::valued(in, name, {}, "N", brief), initial),
                                  ValueType::number(0, 100'000)));
  };
  command.flags.push_back(number("min", "0", "at least so many"));
  command.flags.push_back(number("most", "10", "at most so many"));
  command.flags.push_back(number("concurrency", "2", "jobs that one worker does at once"));
  command.flags.push_back(
      cli::typed(cli::with_default(
                     cli::valued(in, "interval", {}, "TIME", "watch the queue for so long"), "2s"),
                 ValueType::duration(1ms, 10min)));
  command.examples = {"m8 queue desired --min 1 --most 20"};
  return command;
}

}  // namespace

std::vector<cli::Command> queue_commands() {
  return {
      status_command(),
      queue_command("declare", "make the queues and exchanges that are missing",
                    "Whoever uses them does so too. What is there and differs is told and left "
                    "alone, exit code 1.",
                    declare),
      purge_command(),
      dlq_command("list", "list dead letters: what expired, was rejected or did not fit",
                  "They stay where they are. With --store, why jobs were given up is told too.",
                  list_letters),
      dlq_command("replay", "send dead letters again, to where they were sent before",
                  "Each leaves the dead letters when a queue has it.", replay_letters),
      desired_command(),
  };
}

}  // namespace m8::app
