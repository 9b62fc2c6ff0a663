#include "dns/tls_queries.h"

#include <csignal>

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/file.h"
#include "base/temp_file.h"
#include "dns/answer.h"
#include "dns/resolver.h"
#include "net/tls.h"
#include "responder.h"

using namespace m8;
using namespace m8::dns;
using namespace m8::dns::test;

namespace {

/// A DNS over TLS server on loopback: one connection after the other, each read and answered until
/// it ends or \p most answers were given.
class TlsResponder {
 public:
  explicit TlsResponder(int most = 1 << 20) : most_(most) {
    listener_ = net::tcp_listen(loopback()).value();
    address_ = net::local_address(listener_.get()).value();
    context_ = net::TlsContext::self_signed_server("127.0.0.1").value();
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }

  Server server() const {
    return Server::parse("tls://127.0.0.1:" + std::to_string(address_.port)).value();
  }
  /// Its certificate as PEM.
  std::string certificate() const {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, SSL_CTX_get0_certificate(static_cast<SSL_CTX*>(context_->native())));
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    std::string pem(text, static_cast<std::size_t>(size));
    BIO_free(out);
    return pem;
  }
  int connections() const { return connections_; }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd ready{listener_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 10) <= 0) continue;
      const Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK));
      ++connections_;
      serve(peer.get(), stop);
    }
  }

  void serve(int fd, const std::stop_token& stop) {
    auto tls = net::TlsStream::server(context_, fd).value();
    const auto wait = [&] {
      pollfd ready{fd, POLLIN, 0};
      ::poll(&ready, 1, 10);
      return !stop.stop_requested();
    };
    for (;;) {
      const auto state = tls->handshake();
      if (!state.ok() || *state == net::IoState::kClosed) return;
      if (*state == net::IoState::kDone) break;
      if (!wait()) return;
    }
    std::string in;
    std::array<char, 4096> chunk;
    for (int given = 0; given < most_;) {
      std::size_t count = 0;
      const auto state = tls->read(chunk, count);
      if (!state.ok() || *state == net::IoState::kClosed) return;
      if (*state != net::IoState::kDone && !wait()) return;
      in.append(chunk.data(), count);
      std::string out;
      while (in.size() >= 2 && in.size() >= 2u + size_at(in)) {
        const auto query = decode(bytes_of(in.substr(2, size_at(in)))).value();
        in.erase(0, 2 + size_at(in));
        if (given++ >= most_) break;
        const std::string answer = one_address({query, true, 1})[0];
        // The last first: order says nothing.
        out.insert(0, std::string{static_cast<char>(answer.size() >> 8),
                                  static_cast<char>(answer.size() & 0xff)} +
                          answer);
      }
      if (!out.empty()) (void)tls->write(out, count);
    }
  }

  static std::size_t size_at(const std::string& in) {
    return static_cast<unsigned char>(in[0]) * 256u + static_cast<unsigned char>(in[1]);
  }

  const int most_;
  Fd listener_;
  net::SocketAddress address_;
  std::shared_ptr<net::TlsContext> context_;
  std::atomic<int> connections_{0};
  std::jthread thread_;
};

struct Ends final : Resolver::Client {
  int good = 0, bad = 0;
  Fate last_failure = Fate::kAnswered;
  void replied(const Reply& reply) override {
    AnswerValues values;
    if (reply.fate == Fate::kAnswered) values.add(reply.message, RrType::kA);
    ++(values.empty() ? bad : good);
    if (values.empty()) last_failure = reply.fate;
  }
  void room() override {}
};

Ends ask(const Server& server, const std::string& more_ca, int names, int attempts = 3) {
  std::signal(SIGPIPE, SIG_IGN);  // as the programs do
  ResolverOptions options;
  options.servers = {server};
  options.more_ca = more_ca;
  options.attempts = attempts;
  auto poller = net::Poller::create().value();
  Ends ends;
  auto resolver = Resolver::create(options, poller, ends, SystemClock::instance()).value();
  const auto deadline = SystemClock::instance().now() + std::chrono::seconds(20);
  for (int asked = 0; ends.good + ends.bad < names && SystemClock::instance().now() < deadline;) {
    for (; asked < names && resolver->has_room(); ++asked)
      CHECK(resolver->ask("n" + std::to_string(asked) + ".example", RrType::kA, 0));
    resolver->flush();
    poller.poll(std::chrono::milliseconds(10));
  }
  return ends;
}

}  // namespace

TEST_CASE("dns/tls_queries: questions are answered over one connection, in any order") {
  TlsResponder server;
  const auto directory = TempDirectory::create("/tmp").value();
  const std::string ca = directory.path() + "/ca.pem";
  REQUIRE(write_file_atomically(ca, server.certificate()).ok());
  CHECK(ask(server.server(), ca, 300).good == 300);
  CHECK(server.connections() == 1);
}

TEST_CASE("dns/tls_queries: a connection that is closed is opened again, nothing is lost") {
  TlsResponder server(20);
  const auto directory = TempDirectory::create("/tmp").value();
  const std::string ca = directory.path() + "/ca.pem";
  REQUIRE(write_file_atomically(ca, server.certificate()).ok());
  CHECK(ask(server.server(), ca, 100, 50).good == 100);
  CHECK(server.connections() >= 5);
}

TEST_CASE("dns/tls_queries: a certificate that nobody vouches for is no resolver's") {
  TlsResponder server;
  const Ends ends = ask(server.server(), "", 3);
  CHECK(ends.good == 0);
  CHECK(ends.bad == 3);
  CHECK(ends.last_failure == Fate::kNetwork);
}
