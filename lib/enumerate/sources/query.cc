#include "enumerate/sources/query.h"

#include <algorithm>

#include <fmt/format.h>

#include "enumerate/sources/name_scan.h"
#include "enumerate/sources/paths.h"

namespace m8::enumerate::sources {
namespace {

constexpr std::size_t kLongestReason = 200;
/// Shorter ones are no secrets, and would tear holes into every text.
constexpr std::size_t kShortestSecret = 4;

ErrorCode code_of(State state) {
  switch (state) {
    case State::kAuth:
      return ErrorCode::kDenied;
    case State::kLimited:
    case State::kPartial:
      return ErrorCode::kExhausted;
    default:
      return ErrorCode::kProtocol;
  }
}

bool uses_halves(const Lane& lane, const Ask& ask) {
  for (const std::string_view text : {std::string_view(lane.url), lane.source.headers, ask.path})
    if (text.find("{id}") != text.npos) return true;
  return false;
}

void replace_all(std::string& text, const std::string& what) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos;)
    text.replace(at, what.size(), "***");
}

}  // namespace

Query::Query(Lane& lane, const World& world, net::Name domain, Take take, std::stop_token stop)
    : lane_(lane),
      world_(world),
      domain_(std::move(domain)),
      take_(std::move(take)),
      stop_(std::move(stop)),
      begun_(world.clock.now()),
      deadline_(begun_ + world.limits.deadline) {
  values_.set("domain", domain_.text());
  const auto split = net::split_suffix(domain_.text());
  values_.set("apex", split.ok() ? split->registrable : domain_.text());
  for (const auto& key : lane.secrets) {
    const auto [id, secret] = split_key(key);
    for (const auto& part : {key, secret, id}) secrets_.push_back(part);
  }
}

void Query::set_secret(std::string_view name, std::string value) {
  secrets_.push_back(value);
  set(name, std::move(value));
}

// ---- asking -------------------------------------------------------------------------------------

Result<Reply> Query::ask(const Ask& ask) {
  for (;;) {
    KeyRing::Entry& key = *M8_TRY(turn());
    const http::Request made = M8_TRY(request(ask, key));
    ++requests_;
    auto response = world_.session.call(made, stop_);
    if (!response.ok()) return fail_with(response.error());
    lane_.keys.learn(key, *response);
    Reply reply;
    const auto failure = judge(*response, reply);
    if (!failure) {
      ++replies_;
      if (reply.cut) capped_ = fmt::format("reply over {} bytes", world_.limits.max_body);
      return reply;
    }
    if (failure->state == State::kLimited) lane_.keys.limit(key, *response);
    if (failure->state == State::kAuth) key.refused = true;
    const bool about_key = failure->state == State::kLimited || failure->state == State::kAuth;
    const KeyRing::Entry* next = about_key ? lane_.keys.best() : nullptr;
    if (next == nullptr || next->usable > world_.clock.now()) return fail(*failure);
  }
}

Result<KeyRing::Entry*> Query::turn() {
  M8_TRY(check());
  KeyRing::Entry* key = lane_.keys.pick();
  if (key == nullptr) return fail(Failure{State::kAuth, "refused before"});
  if (key->usable >= deadline_) return fail(Failure{State::kLimited, "limit reached before"});
  const SteadyTime at = std::max(
      {key->usable, lane_.limiter.reserve(lane_.source.name), world_.limiter.reserve("sources")});
  if (at >= deadline_) return out_of_time();
  if (!world_.clock.sleep_until(at, stop_)) M8_TRY(check());
  return key;
}

Status Query::check() {
  if (stop_.stop_requested() || unwanted_) return fail(Failure{State::kPartial, "interrupted"});
  if (world_.clock.now() >= deadline_) return out_of_time();
  const Limits& limits = world_.limits;
  if (requests_ >= limits.max_requests)
    capped_ = fmt::format("cap of {} requests", limits.max_requests);
  if (!capped_.empty() && (requests_ >= limits.max_requests || names_.size() >= limits.max_names))
    return fail(Failure{State::kPartial, capped_});
  return {};
}

Status Query::wait(std::chrono::milliseconds time) {
  (void)world_.clock.sleep_until(std::min(world_.clock.now() + time, deadline_), stop_);
  return check();
}

Result<http::Request> Query::request(const Ask& ask, const KeyRing::Entry& key) {
  const auto [id, secret] = split_key(key.text);
  values_.set("key", key.text);
  values_.set("id", id);
  values_.set("secret", secret);
  values_.set("key64", base64_encode(key.text));
  if (id.empty() && !secret.empty() && uses_halves(lane_, ask))
    return fail(Failure{State::kAuth, "its key is not of the form id:secret"});
  http::Request request;
  auto url = net::Url::parse(values_.raw(lane_.url) + values_.target(ask.path));
  if (!url.ok()) return fail_with(url.error().with_context("its URL"));
  request.url = std::move(*url);
  request.headers = values_.headers(lane_.source.headers);
  if (http::find_header(request.headers, "accept") == nullptr)
    request.headers.push_back({"Accept", "*/*"});
  if (!ask.body.empty()) {
    request.method = "POST";
    request.body = values_.json(ask.body);
    if (http::find_header(request.headers, "content-type") == nullptr)
      request.headers.push_back({"Content-Type", "application/json"});
  }
  // A key is for the host that it was given for.
  request.redirects =
      key.text.empty() ? http::Request::Redirects::kAll : http::Request::Redirects::kSameHost;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - world_.clock.now());
  request.timeout = std::clamp(left, std::chrono::milliseconds(1), world_.limits.request_timeout);
  request.max_body = world_.limits.max_body;
  // Trying again is the session's business, unless another key can be tried, or time is short.
  const bool patient = left > 2 * world_.limits.request_timeout && !lane_.keys.another(key);
  request.repeat = patient ? http::Request::Repeat::kIfSafe : http::Request::Repeat::kNever;
  return request;
}

std::optional<Failure> Query::judge(http::Response& response, Reply& reply) const {
  const bool success = response.status / 100 == 2 || response.status == lane_.source.accept;
  if (!success) return judge_status(response);
  auto read = read_reply(lane_.source, response);
  if (!read.ok()) return Failure{State::kDown, read.error().message};
  auto told = told_failure(lane_.source, *read);
  if (told) return told;
  reply = std::move(*read);
  return std::nullopt;
}

// ---- taking -------------------------------------------------------------------------------------

std::size_t Query::take(const Reply& reply, std::string_view path) {
  if (lane_.source.labels) return take_labels(reply, path);
  const std::size_t before = names_.size();
  const bool structured = lane_.source.form == Form::kJson || lane_.source.form == Form::kJsonLines;
  if (path.empty() || !structured || reply.cut) {
    take_text(reply.body);
    return names_.size() - before;
  }
  for (const auto& document : reply.documents)
    select_text(document, path, [this](std::string_view text) { take_text(text); });
  return names_.size() - before;
}

std::size_t Query::take_labels(const Reply& reply, std::string_view path) {
  const std::size_t before = names_.size();
  for (const auto& document : reply.documents) {
    select_text(document, path, [this](std::string_view text) {
      if (auto name = name_of_label(text, domain_)) add(std::move(*name));
    });
  }
  return names_.size() - before;
}

std::size_t Query::take_text(std::string_view text) {
  const std::size_t before = names_.size();
  scan_names(text, domain_, [this](net::Name name) { add(std::move(name)); });
  return names_.size() - before;
}

void Query::add(net::Name name) {
  if (unwanted_ || names_.contains(name.text())) return;
  if (names_.size() >= world_.limits.max_names) {
    capped_ = fmt::format("cap of {} names", world_.limits.max_names);
    return;
  }
  names_.insert(name.text());
  unwanted_ = !take_(name);
}

Status Query::take_pages(const Ask& first, const Ask& more) {
  const Source& source = lane_.source;
  std::string cursor;
  for (int page = source.first_page;; page += source.page_step) {
    set("page", std::to_string(page));
    set("cursor", cursor);
    const Ask& ask_now = page == source.first_page || more.path.empty() ? first : more;
    const Reply reply = M8_TRY(ask(ask_now));
    const std::size_t fresh = take(reply);
    const bool numbered = ask_now.path.find("{page}") != std::string_view::npos ||
                          ask_now.body.find("{page}") != std::string_view::npos;
    if (source.next.empty() && !numbered) return {};
    if (!another_page(reply, fresh, page, cursor)) return {};
  }
}

bool Query::another_page(const Reply& reply, std::size_t fresh, int page,
                         std::string& cursor) const {
  const Source& source = lane_.source;
  if (!source.last_page.empty()) {
    return page + source.page_step <= std::atoi(reply.text(source.last_page).c_str());
  }
  if (source.next.empty()) return fresh > 0;
  std::string next = reply.text(source.next);
  if (next == "true") return fresh > 0;
  if (next.empty() || next == "false" || next == cursor) return false;
  cursor = std::move(next);
  return true;
}

// ---- ends ---------------------------------------------------------------------------------------

Error Query::fail(Failure failure) {
  failure.reason = redacted(std::move(failure.reason));
  failure_ = failure;
  return {code_of(failure.state), failure.reason};
}

Error Query::fail_with(const Error& error) {
  if (error.code == ErrorCode::kCancelled) return fail(Failure{State::kPartial, "interrupted"});
  if (world_.clock.now() >= deadline_) return out_of_time();
  return fail(Failure{State::kDown, error.message});
}

Error Query::out_of_time() {
  return fail(Failure{replies_ > 0 ? State::kPartial : State::kDown, "deadline passed"});
}

std::string Query::redacted(std::string text) const {
  for (const auto& secret : secrets_) {
    if (secret.size() < kShortestSecret) continue;
    replace_all(text, secret);
    replace_all(text, percent_encode(secret));
  }
  if (text.size() > kLongestReason) text = text.substr(0, kLongestReason) + "...";
  return text;
}

Report Query::run() {
  const Source& source = lane_.source;
  const Status status = source.run != nullptr ? source.run(*this) : take_pages();
  return report(status);
}

Report Query::report(const Status& status) const {
  Report report;
  report.source = lane_.source.name;
  report.names = names_.size();
  report.requests = requests_;
  report.duration =
      std::chrono::duration_cast<std::chrono::milliseconds>(world_.clock.now() - begun_);
  report.ended = world_.clock.wall();
  report.state = names_.empty() ? State::kEmpty : State::kOk;
  if (!status.ok()) {
    report.state = failure_ ? failure_->state : State::kDown;
    report.reason = failure_ ? failure_->reason : redacted(status.error().message);
    // Part of what it has is more than nothing; that it has no more to give is not.
    if (report.state == State::kDown && !names_.empty()) report.state = State::kPartial;
  } else if (failure_ || !capped_.empty()) {
    report.state = State::kPartial;
    report.reason = failure_ ? failure_->reason : capped_;
  }
  return report;
}

}  // namespace m8::enumerate::sources
