#include "dns/host_lookup.h"

#include <algorithm>
#include <utility>

#include "dns/answer.h"
#include "dns/resolver_metrics.h"
#include "metrics/metrics.h"

namespace m8::dns {
namespace {

constexpr std::chrono::milliseconds kLongestPoll{200};

Error lookup_error(ErrorCode code, const std::string& host, const char* why) {
  return {code, "look up " + host.substr(0, 253) + ": " + why};
}

/// The form in which hosts are kept: lower case, no final dot, no brackets.
std::string canonical(std::string_view host) {
  if (host.size() > 1 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.ends_with('.')) host.remove_suffix(1);
  return lower(host);
}

bool is_localhost(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

void keep_family(net::HostLookup::Addresses& addresses, AddressFamily family) {
  const bool any_v4 = std::any_of(addresses.begin(), addresses.end(),
                                  [](const auto& address) { return address.is_v4(); });
  const bool want_v4 =
      family == AddressFamily::kV4Only || (family == AddressFamily::kAny && any_v4);
  std::erase_if(addresses, [want_v4](const auto& address) { return address.is_v4() != want_v4; });
}

net::HostLookup::Addresses addresses_of(const AnswerValues& values, RrType type) {
  net::HostLookup::Addresses addresses;
  for (const auto& text : values.of(type)) {
    if (auto address = net::IpAddress::parse(text); address.ok()) addresses.push_back(*address);
  }
  addresses.aliases = values.of(RrType::kCname);
  return addresses;
}

/// Of the cache of this process.
void count_request(bool hit) {
  auto& all = metrics::Registry::process();
  static metrics::Counter& hits = all.counter(metrics::kCacheRequests, {"hosts", "hit"});
  static metrics::Counter& misses = all.counter(metrics::kCacheRequests, {"hosts", "miss"});
  (hit ? hits : misses).add();
}

/// Who asks others, or for another family, may be told otherwise.
std::string asked(const HostLookupOptions& options) {
  std::string text = std::to_string(static_cast<int>(options.family));
  for (const auto& server : options.resolver.servers) text += ' ' + server.to_string();
  return text;
}

}  // namespace

Result<std::unique_ptr<HostLookup>> HostLookup::create(HostLookupOptions options, Clock& clock) {
  net::Poller poller = M8_TRY(net::Poller::create());
  std::unique_ptr<HostLookup> lookup(new HostLookup(std::move(options), std::move(poller), clock));
  lookup->resolver_ =
      M8_TRY(Resolver::create(lookup->options_.resolver, lookup->poller_, *lookup, clock));
  lookup->thread_ = std::jthread([raw = lookup.get()](std::stop_token stop) { raw->run(stop); });
  return lookup;
}

HostLookup::HostLookup(HostLookupOptions options, net::Poller poller, Clock& clock)
    : options_(std::move(options)), clock_(clock), poller_(std::move(poller)) {
  if (options_.shared)
    shared_ = std::make_unique<SharedAnswers>(*options_.shared, asked(options_), clock);
}

HostLookup::~HostLookup() {
  thread_.request_stop();
  poller_.wake();
  if (thread_.joinable()) thread_.join();
}

void HostLookup::run(std::stop_token stop) {
  ResolverMetrics counted;
  while (!stop.stop_requested()) {
    poller_.poll(kLongestPoll);
    counted.add(resolver_->counts());
  }
  ending_ = true;
  to_ask_.clear();
  tokens_.clear();
  for (auto& [token, entry] : std::exchange(questions_, {})) {
    for (auto& done : entry.second.waiting) cancel(entry.first, done);
  }
  // What was posted meanwhile, by other threads or by those that were told just now: start()
  // cancels it. A task that is posted during a turn is served in the next.
  while (waiting_count_ > 0 || shared_asked_ > 0) poller_.poll(std::chrono::milliseconds(1));
  counted.add(resolver_->counts());
}

void HostLookup::cancel(const std::string& host, const Callback& done) {
  waiting_count_.fetch_sub(1);
  done(lookup_error(ErrorCode::kCancelled, host, "stopped"));
}

// ---- any thread ---------------------------------------------------------------------------------

void HostLookup::lookup(const std::string& host, Callback done) {
  std::string name = canonical(host);
  if (answer_at_once(name, done)) return;
  count_request(false);
  if (waiting_count_.fetch_add(1) >= options_.most_waiting) {
    waiting_count_.fetch_sub(1);
    return done(lookup_error(ErrorCode::kExhausted, name, "too many lookups at a time"));
  }
  poller_.post([this, name = std::move(name), done = std::move(done)]() mutable {
    start(std::move(name), std::move(done));
  });
}

bool HostLookup::answer_at_once(const std::string& host, const Callback& done) {
  if (host.find_first_not_of("0123456789.") == host.npos || host.find(':') != host.npos) {
    if (const auto address = net::IpAddress::parse(host); address.ok()) {
      done(Addresses{*address});
      return true;
    }
  }
  Addresses known;
  if (const auto entry = options_.hosts.find(host); entry != options_.hosts.end())
    known = entry->second;
  if (known.empty() && is_localhost(host)) {
    std::array<std::uint8_t, 16> loopback{};
    loopback.back() = 1;
    known = {net::IpAddress::v4(0x7f000001), net::IpAddress::v6(loopback)};
  }
  keep_family(known, options_.family);
  if (!known.empty()) {
    done(std::move(known));
    return true;
  }
  std::optional<Result<Addresses>> cached;
  {
    auto cache = cache_.lock();
    const auto entry = cache->entries.find(host);
    if (entry != cache->entries.end() && clock_.now() < entry->second.expires)
      cached = entry->second.result;
  }
  if (!cached) return false;
  count_request(true);
  done(*std::move(cached));
  return true;
}

// ---- the loop's thread --------------------------------------------------------------------------

void HostLookup::start(std::string host, Callback done) {
  if (ending_) return cancel(host, done);
  // The answer may have come since lookup() looked.
  if (answer_at_once(host, done)) {
    waiting_count_.fetch_sub(1);
    return;
  }
  const auto known = tokens_.find(host);
  if (known != tokens_.end()) {
    questions_.at(known->second).second.waiting.push_back(std::move(done));
    return;
  }
  const std::uint64_t token = next_token_++;
  Question question;
  question.type = options_.family == AddressFamily::kV6Only ? RrType::kAaaa : RrType::kA;
  question.waiting.push_back(std::move(done));
  tokens_.emplace(host, token);
  const auto& [entry, added] =
      questions_.emplace(token, std::pair(std::move(host), std::move(question)));
  if (!shared_) return queue(token);
  ++shared_asked_;
  shared_->find(entry->second.first,
                [this, token](std::optional<SharedAnswer> answer, std::chrono::seconds ttl) {
                  poller_.post([this, token, answer = std::move(answer), ttl]() mutable {
                    --shared_asked_;
                    shared_answer(token, std::move(answer), ttl);
                  });
                });
}

void HostLookup::queue(std::uint64_t token) {
  to_ask_.push_back(token);
  room();
  resolver_->flush();
}

void HostLookup::shared_answer(std::uint64_t token, std::optional<SharedAnswer> answer,
                               std::chrono::seconds ttl) {
  const auto question = questions_.find(token);
  if (question == questions_.end()) return;  // stopped meanwhile
  if (!answer) return queue(token);
  ttl = std::min(ttl, options_.longest_ttl);
  if (!answer->addresses.empty()) return finish(token, std::move(answer->addresses), ttl);
  finish(token, lookup_error(ErrorCode::kNotFound, question->second.first, "no such name"), ttl);
}

/// What holds for everybody: not that nobody answered.
void HostLookup::share(const std::string& host, const Result<Addresses>& result,
                       std::chrono::seconds ttl) {
  if (!shared_) return;
  if (result.ok()) {
    shared_->keep(host, *result, ttl);
  } else if (result.error().code == ErrorCode::kNotFound) {
    shared_->keep(host, {}, ttl);
  }
}

void HostLookup::room() {
  while (!to_ask_.empty() && resolver_->has_room()) {
    const std::uint64_t token = to_ask_.front();
    to_ask_.pop_front();
    const auto& [host, question] = questions_.at(token);
    if (!resolver_->ask(host, question.type, token)) {
      finish(token, lookup_error(ErrorCode::kNotFound, host, "not a host name"),
             options_.denial_ttl);
    }
  }
}

void HostLookup::replied(const Reply& reply) {
  if (ending_) return;  // nobody waits any more
  auto& [host, question] = questions_.at(reply.token);
  const bool answered = reply.fate == Fate::kAnswered;
  if (answered && reply.rcode() == Rcode::kNoError) {
    AnswerValues values;
    values.add(reply.message, question.type);
    Addresses addresses = addresses_of(values, question.type);
    if (!addresses.empty()) {
      const auto ttl = std::clamp(std::chrono::seconds(values.ttl()), std::chrono::seconds(1),
                                  options_.longest_ttl);
      Result<Addresses> result(std::move(addresses));
      share(host, result, ttl);
      return finish(reply.token, std::move(result), ttl);
    }
    if (question.type == RrType::kA && options_.family == AddressFamily::kAny) {
      question.type = RrType::kAaaa;
      to_ask_.push_back(reply.token);  // room() follows every batch of replies
      return;
    }
    const Result<Addresses> none = lookup_error(ErrorCode::kNotFound, host, "no address");
    share(host, none, options_.denial_ttl);
    return finish(reply.token, none, options_.denial_ttl);
  }
  const bool denied = answered && reply.rcode() == Rcode::kNxDomain;
  const Result<Addresses> failed = failure(host, reply);
  const auto ttl = denied ? options_.denial_ttl : options_.failure_ttl;
  share(host, failed, ttl);
  finish(reply.token, failed, ttl);
}

Result<HostLookup::Addresses> HostLookup::failure(const std::string& host,
                                                  const Reply& reply) const {
  switch (reply.fate) {
    case Fate::kTimeout:
      return lookup_error(ErrorCode::kTimeout, host, "no resolver answered in time");
    case Fate::kNetwork:
      return lookup_error(ErrorCode::kNetwork, host, "resolver can't be reached");
    case Fate::kMalformed:
      return lookup_error(ErrorCode::kProtocol, host, "malformed answer");
    case Fate::kAnswered:
      break;
  }
  if (reply.rcode() == Rcode::kNxDomain)
    return lookup_error(ErrorCode::kNotFound, host, "no such name");
  return lookup_error(ErrorCode::kNetwork, host, to_string(reply.rcode()));
}

void HostLookup::finish(std::uint64_t token, Result<Addresses> result, std::chrono::seconds ttl) {
  auto entry = questions_.extract(token);
  auto& [host, question] = entry.mapped();
  remember(host, result, ttl);
  tokens_.erase(host);
  waiting_count_.fetch_sub(question.waiting.size());
  for (auto& done : question.waiting) done(result);
}

void HostLookup::remember(const std::string& host, const Result<Addresses>& result,
                          std::chrono::seconds ttl) {
  auto cache = cache_.lock();
  const SteadyTime expires = clock_.now() + ttl;
  const auto [entry, added] = cache->entries.insert_or_assign(host, Cached{result, expires});
  if (!added) return;
  cache->order.push_back(host);
  while (cache->entries.size() > options_.cache_entries) {
    cache->entries.erase(cache->order.front());
    cache->order.pop_front();
  }
}

}  // namespace m8::dns
