#include "domain_input.h"

#include <set>

#include "name_feed.h"

namespace m8::asmm8 {

Result<std::vector<net::Name>> read_domains(std::vector<std::string> given, const std::string& file,
                                            std::stop_token stop) {
  net::Poller poller = M8_TRY(net::Poller::create());
  const auto feed = M8_TRY(NameFeed::open(std::move(given), file, poller));
  std::vector<net::Name> domains;
  std::set<std::string> seen;
  for (std::string_view line;;) {
    const auto next = feed->next(line);
    if (next == NameFeed::Next::kEnd) break;
    if (next == NameFeed::Next::kLater) {
      if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "read domains: interrupted"};
      poller.poll(std::chrono::milliseconds(100));
      continue;
    }
    auto name = net::Name::parse(line);
    if (!name.ok()) return name.error().with_context(feed->place());
    if (seen.insert(name->text()).second) domains.push_back(std::move(*name));
  }
  M8_TRY(Status(feed->status()));
  return domains;
}

}  // namespace m8::asmm8
