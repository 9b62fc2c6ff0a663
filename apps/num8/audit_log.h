/// AuditLog: --audit, a JSON line for each request that was sent.
///
/// A line names all templates that the request was for: in full where they are few, else by the
/// name of their group, whose list is a line of its own before the first request of the group.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "fleet/records.h"
#include "model/audit.h"
#include "output/redact.h"
#include "output/stream.h"
#include "scan/target_run.h"

namespace m8::json {
class Writer;
}

namespace m8::num8 {

class AuditLog final : public model::Audit {
 public:
  /// Adds to the file \p path; nothing is logged if that is empty. \p redactor is borrowed. Errors
  /// of Stream::create().
  Status open(const std::string& path, const output::Redactor& redactor);
  /// The same for a job of a worker: they become records, once there is a place for them.
  void open(const output::Redactor& redactor) { redactor_ = &redactor; }
  void set_records(fleet::RecordLines& records) { records_ = &records; }
  bool wanted() const { return redactor_ != nullptr; }
  /// The id that the run has in the store; 0: none.
  void set_run(std::int64_t run) { run_ = run; }
  void sent(const model::AuditRecord& record) override;
  /// What is run: tells which templates share their requests. Before the first request.
  void set_templates(const scan::Templates& scheduled);
  /// Hands over what is left; an error says that lines are missing.
  Status end();

 private:
  /// Templates whose requests are sent once.
  struct Group {
    std::vector<std::string> ids;
    std::string name;     ///< the same for the same ids, in every run
    bool listed = false;  ///< the log has its line
  };

  void add_templates(json::Writer& w, const model::AuditRecord& record);
  void list(Group& group, WallTime time);

  Guarded<std::unordered_map<std::string, Group>> groups_;  ///< by the first id
  const output::Redactor* redactor_ = nullptr;
  std::int64_t run_ = 0;
  std::unique_ptr<output::Stream> stream_;
  fleet::RecordLines* records_ = nullptr;  ///< null: there is a stream
};

}  // namespace m8::num8
