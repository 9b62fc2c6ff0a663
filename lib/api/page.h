/// Page: {"items":[...],"next":"..."} while it is written.
///
/// One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "api/route.h"

namespace m8::api {

class Page {
 public:
  /// \p head: what comes before the items, `{"items":[` if empty.
  explicit Page(const Call& call, std::string_view head = {});

  /// Rows that are wanted.
  std::size_t limit() const { return limit_; }
  /// The place of the next item; null if the page is full: then there is a next one.
  std::string* item();
  /// Whether an item came that had no room.
  bool more() const { return more_; }
  /// \p next: the key of the last item, for the next page's cursor.
  serve::Response finish(std::string_view next);

 private:
  std::string body_;
  std::size_t limit_, items_ = 0;
  bool more_ = false;
};

}  // namespace m8::api
