// asmm8 host diff: what the inventory gained and lost.
#include <array>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/channel.h"
#include "base/clock.h"
#include "cli/exit_code.h"
#include "commands.h"
#include "inventory.h"
#include "output/table.h"
#include "output/text.h"
#include "store/settings.h"
#include "store/since.h"

namespace m8::asmm8 {
namespace {

using model::HostnameChange;
using Kind = HostnameChange::Kind;

std::string addresses(const std::vector<std::string>& a, const std::vector<std::string>& aaaa,
                      const std::vector<std::string>& cname) {
  std::string out;
  for (const auto* list : {&cname, &a, &aaaa}) {
    for (const auto& value : *list) (out += out.empty() ? "" : " ") += value;
  }
  return out;
}

/// What a person is told: what is there now; of a change, what was before as well.
std::string detail_of(const HostnameChange& change) {
  const std::string now = addresses(change.now.a, change.now.aaaa, change.now.cname);
  if (change.kind != Kind::kChanged) return now;
  return addresses(change.was.a, change.was.aaaa, change.was.cname) + " -> " + now;
}

std::string json_line(const HostnameChange& change) {
  json::Writer w;
  w.object().field("change", to_string(change.kind));
  write_hostname(w, change.now);
  if (change.kind != Kind::kNew) {
    w.key("was").object().field("live", change.was.live).strings("a", change.was.a);
    w.strings("aaaa", change.was.aaaa).strings("cname", change.was.cname).end();
  }
  return w.end().take() + '\n';
}

/// \p text in a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : output::escape_control(text)) {
    if (std::string_view("|\\`*_<>[]").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

class DiffLines {
 public:
  DiffLines(std::string format, Listing& out) : format_(std::move(format)), out_(out) {}

  Status add(const HostnameChange& change) {
    if (format_ == "jsonl") return out_.line(json_line(change));
    if (std::exchange(first_, false)) M8_TRY(out_.line(header()));
    const std::string kind = to_string(change.kind);
    if (format_ == "table") {
      return out_.line(table_.row({kind, change.now.hostname, detail_of(change)}));
    }
    return out_.line(fmt::format("| {} | {} | {} |\n", kind, cell(change.now.hostname),
                                 cell(detail_of(change))));
  }

 private:
  std::string header() const {
    if (format_ == "table") return table_.header();
    return "| change | hostname | records |\n|---|---|---|\n";
  }

  const std::string format_;
  Listing& out_;
  bool first_ = true;
  const output::Table table_{{{"CHANGE", 8}, {"HOSTNAME", 32}, {"RECORDS", 0}}};
};

Result<std::set<Kind>> kinds_of(const cli::Values& flags, const char* name) {
  std::set<Kind> kinds;
  for (const std::string& text : flags.list(name)) {
    const auto kind = model::parse_change_kind(text);
    if (!kind) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--{}: not one of new, changed, gone, returned: {}", name, text)};
    }
    kinds.insert(*kind);
  }
  return kinds;
}

std::string format_of(const cli::Values& flags) {
  return flags.on("jsonl") ? "jsonl" : flags.text("format");
}

using Counts = std::array<std::uint64_t, 4>;

void say_counts(const cli::Context& context, const Counts& counts) {
  if (context.flags.on("quiet")) return;
  fmt::print(stderr, "{} new, {} changed, {} gone, {} returned\n", counts[0], counts[1], counts[2],
             counts[3]);
}

constexpr std::size_t kBlock = 250;  // changes that are handed on at once

/// Gives \p each the changes of \p filter. They are read on a thread of its own, a few blocks
/// ahead, so that the database and the lines have a core each.
Status each_change(store::Store& store, const store::ChangeFilter& filter,
                   const store::Each<HostnameChange>& each) {
  using Block = std::vector<HostnameChange>;
  Channel<Block> blocks(8);
  Status read;
  std::jthread reader([&] {
    Block block;
    read = store.for_each_change(filter, [&](HostnameChange&& change) -> Status {
      if (block.empty()) block.reserve(kBlock);
      block.push_back(std::move(change));
      if (block.size() < kBlock || blocks.push(std::exchange(block, {}))) return {};
      return Error{ErrorCode::kCancelled, "nobody reads"};
    });
    blocks.push(std::move(block));  // of no use, and refused, if nobody reads
    blocks.close();
  });
  Status given;
  while (const auto block = blocks.pop()) {
    for (const HostnameChange& change : *block) {
      if (given.ok()) given = each(change);
    }
    if (!given.ok()) blocks.close();
  }
  reader.join();
  return given.ok() ? read : given;
}

Result<int> diff_hosts(const cli::Context& context) {
  const auto& flags = context.flags;
  if (!flags.given("since")) return Error{ErrorCode::kInvalidArgument, "--since is missing"};
  const auto shown = M8_TRY(kinds_of(flags, "kind"));
  const auto fatal = M8_TRY(kinds_of(flags, "fail-on"));
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  const WallTime now = SystemClock::instance().wall();
  const auto since = store::parse_since(flags.text("since"), "asmm8 enum", *store, now);
  if (!since.ok()) return since.error().with_context("--since");
  Listing out;
  DiffLines lines(format_of(flags), out);
  Counts counts{};
  Status read;
  for (const std::string& domain : M8_TRY(chosen_domains(flags, *store))) {
    read = each_change(*store, {domain, *since}, [&](const HostnameChange& change) -> Status {
      ++counts[static_cast<std::size_t>(change.kind)];
      return shown.empty() || shown.contains(change.kind) ? lines.add(change) : Status();
    });
    if (!read.ok()) break;
  }
  M8_TRY(out.finish(read));
  say_counts(context, counts);
  for (const Kind kind : fatal) {
    if (counts[static_cast<std::size_t>(kind)] > 0) return cli::kFound;
  }
  return cli::kDone;
}

cli::Flag kinds_flag(std::string name, const char* section, std::string brief) {
  cli::Flag flag = inventory_flag(std::move(name), {}, section, std::move(brief));
  flag.argument = "KIND,...";
  flag.repeatable = true;
  flag.choices = {"new", "changed", "gone", "returned"};
  flag.complete = cli::Complete::kChoices;
  return flag;
}

std::vector<cli::Flag> diff_flags() {
  cli::Flag since = inventory_flag("since", {}, "Filter", "compare with what was known then");
  since.argument = "RUN|TIME";
  since.detail = store::kSinceForms;
  cli::Flag format = inventory_flag("format", {}, "Output", "form of the lines");
  format.argument = "FORMAT";
  format.initial = "table";
  format.choices = {"table", "jsonl", "markdown"};
  format.complete = cli::Complete::kChoices;
  return store::with_store_settings({
      since,
      chosen_domains_flag(),
      kinds_flag("kind", "Filter", "only these kinds of change"),
      format,
      inventory_flag("jsonl", {"json"}, "Output", "as --format jsonl"),
      kinds_flag("fail-on", "Output", "exit with 3 if there is a change of these kinds"),
  });
}

}  // namespace

cli::Command host_diff_command() {
  cli::Command command;
  command.name = "host diff";
  command.brief = "name what became new, changed, gone or returned";
  command.detail =
      "Compares what is known now with what was known then. A name is gone only if it was asked "
      "for and its servers denied it: never because a source or a resolver failed. A name that "
      "came and went in between is not told. Exit code 3 if --fail-on names a change there is.";
  command.flags = diff_flags();
  command.run = [](const cli::Context& context) {
    const auto code = diff_hosts(context);
    return code.ok() ? *code : cli::fail("asmm8 host diff", code.error());
  };
  return command;
}

}  // namespace m8::asmm8
