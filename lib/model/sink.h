/// Sink: what engines write to. store/ and output/ implement it; apps/ wire them together.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/endpoint.h"
#include "model/finding.h"
#include "model/hostname.h"
#include "model/run.h"

namespace m8::model {

/// Thread-safe: engines call from several threads. An error means that this record was not kept:
/// the engine counts it and goes on; the command ends with "failed" unless another sink kept it.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Status hostname(const Hostname&) { return {}; }
  virtual Status endpoint(const Endpoint&) { return {}; }
  virtual Status finding(const Finding&) { return {}; }
  virtual Status outcome(const Outcome&) { return {}; }
  /// Everything given so far is on its way to disk or the reader when this returns.
  virtual Status flush() { return {}; }
};

/// Gives every record to each of its sinks, in order; returns the first error, after all were
/// asked.
class FanOut final : public Sink {
 public:
  /// Borrowed; must outlive this.
  void add(Sink& sink) { sinks_.push_back(&sink); }
  Status hostname(const Hostname& record) override { return each(&Sink::hostname, record); }
  Status endpoint(const Endpoint& record) override { return each(&Sink::endpoint, record); }
  Status finding(const Finding& record) override { return each(&Sink::finding, record); }
  Status outcome(const Outcome& record) override { return each(&Sink::outcome, record); }
  Status flush() override {
    Status first;
    for (Sink* sink : sinks_) keep_first(first, sink->flush());
    return first;
  }

 private:
  template <typename Record>
  Status each(Status (Sink::*method)(const Record&), const Record& record) {
    Status first;
    for (Sink* sink : sinks_) keep_first(first, (sink->*method)(record));
    return first;
  }
  static void keep_first(Status& first, Status next) {
    if (first.ok() && !next.ok()) first = std::move(next);
  }
  std::vector<Sink*> sinks_;
};

}  // namespace m8::model
