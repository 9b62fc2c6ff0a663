// num8 issue set: what people make of issues.
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "commands.h"
#include "issue_flags.h"
#include "store/chosen_store.h"
#include "store/settings.h"

namespace m8::num8 {
namespace {

constexpr std::size_t kTogether = 500;  // issues of one statement

/// A line of JSON: which issue, and what of it.
struct Judgement {
  std::int64_t id = 0;
  std::string signature;
  store::IssueEdit edit;
};

Result<Judgement> parse_judgement(std::string_view line, const store::IssueEdit& defaults) {
  const auto value = M8_TRY(json::parse(line));
  Judgement out;
  out.edit = defaults;
  const json::Value* id = value.find("issue");
  if (id != nullptr) out.id = id->as_int();
  out.signature = value.string_at("signature");
  if (out.id <= 0 && out.signature.empty())
    return Error{ErrorCode::kInvalidArgument, "neither issue nor signature"};
  if (const auto text = value.string_at("status"); !text.empty()) {
    const auto status = model::parse_status(text);
    if (!status) return Error{ErrorCode::kInvalidArgument, fmt::format("not a status: {}", text)};
    out.edit.status = *status;
  } else if (defaults.status == 0) {
    return Error{ErrorCode::kInvalidArgument, "no status"};
  }
  if (const auto note = value.string_at("note"); !note.empty()) out.edit.note = note;
  if (const auto author = value.string_at("author"); !author.empty()) out.edit.author = author;
  return out;
}

/// Puts judgements that say the same together, and writes them.
class JudgementWriter {
 public:
  explicit JudgementWriter(store::Store& store) : store_(store) {}

  Status add(const Judgement& judgement) {
    const auto& edit = judgement.edit;
    const bool same = edit.status == edit_.status && edit.note == edit_.note &&
                      edit.author == edit_.author &&
                      (judgement.id > 0) == filter_.signatures.empty();
    if (!same || filter_.ids.size() + filter_.signatures.size() >= kTogether) M8_TRY(flush());
    edit_ = edit;
    if (judgement.id > 0) {
      filter_.ids.push_back(judgement.id);
    } else {
      filter_.signatures.push_back(judgement.signature);
    }
    return {};
  }
  Status flush() {
    if (filter_.ids.empty() && filter_.signatures.empty()) return {};
    changed_ += M8_TRY(store_.life().set_issues(std::exchange(filter_, {}), edit_));
    return {};
  }
  std::uint64_t changed() const { return changed_; }

 private:
  store::Store& store_;
  store::IssueFilter filter_;
  store::IssueEdit edit_;
  std::uint64_t changed_ = 0;
};

/// JSON lines of stdin. A bad line is named, the others are kept.
Result<int> set_from_stdin(const cli::Context& context, store::Store& store,
                           const store::IssueEdit& defaults) {
  LineReader lines{Fd(STDIN_FILENO)};
  JudgementWriter writer(store);
  std::uint64_t bad = 0;
  for (;;) {
    const auto line = M8_TRY(lines.next());
    if (!line) break;
    if (trim(*line).empty()) continue;
    const auto judgement = parse_judgement(*line, defaults);
    if (judgement.ok()) {
      M8_TRY(writer.add(*judgement));
      continue;
    }
    ++bad;
    fmt::print(stderr, "num8 issue set: line {}: {}\n", lines.line_number(),
               judgement.error().message);
  }
  M8_TRY(writer.flush());
  say_issue(context, fmt::format("{} issues changed", writer.changed()));
  return bad > 0 ? cli::kIncomplete : cli::kDone;
}

Result<int> set(const cli::Context& context) {
  const auto& flags = context.flags;
  store::IssueEdit edit;
  edit.status = 0;
  if (flags.given("to")) {
    const auto status = model::parse_status(flags.text("to"));
    if (!status)
      return Error{ErrorCode::kInvalidArgument, "--to: not a status: " + flags.text("to")};
    edit.status = *status;
  }
  edit.note = flags.text("note");
  edit.author = author_of(flags);
  edit.at = SystemClock::instance().wall();
  const auto& ids = flags.arguments();
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  if (ids.size() == 1 && ids[0] == "-") return set_from_stdin(context, *store, edit);
  if (edit.status == 0) return Error{ErrorCode::kInvalidArgument, "--to is missing"};
  if (!filter_given(flags, ids) && !flags.on("all"))
    return Error{ErrorCode::kInvalidArgument, "which issues? ids, filters, or --all"};
  const auto filter = M8_TRY(issue_filter(flags, ids, *store));
  const auto changed = M8_TRY(store->life().set_issues(filter, edit));
  say_issue(context, fmt::format("{} issues changed", changed));
  return cli::kDone;
}

}  // namespace

cli::Command issue_set_command() {
  auto command = issue_command("issue set", "[ISSUE... | -]", "judge issues", set);
  command.detail =
      "Gives issues a status: those named, those that the filters choose, or with - those of JSON "
      "lines on stdin, each with issue (id) or signature, and status, note and author unless the "
      "flags say them. Each change is kept in the history of its issue. Verified, ignored and "
      "false-positive issues are no news when they are found again; a remediated one that is "
      "found again is unreviewed again.";
  command.flags = {
      cli::common(cli::detailed(
          cli::valued("Change", "to", {}, "STATUS", "the new status"),
          "unreviewed, verified, ignored, false-positive, remediated; or U, V, I, FP, R.")),
      cli::common(cli::valued("Change", "note", {}, "TEXT", "why, for the history")),
      cli::common(cli::detailed(cli::valued("Change", "author", {}, "NAME", "who says so"),
                                "The user's name by default.")),
      cli::switched("Filter", "all", {}, "all issues, without any filter"),
  };
  for (cli::Flag& flag : issue_filter_flags()) command.flags.push_back(std::move(flag));
  command.flags = store::with_store_settings(std::move(command.flags));
  return command;
}

}  // namespace m8::num8
