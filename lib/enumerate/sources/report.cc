#include "enumerate/sources/report.h"

#include <algorithm>
#include <filesystem>
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

void Tally::add(const Report& report) {
  all_.source = report.source;
  all_.names += report.names;
  all_.requests += report.requests;
  all_.duration += report.duration;
  all_.cached |= report.cached;
  all_.ended = std::max(all_.ended, report.ended);
  failures_ += failed(report.state) ? 1 : 0;
  if (reports_++ == 0 || report.state > worst_.state) worst_ = report;
}

Report Tally::total() const {
  Report total = all_;
  total.state = worst_.state;
  total.reason = worst_.reason;
  if (failures_ > 0 && failures_ < reports_) {
    total.state = State::kPartial;
    total.reason = fmt::format("{} for {} of {} domains: {}", to_string(worst_.state), failures_,
                               reports_, worst_.reason);
  } else if (worst_.state == State::kEmpty && all_.names > 0) {
    total.state = State::kOk;
  }
  return total;
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
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return errno_error(path, error.value());
  return write_file_atomically(path, text);
}

}  // namespace m8::enumerate::sources
