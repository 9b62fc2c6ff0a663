/// HTML report: one self-contained page over stored issues. No scripts, nothing loaded from
/// anywhere; filters are plain style sheets.
///
/// Written in pieces, so that memory does not grow with the issues: first a ReportSummary is filled
/// (a pass without evidence), then head(), issue() for each, tail(). Whatever a server sent is
/// escaped. Threads: plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/issue.h"
#include "model/run.h"
#include "output/redact.h"

namespace m8::output {

/// Counts by severity, kUnknown first.
using SeverityCounts = std::array<std::uint64_t, 6>;

/// What the page says before the issues.
class ReportSummary {
 public:
  std::string title;             ///< "Security report"
  std::string place;             ///< the store, without a password
  WallTime made{};               ///< when
  std::vector<model::Run> runs;  ///< the last scans, the oldest first

  /// Counts \p issue; its event is not read.
  void add(const model::Issue& issue);

  std::uint64_t issues() const { return issues_; }
  const SeverityCounts& open() const { return open_; }
  const std::map<char, std::uint64_t>& statuses() const { return statuses_; }
  std::uint64_t gone() const { return gone_; }
  std::size_t hosts() const { return hosts_.size(); }
  /// The hosts with the gravest open issues, at most \p most.
  std::vector<std::pair<std::string, SeverityCounts>> worst_hosts(std::size_t most) const;
  /// Issues by the day (UTC, "2026-11-28") on which they were first seen, the last \p most days
  /// that have any.
  std::vector<std::pair<std::string, SeverityCounts>> days(std::size_t most) const;

 private:
  std::uint64_t issues_ = 0, gone_ = 0;
  SeverityCounts open_{};
  std::map<char, std::uint64_t> statuses_;
  std::map<std::string, SeverityCounts> hosts_, days_;
};

struct HtmlOptions {
  std::size_t max_evidence = 16u << 10;  ///< bytes of a request or response that are shown
  const Redactor* redactor = nullptr;    ///< of these; null: they are shown as they are. Borrowed
};

/// From the doctype to the first issue.
std::string html_head(const ReportSummary& summary);
/// One issue, with its event's description, references, request and response.
std::string html_issue(const model::Issue& issue, const HtmlOptions& options);
/// The end of the page.
std::string html_tail();

/// \p text with what HTML gives a meaning escaped, and control characters but tab and line ends
/// made visible.
std::string html_escape(std::string_view text);

}  // namespace m8::output
