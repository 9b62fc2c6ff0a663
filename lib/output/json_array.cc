// JSON: all findings as one array of the field's events (-je).
#include <atomic>

#include "model/event_json.h"
#include "output/format.h"

namespace m8::output {
namespace {

class JsonArray final : public Format {
 public:
  std::string begin() const override { return "["; }
  std::string end() const override { return "]\n"; }
  std::string finding(const model::Finding& finding) const override {
    return (first_.exchange(false) ? "" : ",\n") + model::event_json(finding);
  }

 private:
  mutable std::atomic<bool> first_{true};
};

}  // namespace

std::unique_ptr<Format> make_json_array(const FormatOptions&) {
  return std::make_unique<JsonArray>();
}

}  // namespace m8::output
