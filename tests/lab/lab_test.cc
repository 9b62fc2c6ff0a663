#include "lab/lab.h"

#include <thread>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns/wire.h"
#include "net/socket.h"

using namespace m8;
using namespace m8::lab;
using namespace std::chrono_literals;

namespace {

LabOptions any_port() {
  LabOptions options;
  options.dns_port = 0;
  options.web_port = 0;
  return options;
}

/// A lab in a thread of its own, and the plainest of clients.
class Running {
 public:
  explicit Running(const LabOptions& options) {
    auto made = Lab::create(options);
    REQUIRE(made.ok());
    lab_ = std::move(*made);
    thread_ = std::jthread([this](std::stop_token stop) { lab_->run(stop); });
  }

  Fd connect(const net::IpAddress& ip) const {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const socklen_t size = net::SocketAddress{ip, lab_->web_port()}.to(storage);
    REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0);
    return fd;
  }

  /// Sends \p bytes and reads until the peer closes; empty after a reset.
  std::string talk(const net::IpAddress& ip, const std::string& bytes) const {
    const Fd fd = connect(ip);
    REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
    std::string out;
    char buffer[65536];
    for (;;) {
      pollfd ready{fd.get(), POLLIN, 0};
      REQUIRE(::poll(&ready, 1, 10'000) == 1);
      const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (got <= 0) return got < 0 ? "" : out;
      out.append(buffer, static_cast<std::size_t>(got));
    }
  }

  /// The reply to one query over UDP; empty if none comes within \p wait.
  std::optional<dns::Message> ask(const std::string& name, std::chrono::milliseconds wait) const {
    return ask(name, wait, lab_->dns_address());
  }
  std::optional<dns::Message> ask(const std::string& name, std::chrono::milliseconds wait,
                                  const net::SocketAddress& server) const {
    std::array<std::byte, dns::kMaxQueryBytes> query;
    const std::size_t size = dns::write_query(query, name, {});
    const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const socklen_t address_size = server.to(storage);
    REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), address_size) == 0);
    REQUIRE(::send(fd.get(), query.data(), size, 0) == static_cast<ssize_t>(size));
    pollfd ready{fd.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(wait.count())) != 1) return std::nullopt;
    std::array<std::byte, 4096> reply;
    const ssize_t got = ::recv(fd.get(), reply.data(), reply.size(), 0);
    REQUIRE(got > 0);
    auto message = dns::decode(std::span(reply).first(static_cast<std::size_t>(got)));
    REQUIRE(message.ok());
    return *message;
  }

  Lab& lab() { return *lab_; }

 private:
  std::unique_ptr<Lab> lab_;
  std::jthread thread_;
};

constexpr auto kGet = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

std::size_t broken_index(Behaviour behaviour) {
  std::size_t index = sites().size();
  for (const auto& site : broken_sites()) {
    if (site.behaviour == behaviour) return index;
    ++index;
  }
  return 0;
}

}  // namespace

TEST_CASE("lab/lab: serves names and pages") {
  Running running(any_port());
  const auto reply = running.ask("blog.lab.test", 10s);
  REQUIRE(reply);
  REQUIRE(reply->answers.size() == 4);
  CHECK(std::get<net::IpAddress>(reply->answers[3].data) == site_address(0));
  CHECK(running.talk(site_address(1), "GET /.git/HEAD HTTP/1.0\r\n\r\n")
            .ends_with("\r\n\r\nref: refs/heads/release-2024\n"));
  CHECK(running.talk(site_address(1), "GET /none HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

TEST_CASE("lab/lab: keeps a connection, also when requests come all at once") {
  Running running(any_port());
  const std::string one = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string out = running.talk(site_address(0), one + one + kGet);
  std::size_t answers = 0;
  for (auto at = out.find("HTTP/1.1 200"); at != out.npos; at = out.find("HTTP/1.1 200", at + 1))
    ++answers;
  CHECK(answers == 3);
}

TEST_CASE("lab/lab: what is no HTTP is refused, not served and not fatal") {
  Running running(any_port());
  CHECK(running.talk(site_address(0), "\x16\x03\x01\x02").starts_with("HTTP/1.1 400 "));
  CHECK(running.talk(site_address(0), kGet).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("lab/lab: latency delays every answer and blocks none") {
  auto options = any_port();
  options.faults.latency = 200ms;
  Running running(options);
  std::vector<Fd> waiting;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) {
    waiting.push_back(running.connect(site_address(0)));
    REQUIRE(::send(waiting.back().get(), kGet, std::string_view(kGet).size(), 0) > 0);
  }
  CHECK(running.talk(site_address(0), kGet).starts_with("HTTP/1.1 200 "));
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took >= 200ms);
  CHECK(took < 200ms * 200);
}

TEST_CASE("lab/lab: lost queries stay unanswered, lies name a false address") {
  auto options = any_port();
  options.faults.loss = 1;
  CHECK(!Running(options).ask("www.lab.test", 100ms));

  options = any_port();
  options.faults.lie = 1;
  const auto reply = Running(options).ask("does-not-exist.lab.test", 10s);
  REQUIRE(reply);
  REQUIRE(reply->answers.size() == 1);
  CHECK(dns::to_text(reply->answers[0].data) == "127.66.66.66");
}

TEST_CASE("lab/faults: the same seed chooses the same names") {
  int first = 0, second = 0, differ = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "n" + std::to_string(i);
    const bool a = chosen(name, 1, 0.25), b = chosen(name, 2, 0.25);
    CHECK(a == chosen(name, 1, 0.25));
    first += a;
    second += b;
    differ += a != b;
  }
  CHECK(first > 400);
  CHECK(first < 600);
  CHECK(second > 400);
  CHECK(differ > 100);
}

TEST_CASE("lab/lab: a large answer is truncated over UDP") {
  Running running(any_port());
  const auto reply = running.ask("cluster.lab.test", 10s);
  REQUIRE(reply);
  CHECK(reply->truncated);
  CHECK(reply->answers.size() < 120);
}

TEST_CASE("lab/lab: broken hosts break as they are told") {
  auto options = any_port();
  options.broken_hosts = true;
  Running running(options);
  const auto from = [&](Behaviour behaviour) {
    return running.talk(site_address(broken_index(behaviour)), kGet);
  };
  CHECK(from(Behaviour::kReset).empty());
  const std::string garbage = from(Behaviour::kGarbage);
  CHECK(garbage.size() == 512);
  CHECK(!garbage.starts_with("HTTP/"));
  const std::string cut = from(Behaviour::kShort);
  CHECK(cut.starts_with("HTTP/1.1 200 "));
  CHECK(!cut.ends_with("</html>\n"));

  const Fd slow = running.connect(site_address(broken_index(Behaviour::kDrip)));
  REQUIRE(::send(slow.get(), kGet, std::string_view(kGet).size(), 0) > 0);
  char buffer[64];
  CHECK(::recv(slow.get(), buffer, sizeof buffer, 0) == 1);
}

TEST_CASE("lab/lab: hosts on demand, with pages of the size asked for") {
  auto options = any_port();
  options.extra_hosts = 300;
  options.body_bytes = 100'000;
  Running running(options);
  const std::string page = running.talk(extra_host_address(299), kGet);
  CHECK(page.size() > 100'000);
  CHECK(page.ends_with(std::string(1000, 'm')));
}

TEST_CASE("lab/lab: a port that is taken is said, unless any will do") {
  Running running(any_port());
  auto options = any_port();
  options.web_port = running.lab().web_port();
  const auto second = Lab::create(options);
  REQUIRE(!second.ok());
  CHECK(second.error().code == ErrorCode::kExists);
  CHECK(second.error().message.find("listen on 127.80.1.1:") != std::string::npos);

  options = any_port();
  options.dns_port = running.lab().dns_address().port;
  CHECK(!Lab::create(options).ok());
  CHECK(Lab::create(any_port()).ok());
}

TEST_CASE("lab/lab: numbered names and further resolvers, each with faults of its own") {
  auto options = any_port();
  options.numbered_names = 1000;
  Faults late, liar;
  late.dns_latency = 100ms;
  liar.lie = 1;
  liar.honest = 2;
  options.more_resolvers = {late, liar};
  Running running(options);
  const auto addresses = running.lab().more_resolvers();
  REQUIRE(addresses.size() == 2);
  const auto address = [](const std::optional<dns::Message>& reply) {
    REQUIRE(reply);
    REQUIRE(reply->answers.size() == 1);
    return std::get<net::IpAddress>(reply->answers[0].data).to_string();
  };
  CHECK(address(running.ask("h0000999.lab.test", 10s)) == "10.0.3.231");
  CHECK(running.ask("h0001000.lab.test", 10s)->rcode == dns::Rcode::kNxDomain);

  const auto begin = std::chrono::steady_clock::now();
  CHECK(address(running.ask("h0000001.lab.test", 10s, addresses[0])) == "10.0.0.1");
  CHECK(std::chrono::steady_clock::now() - begin >= 100ms);

  for (int i = 0; i < 2; ++i)
    CHECK(address(running.ask("h0000002.lab.test", 10s, addresses[1])) == "10.0.0.2");
  CHECK(address(running.ask("h0000002.lab.test", 10s, addresses[1])) == "127.66.66.66");
}
