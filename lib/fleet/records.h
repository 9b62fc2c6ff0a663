/// Records as lines of text: how what a job finds travels from the program that found it, through
/// the store, to whoever asked for it. Every member of a record comes back as it was.
///
/// A template's info goes once, before its first finding, so lines are read in their order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "http/session.h"
#include "model/audit.h"
#include "model/sink.h"
#include "scan/engine.h"
#include "scan/job.h"

namespace m8::fleet {

/// What a job came to, besides its records: its last line.
struct JobTotals {
  int exit_code = 0;
  scan::Totals scan;
  http::SessionStats http;
  std::uint64_t names_lost = 0;                 ///< host names that no resolver answered
  std::map<std::string, std::uint64_t> counts;  ///< of an enumeration's run record
};

/// Writes records as lines. Thread-safe.
class RecordLines final : public model::Sink {
 public:
  /// Gets each line, with its end. Its error is the record's.
  using Write = std::function<Status(std::string_view)>;
  /// Paths of templates below the folder \p root lose it: another machine has them elsewhere.
  RecordLines(std::string root, Write write) : root_(std::move(root)), write_(std::move(write)) {}

  Status hostname(const model::Hostname& record) override;
  Status endpoint(const model::Endpoint& record) override;
  Status finding(const model::Finding& record) override;
  Status outcome(const model::Outcome& record) override;
  Status request(const model::AuditRecord& record);
  Status target(const scan::JobResult& record);
  Status totals(const JobTotals& totals);

 private:
  template <typename Record>
  Status put(const char* kind, const Record& record);
  Status introduce(const std::shared_ptr<const model::TemplateInfo>& info, std::int64_t& number);

  const std::string root_;
  const Write write_;
  std::mutex mutex_;
  /// Kept, so that no other info gets its address.
  std::unordered_map<std::shared_ptr<const model::TemplateInfo>, std::int64_t> infos_;
};

/// Who gets what only some want to know; null: nobody. All are borrowed.
struct RecordExtras {
  model::Audit* requests = nullptr;
  scan::JobSink* targets = nullptr;  ///< their id is 0
};

/// Reads such lines and gives the records to a sink. One job's lines each.
class RecordReader {
 public:
  /// Gets the path of a template that lost its root.
  using Path = std::function<std::string(std::string_view)>;
  RecordReader(model::Sink& sink, Path path, RecordExtras extras = {})
      : sink_(sink), path_(std::move(path)), extras_(extras) {}

  /// A line without its end. kProtocol for what is none of ours; errors of the sink.
  Status read(std::string_view line);
  /// Those of a text of whole lines.
  Status read_all(std::string_view lines);
  /// Set once the last line was read.
  const std::optional<JobTotals>& totals() const { return totals_; }

 private:
  model::Sink& sink_;
  Path path_;
  const RecordExtras extras_;
  std::map<std::int64_t, std::shared_ptr<const model::TemplateInfo>> infos_;
  std::optional<JobTotals> totals_;
};

/// Adds what a job came to to the whole.
void add_totals(JobTotals& sum, const JobTotals& job);

}  // namespace m8::fleet
