// m8 cache stats|list|purge: what is kept between runs, in files or in a Redis.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cache/settings.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "commands.h"
#include "output/stream.h"
#include "output/table.h"

namespace m8::app {
namespace {

/// Parsed templates are one file of their own, whatever the cache's URL.
constexpr const char* kTemplates = "templates";
/// What programs of ours keep; others may share the place.
constexpr std::string_view kNames[] = {"answers", "targets", "dns", kTemplates};

std::string templates_file() {
  const std::string folder = cache::files_folder();
  return folder.empty() ? folder : folder + "/templates.cache";
}

Status print(const std::string& text) {
  output::Stream out(Fd(STDOUT_FILENO), "stdout");
  M8_TRY(out.write(text));
  return out.flush();
}

/// NAME:VERSION:KEY in its parts.
struct Place {
  std::string name, version, key;
  static Place of(const std::string& full) {
    const std::size_t first = std::min(full.find(':'), full.size());
    const std::size_t second = std::min(full.find(':', first + 1), full.size());
    const auto part = [&](std::size_t begin, std::size_t end) {
      return begin < end ? full.substr(begin, end - begin) : std::string();
    };
    return {part(0, first), part(first + 1, second), part(second + 1, full.size())};
  }
};

/// Bytes that a terminal would take for its own become "\xNN".
std::string shown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", byte);
    }
  }
  return out;
}

struct Line {
  std::uint64_t entries = 0, bytes = 0, hits = 0, misses = 0;
};
using Lines = std::map<std::string, Line>;

Result<std::unique_ptr<cache::Backend>> open(const cli::Context& context) {
  auto backend = M8_TRY(cache::open_lasting(context.flags));
  if (!backend)
    return Error{ErrorCode::kInvalidArgument,
                 "no place: set $XDG_CACHE_HOME or $HOME, or give --cache-url"};
  return backend;
}

Result<Lines> lines_of(cache::Backend& backend) {
  Lines lines;
  M8_TRY(backend.each("", [&](const cache::EntryInfo& entry) {
    Line& line = lines[Place::of(entry.key).name];
    ++line.entries;
    line.bytes += entry.bytes;
  }));
  for (const auto& counts : M8_TRY(backend.counts())) {
    lines[counts.name].hits = counts.hits;
    lines[counts.name].misses = counts.misses;
  }
  std::error_code error;
  const auto size = std::filesystem::file_size(templates_file(), error);
  if (!error) lines[kTemplates] = {1, size, 0, 0};
  return lines;
}

double ratio(const Line& line) {
  const auto asked = static_cast<double>(line.hits + line.misses);
  return asked > 0 ? static_cast<double>(line.hits) / asked : 0;
}

std::string stats_json(const std::string& place, const Lines& lines,
                       const cache::BackendStats& stats) {
  json::Writer w;
  w.object().field("cache", place).field("state", stats.state).field("bytes", stats.bytes);
  w.field("limit_bytes", stats.limit_bytes).field("evicted", stats.evicted);
  w.key("caches").array();
  for (const auto& [name, line] : lines) {
    w.object().field("name", name).field("entries", line.entries).field("bytes", line.bytes);
    w.field("hits", line.hits).field("misses", line.misses).field("hit_ratio", ratio(line)).end();
  }
  return w.end().end().take() + '\n';
}

std::string stats_text(const std::string& place, const Lines& lines,
                       const cache::BackendStats& stats) {
  std::string text =
      fmt::format("{}: {}, {} of {}\n", place, stats.state, output::bytes_text(stats.bytes),
                  stats.limit_bytes ? output::bytes_text(stats.limit_bytes) : std::string("any"));
  text += fmt::format("{:<12} {:>9} {:>10} {:>9} {:>9}  {}\n", "cache", "entries", "size", "hits",
                      "misses", "hit ratio");
  for (const auto& [name, line] : lines) {
    const std::string share =
        line.hits + line.misses ? fmt::format("{:.1f} %", 100 * ratio(line)) : "-";
    text += fmt::format("{:<12} {:>9} {:>10} {:>9} {:>9}  {}\n", shown(name), line.entries,
                        output::bytes_text(line.bytes), line.hits, line.misses, share);
  }
  return text;
}

Status show_stats(const cli::Context& context) {
  const auto backend = M8_TRY(open(context));
  const Lines lines = M8_TRY(lines_of(*backend));
  const auto stats = backend->stats();
  return print(context.flags.on("jsonl") ? stats_json(backend->name(), lines, stats)
                                         : stats_text(backend->name(), lines, stats));
}

std::set<std::string> names_of(const cli::Context& context) {
  const auto& names = context.flags.arguments();
  return {names.begin(), names.end()};
}

/// kInvalidArgument for a name that is none of ours and that nothing is kept under.
Status check_names(cache::Backend& backend, const std::set<std::string>& names) {
  std::set<std::string> strange = names;
  for (const std::string_view known : kNames) strange.erase(std::string(known));
  for (auto name = strange.begin(); name != strange.end();) {
    bool there = false;
    M8_TRY(backend.each(*name + ':', [&there](const cache::EntryInfo&) { there = true; }));
    name = there ? strange.erase(name) : std::next(name);
  }
  if (strange.empty()) return {};
  return Error{
      ErrorCode::kInvalidArgument,
      fmt::format("no cache '{}': there are {}", shown(*strange.begin()), fmt::join(kNames, ", "))};
}

Status list(const cli::Context& context) {
  const auto backend = M8_TRY(open(context));
  const auto names = names_of(context);
  M8_TRY(check_names(*backend, names));
  std::vector<cache::EntryInfo> entries;
  M8_TRY(backend->each("", [&](const cache::EntryInfo& entry) {
    if (names.empty() || names.contains(Place::of(entry.key).name)) entries.push_back(entry);
  }));
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  std::string text;
  for (const auto& entry : entries) {
    const Place place = Place::of(entry.key);
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(entry.remaining).count();
    if (context.flags.on("jsonl")) {
      json::Writer w;
      w.object().field("cache", place.name).field("version", place.version);
      w.field("key", place.key).field("bytes", entry.bytes).field("seconds", left).end();
      text += w.take() + '\n';
    } else {
      text += fmt::format("{:<10} {:>9} {:>9}s  {}\n", shown(place.name),
                          output::bytes_text(entry.bytes), left, shown(place.key));
    }
  }
  return print(text);
}

/// Which entries of the caches that were named.
struct Selector {
  std::set<std::string> names;
  std::string key, prefix, tag;
  bool matches(const Place& place) const {
    if (!names.contains(place.name)) return false;
    if (!key.empty()) return place.key == key;
    return place.key.starts_with(prefix);
  }
};

Result<std::uint64_t> purge_entries(cache::Backend& backend, const Selector& selector) {
  std::uint64_t purged = 0;
  if (selector.key.empty() && selector.prefix.empty() && selector.tag.empty()) {
    for (const auto& name : selector.names) purged += M8_TRY(backend.erase_prefix(name + ":"));
    return purged;
  }
  std::vector<std::string> keys;
  std::set<std::string> tags;  // a tag is of one version
  M8_TRY(backend.each("", [&](const cache::EntryInfo& entry) {
    const Place place = Place::of(entry.key);
    if (!selector.matches(place)) return;
    keys.push_back(entry.key);
    tags.insert(place.name + ':' + place.version + ':' + selector.tag);
  }));
  if (selector.tag.empty()) {
    for (const auto& key : keys) purged += M8_TRY(backend.erase(key));
  } else {
    for (const auto& tag : tags) purged += M8_TRY(backend.erase_tag(tag));
  }
  return purged;
}

Status purge(const cli::Context& context) {
  const auto& flags = context.flags;
  Selector selector{names_of(context), flags.text("key"), flags.text("prefix"), flags.text("tag")};
  const int ways = !selector.key.empty() + !selector.prefix.empty() + !selector.tag.empty();
  if (selector.names.empty() == !flags.on("all"))
    return Error{ErrorCode::kInvalidArgument, "name caches, or give --all"};
  if (ways > 1 || (ways == 1 && flags.on("all")))
    return Error{ErrorCode::kInvalidArgument, "one of --key, --prefix and --tag, with names"};
  const auto backend = M8_TRY(open(context));
  M8_TRY(check_names(*backend, selector.names));
  std::uint64_t purged = 0;
  const bool templates = flags.on("all") || selector.names.erase(kTemplates) > 0;
  if (templates && !templates_file().empty() && ::unlink(templates_file().c_str()) == 0) ++purged;
  if (flags.on("all")) {
    purged += M8_TRY(backend->erase_prefix(""));
  } else {
    purged += M8_TRY(purge_entries(*backend, selector));
  }
  if (flags.on("jsonl")) {
    json::Writer w;
    w.object().field("purged", purged).end();
    return print(w.take() + '\n');
  }
  return print(fmt::format("{}: {} purged\n", backend->name(), purged));
}

using Action = Status (*)(const cli::Context&);

cli::Command command(const char* name, const char* brief, const char* arguments, Action action) {
  cli::Command made;
  made.name = std::string("cache ") + name;
  made.brief = brief;
  made.detail =
      "Caches: answers (of passive sources), targets (for num8 scan --skip-unchanged), dns (only "
      "in "
      "a Redis), and templates (parsed ones, always a file). They are in files of m8 under "
      "$XDG_CACHE_HOME, or in the Redis that --cache-url names.";
  made.arguments = arguments;
  made.flags = cache::cache_settings();
  made.flags.front().common = true;
  made.flags.push_back(
      cli::common(cli::switched("Output", "jsonl", {"j"}, "JSON lines instead of a table")));
  made.run = [action](const cli::Context& context) {
    const Status status = action(context);
    return status.ok() ? cli::kDone : cli::fail(context.program, status.error());
  };
  return made;
}

}  // namespace

std::vector<cli::Command> cache_commands() {
  cli::Command stats =
      command("stats", "entries, sizes and hit ratios of each cache", "", show_stats);
  stats.examples = {"m8 cache stats"};
  cli::Command listing = command("list", "what is kept, a line for each entry", "[CACHE...]", list);
  cli::Command forget = command("purge", "forget what is kept", "[CACHE...]", purge);
  const char* which = "Entries";
  for (cli::Flag flag :
       {cli::switched(which, "all", {}, "every cache"),
        cli::valued(which, "key", {}, "KEY", "only this entry"),
        cli::valued(which, "prefix", {}, "TEXT", "only keys that begin with this"),
        cli::valued(which, "tag", {}, "TAG",
                    "only what has this tag: of answers the domain or the source")})
    forget.flags.push_back(cli::common(std::move(flag)));
  return {std::move(stats), std::move(listing), std::move(forget)};
}

}  // namespace m8::app
