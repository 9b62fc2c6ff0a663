#include "enumerate/sources/report.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"

namespace m8::enumerate::sources {
namespace {

constexpr const char* kStates[] = {"ok", "empty", "partial", "limited", "auth", "down"};

std::string line_of(const Report& report) {
  json::Writer w;
  w.object().field("source", report.source).field("state", to_string(report.state));
  w.field("names", report.names).field("requests", report.requests);
  w.field("milliseconds", static_cast<std::int64_t>(report.duration.count()));
  w.field("reason", report.reason);
  w.field("ended", static_cast<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                                 report.ended.time_since_epoch())
                                                 .count()));
  return w.end().take() + "\n";
}

Result<Report> report_of(std::string_view line) {
  const json::Value value = M8_TRY(json::parse(line));
  const auto number = [&](const char* name) {
    const json::Value* member = value.find(name);
    return member == nullptr ? std::int64_t{0} : member->as_int();
  };
  Report report;
  report.source = value.string_at("source");
  report.state = state_of(value.string_at("state"));
  report.names = static_cast<std::uint64_t>(number("names"));
  report.requests = static_cast<std::uint64_t>(number("requests"));
  report.duration = std::chrono::milliseconds(number("milliseconds"));
  report.reason = value.string_at("reason");
  report.ended = WallTime(std::chrono::seconds(number("ended")));
  return report;
}

}  // namespace

const char* to_string(State state) { return kStates[static_cast<std::size_t>(state)]; }

State state_of(std::string_view text) {
  const auto found = std::find(std::begin(kStates), std::end(kStates), text);
  return found == std::end(kStates) ? State::kDown
                                    : static_cast<State>(found - std::begin(kStates));
}

bool failed(State state) { return state >= State::kLimited; }

Report merge(const std::vector<Report>& reports) {
  Report all;
  std::size_t failures = 0;
  const Report* worst = nullptr;
  for (const Report& report : reports) {
    all.source = report.source;
    all.names += report.names;
    all.requests += report.requests;
    all.duration += report.duration;
    all.cached |= report.cached;
    all.ended = std::max(all.ended, report.ended);
    failures += failed(report.state) ? 1 : 0;
    if (worst == nullptr || report.state > worst->state) worst = &report;
  }
  if (worst == nullptr) return all;
  all.state = worst->state;
  all.reason = worst->reason;
  if (failures > 0 && failures < reports.size()) {
    all.state = State::kPartial;
    all.reason = fmt::format("{} for {} of {} domains: {}", to_string(worst->state), failures,
                             reports.size(), worst->reason);
  } else if (worst->state == State::kEmpty && all.names > 0) {
    all.state = State::kOk;
  }
  return all;
}

std::vector<Report> read_last(const std::string& path) {
  std::vector<Report> reports;
  const auto text = read_file(path, 1u << 20);
  std::string_view rest = text.ok() ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    auto report = report_of(rest.substr(0, end));
    if (report.ok()) reports.push_back(std::move(*report));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return reports;
}

Status write_last(const std::string& path, const std::vector<Report>& reports) {
  std::map<std::string, Report> all;
  for (auto& report : read_last(path)) all[report.source] = std::move(report);
  for (const auto& report : reports) all[report.source] = report;
  std::string text;
  for (const auto& [name, report] : all) text += line_of(report);
  return write_file_atomically(path, text);
}

}  // namespace m8::enumerate::sources
