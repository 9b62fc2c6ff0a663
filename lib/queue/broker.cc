// Waiting for what submit() only reports.
#include "queue/broker.h"

#include <condition_variable>
#include <mutex>

namespace m8::queue {
namespace {

/// What became of messages that were handed over. Shared by the caller, who may stop waiting, and
/// the callbacks that are still to come.
class Outcomes {
 public:
  void settle(const Status& status) {
    std::lock_guard lock(mutex_);
    if (!status.ok() && first_.ok()) first_ = status;
    if (--waiting_ == 0) settled_.notify_all();
  }
  void expect() {
    std::lock_guard lock(mutex_);
    ++waiting_;
  }
  Status wait(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (settled_.wait(lock, stop, [&] { return waiting_ == 0; })) return first_;
    return Error{ErrorCode::kCancelled, "publish: stopped before it was confirmed"};
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any settled_;
  std::size_t waiting_ = 0;
  Status first_;
};

Status send_one(Broker& broker, const Address& to, Message message,
                const std::shared_ptr<Outcomes>& outcomes, std::stop_token stop) {
  outcomes->expect();
  Status handed = broker.submit(
      to, std::move(message), [outcomes](Status status) { outcomes->settle(status); }, stop);
  if (!handed.ok()) outcomes->settle(handed);
  return handed;
}

}  // namespace

Status Broker::publish(const Address& to, Message message, std::stop_token stop) {
  // Shared by this call and the callback, which may come after it.
  auto outcomes = std::make_shared<Outcomes>();
  M8_TRY(send_one(*this, to, std::move(message), outcomes, stop));
  return outcomes->wait(stop);
}

Status Broker::publish_all(const Address& to, std::vector<Message> messages, std::stop_token stop) {
  auto outcomes = std::make_shared<Outcomes>();  // shared as in publish()
  for (Message& message : messages)
    if (!send_one(*this, to, std::move(message), outcomes, stop).ok()) break;
  return outcomes->wait(stop);
}

}  // namespace m8::queue
