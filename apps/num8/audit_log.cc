#include "audit_log.h"

#include <utility>

#include "base/hash.h"
#include "base/json.h"

namespace m8::num8 {
namespace {

/// Templates that a line names itself; of more its group's line has the list.
constexpr std::size_t kNamedInLine = 16;
constexpr std::size_t kGroupDigits = 16;

}  // namespace

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
  add_templates(w, record);
  w.optional("target", record.origin.target);
  w.field("protocol", record.protocol).optional("method", record.method);
  w.field("url", redactor_->text(record.url)).optional("address", record.address);
  if (record.status != 0) w.field("status", record.status);
  w.optional("error", record.error);
  w.field("bytes_out", record.bytes_out).field("bytes_in", record.bytes_in);
  w.field("duration_ms", static_cast<double>(record.duration.count()) / 1000).end();
  // What can't be written now is tried again with the next line and at the end, which tells.
  (void)stream_->write(w.take() + '\n');
}

void AuditLog::set_templates(const scan::Templates& scheduled) {
  auto groups = groups_.lock();
  for (const auto& one : scheduled) {
    if (one->members() < 2) continue;
    Group group{one->ids(), {}, false};
    std::string all;
    for (const std::string& id : group.ids) all += id + '\n';
    group.name = sha256_hex(all).substr(0, kGroupDigits);
    groups->emplace(one->info().id, std::move(group));
  }
}

void AuditLog::add_templates(json::Writer& w, const model::AuditRecord& record) {
  w.optional("template", record.origin.template_id);
  if (!record.origin.shared) return;  // a step of a workflow may have the name of a group
  // Held while a list is written: no line of another thread names the group before.
  auto groups = groups_.lock();
  const auto found = groups->find(record.origin.template_id);
  if (found == groups->end()) return;
  Group& group = found->second;
  if (group.ids.size() <= kNamedInLine) {
    w.strings("templates", group.ids);
  } else {
    list(group, record.time);
    w.field("group", group.name);
    w.field("templates_count", static_cast<std::uint64_t>(group.ids.size()));
  }
}

void AuditLog::list(Group& group, WallTime time) {
  if (std::exchange(group.listed, true)) return;
  json::Writer w;
  w.object().field("time", rfc3339(time));
  if (run_ != 0) w.field("run", run_);
  w.field("group", group.name).strings("templates", group.ids).end();
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
