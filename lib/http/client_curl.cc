#include "http/client_curl.h"

#include <algorithm>

#include <fmt/format.h>

#include "http/redirect.h"
#include "http/session_metrics.h"
#include "http/transfer.h"

namespace m8::http {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};
/// How late a phase may be found to have ended.
constexpr std::chrono::milliseconds kCheckEvery{100};

bool set_up_library() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code == CURLE_OK;
}

std::uint64_t info_of(CURL* handle, CURLINFO info) {
  curl_off_t value = 0;
  curl_easy_getinfo(handle, info, &value);
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t n = 1) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

std::uint64_t value(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

Error cancelled() { return {ErrorCode::kCancelled, "service request: cancelled"}; }

std::string host_of(const net::Url& url) {
  return fmt::format("{}:{}", url.host, url.effective_port());
}

/// It says something about the service, or about the way to it.
bool is_of_host(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNetwork:
    case ErrorCode::kRefused:
    case ErrorCode::kTimeout:
    case ErrorCode::kNotFound:
    case ErrorCode::kProtocol:
      return true;
    default:
      return false;
  }
}

bool is_passing(const Error& error) {
  return error.code == ErrorCode::kNetwork || error.code == ErrorCode::kRefused ||
         error.code == ErrorCode::kTimeout;
}

}  // namespace

struct CurlClient::MultiHandle {
  CURLM* handle = curl_multi_init();
  ~MultiHandle() { curl_multi_cleanup(handle); }
  void set_up(const ServiceOptions& options) const {
    curl_multi_setopt(handle, CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(options.max_connections_per_host));
    curl_multi_setopt(handle, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  }
};

CurlClient::CurlClient(ServiceOptions options, net::RateLimiter& limiter, Clock& clock)
    : options_(std::move(options)),
      limiter_(limiter),
      clock_(clock),
      backoff_{options_.retry_backoff, options_.max_backoff},
      breaker_(options_.breaker, clock),
      connections_(options_.max_idle_per_host),
      multi_(std::make_unique<MultiHandle>()) {}

Result<std::unique_ptr<CurlClient>> CurlClient::create(ServiceOptions options,
                                                       net::RateLimiter& limiter, Clock& clock) {
  if (!set_up_library()) return Error{ErrorCode::kInternal, "libcurl: can't be initialised"};
  M8_TRY(options.proxies.check());
  std::unique_ptr<CurlClient> client(new CurlClient(std::move(options), limiter, clock));
  if (client->multi_->handle == nullptr) {
    return Error{ErrorCode::kInternal, "libcurl: no multi handle"};
  }
  client->multi_->set_up(client->options_);
  client->thread_ = std::jthread([raw = client.get()](std::stop_token stop) { raw->run(stop); });
  return client;
}

CurlClient::~CurlClient() { stop(); }

void CurlClient::stop() {
  thread_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    if (multi_->handle != nullptr) curl_multi_wakeup(multi_->handle);
  }
  if (thread_.joinable()) thread_.join();
}

// ---- the callers' side ------------------------------------------------------------------------

Result<Response> CurlClient::call(const Request& request, std::stop_token stop) {
  for (int tries = 0;; ++tries) {
    Try tried = attempt(request, stop);
    if (!tried.response.ok()) add(errors_);
    const auto pause = pause_after(request, tried, tries);
    if (!pause) return std::move(tried.response);
    if (!clock_.sleep_until(clock_.now() + *pause, stop)) return cancelled();
    add(retries_);
  }
}

CurlClient::Try CurlClient::attempt(const Request& request, const std::stop_token& stop) {
  SteadyTime deadline = clock_.now() + std::min<Duration>(options_.timeout, request.timeout);
  Request hop = request;
  for (int followed = 0;; ++followed) {
    Try tried = one_hop(hop, deadline, stop);
    if (!tried.response.ok() || followed >= request.max_redirects) return tried;
    auto next = next_hop(request, hop, *tried.response);
    if (!next.ok()) return {next.error()};
    if (!next->has_value()) return tried;
    hop = std::move(**next);
  }
}

/// The wait for a turn is not the service's: it puts off the deadline.
CurlClient::Try CurlClient::one_hop(const Request& hop, SteadyTime& deadline,
                                    const std::stop_token& stop) {
  const std::string host = host_of(hop.url);
  if (const Status passed = breaker_.enter(host); !passed.ok()) return {passed.error(), false};
  const SteadyTime asked = clock_.now();
  Status status = take_turn(hop.url.host, stop);
  const SteadyTime began = clock_.now();
  deadline += began - asked;
  auto transfer = Transfer::create(hop, {options_, connections_, clock_}, deadline);
  if (status.ok() && !transfer.ok()) status = transfer.error();
  if (status.ok()) status = wait(**transfer, stop);
  if (status.ok()) {
    Try tried = judge(hop, host, **transfer);
    count_call(hop.url.host, tried.response, clock_.now() - began);
    return tried;
  }
  breaker_.abandoned(host);
  return {status.error()};
}

Status CurlClient::take_turn(const std::string& host, const std::stop_token& stop) {
  const SteadyTime turn = limiter_.reserve(host);
  if (stop.stop_requested() || !clock_.sleep_until(turn, stop)) return cancelled();
  return {};
}

CurlClient::Try CurlClient::judge(const Request& hop, const std::string& host, Transfer& transfer) {
  using Phase = Transfer::Phase;
  Try tried{transfer.result(hop)};
  if (!tried.response.ok()) {
    const Error& error = tried.response.error();
    is_of_host(error) ? breaker_.failed(host) : breaker_.abandoned(host);
    tried.was_sent = transfer.phase() != Phase::kDial && transfer.phase() != Phase::kTls;
    tried.again = is_passing(error) && !transfer.out_of_time();
    return tried;
  }
  const int status = tried.response->status;
  tried.again = is_retryable_status(status);
  tried.again&& status != 429 ? breaker_.failed(host) : breaker_.succeeded(host);
  const auto asked = retry_after(*tried.response, clock_.wall());
  if (tried.again && asked && *asked <= options_.max_retry_after) {
    limiter_.hold(hop.url.host, clock_.now() + *asked);
  }
  return tried;
}

/// How long to wait before the next try; nothing if there is none.
std::optional<Duration> CurlClient::pause_after(const Request& request, const Try& tried,
                                                int tries) {
  if (!tried.again || tries >= options_.retries) return std::nullopt;
  if (request.repeat == Request::Repeat::kNever) return std::nullopt;
  const bool harmless = !tried.was_sent || is_idempotent(request.method);
  if (!harmless && request.repeat != Request::Repeat::kAlways) return std::nullopt;
  // Better the reason than the breaker's word.
  if (breaker_.state(host_of(request.url)) == net::CircuitBreaker::State::kOpen)
    return std::nullopt;
  const Duration pause = backoff_.pause(tries, random_draw());
  if (!tried.response.ok()) return pause;
  const auto asked = retry_after(*tried.response, clock_.wall());
  if (!asked) return pause;
  if (*asked > options_.max_retry_after) return std::nullopt;
  return *asked + pause;
}

/// Hands \p transfer over and returns once the thread has let go of it.
Status CurlClient::wait(Transfer& transfer, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (closed_ || stop.stop_requested()) return cancelled();
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
  const std::uint64_t requests = value(requests_);
  const std::uint64_t made = value(connections_made_);
  stats.requests += requests;
  stats.responses += value(responses_);
  stats.errors += value(errors_);
  stats.retries += value(retries_);
  stats.connections += made;
  stats.reused += requests - std::min(requests, made);
  stats.bytes_in += value(bytes_in_);
  stats.bytes_out += value(bytes_out_);
  stats.open += connections_.open();
  stats.breaker_opens += breaker_.opened();
  stats.breaker_rejections += breaker_.rejected();
  stats.proxy_connects += value(proxy_connects_);
  stats.proxy_errors += value(proxy_errors_);
  stats.timeouts.dial += value(timeouts_dial_);
  stats.timeouts.tls += value(timeouts_tls_);
  stats.timeouts.header += value(timeouts_header_);
  stats.timeouts.body += value(timeouts_body_);
  stats.timeouts.total += value(timeouts_total_);
}

// ---- the thread's side ------------------------------------------------------------------------

void CurlClient::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    take_orders();
    int running = 0;
    curl_multi_perform(multi_->handle, &running);
    collect_finished();
    check_times();
    close_idle();
    curl_multi_poll(multi_->handle, nullptr, 0, patience_ms(), nullptr);
  }
  cancel_all();
}

int CurlClient::patience_ms() {
  if (running_.empty()) return static_cast<int>(kPatience.count());
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_check_ - clock_.now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(1), kPatience).count());
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
    add(requests_);
    transfer->begin();
    next_check_ = std::min(next_check_, transfer->due());
    const CURLMcode code = curl_multi_add_handle(multi_->handle, transfer->easy());
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
  // libcurl's bound is on all connections of its cache, kept to when one comes back: that one is
  // idle then. Ours is on the idle ones. Zero would mean the library's own default.
  const auto others = std::max<std::size_t>(connections_.busy(), 1) - 1;
  const long most = std::max(1L, static_cast<long>(options_.max_idle + others));
  if (most != std::exchange(max_connects_, most)) {
    curl_multi_setopt(multi_->handle, CURLMOPT_MAXCONNECTS, most);
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

void CurlClient::check_times() {
  const SteadyTime now = clock_.now();
  if (now < next_check_) return;
  next_check_ = now + kCheckEvery;
  const std::vector<Transfer*> running = running_;
  for (Transfer* transfer : running) {
    if (transfer->overdue(now)) {
      finish(*transfer, CURLE_OPERATION_TIMEDOUT);
    } else {
      next_check_ = std::min(next_check_, transfer->due());
    }
  }
}

/// libcurl closes what was idle for too long only when it opens another: after a pause of all calls
/// this does.
void CurlClient::close_idle() {
  const SteadyTime now = clock_.now();
  if (!running_.empty() || connections_.open() == 0) {
    last_used_ = now;
    return;
  }
  if (now - last_used_ < options_.idle_timeout) return;
  auto fresh = std::make_unique<MultiHandle>();
  if (fresh->handle == nullptr) return;
  fresh->set_up(options_);
  max_connects_ = 0;
  const std::lock_guard lock(mutex_);
  multi_.swap(fresh);
}

/// After this the transfer belongs to its caller again.
void CurlClient::finish(Transfer& transfer, int code) {
  curl_multi_remove_handle(multi_->handle, transfer.easy());
  std::erase(running_, &transfer);
  transfer.end(static_cast<CURLcode>(code));
  count(transfer, code);
  {
    const std::lock_guard lock(mutex_);
    transfer.done = true;
  }
  finished_.notify_all();
}

void CurlClient::count(Transfer& transfer, int code) {
  CURL* handle = transfer.easy();
  if (code == CURLE_OK) add(responses_);
  long connects = 0;
  curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &connects);
  const auto made = static_cast<std::uint64_t>(std::max(connects, 0L));
  add(connections_made_, made);
  if (transfer.has_proxy()) add(proxy_connects_, made);
  long connect_status = 0;
  curl_easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  const bool by_proxy = code == CURLE_PROXY || code == CURLE_COULDNT_RESOLVE_PROXY ||
                        code == CURLE_COULDNT_CONNECT ||
                        (code != CURLE_OK && connect_status / 100 > 2);
  if (transfer.has_proxy() && by_proxy) add(proxy_errors_);
  const std::uint64_t head = info_of(handle, CURLINFO_SIZE_DOWNLOAD_T);
  long header_bytes = 0, request_bytes = 0;
  curl_easy_getinfo(handle, CURLINFO_HEADER_SIZE, &header_bytes);
  curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &request_bytes);
  add(bytes_in_, head + static_cast<std::uint64_t>(header_bytes));
  add(bytes_out_, static_cast<std::uint64_t>(request_bytes));
  if (!transfer.timed_out()) return;
  using Phase = Transfer::Phase;
  const Phase phase = transfer.phase();
  if (transfer.out_of_time()) return add(timeouts_total_);
  if (phase == Phase::kDial) return add(timeouts_dial_);
  if (phase == Phase::kTls) return add(timeouts_tls_);
  add(phase == Phase::kHeader ? timeouts_header_ : timeouts_body_);
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
