/// HttpsQueries: DNS over HTTPS (RFC 8484), through http::Session like every request of ours.
///
/// Some threads make the requests, over as few HTTP/2 connections as the server allows; answers
/// come back on the poller's thread.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/channel.h"
#include "dns/query_stream.h"

namespace m8::dns {

class HttpsQueries final : public QueryStream {
 public:
  /// \p url as in Server. \p poller is borrowed. Errors of http::Session::create().
  static Result<std::unique_ptr<HttpsQueries>> create(const std::string& url,
                                                      const std::string& more_ca, Events events,
                                                      net::Poller& poller, Clock& clock);
  ~HttpsQueries() override;
  void send(Bytes query) override;

 private:
  struct Door;
  struct Mailbox;

  HttpsQueries(std::unique_ptr<Door> door, Events events, net::Poller& poller);
  void run(std::stop_token stop);

  std::unique_ptr<Door> door_;
  std::shared_ptr<Mailbox> mailbox_;  ///< shared with tasks that are posted and not run yet
  net::Poller& poller_;
  Channel<std::string> queries_;
  std::vector<std::jthread> threads_;
};

}  // namespace m8::dns
