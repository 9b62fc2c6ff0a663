#include "probe/engine.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "probe/close_look.h"
#include "probe/favicon.h"
#include "probe/probe.h"
#include "probe/simhash.h"

namespace m8::probe {
namespace {

constexpr std::size_t kFaviconTries = 2;
constexpr std::size_t kMaxFavicon = 1u << 20;
constexpr int kMaxWorkers = 16;
constexpr int kAlikeBits = 3;

void add_one(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

/// The other scheme goes the same way.
bool hopeless(const Error& error) {
  return error.code == ErrorCode::kCancelled || error.code == ErrorCode::kDenied ||
         error.code == ErrorCode::kNotFound;
}

/// A label that nobody made.
std::string random_label() {
  std::array<unsigned char, 10> bytes;
  random_bytes(bytes.data(), bytes.size());
  return hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

const char* other_scheme(std::string_view scheme) { return scheme == "https" ? "http" : "https"; }

}  // namespace

/// One target on its way: its requests follow each other.
struct Engine::Visit {
  model::TargetSpec spec;
  net::Url url;                           ///< of the current request
  bool scheme_known = false;              ///< given, or one has answered
  bool second_scheme = false;             ///< the current request is over the other scheme
  std::size_t path = 0;                   ///< index in Settings::paths
  model::Endpoint record;                 ///< of the current request
  std::vector<std::string> icons;         ///< where the favicon may still be, worst first
  net::Url icon_base;                     ///< scheme and host that the page came from
  std::uint64_t simhash = 0;              ///< of the body, if another host's is compared with it
  std::vector<net::IpAddress> addresses;  ///< to connect to, one after the other; empty: any
  std::size_t address = 0;
};

Engine::Engine(Parts parts, Settings settings)
    : parts_(parts),
      settings_(std::move(settings)),
      tools_{settings_, parts_.technologies, parts_.cdn} {
  const bool blocking = settings_.jarm || settings_.http2 || settings_.pipeline;
  if (!blocking && settings_.screenshot_program.empty()) return;
  ThreadPool::Options options;
  options.workers = settings_.screenshot_program.empty() ? kMaxWorkers : 4;
  options.queue = settings_.in_flight + 1;  // so that a loop never waits for room
  workers_ = std::make_unique<ThreadPool>(options);
}

Engine::~Engine() = default;

Engine::Counts Engine::counts() const {
  return {tally_.targets, tally_.done, tally_.live,     tally_.failed,
          tally_.denied,  tally_.lost, tally_.truncated};
}

// ---- the stream --------------------------------------------------------------------------------

Status Engine::run(const model::TargetStream& targets, std::stop_token stop) {
  Status status;
  while (wait_for_slot(stop)) {
    auto spec = targets(stop);
    if (!spec.ok()) status = spec.error();
    if (!spec.ok() || !*spec) {
      finish();
      break;
    }
    add_one(tally_.targets);
    start(std::move(**spec));
  }
  const Status idle = wait_until_idle(stop);
  return status.ok() ? idle : status;
}

/// Takes a slot. Woken only when a good part of them is free: waking costs more than a request.
bool Engine::wait_for_slot(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (in_flight_ >= settings_.in_flight) {
    waiting_ = true;
    resume_at_ = settings_.in_flight - (settings_.in_flight + 3) / 4;
    freed_.wait(lock, stop, [&] { return in_flight_ <= resume_at_; });
    waiting_ = false;
  }
  if (stop.stop_requested()) return false;
  ++in_flight_;
  return true;
}

Status Engine::wait_until_idle(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  waiting_ = true;
  resume_at_ = 0;
  freed_.wait(lock, stop, [&] { return in_flight_ == 0; });
  waiting_ = false;
  if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "probe: interrupted"};
  return {};
}

void Engine::finish() {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  if (waiting_ && in_flight_ <= resume_at_) freed_.notify_one();
}

// ---- one target --------------------------------------------------------------------------------

void Engine::start(model::TargetSpec spec) {
  auto visit = std::make_shared<Visit>();
  visit->url = spec.url;
  visit->scheme_known = spec.kind == model::TargetSpec::Kind::kUrl;
  if (!visit->scheme_known) visit->url.scheme = http_first(spec.url) ? "http" : "https";
  visit->spec = std::move(spec);
  if (settings_.all_addresses && parts_.lookup != nullptr) return find_addresses(visit);
  ask(visit);
}

/// A name without one is asked for all the same: that tells why.
void Engine::find_addresses(const VisitPtr& visit) {
  parts_.lookup->lookup(visit->url.host, [this, visit](Result<net::HostLookup::Addresses> found) {
    if (found.ok()) visit->addresses = std::move(*found);
    ask(visit);
  });
}

http::Request Engine::request_for(const Visit& visit, const net::Url& url) const {
  http::Request request;
  request.method = settings_.method;
  request.url = url;
  request.headers = {{"Host", url.authority()},
                     {"User-Agent", settings_.user_agent},
                     {"Accept-Charset", "utf-8"},
                     {"Accept-Encoding", "gzip"}};
  for (const http::Header& header : settings_.headers) {
    if (const auto* ours = http::find_header(request.headers, header.name)) {
      request.headers[static_cast<std::size_t>(ours - request.headers.data())] = header;
    } else {
      request.headers.push_back(header);
    }
  }
  if (!settings_.body.empty()) {
    request.headers.push_back({"Content-Length", std::to_string(settings_.body.size())});
    request.body = settings_.body;
  }
  request.redirects = settings_.redirects;
  request.max_redirects = settings_.max_redirects;
  request.timeout = settings_.timeout;
  request.retries = settings_.retries;
  request.max_body = settings_.max_body;
  request.transparent_gzip = true;
  request.tls_details = settings_.tls;
  request.server_name = settings_.server_name;
  if (!visit.addresses.empty())
    request.connect_to =
        net::HostPort{visit.addresses[visit.address].to_string(), url.effective_port()};
  // The last request on a connection frees it at once: most hosts are asked only one thing.
  request.fresh_connection = settings_.paths.size() <= 1 && !settings_.favicon &&
                             !settings_.vhost &&
                             settings_.redirects == http::Request::Redirects::kNone;
  if (!visit.record.url.empty()) request.redirects = http::Request::Redirects::kAll;  // an icon
  return request;
}

void Engine::ask(const VisitPtr& visit) {
  if (!settings_.paths.empty()) {
    const std::string& path = settings_.paths[visit->path];
    const std::size_t query = path.find('?');
    visit->url.path = (path.starts_with('/') ? "" : "/") + path.substr(0, query);
    visit->url.has_query = query != path.npos;
    visit->url.query = visit->url.has_query ? path.substr(query + 1) : std::string();
  }
  parts_.session.send(
      request_for(*visit, visit->url),
      [this, visit](Result<http::Exchange> answer) { answered(visit, std::move(answer)); });
}

void Engine::answered(const VisitPtr& visit, Result<http::Exchange> answer) {
  if (!answer.ok()) {
    if (!try_other_scheme(visit, answer.error())) failed(visit, answer.error());
    return;
  }
  visit->scheme_known = visit->scheme_known || !settings_.both_schemes;
  const http::Response& last = answer->final();
  if (last.body_truncated) add_one(tally_.truncated);
  const Page page = read_page(last.body);
  visit->record = make_record(tools_, visit->spec.input, *answer, page, parts_.clock.wall());
  if (settings_.vhost) visit->simhash = simhash(last.body);
  if (!settings_.favicon) return compare_other_host(visit);
  visit->icons = favicon_candidates(page, last.url, kFaviconTries);
  std::reverse(visit->icons.begin(), visit->icons.end());
  find_favicon(visit);
}

bool Engine::try_other_scheme(const VisitPtr& visit, const Error& error) {
  if (visit->scheme_known || visit->second_scheme || hopeless(error)) return false;
  visit->second_scheme = true;
  visit->url.scheme = other_scheme(visit->url.scheme);
  ask(visit);
  return true;
}

void Engine::failed(const VisitPtr& visit, const Error& error) {
  if (error.code != ErrorCode::kCancelled) {
    add_one(tally_.failed);
    if (error.code == ErrorCode::kDenied) add_one(tally_.denied);
    if (settings_.report_failures) {
      const auto record =
          make_failure(settings_, visit->spec.input, visit->url, error, parts_.clock.wall());
      if (!parts_.sink.endpoint(record).ok()) add_one(tally_.lost);
    }
  }
  next_request(visit);
}

/// Goes through the places where the icon may be until one holds an image.
void Engine::find_favicon(const VisitPtr& visit) {
  if (visit->icons.empty() || !visit->record.favicon.empty()) return compare_other_host(visit);
  const std::string text = std::move(visit->icons.back());
  visit->icons.pop_back();
  const auto url = net::Url::parse(text);
  if (!url.ok()) {
    take_favicon(visit, text, data_url_bytes(text));
    return;
  }
  http::Request request = request_for(*visit, *url);
  request.method = "GET";
  request.body.clear();
  std::erase_if(request.headers,
                [](const http::Header& header) { return header.name == "Content-Length"; });
  request.max_body = kMaxFavicon;
  parts_.session.send(std::move(request), [this, visit, text](Result<http::Exchange> answer) {
    const bool good = answer.ok() && answer->final().status == 200;
    take_favicon(visit, text, good ? std::string_view(answer->final().body) : std::string_view());
  });
}

void Engine::take_favicon(const VisitPtr& visit, const std::string& url, std::string_view bytes) {
  if (is_image(bytes)) set_favicon(bytes, url, visit->record);
  find_favicon(visit);
}

/// A virtual host shows something else to who asks for a name that nobody has.
void Engine::compare_other_host(const VisitPtr& visit) {
  if (!settings_.vhost) return look_closer(visit);
  http::Request request = request_for(*visit, visit->url);
  request.redirects = settings_.redirects;
  for (http::Header& header : request.headers)
    if (equals_lower(header.name, "host")) header.value = random_label() + "." + header.value;
  parts_.session.send(std::move(request), [this, visit](Result<http::Exchange> answer) {
    model::Endpoint& record = visit->record;
    if (answer.ok()) {
      const http::Response& other = answer->final();
      record.vhost = other.status != record.status || count_words(other.body) != record.words ||
                     count_lines(other.body) != record.lines ||
                     body_length(other) != record.content_length ||
                     simhash_distance(simhash(other.body), visit->simhash) > kAlikeBits;
    }
    look_closer(visit);
  });
}

/// What takes blocking calls goes to a worker.
void Engine::look_closer(const VisitPtr& visit) {
  if (!workers_) return write(visit);
  const bool taken = workers_->submit([this, visit](std::stop_token stop) {
    if (!stop.stop_requested()) look_closer_blocking(*visit, stop);
    write(visit);
  });
  if (!taken) write(visit);
}

void Engine::look_closer_blocking(Visit& visit, std::stop_token stop) {
  model::Endpoint& record = visit.record;
  const auto ip = net::IpAddress::parse(record.ip);
  if (ip.ok() && record.scheme == "https") {
    const net::SocketAddress at{*ip, static_cast<std::uint16_t>(record.port)};
    if (settings_.jarm) record.jarm = jarm_of(at, record.hostname, settings_.timeout, stop);
    if (settings_.http2) record.http2 = offers_http2(at, record.hostname, settings_.timeout);
  }
  if (ip.ok() && settings_.pipeline) {
    const net::SocketAddress at{*ip, static_cast<std::uint16_t>(record.port)};
    record.pipeline = pipelines(at, record.hostname, record.scheme == "https", settings_.timeout);
  }
  if (!settings_.screenshot_program.empty())
    record.screenshot_path = take_screenshot(settings_, record.url, parts_.clock, stop);
}

void Engine::write(const VisitPtr& visit) {
  add_one(tally_.live);
  if (!parts_.sink.endpoint(visit->record).ok()) add_one(tally_.lost);
  next_request(visit);
}

/// The next path, then the other scheme if both are wanted, then the next address, then the end.
void Engine::next_request(const VisitPtr& visit) {
  const bool answered = !visit->record.url.empty();
  visit->record = {};
  if (answered && visit->path + 1 < settings_.paths.size()) {
    ++visit->path;
    return ask(visit);
  }
  if (settings_.both_schemes && !visit->scheme_known && !visit->second_scheme) {
    visit->second_scheme = true;
    visit->path = 0;
    visit->url.scheme = other_scheme(visit->url.scheme);
    return ask(visit);
  }
  if (next_address(visit)) return ask(visit);
  add_one(tally_.done);
  if (settings_.tell_ends)
    (void)parts_.sink.outcome({model::Outcome::Kind::kDone, visit->spec.input, "probe", {}});
  finish();
}

/// Begins again with the next address of the name.
bool Engine::next_address(const VisitPtr& visit) {
  if (visit->address + 1 >= visit->addresses.size()) return false;
  ++visit->address;
  visit->path = 0;
  visit->second_scheme = false;
  visit->scheme_known = visit->spec.kind == model::TargetSpec::Kind::kUrl;
  visit->url = visit->spec.url;
  if (!visit->scheme_known) visit->url.scheme = http_first(visit->url) ? "http" : "https";
  return true;
}

}  // namespace m8::probe
