#include "scan/record_writer.h"

#include <atomic>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::scan;

namespace {

/// Keeps what it is given once the gate is open.
class GatedSink : public model::Sink {
 public:
  Status finding(const model::Finding& finding) override {
    open_.wait(false);
    if (finding.matched_at == "bad") return Error{ErrorCode::kIo, "disk: full"};
    kept.push_back(finding.matched_at);
    return {};
  }
  Status flush() override {
    flushed = true;
    return {};
  }
  void open() {
    open_ = true;
    open_.notify_all();
  }
  std::vector<std::string> kept;
  bool flushed = false;

 private:
  std::atomic<bool> open_{false};
};

model::Finding finding_at(const std::string& where, std::size_t bytes = 0) {
  model::Finding finding;
  finding.matched_at = where;
  finding.response.assign(bytes, 'x');
  return finding;
}

}  // namespace

TEST_CASE("scan/record_writer: everything is written in order before close returns") {
  GatedSink sink;
  sink.open();
  RecordWriter writer(sink, 1000);
  std::vector<std::string> given;
  for (int i = 0; i < 500; ++i) {
    given.push_back(std::to_string(i));
    writer.add(finding_at(given.back()));
  }
  writer.close();
  CHECK(sink.kept == given);
  CHECK(sink.flushed);
  CHECK(writer.counts().findings == 500);
  CHECK(writer.counts().lost == 0);
}

TEST_CASE("scan/record_writer: it says when too much waits") {
  GatedSink sink;
  RecordWriter writer(sink, 100'000);
  CHECK(!writer.congested());
  writer.add(finding_at("a", 100'000));
  CHECK(writer.congested());
  sink.open();
  writer.close();
  CHECK(!writer.congested());
}

TEST_CASE("scan/record_writer: what the sink refuses is counted and named") {
  GatedSink sink;
  sink.open();
  RecordWriter writer(sink, 1000);
  for (const char* where : {"bad", "good", "bad"}) writer.add(finding_at(where));
  writer.close();
  CHECK(sink.kept == std::vector<std::string>{"good"});
  CHECK(writer.counts().lost == 2);
  CHECK(writer.counts().first_error == "disk: full");
}

TEST_CASE("scan/record_writer: drain waits for what was added before") {
  GatedSink sink;
  sink.open();
  RecordWriter writer(sink, 1000);
  writer.drain();
  for (int i = 0; i < 100; ++i) writer.add(finding_at(std::to_string(i)));
  writer.drain();
  CHECK(sink.kept.size() == 100);
}

TEST_CASE("scan/record_writer: what did not match is no finding") {
  GatedSink sink;
  sink.open();
  RecordWriter writer(sink, 1000);
  model::Finding failed = finding_at("x");
  failed.matched = false;
  writer.add(failed);
  writer.close();
  CHECK(sink.kept.size() == 1);
  CHECK(writer.counts().findings == 0);
}
