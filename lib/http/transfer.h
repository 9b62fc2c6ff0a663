/// Transfer: one service request as libcurl sees it: an easy handle, where its answer goes, and how
/// far it has come.
///
/// libcurl bounds only connecting and the whole; what a dial, a handshake, an answer's head and a
/// stalled body may take is watched here, by the phases that its callbacks tell.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/result.h"
#include "http/proxy.h"
#include "http/response.h"
#include "http/service_connections.h"
#include "http/service_options.h"

namespace m8::http {

struct CurlEasyCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct CurlListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

class Transfer {
 public:
  /// What a transfer borrows.
  struct World {
    const ServiceOptions& options;
    ServiceConnections& connections;
    Clock& clock;
  };
  /// How far it has come.
  enum class Phase { kQueued, kDial, kTls, kSending, kHeader, kBody };

  /// Sets everything up for \p request, which is borrowed until done. kInvalidArgument for what
  /// libcurl can't send: `wire`, or line ends in a header.
  static Result<std::unique_ptr<Transfer>> create(const Request& request, const World& world,
                                                  SteadyTime deadline);
  explicit Transfer(const World& world) : world_(world) {}

  CURL* easy() const { return easy_.get(); }
  Phase phase() const { return phase_; }
  bool has_proxy() const { return proxy_.has_value(); }
  /// By time: `phase()` took too long, or, when out_of_time(), the whole.
  bool timed_out() const { return timed_out_; }
  bool out_of_time() const { return out_of_time_; }

  /// On the client's thread: it waits for a connection; it is over with \p code.
  void begin();
  void end(CURLcode code);
  /// Follows what libcurl tells by no callback. True once its time is over.
  bool overdue(SteadyTime now);
  /// When overdue() may be true at the earliest.
  SteadyTime due() const;

  /// The answer, or the error. REQUIRES: done.
  Result<Response> result(const Request& request);

  bool cancelled = false;  ///< guarded by the client's mutex, as `done`
  bool done = false;

 private:
  Status set_headers(const Request& request);
  void set_request(const Request& request);
  void set_callbacks();
  void set_limits();
  Status set_route(const Request& request);
  bool add_header(std::string_view name, std::string_view value);
  bool on_header(std::string_view line);
  void on_head_end();
  void enter(Phase next);
  void follow();
  Duration patience() const;
  ErrorCode error_code() const;
  std::string error_reason() const;
  Error error_of(const Request& request) const;
  void take_facts(const Request& request);
  static std::size_t on_body_bytes(char* bytes, std::size_t one, std::size_t size, void* self);
  static std::size_t on_header_bytes(char* bytes, std::size_t one, std::size_t size, void* self);
  static int on_lookup(void* resolver, void* reserved, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_close(void* connections, curl_socket_t fd);
  static int on_sending(void* self, char* ip, char* local_ip, int port, int local_port);

  const World world_;
  std::unique_ptr<CURL, CurlEasyCleanup> easy_;
  std::unique_ptr<curl_slist, CurlListFree> headers_;
  std::unique_ptr<curl_slist, CurlListFree> connect_to_;
  std::string url_;
  std::string host_;       ///< scheme://host:port
  std::string proxy_url_;  ///< with the login
  std::optional<Proxy> proxy_;
  char error_text_[CURL_ERROR_SIZE] = {};
  std::size_t max_body_ = 0;
  std::size_t head_bytes_ = 0;
  std::size_t upload_bytes_ = 0;
  Response response_;
  CURLcode code_ = CURLE_OK;
  ServiceConnections::Use use_ = ServiceConnections::Use::kNone;
  Phase phase_ = Phase::kQueued;
  SteadyTime phase_began_{};
  std::vector<int> dialled_;        ///< sockets opened for it, one for each address tried
  curl_off_t window_began_at_ = 0;  ///< bytes of body when the current stall window began
  SteadyTime deadline_{};           ///< of the whole
  bool timed_out_ = false;
  bool out_of_time_ = false;
  bool capped_ = false;  ///< the body reached max_body: what follows is not wanted
};

}  // namespace m8::http
