#include "queue/amqp_connection.h"

#include <cstring>

#include <fmt/format.h>
#include <netdb.h>

#include "base/hash.h"
#include "base/log.h"
#include "queue/amqp_words.h"

namespace m8::queue::amqp {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTurn{1000};     // the longest sleep of the loop
constexpr milliseconds kGoodbye{2000};  // for the broker's answer to our close
constexpr std::uint16_t kMostChannels = 2047;

/// Addresses of \p host, literal ones without asking anybody.
Result<std::vector<net::SocketAddress>> addresses_of(const std::string& host, std::uint16_t port) {
  if (const auto literal = net::IpAddress::parse(host); literal.ok())
    return std::vector<net::SocketAddress>{{*literal, port}};
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0)
    return Error{ErrorCode::kNotFound, fmt::format("host {}: {}", host, ::gai_strerror(error))};
  std::vector<net::SocketAddress> out;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, at->ai_addr, at->ai_addrlen);
    auto address = net::SocketAddress::from(storage);
    address.port = port;
    out.push_back(address);
  }
  ::freeaddrinfo(found);
  return out;
}

/// Half to one and a half of \p delay, at random: a fleet must not come back all at once.
milliseconds jittered(milliseconds delay) {
  std::uint32_t random = 0;
  random_bytes(&random, sizeof random);
  return milliseconds(delay.count() / 2 + static_cast<long long>(random) % (delay.count() + 1));
}

/// What is there after a reconnect is not what was declared: others use it, so do we.
void log_refused(const Error& why) {
  const auto difference = difference_in(why.message);
  log::get("queue")->error("declaring again: {}",
                           difference ? difference->to_string() : why.message);
}

Error closed_early() {
  return {ErrorCode::kNetwork, "the broker closed the connection during the login"};
}

}  // namespace

AmqpConnection::AmqpConnection(AmqpUrl url, BrokerOptions options, Guarded<Topology>& declared,
                               Clock& clock)
    : url_(std::move(url)), options_(std::move(options)), declared_(declared), clock_(clock) {}

AmqpConnection::~AmqpConnection() { close(); }

Status AmqpConnection::start(bool patient) {
  patient_ = patient;
  poller_ = std::make_unique<net::Poller>(M8_TRY(net::Poller::create()));
  if (url_.tls) tls_ = M8_TRY(net::TlsContext::service_client(options_.more_ca));
  thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  return {};
}

void AmqpConnection::close() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

Status AmqpConnection::wait_first(std::stop_token stop) {
  std::unique_lock lock(verdict_mutex_);
  if (verdict_there_.wait(lock, stop, [&] { return verdict_.has_value(); })) return *verdict_;
  return Error{ErrorCode::kCancelled, "stopped while connecting"};
}

void AmqpConnection::set_verdict(Status verdict) {
  std::lock_guard lock(verdict_mutex_);
  if (!verdict_) verdict_ = std::move(verdict);
  verdict_there_.notify_all();
}

void AmqpConnection::run(std::stop_token stop) {
  const std::stop_callback wake_up(stop, [this] { poller_->wake(); });
  connect();
  while (!stop.stop_requested()) {
    poller_->poll(kTurn);
    turn();
  }
  say_goodbye();
  give_up({ErrorCode::kNetwork, "the broker was closed"});
}

void AmqpConnection::turn() {
  for (Role* role : roles_) role->turn();
  if (stream_ && !broken_) stream_->flush();
  // Only here: neither the stream nor a channel may go while it is being called.
  if (broken_) failed(*std::exchange(broken_, std::nullopt));
}

void AmqpConnection::say_goodbye() {
  if (!up_) return;
  for (Role* role : roles_) role->turn();
  put_connection_close(out());
  phase_ = Phase::kClosing;
  const SteadyTime end = clock_.now() + kGoodbye;
  while (!broken_ && clock_.now() < end) {
    stream_->flush();
    poller_->poll(milliseconds(50));
  }
}

void AmqpConnection::connect() {
  auto found = addresses_of(url_.host, url_.port);
  next_address_ = 0;
  if (!found.ok()) return failed(found.error());
  addresses_ = std::move(*found);
  try_address();
}

void AmqpConnection::try_address() {
  stream_ = std::make_unique<AmqpStream>(*poller_, tls_, url_.host,
                                         AmqpStream::Events{[this] { return take_frames(); },
                                                            [this](const Error& why) {
                                                              if (!broken_) broken_ = why;
                                                              poller_->wake();
                                                            }});
  put_protocol_header(stream_->outgoing());
  phase_ = Phase::kStart;
  connect_timer_ = poller_->at(clock_.now() + options_.connect_timeout, [this] {
    connect_timer_ = 0;
    broken_ = Error{ErrorCode::kTimeout,
                    fmt::format("no login within {} ms", options_.connect_timeout.count())};
  });
  const Status status = stream_->connect(addresses_[next_address_++]);
  if (!status.ok()) failed(status.error());
}

void AmqpConnection::failed(const Error& why) {
  for (std::uint64_t* timer : {&connect_timer_, &beat_timer_, &reconnect_timer_})
    if (const auto id = std::exchange(*timer, 0)) poller_->cancel(id);
  const bool was_login = phase_ == Phase::kTune || phase_ == Phase::kOpen;
  const bool was_up = up_;
  stream_.reset();
  phase_ = Phase::kIdle;
  if (was_up) break_down(why);
  if (!was_up && !was_login && next_address_ < addresses_.size()) return try_address();
  const Error told = was_login && why.code == ErrorCode::kNetwork ? closed_early() : why;
  if (!was_up_ && !patient_) return give_up(told);
  ++tries_;
  if (options_.max_retries > 0 && tries_ > options_.max_retries) return give_up(told);
  log::get("queue")->warn("no connection to {}, try={}: {}", url_.shown(), tries_, told.message);
  reconnect_later();
}

void AmqpConnection::break_down(const Error& why) {
  up_ = false;
  tries_ = 0;
  blocked_ = false;
  {
    auto stats = stats_.lock();
    stats->connected = stats->blocked = false;
    stats->channels_open = 0;
  }
  auto slots = std::exchange(slots_, {});
  for (Slot& slot : slots) {
    if (slot.channel) slot.channel->close(why);
    if (slot.closed) slot.closed();
  }
  declaring_.reset();
  for (Role* role : roles_) role->down(why);
}

void AmqpConnection::give_up(const Error& why) {
  if (end_) return;
  if (up_) break_down(why);
  stream_.reset();
  end_ = why;
  set_verdict(why);
  for (Role* role : roles_) role->given_up(why);
}

void AmqpConnection::reconnect_later() {
  const int doublings = std::min(tries_ - 1, 20);
  const auto delay =
      std::min<milliseconds>(options_.reconnect_delay * (1LL << doublings),
                             std::max(options_.reconnect_max_delay, options_.reconnect_delay));
  reconnect_timer_ = poller_->at(clock_.now() + jittered(delay), [this] {
    reconnect_timer_ = 0;
    connect();
  });
}

Status AmqpConnection::take_frames() {
  while (true) {
    const auto frame = M8_TRY(next_frame(stream_->incoming(), frame_max_));
    if (!frame) return {};
    const Status status = take_frame(*frame);
    stream_->consume(frame->size);
    M8_TRY(Status(status));
  }
}

Status AmqpConnection::take_frame(const Frame& frame) {
  if (frame.type == FrameType::kHeartbeat) return {};
  if (frame.type == FrameType::kMethod)
    return take_method(frame.channel, M8_TRY(decoder_.method(frame.payload)));
  if (frame.channel == 0 || frame.channel >= slots_.size())
    return Error{ErrorCode::kProtocol, "content on a channel that is not open"};
  Slot& slot = slots_[frame.channel];
  if (slot.closing) return {};
  if (!slot.content) return Error{ErrorCode::kProtocol, "content without a method"};
  if (frame.type == FrameType::kHeader) return take_header(slot, frame.payload);
  if (!slot.headed || frame.payload.size() > slot.body_left)
    return Error{ErrorCode::kProtocol, "more content than was announced"};
  take_body(slot, frame.payload);
  return {};
}

Status AmqpConnection::take_header(Slot& slot, std::string_view payload) {
  if (slot.headed) return Error{ErrorCode::kProtocol, "two headers of one message"};
  if (payload.size() < 12) return Error{ErrorCode::kProtocol, "a content header that is cut off"};
  slot.headed = true;
  auto header = decoder_.header(payload);
  // The size is before the properties, so what follows is found even if those are malformed.
  for (std::size_t i = 4; i < 12; ++i)
    slot.body_left = slot.body_left << 8 | static_cast<unsigned char>(payload[i]);
  if (!header.ok()) {
    slot.content->readable = header.error();
  } else {
    slot.content->message = std::move(header->message);
    slot.content->deaths = std::move(header->deaths);
  }
  if (slot.body_left > kMaxBody)
    slot.content->readable =
        Error{ErrorCode::kProtocol, fmt::format("a message of {} bytes", slot.body_left)};
  if (slot.content->readable.ok()) slot.content->message.body.reserve(slot.body_left);
  if (slot.body_left == 0) content_done(slot);
  return {};
}

void AmqpConnection::take_body(Slot& slot, std::string_view payload) {
  if (slot.content->readable.ok()) slot.content->message.body += payload;
  slot.body_left -= payload.size();
  if (slot.body_left == 0) content_done(slot);
}

void AmqpConnection::content_done(Slot& slot) {
  Content content = std::move(*slot.content);
  slot.content.reset();
  if (!slot.channel) return;
  if (slot.content_of != MethodId::kBasicGetOk)
    return slot.channel->received(slot.content_of, std::move(content));
  Reply reply;
  reply.id = slot.content_of;
  reply.content = std::move(content);
  slot.channel->reply(std::move(reply));
}

Status AmqpConnection::take_method(std::uint16_t channel, const Method& method) {
  if (channel == 0) return take_own_method(method);
  if (channel >= slots_.size() || (!slots_[channel].channel && !slots_[channel].closing))
    return Error{ErrorCode::kProtocol, "a method on a channel that is not open"};
  return take_channel_method(slots_[channel], channel, method);
}

Status AmqpConnection::take_channel_method(Slot& slot, std::uint16_t channel,
                                           const Method& method) {
  if (method.id == MethodId::kChannelClose) {
    put_channel_close_ok(out(), channel);
    const Error why = reply_error(method.code, method.text);
    if (slot.closing) return {};  // both at once: the answer to ours comes yet
    AmqpChannel* closed = std::exchange(slot.channel, nullptr);
    free_slot(slot);
    closed->close(why);
    return {};
  }
  if (method.id == MethodId::kChannelCloseOk) {
    const auto closed = std::move(slot.closed);
    free_slot(slot);
    if (closed) closed();
    return {};
  }
  if (slot.closing || method.id == MethodId::kChannelOpenOk) return {};
  if (method.has_content()) {
    slot.content.emplace();
    slot.content->tag = method.tag;
    slot.content->redelivered = method.redelivered;
    slot.content->code = method.code;
    slot.content->sent_to = {std::string(method.exchange), std::string(method.key)};
    slot.content_of = method.id;
    slot.headed = false;
    slot.body_left = 0;
  } else if (method.id == MethodId::kBasicAck || method.id == MethodId::kBasicNack) {
    slot.channel->confirmed(method);
  } else if (method.id == MethodId::kBasicCancel) {
    slot.channel->cancelled();
  } else {
    slot.channel->reply(Reply{method.id, method.messages, method.consumers, {}});
  }
  return {};
}

Status AmqpConnection::take_own_method(const Method& method) {
  switch (method.id) {
    case MethodId::kConnectionStart:
      if (phase_ != Phase::kStart) break;
      start_login(method);
      return {};
    case MethodId::kConnectionTune:
      if (phase_ != Phase::kTune) break;
      tune(method);
      return {};
    case MethodId::kConnectionOpenOk:
      if (phase_ != Phase::kOpen) break;
      opened();
      return {};
    case MethodId::kConnectionClose: {
      put_connection_close_ok(stream_->outgoing());
      stream_->flush();
      return reply_error(method.code, method.text);
    }
    case MethodId::kConnectionCloseOk:
      return Error{ErrorCode::kNetwork, "closed"};
    case MethodId::kConnectionBlocked:
    case MethodId::kConnectionUnblocked:
      blocked_ = method.id == MethodId::kConnectionBlocked;
      if (blocked_)
        log::get("queue")->warn("the broker takes no messages for now: {}", method.text);
      {
        auto stats = stats_.lock();
        stats->blocked = blocked_;
        stats->blocks += blocked_ ? 1 : 0;
      }
      for (Role* role : roles_) role->blocked(blocked_);
      return {};
    default:
      break;
  }
  return Error{ErrorCode::kProtocol,
               fmt::format("method {:#x} out of turn", static_cast<std::uint32_t>(method.id))};
}

void AmqpConnection::start_login(const Method& start) {
  *product_.lock() = start.product;
  if (start.text.find("PLAIN") == start.text.npos) {
    broken_ = Error{ErrorCode::kUnsupported, "the broker offers no login with a password"};
    return;
  }
  phase_ = Phase::kTune;
  put_start_ok(out(), url_.user, url_.password, options_.name.empty() ? "m8" : options_.name);
}

void AmqpConnection::tune(Method tune) {
  const auto less = [](auto a, auto b) {
    return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
  };
  tune.channel_max = less(tune.channel_max, kMostChannels);
  tune.frame_max = std::max(less(tune.frame_max, kFrameMax), kLeastFrameMax);
  tune.heartbeat =
      less(tune.heartbeat,
           static_cast<std::uint16_t>(std::min<long long>(options_.heartbeat.count(), 3600)));
  channel_max_ = tune.channel_max;
  frame_max_ = tune.frame_max;
  heartbeat_ = tune.heartbeat;
  phase_ = Phase::kOpen;
  put_tune_ok(out(), tune);
  put_connection_open(out(), url_.vhost);
}

void AmqpConnection::opened() {
  if (connect_timer_) poller_->cancel(std::exchange(connect_timer_, 0));
  phase_ = Phase::kUp;
  up_ = true;
  slots_.clear();
  slots_.resize(1);
  {
    auto stats = stats_.lock();
    stats->connected = true;
    if (was_up_) ++stats->reconnects;
  }
  if (was_up_ || tries_ > 0) log::get("queue")->warn("connected to {} again", url_.shown());
  was_up_ = true;
  silent_beats_ = 0;
  beat();
  redeclare();
}

void AmqpConnection::beat() {
  beat_timer_ = 0;
  if (heartbeat_ == 0 || !up_) return;
  // Four looks in two heartbeats: silence is noticed within two and a half.
  silent_beats_ = stream_->received() == received_at_beat_ ? silent_beats_ + 1 : 0;
  if (silent_beats_ > 4) {
    broken_ = Error{ErrorCode::kTimeout, "no heartbeat of the broker"};
    return;
  }
  if (stream_->sent() == sent_at_beat_ && stream_->backlog() == 0) put_heartbeat(out());
  received_at_beat_ = stream_->received();
  sent_at_beat_ = stream_->sent();
  beat_timer_ = poller_->at(clock_.now() + milliseconds(500) * heartbeat_, [this] { beat(); });
}

/// On one channel, without waiting between: what was there is there again before anybody uses it.
void AmqpConnection::redeclare() {
  const Topology topology = *declared_.lock();
  const std::size_t count =
      topology.exchanges.size() + topology.queues.size() + topology.bindings.size();
  if (count == 0) return roles_up();
  declaring_ = std::make_unique<AmqpChannel>();
  if (!attach(*declaring_).ok()) return roles_up();
  const std::uint16_t channel = declaring_->number();
  for (const auto& exchange : topology.exchanges)
    put_declare(out(), channel, exchange, arguments_of(exchange), false);
  for (const auto& queue : topology.queues)
    put_declare(out(), channel, queue, arguments_of(queue), false);
  for (const auto& binding : topology.bindings) put_bind(out(), channel, binding);
  for (std::size_t i = 1; i <= count; ++i)
    declaring_->expect([this, last = i == count](const Result<Reply>& reply) {
      if (!reply.ok() && up_ && last) log_refused(reply.error());
      if (last && up_) roles_up();
    });
}

void AmqpConnection::roles_up() {
  if (declaring_ && declaring_->is_open()) detach(*declaring_);
  for (Role* role : roles_) role->up();
  set_verdict({});
}

Status AmqpConnection::attach(AmqpChannel& channel) {
  if (!up_) return Error{ErrorCode::kNetwork, "no connection to the broker"};
  std::size_t number = 1;
  while (number < slots_.size() && (slots_[number].channel || slots_[number].closing)) ++number;
  if (number > channel_max_)
    return Error{ErrorCode::kExhausted, fmt::format("all {} channels are in use", channel_max_)};
  if (number == slots_.size()) slots_.emplace_back();
  slots_[number].channel = &channel;
  channel.number_ = static_cast<std::uint16_t>(number);
  put_channel_open(out(), channel.number_);
  auto stats = stats_.lock();
  ++stats->channels_open;
  ++stats->channels_opened;
  return {};
}

void AmqpConnection::detach(AmqpChannel& channel, std::function<void()> closed) {
  const std::uint16_t number = channel.number_;
  if (number == 0 || !up_) {
    if (closed) closed();
    return;
  }
  channel.number_ = 0;
  channel.expected_.clear();
  Slot& slot = slots_[number];
  slot.channel = nullptr;
  slot.content.reset();
  slot.closing = true;
  slot.closed = std::move(closed);
  put_channel_close(out(), number);
}

void AmqpConnection::free_slot(Slot& slot) {
  slot = Slot{};
  auto stats = stats_.lock();
  if (stats->channels_open > 0) --stats->channels_open;
  ++stats->channels_closed;
}

}  // namespace m8::queue::amqp
