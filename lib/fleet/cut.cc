#include "fleet/cut.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace m8::fleet {
namespace {

using namespace std::chrono_literals;

constexpr int kWaves = 4;               ///< jobs for each place, if there is enough to do
constexpr double kWorthAProgram = 0.5;  ///< seconds of work below which a job is not divided

/// How long a job of \p lines takes, if it is not divided.
double seconds_of(const CutOptions& options, double lines) {
  return std::max(std::ceil(lines / options.at_once) * options.seconds,
                  lines * options.rate_seconds);
}

/// The most lines whose job takes no longer than it may, divided into \p slices; at least one.
std::size_t most_lines(const CutOptions& options, int slices) {
  const double seconds = options.most_seconds * slices;
  const double rounds = std::floor(seconds / std::max(options.seconds, 1e-6));
  const double by_rate = std::floor(seconds / std::max(options.rate_seconds, 1e-6));
  return static_cast<std::size_t>(
      std::clamp(std::min(rounds * options.at_once, by_rate), 1.0, double(kMaxJobLines / 2)));
}

int slices_of(const CutOptions& options, double slices) {
  return options.slices ? static_cast<int>(std::clamp(slices, 1.0, double(options.most_slices)))
                        : 1;
}

}  // namespace

CutPlan plan_cut(const CutOptions& options, std::size_t known) {
  const auto slots = static_cast<std::size_t>(std::max(options.slots, 1));
  const auto at_once = static_cast<std::size_t>(std::max(options.at_once, 1));
  const std::size_t share = std::max<std::size_t>(known / (slots * kWaves), 1);
  // Fewer lines than a program does at once would leave it half idle.
  const std::size_t full = std::clamp<std::size_t>((known + slots - 1) / slots, 1, at_once);
  const double round = std::max(options.seconds, options.rate_seconds * double(at_once));
  const auto rounds =
      static_cast<std::size_t>(std::clamp(options.job_seconds / std::max(round, 1e-6), 1.0, 400.0));
  CutPlan plan;
  plan.lines = std::min({std::max(share, full), rounds * at_once, kMaxJobLines / 2});
  // A last round that is not full would leave places idle.
  if (plan.lines > at_once) plan.lines -= plan.lines % at_once;
  if (!options.slices) plan.lines = std::min(plan.lines, most_lines(options, 1));
  const std::size_t groups = std::max<std::size_t>((known + plan.lines - 1) / plan.lines, 1);
  const double seconds = seconds_of(options, double(plan.lines));
  double slices = std::ceil(seconds / options.most_seconds);
  // Too few jobs to keep all places busy to the end.
  if (groups < slots * kWaves) {
    const double wanted = std::ceil(double(slots * kWaves) / double(groups));
    slices = std::max(slices, std::min(wanted, std::floor(seconds / kWorthAProgram)));
  }
  plan.slices = slices_of(options, slices);
  plan.most = std::max(plan.lines, most_lines(options, plan.slices));
  return plan;
}

Status check_cut(const CutOptions& options, std::string_view instead) {
  const double all = seconds_of(options, 1);
  const double each = all / slices_of(options, std::ceil(all / options.most_seconds));
  if (each <= options.most_seconds) return {};
  return Error{
      ErrorCode::kInvalidArgument,
      fmt::format("--distributed: a job would take {:.0f} minutes, and may take {:.0f}: {}",
                  std::ceil(each / 60), options.most_seconds / 60, instead)};
}

Cut::Cut(CutOptions options, Job model, Read read)
    : options_(options), model_(std::move(model)), channel_(options.ahead) {
  reader_ = std::jthread([this, read = std::move(read)](const std::stop_token& stop) {
    for (;;) {
      auto line = read(stop);
      if (!line.ok()) *read_status_.lock() = line.error();
      if (!line.ok() || !*line || !channel_.push(std::move(**line), stop)) break;
    }
    read_all_ = true;
    channel_.close();
  });
}

Cut::~Cut() {
  reader_.request_stop();
  channel_.close();
}

void Cut::keep(CutLine line) {
  ++of_host_[line.host];
  lines_.push_back(std::move(line));
}

void Cut::fill(const std::stop_token& stop) {
  if (!planned_) {
    const auto until = std::chrono::steady_clock::now() + options_.first_wait;
    while (!read_all_ && lines_.size() < options_.ahead && !stop.stop_requested() &&
           std::chrono::steady_clock::now() < until) {
      if (auto line = channel_.pop_for(20ms, stop)) keep(std::move(*line));
    }
  }
  const std::size_t room = options_.ahead - std::min(options_.ahead, lines_.size());
  for (CutLine& line : channel_.drain(room)) keep(std::move(line));
  if (!planned_ && !lines_.empty()) {
    plan_ = plan_cut(options_, lines_.size());
    planned_ = true;
  }
}

/// The other \p more lines of \p host join the group, wherever they are; how many did.
int Cut::gather(const std::string& host, int more) {
  int got = 0;
  for (auto it = lines_.begin(); got < more && it != lines_.end() && group_.size() < plan_.most;) {
    if (it->host != host) {
      ++it;
      continue;
    }
    group_.push_back(std::move(*it));
    it = lines_.erase(it);
    ++got;
  }
  return got;
}

/// The next lines that go together; false if there are none.
bool Cut::make_group() {
  group_.clear();
  next_slice_ = 0;
  while (!lines_.empty() && group_.size() < plan_.lines) {
    const std::string host = lines_.front().host;
    const auto count = of_host_.find(host);
    int more = --count->second;
    group_.push_back(std::move(lines_.front()));
    lines_.pop_front();
    if (!options_.keep_order && !host.empty()) more -= gather(host, more);
    if (more == 0)
      of_host_.erase(count);
    else
      count->second = more;
  }
  return !group_.empty();
}

Job Cut::job_of(int slice) {
  Job job = model_;
  job.key.number = next_number_++;
  if (plan_.slices > 1)
    job.arguments.push_back(fmt::format("--slice={}/{}", slice + 1, plan_.slices));
  if (slice > 0)
    job.arguments.insert(job.arguments.end(), options_.later.begin(), options_.later.end());
  for (const CutLine& line : group_) {
    job.input.push_back(line.line);
    if (!line.host.empty()) job.hosts.push_back(host_hash(line.host));
  }
  std::sort(job.hosts.begin(), job.hosts.end());
  job.hosts.erase(std::unique(job.hosts.begin(), job.hosts.end()), job.hosts.end());
  job.seconds = seconds_of(options_, double(group_.size())) / plan_.slices;
  return job;
}

Result<Submitter::NextJob> Cut::next(std::stop_token stop) {
  if (group_.empty() || next_slice_ >= plan_.slices) {
    const bool all = read_all_;  // before the last look
    fill(stop);
    if (!make_group()) {
      if (!all) return Submitter::NextJob{};
      M8_TRY(Status(*read_status_.lock()));
      return Submitter::NextJob{std::nullopt, true};
    }
  }
  return Submitter::NextJob{job_of(next_slice_++), false};
}

}  // namespace m8::fleet
