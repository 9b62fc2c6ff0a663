/// DeferredWaits: services for expressions on a loop thread, where nothing may sleep.
///
/// wait_for(9) in a request's text means: send it nine seconds later. The wait is noted here and
/// the run turns it into a timer. Belongs to one thread.
#pragma once

#include <chrono>
#include <string>

#include "dsl/services.h"

namespace m8::protocols {

class DeferredWaits final : public dsl::Services {
 public:
  /// \p real is borrowed and answers everything else.
  explicit DeferredWaits(dsl::Services& real) : real_(real) {}

  void wait(std::chrono::seconds time) override { total_ += time; }
  /// What all expressions asked for together.
  std::chrono::seconds total() const { return total_; }

  Clock& clock() override { return real_.clock(); }
  void random(void* out, std::size_t bytes) override { real_.random(out, bytes); }
  dsl::DrawnTexts* drawn() override { return real_.drawn(); }
  Result<std::string> resolve(const std::string& host, const std::string& type) override {
    return real_.resolve(host, type);
  }
  Result<std::string> public_ip() override { return real_.public_ip(); }
  Result<std::string> jarm(const std::string& host_port) override { return real_.jarm(host_port); }
  Result<dsl::List> technologies(const std::vector<std::pair<std::string, std::string>>& headers,
                                 std::string_view body) override {
    return real_.technologies(headers, body);
  }

 private:
  dsl::Services& real_;
  std::chrono::seconds total_{0};
};

}  // namespace m8::protocols
