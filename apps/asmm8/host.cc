// asmm8 host list: what is known of the names of the stored domains.
#include <utility>

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

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) (out += out.empty() ? "" : ",") += word;
  return out;
}

std::string first_value(const model::Hostname& record) {
  for (const auto* list : {&record.a, &record.aaaa, &record.cname}) {
    if (list->empty()) continue;
    return list->front() +
           (list->size() > 1 ? " +" + std::to_string(list->size() - 1) : std::string());
  }
  return "";
}

Result<store::HostnameFilter> filter_of(const cli::Values& flags, store::Store& store) {
  store::HostnameFilter filter;
  filter.live_only = flags.on("live");
  if (flags.given("new-since")) {
    const WallTime now = SystemClock::instance().wall();
    const auto since = store::parse_since(flags.text("new-since"), "asmm8 enum", store, now);
    if (!since.ok()) return since.error().with_context("--new-since");
    filter.new_since = *since;
  }
  return filter;
}

/// The lines of a listing, in the form that the flags name.
class HostLines {
 public:
  HostLines(const cli::Values& flags, Listing& out)
      : jsonl_(flags.on("jsonl")), names_(flags.on("names")), out_(out) {}

  Status add(const model::Hostname& record) {
    if (names_) return out_.line(record.hostname + '\n');
    if (jsonl_) {
      json::Writer w;
      w.object();
      write_hostname(w, record);
      return out_.line(w.end().take() + '\n');
    }
    if (std::exchange(first_, false)) M8_TRY(out_.line(table_.header()));
    return out_.line(table_.row(
        {record.hostname, record.live ? "yes" : "no", output::local_seconds(record.first_seen),
         output::local_seconds(record.last_seen), first_value(record), joined(record.sources)}));
  }

 private:
  const bool jsonl_, names_;
  Listing& out_;
  bool first_ = true;
  const output::Table table_{{{"HOSTNAME", 32},
                              {"LIVE", 4},
                              {"FIRST SEEN", 19},
                              {"LAST SEEN", 19},
                              {"ADDRESS", 18},
                              {"SOURCES", 0}}};
};

Result<int> list_hosts(const cli::Context& context) {
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true}));
  auto filter = M8_TRY(filter_of(context.flags, *store));
  Listing out;
  HostLines lines(context.flags, out);
  Status read;
  for (const std::string& domain : M8_TRY(chosen_domains(context.flags, *store))) {
    filter.domain = domain;
    read = store->for_each_hostname(
        filter, [&lines](const model::Hostname& record) { return lines.add(record); });
    if (!read.ok()) break;
  }
  M8_TRY(out.finish(read));
  return cli::kDone;
}

cli::Command list_command() {
  cli::Command command;
  command.name = "host list";
  command.brief = "list the stored names of domains";
  command.detail =
      "By domain, then name, with what was last seen of each. A name is live until it was asked "
      "for and denied. Filters can be combined.";
  cli::Flag since = inventory_flag("new-since", {}, "Filter", "only those first seen since then");
  since.argument = "RUN|TIME";
  since.detail = store::kSinceForms;
  command.flags = store::with_store_settings({
      chosen_domains_flag(),
      inventory_flag("live", {}, "Filter", "only those that were there when last asked for"),
      since,
      inventory_flag("jsonl", {"json"}, "Output", "one JSON record per name"),
      inventory_flag("names", {}, "Output", "only the names, one a line"),
  });
  command.run = [](const cli::Context& context) {
    const auto code = list_hosts(context);
    return code.ok() ? *code : cli::fail("asmm8 host list", code.error());
  };
  return command;
}

}  // namespace

std::vector<cli::Command> host_commands() { return {list_command(), host_diff_command()}; }

}  // namespace m8::asmm8
