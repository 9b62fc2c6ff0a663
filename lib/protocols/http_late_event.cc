#include "protocols/http_late_event.h"

#include <utility>

#include <fmt/format.h>

#include "protocols/deferred_waits.h"
#include "protocols/http_finding.h"

namespace m8::protocols {
namespace {

/// Names, headers and what else belongs to a request.
constexpr std::size_t kOverheadBytes = 4096;

std::size_t bytes_of(const HttpFields& fields) {
  // The head and the whole response may be made once more, as text.
  return kOverheadBytes + fields.sent().bytes.size() + 2 * fields.response().body.size();
}

}  // namespace

HttpLateEvent::HttpLateEvent(Source source) : source_(std::move(source)) {
  bytes_ = bytes_of(*source_.fields);
  for (const auto& earlier : source_.history)
    if (earlier && earlier != source_.fields) bytes_ += bytes_of(*earlier);
}

void HttpLateEvent::called(std::shared_ptr<const model::Interaction> interaction,
                           oob::Correlator::Ticket ticket) {
  const Execution& execution = *source_.execution;
  execution.scan.session.post(execution.target.url.host,
                              [self = shared_from_this(), interaction = std::move(interaction),
                               ticket = std::move(ticket)] { self->judge(interaction); });
}

void HttpLateEvent::judge(const std::shared_ptr<const model::Interaction>& interaction) {
  Execution& execution = *source_.execution;
  oob::Correlator* const correlator = execution.scan.interactions;
  if (reported_ || correlator == nullptr) return;
  if (source_.plan.stop_at_first_match && execution.interaction_matched) return;
  HttpEvent event(source_.fields, source_.names,
                  source_.history.empty() ? nullptr : &source_.history, execution);
  event.set_interaction(*interaction);
  DeferredWaits services(execution.scan.services);
  operators::Context context{services, {}, false, execution.scan.settings.names_all_matchers};
  const operators::Verdict verdict = source_.plan.operators.evaluate(event, context);
  for (const std::string& warning : context.warnings)
    execution.scan.observer.warning(fmt::format("[{}] {}", execution.info->id, warning));
  if (verdict.hits.empty()) return;
  reported_ = true;
  execution.interaction_matched = true;
  correlator->settle(interaction->unique_id);
  for (const operators::Hit& hit : verdict.hits) {
    model::Finding finding = make_finding(execution, *source_.names, *source_.fields, hit);
    finding.interaction = interaction;
    execution.scan.observer.finding(std::move(finding));
  }
}

}  // namespace m8::protocols
