// m8 runs list|show|diff: what ran, with what result.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "commands.h"
#include "issues/difference.h"
#include "output/listing.h"
#include "output/stream.h"
#include "output/table.h"
#include "output/text.h"
#include "store/chosen_store.h"
#include "store/settings.h"
#include "store/since.h"

namespace m8::app {
namespace {

/// Counts that are not numbers of things: RunStore adds them at the end of a run.
constexpr std::string_view kPeakMemory = "peak_rss_bytes", kCpu = "cpu_ms",
                           kPeakThreads = "peak_threads";
constexpr std::string_view kErrors = "errors.";

std::uint64_t count_of(const model::Run& run, std::string_view name) {
  const auto found = run.counts.find(std::string(name));
  return found == run.counts.end() ? 0 : found->second;
}

bool ended(const model::Run& run) { return run.ended >= run.started && run.status != "running"; }

std::chrono::milliseconds duration_of(const model::Run& run) {
  if (!ended(run)) return {};
  return std::chrono::round<std::chrono::milliseconds>(run.ended - run.started);
}

std::string json_of(const model::Run& run) {
  json::Writer w;
  w.object().field("run", run.id).field("command", run.command).field("arguments", run.arguments);
  w.field("version", run.version).field("status", run.status);
  w.field("started", rfc3339(run.started));
  if (ended(run)) {
    w.field("ended", rfc3339(run.ended));
    w.field("wall_seconds", static_cast<double>(duration_of(run).count()) / 1000);
  }
  w.key("counts").object();
  for (const auto& [name, count] : run.counts) w.field(name, count);
  return w.end().end().take() + '\n';
}

/// Hosts of an enumeration, findings of a scan.
std::string found_text(const model::Run& run) {
  for (const char* name : {"found", "findings"}) {
    if (run.counts.contains(name)) return std::to_string(count_of(run, name));
  }
  return "-";
}

Status finish(output::Stream& out, const Status& read) {
  const Status written = out.flush();
  return read.ok() || out.closed() ? written : read;
}

Status list(const cli::Context& context) {
  const auto& flags = context.flags;
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  const output::Table table({{"RUN", 6, true},
                             {"COMMAND", 10},
                             {"STARTED", 19},
                             {"TOOK", 12, true},
                             {"STATUS", 11},
                             {"FOUND", 8, true},
                             {"ARGUMENTS", 0}});
  output::Stream out(Fd(STDOUT_FILENO), "stdout", {.flush_each = false});
  bool first = true;
  const auto line = [&](const model::Run& run) -> Status {
    if (out.closed()) return Error{ErrorCode::kCancelled, "nobody reads"};
    if (flags.on("jsonl")) return out.write(json_of(run));
    if (std::exchange(first, false)) M8_TRY(out.write(table.header()));
    return out.write(
        table.row({std::to_string(run.id), run.command, output::local_seconds(run.started),
                   ended(run) ? output::duration_text(duration_of(run)) : "-", run.status,
                   found_text(run), run.arguments}));
  };
  const store::RunFilter filter{flags.text("command"), flags.number<std::size_t>("limit")};
  return finish(out, store->for_each_run(filter, line));
}

/// How to go on with a run that did not come to its end.
std::string resume_text(const model::Run& run) {
  const std::string program = run.command.substr(0, run.command.find(' '));
  std::string arguments = run.arguments;  // with the command's name
  // A run that went on before was told so already.
  const std::size_t told = arguments.find(" --resume ");
  if (told != arguments.npos) arguments.erase(told, arguments.find(' ', told + 10) - told);
  return output::escape_control(fmt::format("{} {} --resume {}", program, arguments, run.id));
}

std::string text_of(const model::Run& run, bool resumable) {
  const auto row = [](std::string_view name, std::string_view value) {
    return fmt::format("{:<12} {}\n", name, output::escape_control(value));
  };
  std::string text = row("run", std::to_string(run.id)) + row("command", run.command) +
                     row("arguments", run.arguments) + row("version", run.version) +
                     row("status", run.status) + row("started", rfc3339(run.started));
  if (ended(run)) {
    text += row("ended", rfc3339(run.ended)) + row("took", output::duration_text(duration_of(run)));
  }
  if (run.counts.contains(std::string(kPeakMemory))) {
    text += row("peak memory", output::bytes_text(count_of(run, kPeakMemory)));
    text += row("peak threads", std::to_string(count_of(run, kPeakThreads)));
    text += row("CPU time", output::duration_text(std::chrono::milliseconds(count_of(run, kCpu))));
  }
  if (resumable) text += row("go on with", resume_text(run));
  std::string counts, errors;
  for (const auto& [name, count] : run.counts) {
    if (name == kPeakMemory || name == kPeakThreads || name == kCpu) continue;
    const bool error = name.starts_with(kErrors);
    (error ? errors : counts) +=
        "  " + row(error ? name.substr(kErrors.size()) : name, std::to_string(count));
  }
  if (!counts.empty()) text += "counts\n" + counts;
  if (!errors.empty()) text += "errors\n" + errors;
  return text;
}

Status show(const cli::Context& context) {
  const auto& given = context.flags.arguments();
  if (given.size() != 1) {
    return Error{ErrorCode::kInvalidArgument, "one run is needed: its id, or last"};
  }
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true}));
  const auto run = M8_TRY(store::parse_run(given[0], "", *store));
  const bool resumable = M8_TRY(store->load_journal(run.id)).has_value();
  output::Stream out(Fd(STDOUT_FILENO), "stdout");
  M8_TRY(out.write(context.flags.on("jsonl") ? json_of(run) : text_of(run, resumable)));
  return out.flush();
}

std::string difference(std::uint64_t before, std::uint64_t after) {
  if (before == after) return "";
  return after > before ? fmt::format("+{}", after - before) : fmt::format("-{}", before - after);
}

std::string diff_json(const model::Run& before, const model::Run& after,
                      const std::set<std::string>& names) {
  json::Writer w;
  w.object().key("runs").array().value(before.id).value(after.id).end();
  w.key("wall_seconds").array().value(static_cast<double>(duration_of(before).count()) / 1000);
  w.value(static_cast<double>(duration_of(after).count()) / 1000).end().key("counts").object();
  for (const std::string& name : names) {
    w.key(name).array().value(count_of(before, name)).value(count_of(after, name)).end();
  }
  return w.end().end().take() + '\n';
}

std::string diff_text(const model::Run& before, const model::Run& after,
                      const std::set<std::string>& names) {
  const output::Table table(
      {{"WHAT", 24}, {"BEFORE", 20, true}, {"AFTER", 20, true}, {"DIFFERENCE", 12, true}});
  std::string text = table.header();
  const auto row = [&](const char* what, const std::string& one, const std::string& other) {
    text += table.row({what, one, other, one == other ? "" : "*"});
  };
  row("run", std::to_string(before.id), std::to_string(after.id));
  row("command", before.command, after.command);
  row("version", before.version, after.version);
  row("status", before.status, after.status);
  row("took", output::duration_text(duration_of(before)),
      output::duration_text(duration_of(after)));
  for (const std::string& name : names) {
    const std::uint64_t one = count_of(before, name), other = count_of(after, name);
    text += table.row({name, std::to_string(one), std::to_string(other), difference(one, other)});
  }
  if (before.arguments != after.arguments) {
    text += fmt::format("arguments before: {}\narguments after:  {}\n",
                        output::escape_control(before.arguments),
                        output::escape_control(after.arguments));
  }
  return text;
}

/// The moment after \p run, when all that it found was known.
Result<WallTime> after(const model::Run& run) {
  if (ended(run)) return run.ended + std::chrono::milliseconds(1);
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("run {} has no end: name moments, with --since and --until", run.id)};
}

Result<std::set<issues::Subject>> subjects_of(const cli::Values& flags) {
  std::set<issues::Subject> subjects;
  for (const std::string& text : flags.list("what")) {
    const auto subject = issues::parse_subject(text);
    if (!subject) return Error{ErrorCode::kInvalidArgument, "--what: not known: " + text};
    subjects.insert(*subject);
  }
  return subjects;
}

/// What differs, record by record. 3 if --fail-on names such a change.
Result<int> print_differences(const cli::Values& flags, store::Store& store,
                              const issues::DifferenceOptions& options, output::Listing& out) {
  const auto fatal = flags.list("fail-on");
  issues::DifferenceLines lines(flags.on("jsonl") ? "jsonl" : flags.text("format"));
  bool found = false;
  const auto each = [&](const issues::Difference& difference) -> Status {
    const auto& issue = difference.issue;
    if (issue && model::is_suppressed(issue->status) && !flags.on("suppressed")) return {};
    found |= std::find(fatal.begin(), fatal.end(), to_string(difference.kind)) != fatal.end();
    return out.line(lines.text(difference));
  };
  M8_TRY(out.finish(issues::each_difference(store, options, each)));
  return found ? cli::kFound : cli::kDone;
}

/// Two runs: their counts, and what was known after the one and after the other.
Result<int> diff_runs(const cli::Values& flags, store::Store& store) {
  const auto& given = flags.arguments();
  const auto one = M8_TRY(store::parse_run(given[0], "", store));
  const auto other = M8_TRY(store::parse_run(given[1], "", store));
  issues::DifferenceOptions options{M8_TRY(after(one)), M8_TRY(after(other)),
                                    M8_TRY(subjects_of(flags))};
  if (options.since > *options.until)
    return Error{ErrorCode::kInvalidArgument, "the older run is to be the first"};
  std::set<std::string> names;
  for (const auto* run : {&one, &other}) {
    for (const auto& [name, count] : run->counts) names.insert(name);
  }
  const bool jsonl = flags.on("jsonl") || flags.text("format") == "jsonl";
  output::Listing out;
  if (!flags.given("what") && flags.text("format") != "markdown") {
    M8_TRY(out.line(jsonl ? diff_json(one, other, names) : diff_text(one, other, names) + '\n'));
  }
  return print_differences(flags, store, options, out);
}

/// --until: the end of a run, or a moment as --since takes it.
Result<WallTime> until_of(const std::string& text, store::Store& store, WallTime now) {
  const bool run = text == "last" || text.find_first_not_of("0123456789") == text.npos;
  if (!run) return store::parse_since(text, "", store, now);
  return after(M8_TRY(store::parse_run(text, "", store)));
}

Result<int> diff_moments(const cli::Values& flags, store::Store& store) {
  const WallTime now = SystemClock::instance().wall();
  const auto since = store::parse_since(flags.text("since"), "", store, now);
  if (!since.ok()) return since.error().with_context("--since");
  issues::DifferenceOptions options{*since, {}, M8_TRY(subjects_of(flags))};
  if (const std::string text = flags.text("until"); !text.empty()) {
    const auto until = until_of(text, store, now);
    if (!until.ok()) return until.error().with_context("--until");
    options.until = *until;
    if (options.since > *until)
      return Error{ErrorCode::kInvalidArgument, "--until lies before --since"};
  }
  output::Listing out;
  return print_differences(flags, store, options, out);
}

Result<int> run_diff(const cli::Context& context) {
  const auto& flags = context.flags;
  if (flags.given("since") && !flags.arguments().empty())
    return Error{ErrorCode::kInvalidArgument, "two runs, or --since: not both"};
  if (flags.given("until") && !flags.given("since"))
    return Error{ErrorCode::kInvalidArgument, "--until goes with --since"};
  if (!flags.given("since") && flags.arguments().size() != 2)
    return Error{ErrorCode::kInvalidArgument, "two runs are needed: ids, or last"};
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  return flags.given("since") ? diff_moments(flags, *store) : diff_runs(flags, *store);
}

std::vector<cli::Flag> difference_flags() {
  using cli::valued;
  const auto kinds = [](cli::Flag flag, std::vector<std::string> choices) {
    return cli::common(cli::repeated(cli::chosen(std::move(flag), std::move(choices))));
  };
  return {
      cli::common(cli::detailed(
          valued("Difference", "since", {}, "RUN|TIME", "name the records that differ since then"),
          store::kSinceForms)),
      cli::detailed(valued("Difference", "until", {}, "RUN|TIME",
                           "compare with what was known then, instead of now"),
                    "With --since. A run stands for its end."),
      kinds(valued("Difference", "what", {}, "WHAT,...", "only these, and no counts"),
            {"host", "endpoint", "technology", "certificate", "issue"}),
      cli::switched("Difference", "suppressed", {},
                    "also verified, ignored and false-positive issues"),
      cli::common(cli::chosen(
          cli::with_default(valued("Difference", "format", {}, "FORMAT", "form of the lines"),
                            "table"),
          {"table", "jsonl", "markdown"})),
      kinds(valued("Difference", "fail-on", {}, "KIND,...",
                   "exit with 3 if there is a change of these kinds"),
            {"new", "changed", "gone", "returned"}),
  };
}

cli::Command runs_command(std::string name, std::string arguments, std::string brief,
                          Status (*run)(const cli::Context&)) {
  cli::Command command;
  command.name = "runs " + name;
  command.brief = std::move(brief);
  command.arguments = std::move(arguments);
  cli::Flag jsonl;
  jsonl.name = "jsonl";
  jsonl.aliases = {"json"};
  jsonl.section = "Output";
  jsonl.brief = "JSON records";
  jsonl.common = true;
  command.flags = store::with_store_settings({jsonl});
  command.run = [run](const cli::Context& context) {
    const Status done = run(context);
    return done.ok() ? cli::kDone : cli::fail("m8 " + context.command, done.error());
  };
  return command;
}

cli::Command list_command() {
  cli::Command command = runs_command("list", "", "list what ran, the newest first", list);
  command.detail =
      "The ids are those that --since and --resume take. A run that was killed is still running "
      "here.";
  cli::Flag limit;
  limit.name = "limit";
  limit.argument = "N";
  limit.section = "Filter";
  limit.brief = "at most so many";
  limit.detail = "0 lists all.";
  limit.initial = "20";
  limit.type = cli::ValueType::number(0, 1'000'000'000);
  limit.common = true;
  cli::Flag of;
  of.name = "command";
  of.argument = "COMMAND";
  of.section = "Filter";
  of.brief = "only runs of this command";
  of.detail = "Such as \"asmm8 enum\".";
  of.common = true;
  command.flags.push_back(of);
  command.flags.push_back(limit);
  return command;
}

}  // namespace

std::vector<cli::Command> runs_commands() {
  auto show_one =
      runs_command("show", "RUN", "tell all of a run: options, counts, errors, time, memory", show);
  show_one.detail = "RUN is an id of m8 runs list, or last.";
  auto compare = runs_command("diff", "[RUN RUN]",
                              "compare two runs, or what was known at two moments", nullptr);
  compare.detail =
      "Two runs, the older one first: their counts, times and options, then the hosts, endpoints, "
      "technologies, certificates and issues that are new, changed, gone or returned after the "
      "second to what was known after the first, by whichever runs between them. RUN is an id of "
      "m8 runs list, or last. With --since: the same from then until now, or until --until. Exit "
      "code 3 if --fail-on names such a change.";
  for (cli::Flag& flag : difference_flags()) compare.flags.push_back(std::move(flag));
  compare.run = [](const cli::Context& context) {
    const auto code = run_diff(context);
    return code.ok() ? *code : cli::fail("m8 runs diff", code.error());
  };
  return {list_command(), std::move(show_one), std::move(compare)};
}

}  // namespace m8::app
