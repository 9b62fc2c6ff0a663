#include "audit_log.h"

#include "base/json.h"

namespace m8::num8 {

Status AuditLog::open(const std::string& path, const output::Redactor& redactor) {
  if (path.empty()) return {};
  redactor_ = &redactor;
  output::StreamOptions options;
  options.append = true;  // a log is never emptied
  options.asynchronous = true;
  stream_ = M8_TRY(output::Stream::create(path, options));
  return {};
}

void AuditLog::sent(const model::AuditRecord& record) {
  if (records_) {
    model::AuditRecord shown = record;
    shown.url = redactor_->text(record.url);
    (void)records_->request(shown);  // the end of the job tells what its results lost
    return;
  }
  if (!stream_) return;
  json::Writer w;
  w.object().field("time", rfc3339(record.time));
  if (run_ != 0) w.field("run", run_);
  w.optional("template", record.origin.template_id).optional("target", record.origin.target);
  w.field("protocol", record.protocol).optional("method", record.method);
  w.field("url", redactor_->text(record.url)).optional("address", record.address);
  if (record.status != 0) w.field("status", record.status);
  w.optional("error", record.error);
  w.field("bytes_out", record.bytes_out).field("bytes_in", record.bytes_in);
  w.field("duration_ms", static_cast<double>(record.duration.count()) / 1000).end();
  // What can't be written now is tried again with the next line and at the end, which tells.
  (void)stream_->write(w.take() + '\n');
}

Status AuditLog::end() {
  if (!stream_) return {};
  // What the disk took in the end is not lost.
  Status flushed = stream_->flush();
  stream_.reset();
  return flushed.ok() ? flushed : flushed.error().with_context("--audit");
}

}  // namespace m8::num8
