#include "api/page.h"

#include "base/json.h"

namespace m8::api {
namespace {

constexpr std::int64_t kUsual = 100;

}  // namespace

Page::Page(const Call& call, std::string_view head)
    : body_(serve::spare_text()), limit_(static_cast<std::size_t>(call.number("limit", kUsual))) {
  body_ += head.empty() ? R"({"items":[)" : head;
}

std::string* Page::item() {
  if (items_ == limit_) {
    more_ = true;
    return nullptr;
  }
  if (items_++ > 0) body_ += ',';
  return &body_;
}

serve::Response Page::finish(std::string_view next) {
  body_ += R"(],"next":)";
  if (more_) {
    json::append_quoted(body_, cursor_of(next));
  } else {
    body_ += "null";
  }
  body_ += '}';
  return json_answer(std::move(body_));
}

}  // namespace m8::api
