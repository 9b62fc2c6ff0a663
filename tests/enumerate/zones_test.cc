// Zone transfers and NSEC chains against servers that misbehave. Those that behave are NSD's part
// (tests/e2e/zones.py).
#include <atomic>
#include <set>
#include <thread>

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "../dns/responder.h"
#include "enumerate/nsec_walk.h"
#include "enumerate/zone_transfers.h"
#include "net/socket.h"

using namespace m8;
using namespace m8::enumerate;
using dns::Message;
using dns::RrType;

namespace {

/// Accepts one connection, sends what it was told to, and waits for the end.
class TcpServer {
 public:
  explicit TcpServer(std::string bytes, bool close_then = true)
      : listener_(net::tcp_listen({net::IpAddress::parse("127.0.0.1").value(), 0}).value()),
        thread_([this, bytes = std::move(bytes), close_then](const std::stop_token& stop) {
          int fd = -1;
          while (fd < 0 && !stop.stop_requested()) fd = ::accept(listener_.get(), nullptr, nullptr);
          const Fd peer(fd);
          if (!peer) return;
          (void)::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
          if (close_then) (void)::shutdown(peer.get(), SHUT_WR);
          for (char read[512]; ::recv(peer.get(), read, sizeof read, 0) > 0;) {
          }
        }) {}
  net::SocketAddress address() const { return net::local_address(listener_.get()).value(); }

 private:
  Fd listener_;
  std::jthread thread_;
};

std::string framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8),
                     static_cast<char>(message.size() & 0xff)} +
         message;
}

dns::Record record(const std::string& name, RrType type, dns::Rdata data) {
  return {name, type, dns::kClassIn, 60, std::move(data)};
}

dns::Record soa() {
  dns::Soa data;
  data.ns = "ns.z.test";
  data.mailbox = "h.z.test";
  return record("z.test", RrType::kSoa, data);
}

std::string answer(std::vector<dns::Record> records, dns::Rcode rcode = dns::Rcode::kNoError) {
  Message message;
  message.response = true;
  message.rcode = rcode;
  message.questions = {{"z.test", RrType::kAxfr}};
  message.answers = std::move(records);
  return framed(dns::encode(message).value());
}

dns::Record host(const std::string& name) {
  return record(name, RrType::kA, net::IpAddress::v4(0x7f000001));
}

struct Transferred {
  Result<std::uint64_t> result = std::uint64_t{0};
  std::vector<std::string> names;
};

Transferred transfer(const TcpServer& server, TransferLimits limits = {}) {
  Transferred out;
  out.result = transfer_zone("z.test", server.address(), limits,
                             [&out](std::string_view name) { out.names.emplace_back(name); }, {});
  return out;
}

}  // namespace

TEST_CASE("enumerate/zone_transfers: over several messages, up to the second SOA") {
  const TcpServer server(answer({soa(), host("A.z.test")}) + answer({host("b.z.test"), soa()}) +
                         answer({host("never.z.test")}));
  const auto got = transfer(server);
  REQUIRE(got.result.ok());
  CHECK(got.names == std::vector<std::string>{"z.test", "a.z.test", "b.z.test"});
}

TEST_CASE("enumerate/zone_transfers: refusals, garbage and cuts are told apart") {
  const struct {
    const char* what;
    std::string bytes;
    ErrorCode code;
    const char* message;
  } cases[] = {
      {"refused", answer({}, dns::Rcode::kRefused), ErrorCode::kDenied, "refused"},
      {"not authoritative", answer({}, dns::Rcode::kNotAuth), ErrorCode::kDenied, "NOTAUTH"},
      {"closed at once", "", ErrorCode::kDenied, "connection closed"},
      {"an empty answer", answer({}), ErrorCode::kDenied, "no zone"},
      {"no zone", answer({host("a.z.test")}), ErrorCode::kDenied, "no zone"},
      {"cut in the middle", answer({soa(), host("a.z.test")}), ErrorCode::kDenied,
       "connection closed"},
      {"garbage", framed(std::string(40, '\xff')), ErrorCode::kDenied, nullptr},
      {"a short message", framed("abc"), ErrorCode::kProtocol, "malformed answer"},
  };
  for (const auto& one : cases) {
    CAPTURE(std::string(one.what));
    const TcpServer server(one.bytes);
    const auto got = transfer(server);
    REQUIRE_FALSE(got.result.ok());
    CHECK(got.result.error().code == one.code);
    if (one.message != nullptr) CHECK(got.result.error().message == std::string(one.message));
  }
}

TEST_CASE("enumerate/zone_transfers: without end or answer it ends all the same") {
  std::string endless;
  std::vector<dns::Record> many(500, host("a.z.test"));
  endless = answer({soa()});
  for (int i = 0; i < 20; ++i) endless += answer(many);
  const TcpServer large(endless);
  CHECK(transfer(large, {.most_bytes = 50'000}).result.error().code == ErrorCode::kExhausted);
  const TcpServer silent(answer({soa(), host("a.z.test")}), false);
  const auto got = transfer(silent, {.silence = std::chrono::seconds(2)});
  CHECK(got.result.error().code == ErrorCode::kTimeout);
  CHECK(got.names.size() == 2);  // what came before is kept
  std::stop_source stop;
  stop.request_stop();
  CHECK(transfer_zone(
            "z.test", silent.address(), {}, [](std::string_view) {}, stop.get_token())
            .error()
            .code == ErrorCode::kCancelled);
}

TEST_CASE("enumerate/zone_transfers: each zone once, each deaf server once, exclusions never") {
  Learned learned({net::Name::parse("z.test").value()});
  net::Scope scope;
  REQUIRE(scope.exclude("127.0.0.9").ok());
  const TcpServer server(answer({soa(), host("a.z.test"), soa()}));
  ZoneTransfers transfers(learned, scope, {}, server.address().port, SystemClock::instance());
  const auto ip = [](const char* text) { return net::IpAddress::parse(text).value(); };
  transfers.add("z.test", ip("127.0.0.9"));
  transfers.add("z.test", ip("127.0.0.3"));  // nobody listens there
  transfers.add("sub.z.test", ip("127.0.0.3"));
  transfers.add("z.test", ip("127.0.0.1"));
  transfers.add("z.test", ip("127.0.0.1"));
  transfers.add("z.test", ip("127.0.0.4"));
  std::set<std::string> names;
  Candidate candidate;
  for (;;) {
    const auto next = learned.next(candidate).value();
    if (next == CandidateSource::Next::kNeedsFinds) break;
    if (next == CandidateSource::Next::kCandidate) names.insert(candidate.name);
    std::this_thread::yield();
  }
  CHECK(names == std::set<std::string>{"a.z.test", "z.test"});
  CHECK(transfers.counts().tried == 2);
  CHECK(transfers.counts().open == 1);
}

TEST_CASE("enumerate/nsec_walk: names are ordered label by label from the right") {
  // RFC 4034 6.1
  const std::vector<std::string> ordered = {"example",     "a.example",      "yljkjljk.a.example",
                                            "z.a.example", "zabc.a.example", "z.example"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j)
      CHECK(canonical_less(ordered[i], ordered[j]) == (i < j));
  }
}

namespace {

/// The reply to a question for the NSEC record of \p owner.
class NsecReply {
 public:
  NsecReply(const std::string& owner, const std::string& next, bool authority = false) {
    Message message;
    message.response = true;
    message.questions = {{owner, RrType::kNsec}};
    if (!next.empty()) {
      std::string data;
      for (std::size_t at = 0; at < next.size();) {
        const std::size_t end = std::min(next.find('.', at), next.size());
        data += static_cast<char>(end - at);
        data += next.substr(at, end - at);
        at = end + 1;
      }
      data += std::string("\0\0\1\x40", 4);
      auto& section = authority ? message.authorities : message.answers;
      section.push_back({owner, RrType::kNsec, dns::kClassIn, 60, dns::RawData{data}});
    }
    wire_ = dns::encode(message).value();
    reply_.fate = dns::Fate::kAnswered;
    reply_.message = std::as_bytes(std::span(wire_.data(), wire_.size()));
    REQUIRE(dns::read_header(reply_.message, reply_.header));
    std::size_t at = dns::kHeaderBytes;
    REQUIRE(dns::skip_name(reply_.message, at));
    reply_.answers_at = at + 4;
  }
  const dns::Reply* get() const { return &reply_; }

 private:
  std::string wire_;
  dns::Reply reply_;
};

}  // namespace

TEST_CASE("enumerate/nsec_walk: through the chain, past zones below, and no further") {
  using State = NsecWalk::State;
  std::vector<std::string> names;
  const auto take = [&names](const std::string& name) { names.push_back(name); };
  NsecWalk walk("z.test", 100);
  CHECK(walk.ask() == "z.test");
  CHECK(walk.take(NsecReply("z.test", "a.z.test").get(), take) == State::kWalking);
  CHECK(walk.ask() == "a.z.test");
  // a is a zone of its own, with one name; then its chain is back at its begin.
  CHECK(walk.take(NsecReply("a.z.test", "x.a.z.test").get(), take) == State::kWalking);
  CHECK(walk.take(NsecReply("x.a.z.test", "a.z.test").get(), take) == State::kWalking);
  CHECK(walk.ask() == "a-0.z.test");
  CHECK(walk.take(NsecReply("a.z.test", "b.z.test", true).get(), take) == State::kWalking);
  // b has name servers elsewhere: nothing is said of it, but of what follows.
  CHECK(walk.take(NsecReply("b.z.test", "").get(), take) == State::kWalking);
  CHECK(walk.ask() == "b-0.z.test");
  CHECK(walk.take(NsecReply("b.z.test", "z.test", true).get(), take) == State::kComplete);
  CHECK(names == std::vector<std::string>{"a.z.test", "x.a.z.test", "b.z.test"});
}

TEST_CASE("enumerate/nsec_walk: what leads nowhere ends it") {
  using State = NsecWalk::State;
  const auto after = [](const char* next) {
    NsecWalk walk("z.test", 2);
    return walk.take(NsecReply("z.test", next).get(), [](const std::string&) {});
  };
  CHECK(after("") == State::kNoChain);
  CHECK(after("other.test") == State::kLost);
  CHECK(after("a.z.test.evil") == State::kLost);
  CHECK(after("z.test") == State::kComplete);
  NsecWalk made_up("z.test", 2);
  CHECK(made_up.take(NsecReply("z.test", std::string(1, '\0') + ".z.test").get(),
                     [](const std::string&) {}) == State::kMadeUp);
  NsecWalk silent("z.test", 2);
  CHECK(silent.take(nullptr, [](const std::string&) {}) == State::kLost);
  NsecWalk lengthy("z.test", 2);
  CHECK(lengthy.take(NsecReply("z.test", "a.z.test").get(), [](const std::string&) {}) ==
        State::kWalking);
  CHECK(lengthy.take(NsecReply("a.z.test", "b.z.test").get(), [](const std::string&) {}) ==
        State::kWalking);
  CHECK(lengthy.take(NsecReply("b.z.test", "c.z.test").get(), [](const std::string&) {}) ==
        State::kTooLong);
  CHECK(lengthy.names() == 2);
}
