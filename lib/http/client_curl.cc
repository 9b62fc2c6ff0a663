#include "http/client_curl.h"

#include <algorithm>

#include "http/redirect.h"
#include "http/transfer.h"

namespace m8::http {
namespace {

constexpr long kMaxIdle = 100;
constexpr long kMaxPerHost = 30;
constexpr int kPatienceMs = 1000;

bool set_up_library() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

std::uint64_t info_of(CURL* handle, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(handle, info, &value);
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

}  // namespace

struct CurlClient::MultiHandle {
  CURLM* handle = curl_multi_init();
  ~MultiHandle() { curl_multi_cleanup(handle); }
};

CurlClient::CurlClient(const Session::Options& options)
    : options_(options), multi_(std::make_unique<MultiHandle>()) {}

Result<std::unique_ptr<CurlClient>> CurlClient::create(const Session::Options& options) {
  if (!set_up_library()) return Error{ErrorCode::kInternal, "libcurl: can't be initialised"};
  std::unique_ptr<CurlClient> client(new CurlClient(options));
  CURLM* multi = client->multi_->handle;
  if (multi == nullptr) return Error{ErrorCode::kInternal, "libcurl: no multi handle"};
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kMaxIdle);
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, kMaxPerHost);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  client->thread_ = std::jthread([raw = client.get()](std::stop_token stop) { raw->run(stop); });
  return client;
}

CurlClient::~CurlClient() { stop(); }

void CurlClient::stop() {
  thread_.request_stop();
  if (multi_->handle != nullptr) curl_multi_wakeup(multi_->handle);
  if (thread_.joinable()) thread_.join();
}

// ---- the callers' side ------------------------------------------------------------------------

Result<Response> CurlClient::call(const Request& request, std::stop_token stop) {
  const SteadyTime deadline = SystemClock::instance().now() + options_.service_timeout;
  Request hop = request;
  for (int followed = 0;; ++followed) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - SystemClock::instance().now());
    auto response = attempt(hop, std::min(left, request.timeout), stop);
    if (!response.ok()) errors_.fetch_add(1, std::memory_order_relaxed);
    if (!response.ok() || followed >= request.max_redirects) return response;
    auto next = M8_TRY(next_hop(request, hop, *response));
    if (!next) return response;
    hop = std::move(*next);
  }
}

Result<Response> CurlClient::attempt(const Request& request, std::chrono::milliseconds timeout,
                                     const std::stop_token& stop) {
  auto transfer = M8_TRY(Transfer::create(request, options_, timeout));
  M8_TRY(wait(*transfer, stop));
  return transfer->result(request);
}

/// Hands \p transfer over and returns once the thread has let go of it.
Status CurlClient::wait(Transfer& transfer, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (closed_ || stop.stop_requested()) {
    return Error{ErrorCode::kCancelled, "service request: cancelled"};
  }
  starting_.push_back(&transfer);
  curl_multi_wakeup(multi_->handle);
  if (!finished_.wait(lock, stop, [&] { return transfer.done; })) {
    cancelling_.push_back(&transfer);
    curl_multi_wakeup(multi_->handle);
    finished_.wait(lock, [&] { return transfer.done; });
  }
  return {};
}

void CurlClient::add_to(SessionStats& stats) const {
  const std::uint64_t requests = requests_.load(std::memory_order_relaxed);
  const std::uint64_t connections = connections_.load(std::memory_order_relaxed);
  stats.requests += requests;
  stats.responses += responses_.load(std::memory_order_relaxed);
  stats.errors += errors_.load(std::memory_order_relaxed);
  stats.connections += connections;
  stats.reused += requests - std::min(requests, connections);
  stats.bytes_in += bytes_in_.load(std::memory_order_relaxed);
  stats.bytes_out += bytes_out_.load(std::memory_order_relaxed);
}

// ---- the thread's side ------------------------------------------------------------------------

void CurlClient::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    take_orders();
    int running = 0;
    curl_multi_perform(multi_->handle, &running);
    collect_finished();
    curl_multi_poll(multi_->handle, nullptr, 0, kPatienceMs, nullptr);
  }
  cancel_all();
}

void CurlClient::take_orders() {
  std::vector<Transfer*> starting, cancelling;
  {
    const std::lock_guard lock(mutex_);
    starting.swap(starting_);
    cancelling.swap(cancelling_);
  }
  for (Transfer* transfer : starting) {
    running_.push_back(transfer);
    requests_.fetch_add(1, std::memory_order_relaxed);
    const CURLMcode code = curl_multi_add_handle(multi_->handle, transfer->easy.get());
    if (code != CURLM_OK) finish(*transfer, CURLE_FAILED_INIT);
  }
  for (Transfer* transfer : cancelling) {
    if (std::find(running_.begin(), running_.end(), transfer) == running_.end()) continue;
    {
      const std::lock_guard lock(mutex_);
      transfer->cancelled = true;
    }
    finish(*transfer, CURLE_ABORTED_BY_CALLBACK);
  }
}

void CurlClient::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_->handle, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    finish(*transfer, message->data.result);
  }
}

/// After this the transfer belongs to its caller again.
void CurlClient::finish(Transfer& transfer, int code) {
  CURL* handle = transfer.easy.get();
  curl_multi_remove_handle(multi_->handle, handle);
  std::erase(running_, &transfer);
  if (code == CURLE_OK) responses_.fetch_add(1, std::memory_order_relaxed);
  long connects = 0;
  curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &connects);
  connections_.fetch_add(static_cast<std::uint64_t>(connects), std::memory_order_relaxed);
  bytes_in_.fetch_add(info_of(handle, CURLINFO_SIZE_DOWNLOAD_T), std::memory_order_relaxed);
  bytes_out_.fetch_add(info_of(handle, CURLINFO_SIZE_UPLOAD_T), std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    transfer.code = static_cast<CURLcode>(code);
    transfer.done = true;
  }
  finished_.notify_all();
}

void CurlClient::cancel_all() {
  std::vector<Transfer*> waiting;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting.swap(starting_);
    for (Transfer* transfer : waiting) transfer->cancelled = transfer->done = true;
    for (Transfer* transfer : running_) transfer->cancelled = true;
  }
  finished_.notify_all();
  while (!running_.empty()) finish(*running_.back(), CURLE_ABORTED_BY_CALLBACK);
}

}  // namespace m8::http
