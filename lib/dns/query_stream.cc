#include "dns/query_stream.h"

namespace m8::dns {

Result<std::unique_ptr<QueryStream>> QueryStream::open(const Server& server, const std::string&,
                                                       Events, net::Poller&, Clock&) {
  return Error{ErrorCode::kUnsupported, "resolver " + server.to_string() + ": not yet"};
}

}  // namespace m8::dns
