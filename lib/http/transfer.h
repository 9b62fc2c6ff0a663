/// Transfer: one service request as libcurl sees it: an easy handle and where its answer goes.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "base/result.h"
#include "http/session.h"

namespace m8::http {

struct CurlEasyCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct CurlListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Transfer {
  std::unique_ptr<CURL, CurlEasyCleanup> easy;
  std::unique_ptr<curl_slist, CurlListFree> headers;
  std::unique_ptr<curl_slist, CurlListFree> connect_to;
  std::string url;
  char error_text[CURL_ERROR_SIZE] = {};
  std::size_t max_body = 0;
  Response response;
  CURLcode code = CURLE_OK;
  bool capped = false;     ///< the body reached max_body: what follows is not wanted
  bool cancelled = false;  ///< guarded by the client's mutex, as `done`
  bool done = false;

  /// Sets everything up for \p request, which is borrowed until done. kInvalidArgument for what
  /// libcurl can't send: `wire`, or line ends in a header.
  static Result<std::unique_ptr<Transfer>> create(const Request& request,
                                                  const Session::Options& options,
                                                  std::chrono::milliseconds timeout);
  /// The answer, or the error that `code` stands for. REQUIRES: done.
  Result<Response> result(const Request& request);

 private:
  Status set_headers(const Request& request, const Session::Options& options);
  void set_request(const Request& request);
  void set_connection(const Request& request, const Session::Options& options,
                      std::chrono::milliseconds timeout);
  bool add_header(std::string_view name, std::string_view value);
  void on_header(std::string_view line);
  static std::size_t on_body_bytes(char* bytes, std::size_t one, std::size_t size, void* self);
  static std::size_t on_header_bytes(char* bytes, std::size_t one, std::size_t size, void* self);
};

}  // namespace m8::http
