#include "dns/bulk.h"

#include <utility>

#include "dns/message_text.h"

namespace m8::dns {
namespace {

/// Of two rcodes the one that says more for the name: NOERROR, NXDOMAIN, then the rest.
Rcode better(std::optional<Rcode> a, Rcode b) {
  if (!a || b == Rcode::kNoError) return b;
  if (*a != Rcode::kNoError && b == Rcode::kNxDomain) return b;
  return *a;
}

}  // namespace

m8::Result<std::unique_ptr<Bulk>> Bulk::create(const Options& options, net::Poller& poller,
                                               BulkClient& client, Clock& clock) {
  if (options.types.empty()) return Error{ErrorCode::kInvalidArgument, "resolve: no record type"};
  std::unique_ptr<Bulk> bulk(new Bulk(options, client));
  bulk->resolver_ = M8_TRY(Resolver::create(options.resolver, poller, *bulk, clock));
  bulk->make_jobs(bulk->resolver_->capacity());
  return bulk;
}

Bulk::Bulk(const Options& options, BulkClient& client)
    : types_(options.types),
      cut_denied_(options.cut_denied),
      keep_text_(options.keep_text),
      client_(client) {}

void Bulk::make_jobs(std::size_t count) {
  jobs_.resize(count);
  for (std::size_t i = count; i-- > 0;) free_.push_back(static_cast<std::uint32_t>(i));
}

void Bulk::more() {
  room();
  resolver_->flush();
}

void Bulk::room() {
  while (!waiting_.empty() && resolver_->has_room()) {
    const std::uint32_t index = waiting_.front();
    waiting_.pop_front();
    ask(index);
  }
  while (!ended_ && waiting_.empty() && !free_.empty() && resolver_->has_room()) {
    std::string_view name;
    const auto pulled = client_.pull(name);
    if (pulled == BulkClient::Pull::kEnd) ended_ = true;
    if (pulled != BulkClient::Pull::kName) return;
    if (cut(name)) continue;
    const std::uint32_t index = free_.back();
    free_.pop_back();
    ++active_;
    Job& job = jobs_[index];
    job.host.assign(name);
    job.values.clear();
    job.next_type = 0;
    job.rcode.reset();
    job.fate = Fate::kAnswered;
    job.text.clear();
    ask(index);
  }
}

bool Bulk::cut(std::string_view name) {
  const std::string_view above = denied_.above(name);
  if (above.empty()) return false;
  client_.result({name, Rcode::kNxDomain, nothing_, {}, Fate::kAnswered, types_[0], above});
  return true;
}

void Bulk::ask(std::uint32_t index) {
  Job& job = jobs_[index];
  if (resolver_->ask(job.host, types_[job.next_type], index)) return;
  // Canonical names can be asked; this one was not canonical.
  job.fate = Fate::kMalformed;
  job.failed_type = types_[job.next_type];
  finish(index, {});
}

void Bulk::replied(const Reply& reply) {
  const auto index = static_cast<std::uint32_t>(reply.token);
  Job& job = jobs_[index];
  take_in(reply, job);
  const bool denied = reply.fate == Fate::kAnswered && reply.rcode() == Rcode::kNxDomain;
  // After an alias it speaks of the alias' target.
  if (denied && cut_denied_ && reply.vouched && job.values.empty()) denied_.add(job.host);
  if (++job.next_type == types_.size() || denied) return finish(index, reply.server);
  if (waiting_.empty() && resolver_->has_room()) return ask(index);
  waiting_.push_back(index);
}

void Bulk::take_in(const Reply& reply, Job& job) {
  const RrType type = types_[job.next_type];
  if (reply.fate == Fate::kAnswered) {
    job.rcode = better(job.rcode, reply.rcode());
    job.values.add(reply.message, type);
    if (!keep_text_) return;
    if (const auto message = decode(reply.message); message.ok()) job.text += to_text(*message);
  } else if (job.fate == Fate::kAnswered) {
    job.fate = reply.fate;
    job.failed_type = type;
  }
}

void Bulk::finish(std::uint32_t index, std::string_view resolver) {
  const Job& job = jobs_[index];
  client_.result(
      {job.host, job.rcode, job.values, resolver, job.fate, job.failed_type, {}, job.text});
  free_.push_back(index);
  --active_;
}

}  // namespace m8::dns
