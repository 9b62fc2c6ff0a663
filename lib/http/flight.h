/// Flight: one target request on its way through a loop, from send() to its callback.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/memory.h"
#include "base/recycled.h"
#include "http/deadline_wheel.h"
#include "http/request.h"
#include "http/response.h"
#include "http/response_parser.h"
#include "http/session.h"

namespace m8::http {

class Connection;

struct Flight : DeadlineWheel::Node, Recycled<Flight> {
  enum class Stage {
    kQueued,      ///< above the bound
    kDelayed,     ///< waits for the rate limiter or for the next try
    kLookup,      ///< waits for addresses
    kWaiting,     ///< waits for one of the connections that there are
    kConnecting,  ///< a connection is being opened for it
    kExchanging,  ///< sending, or waiting for the answer
    kFailed,      ///< its error waits to be told
  };

  Flight(Request&& asked, Session::Callback&& callback)
      : request(std::move(asked)), done(std::move(callback)) {}

  Request request;                 ///< of the current hop
  std::unique_ptr<Request> first;  ///< of the first hop, once there is a second
  Session::Callback done;
  Exchange exchange;      ///< earlier hops, and the bytes of the first request
  std::string hop_bytes;  ///< the bytes of the current hop, if it isn't the first
  std::string proxied;    ///< the bytes in absolute-form, if that is how a proxy wants them
  std::string key;        ///< pool key of the current hop
  ResponseParser parser;  ///< of the current attempt
  Connection* connection = nullptr;
  std::vector<net::SocketAddress> addresses;  ///< where the current hop may connect to
  std::size_t next_address = 0;
  std::vector<std::string> aliases;  ///< that led to them
  Error last_error;                  ///< of the address tried before
  SteadyTime began{};                ///< of the whole chain, waiting for a turn excluded
  Duration budget{};                 ///< what the attempt may take; redirect hops share it
  SteadyTime deadline{};             ///< of the current attempt
  Duration lent{};                   ///< of the deadline: what turns of our own took
  std::uint64_t timer = 0;           ///< of kDelayed
  SteadyTime stage_began{};          ///< of kWaiting and kExchanging
  std::uint64_t turn = 0;            ///< of the loop, in which its bytes were sent
  int tries = 0;                     ///< spent of Request::retries
  bool at_proxy = false;             ///< the last attempt failed because of the proxy
  bool avoid_pool = false;           ///< a pooled connection has failed it
  bool paused = false;               ///< waits for memory, its deadline standing still
  SteadyTime paused_at{};
  MemoryGovernor::Lease memory;  ///< of the answers' bodies
  Stage stage = Stage::kQueued;
  std::size_t slot = 0;  ///< place in the loop's table

  const std::string& bytes() const {
    if (!proxied.empty()) return proxied;
    return exchange.hops.empty() ? exchange.sent : hop_bytes;
  }
  const Request& first_request() const { return first ? *first : request; }
};

}  // namespace m8::http
