/// HttpLateEvent: a response, or the lack of one, that waits for somebody to use the request's
/// interaction URLs; then its block's matchers run again (templates 2.7, protocols 10.7).
///
/// Called from any thread; works on the loop thread of the target's host.
#pragma once

#include <memory>
#include <string>

#include "oob/correlate.h"
#include "protocols/http_event.h"
#include "protocols/http_plan.h"

namespace m8::protocols {

class HttpLateEvent final : public oob::Correlator::Waiting,
                            public std::enable_shared_from_this<HttpLateEvent> {
 public:
  /// What one event was judged by. All of it is kept alive, but for the plan.
  struct Source {
    const HttpPlan& plan;
    std::shared_ptr<Execution> execution;
    std::shared_ptr<const HttpNames> names;
    std::shared_ptr<const HttpFields> fields;
    HttpHistory history;  ///< of this moment; empty if none is kept
  };
  explicit HttpLateEvent(Source source);

  void called(std::shared_ptr<const model::Interaction> interaction,
              oob::Correlator::Ticket ticket) override;
  std::size_t bytes() const override { return bytes_; }

 private:
  void judge(const std::shared_ptr<const model::Interaction>& interaction);

  const Source source_;
  std::size_t bytes_ = 0;
  bool reported_ = false;  ///< later matches of the same event are not written
};

}  // namespace m8::protocols
