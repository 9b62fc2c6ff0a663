#include "bench/db_issues.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "store/columns.h"
#include "store/pg_connection.h"
#include "store/store.h"

namespace m8::bench {
namespace {

using store::PgConnection;

constexpr std::size_t kBatch = 60'000, kIssueBatch = 15'000;  // StoreSink's, by count and by bytes
constexpr std::size_t kCopyLines = 5'000;
constexpr auto kTimeout = std::chrono::seconds(120);
constexpr WallTime kFirst{std::chrono::seconds(1'700'000'000)};
constexpr WallTime kSecond = kFirst + std::chrono::hours(24);

/// One name in a hundred is new in the second run.
constexpr std::size_t kOneIn = 100;
bool is_new(std::size_t i) { return i % kOneIn == 0; }

model::Hostname hostname_of(std::size_t i, WallTime seen) {
  model::Hostname record;
  record.domain = "bench.example";
  record.hostname = fmt::format("{:08x}.{}", static_cast<std::uint32_t>(i * 2654435761u),
                                record.domain);  // scattered
  record.sources = {"bruteforce"};
  record.first_seen = record.last_seen = seen;
  record.a = {fmt::format("10.{}.{}.{}", i >> 16 & 255, i >> 8 & 255, i & 255)};
  record.resolver = "127.0.0.1:53";
  return record;
}

/// With an event of about 600 bytes, as of a finding without its response.
model::Issue issue_of(std::size_t i, WallTime seen) {
  model::Issue issue;
  // As many hexadecimal digits as a signature has, in no order.
  issue.signature = fmt::format("1-{:016x}{:048x}", i * 0x9e3779b97f4a7c15u, i);
  issue.template_id = fmt::format("template-{:04}", i % 5000);
  issue.name = "A flaw of the benchmark";
  issue.severity = static_cast<model::Severity>(i % 100 == 0 ? 5 : i % 20 == 0 ? 3 : 1);
  issue.host =
      fmt::format("{:08x}.bench.example", static_cast<std::uint32_t>(i / 10 * 2654435761u));
  issue.target = "https://" + issue.host;
  issue.matched_at = issue.target + "/path?x=1";
  issue.tags = "tech,bench,misconfig";
  issue.first_seen = issue.last_seen = seen;
  issue.event = fmt::format("{{\"template-id\":\"{}\",\"host\":\"{}\",\"request\":\"{}\"}}",
                            issue.template_id, issue.host, std::string(500, 'r'));
  return issue;
}

/// Gives \p store what \p make makes of 0..count-1, in batches; the store's seconds.
template <typename Record, typename Make, typename Put>
Result<double> put_all(const Context& context, std::size_t count, std::size_t batch_size, Make make,
                       Put put) {
  std::chrono::duration<double> taken{};
  std::vector<Record> batch;
  for (std::size_t i = 0; i < count;) {
    if (context.stop.stop_requested()) return Error{ErrorCode::kCancelled, "stopped"};
    batch.clear();
    for (; i < count && batch.size() < batch_size; ++i) make(i, batch);
    const auto began = context.clock.now();
    M8_TRY(put(batch));
    taken += context.clock.now() - began;
  }
  return taken.count();
}

Result<double> put_names(const Context& context, store::Store& store, std::size_t names,
                         bool first) {
  return put_all<model::Hostname>(
      context, names, kBatch,
      [first](std::size_t i, auto& batch) {
        if (!first || !is_new(i)) batch.push_back(hostname_of(i, first ? kFirst : kSecond));
      },
      [&](const auto& batch) { return store.upsert_hostnames(first ? 1 : 2, batch); });
}

Result<double> put_issues(const Context& context, store::Store& store, std::size_t issues,
                          std::int64_t run, WallTime seen) {
  return put_all<model::Issue>(
      context, issues, kIssueBatch,
      [seen](std::size_t i, auto& batch) { batch.push_back(issue_of(i, seen)); },
      [&](const auto& batch) { return store.upsert_issues(run, batch); });
}

Status check_rows(store::Store& store, std::size_t names, std::size_t issues) {
  const auto info = M8_TRY(store.info());
  for (const auto& [table, rows] : info.rows) {
    if ((table == "hostname" && rows != names) || (table == "issue" && rows != issues))
      return Error{ErrorCode::kInternal, fmt::format("bench db: {} rows of {}", rows, table)};
  }
  std::size_t known = 0;
  M8_TRY(store.for_each_issue({.ids = {1}}, [&known](const model::Issue& issue) {
    known += issue.event == issue_of(0, kFirst).event ? 1 : 0;
    return Status();
  }));
  return known == 1 ? Status() : Error{ErrorCode::kInternal, "bench db: an issue came back wrong"};
}

struct Rows {
  Row& all;    ///< hostnames and issues together
  Row& fresh;  ///< issues that are new
  Row& known;  ///< and those that are known
};

/// The run that counts: names of which 99 % are known, issues that are new; then issues again.
Status measure_run(const Context& context, store::Store& store, std::size_t names, Rows rows) {
  const std::size_t issues = names / 5;
  M8_TRY(put_names(context, store, names, true));
  const double hostnames = M8_TRY(put_names(context, store, names, false));
  const double fresh = M8_TRY(put_issues(context, store, issues, 2, kFirst));
  M8_TRY(check_rows(store, names, issues));
  rows.all.ours.add(static_cast<double>(names + issues) / (hostnames + fresh));
  rows.fresh.ours.add(static_cast<double>(issues) / fresh);
  const double known = M8_TRY(put_issues(context, store, issues, 3, kSecond));
  rows.known.ours.add(static_cast<double>(issues) / known);
  return check_rows(store, names, issues);
}

constexpr const char* kIssueColumns =
    "signature, template_id, name, matcher, severity, host, matched_at, tags, status, first_seen,"
    " last_seen, first_run, last_run, event, target";

std::string issue_lines(std::size_t from, std::size_t to) {
  std::string lines;
  const auto seen = store::to_millis(kFirst);
  for (std::size_t i = from; i < to; ++i) {
    const model::Issue issue = issue_of(i, kFirst);
    fmt::format_to(std::back_inserter(lines),
                   "{}\t{}\t{}\t\t{}\t{}\t{}\t{}\tU\t{}\t{}\t1\t1\t{}\t{}\n", issue.signature,
                   issue.template_id, issue.name, static_cast<int>(issue.severity), issue.host,
                   issue.matched_at, issue.tags, seen, seen, issue.event, issue.target);
  }
  return lines;
}

std::string name_lines(std::size_t from, std::size_t to) {
  std::string lines;
  const auto seen = store::to_millis(kFirst);
  for (std::size_t i = from; i < to; ++i) {
    const model::Hostname record = hostname_of(i, kFirst);
    fmt::format_to(std::back_inserter(lines), "1\t{}\tbruteforce\t{}\t{}\t1\t1\t{}\t\t\t{}\t\tt\n",
                   record.hostname, seen, seen, record.a[0], record.resolver);
  }
  return lines;
}

/// What COPY is given.
struct CopyJob {
  const char* table;
  const char* columns;
  std::string (*lines)(std::size_t from, std::size_t to);
};

/// COPY of \p count lines into the empty table of \p job; seconds of the server.
Result<double> copy(const Context& context, PgConnection& connection, const CopyJob& job,
                    std::size_t count) {
  M8_TRY(connection.execute(std::string("TRUNCATE ") + job.table));
  M8_TRY(connection.execute("CHECKPOINT"));
  std::chrono::duration<double> taken{};
  auto began = context.clock.now();
  M8_TRY(connection.copy_begin(fmt::format("COPY {} ({}) FROM STDIN", job.table, job.columns)));
  taken += context.clock.now() - began;
  for (std::size_t i = 0; i < count; i += kCopyLines) {
    const std::string some = job.lines(i, std::min(count, i + kCopyLines));
    began = context.clock.now();
    M8_TRY(connection.copy_write(some));
    taken += context.clock.now() - began;
  }
  began = context.clock.now();
  M8_TRY(connection.copy_end());
  taken += context.clock.now() - began;
  return taken.count();
}

std::size_t count_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::size_t lines = 0;
  for (std::vector<char> buffer(1u << 16); file;) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    lines +=
        static_cast<std::size_t>(std::count(buffer.begin(), buffer.begin() + file.gcount(), '\n'));
  }
  return lines;
}

/// Runs a program that lists \p issues, one a line.
Status time_list(const Context& context, std::vector<std::string> arguments, std::size_t issues,
                 Series& speed, Series* memory) {
  const std::string out = context.temp_directory + "/issues";
  const ChildOptions options{
      std::move(arguments), {}, ChildStream::file(out), ChildStream::file(out + ".log")};
  const ChildUsage usage = M8_TRY(run_checked(context, options, kTimeout));
  const std::size_t lines = count_lines(out);
  if (lines != issues)
    return Error{ErrorCode::kInternal,
                 fmt::format("bench db: {} issues listed of {}", lines, issues)};
  speed.add(static_cast<double>(issues) / std::chrono::duration<double>(usage.wall).count());
  if (memory != nullptr) memory->add(static_cast<double>(usage.peak_rss_bytes) / 1e6);
  return {};
}

/// Where the last run that SQLite stored stays, so that its issues are listed when there is psql.
std::string sqlite_path(const Context& context) { return context.temp_directory + "/run.db"; }

/// The issues of the stores against psql, all in turn.
Status compare_list(const Context& context, std::size_t issues, const std::string& store_url,
                    const std::string& bin, Report& report) {
  const std::string file = sqlite_path(context), program = M8_TRY(context.own_program("num8"));
  const bool both = ::access(file.c_str(), R_OK) == 0;
  Row& speed = report.row("num8 issue list --jsonl", "issues/s", Bar::ratio_at_least(0.5));
  Row* const from_file =
      both ? &report.row("SQLite: num8 issue list --jsonl", "issues/s", Bar::ratio_at_least(0.5))
           : nullptr;
  Row& peak = report.row("num8 issue list, peak memory", "MB", Bar::at_most(100));
  speed.peer_name = "psql copy to stdout";
  if (both) from_file->peer_name = speed.peer_name;
  constexpr const char* kSelect =
      "copy (select id, signature, template_id, name, matcher, severity, host, matched_at, tags,"
      " status, first_seen, last_seen, target, gone, first_run, last_run from issue order by id)"
      " to stdout";
  const auto ours = [&](const std::string& url, Series& series) {
    return time_list(context, {program, "issue", "list", "--jsonl", "--store", url}, issues, series,
                     &peak.ours);
  };
  const auto measured = alternate(
      context,
      [&]() -> Status {
        if (both) M8_TRY(ours("sqlite:" + file, from_file->ours));
        return ours(store_url, speed.ours);
      },
      [&] {
        return time_list(context, {bin + "/psql", store_url, "-qc", kSelect}, issues, speed.peer,
                         nullptr);
      });
  if (both) {
    for (const double value : speed.peer.values()) from_file->peer.add(value);
    ::unlink(file.c_str());
  }
  return measured;
}

}  // namespace

Status measure_run_sqlite(const Context& context, std::size_t names, Report& report) {
  const Rows rows{
      report.row("SQLite: a run stored, 99 % of hostnames known", "rows/s", Bar::at_least(250'000)),
      report.row("SQLite: issues stored, new", "1/s"),
      report.row("SQLite: issues stored, known", "1/s")};
  for (int i = 0; i < context.repeats; ++i) {
    const std::string path = sqlite_path(context);
    ::unlink(path.c_str());
    const auto store = M8_TRY(store::open_store("sqlite:" + path));
    M8_TRY(measure_run(context, *store, names, rows));
  }
  report.note(
      fmt::format("a run: {} hostnames and {} issues with events of 600 bytes", names, names / 5));
  return {};
}

Status measure_run_postgres(const Context& context, std::size_t names, const std::string& store_url,
                            const std::string& bin, Report& report) {
  const auto store = M8_TRY(store::open_store(store_url));
  const auto side = M8_TRY(PgConnection::open({store_url}));
  const Rows rows{
      report.row("a run stored, 99 % of hostnames known", "rows/s", Bar::ratio_at_least(0.4)),
      report.row("issues stored, new", "1/s", Bar::ratio_at_least(0.4)),
      report.row("issues stored, known", "1/s", Bar::ratio_at_least(0.4))};
  for (Row* row : {&rows.all, &rows.fresh, &rows.known}) row->peer_name = "COPY";
  M8_TRY(
      side->execute("CREATE TABLE copied_name (LIKE hostname INCLUDING ALL);"
                    "CREATE TABLE copied_issue (LIKE issue INCLUDING ALL)"));
  const std::size_t issues = names / 5;
  const auto ours = [&]() -> Status {
    M8_TRY(
        side->execute("TRUNCATE hostname, hostname_change, issue, issue_change RESTART IDENTITY;"
                      " CHECKPOINT"));
    return measure_run(context, *store, names, rows);
  };
  const auto peer = [&]() -> Status {
    constexpr const char* kNameColumns =
        "domain_id, hostname, sources, first_seen, last_seen, first_run, last_run, a, aaaa, cname,"
        " resolver, wildcard, live";
    const double one =
        M8_TRY(copy(context, *side, {"copied_name", kNameColumns, name_lines}, names));
    const double two =
        M8_TRY(copy(context, *side, {"copied_issue", kIssueColumns, issue_lines}, issues));
    rows.all.peer.add(static_cast<double>(names + issues) / (one + two));
    rows.fresh.peer.add(static_cast<double>(issues) / two);
    rows.known.peer.add(static_cast<double>(issues) / two);
    return {};
  };
  M8_TRY(alternate(context, ours, peer));
  M8_TRY(side->execute("DROP TABLE copied_name, copied_issue; ANALYZE issue"));
  return compare_list(context, issues, store_url, bin, report);
}

}  // namespace m8::bench
