#include "probe/engine.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/hash.h"
#include "net/jarm.h"
#include "probe/close_look.h"
#include "protocols/block_fixture.h"

using namespace m8;
using namespace m8::probe;
using namespace m8::test;

namespace {

class KeepingSink final : public model::Sink {
 public:
  Status endpoint(const model::Endpoint& record) override {
    records_.lock()->push_back(record);
    return {};
  }
  /// Sorted by URL.
  std::vector<model::Endpoint> records() {
    auto out = *records_.lock();
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.url < b.url; });
    return out;
  }

 private:
  Guarded<std::vector<model::Endpoint>> records_;
};

struct ProbeFixture {
  Settings settings;
  KeepingSink sink;
  TechnologyDetector technologies{Fingerprints::builtin()};
  SessionFixture http;
  Engine::Counts counts;

  ProbeFixture() { settings.timeout = std::chrono::seconds(5); }

  std::vector<model::Endpoint> run(const std::vector<std::string>& targets) {
    Engine engine({*http.session, sink, SystemClock::instance(), &technologies, nullptr}, settings);
    model::TargetReader reader({targets, {}, {}, 1000, {}});
    const Status status = engine.run([&](std::stop_token token) { return reader.next(token); }, {});
    CHECK(status.ok());
    counts = engine.counts();
    return sink.records();
  }
};

std::string host_port(const RecordingServer& server) { return "127.0.0.1:" + server.port(); }

std::string page(const std::string&) {
  return ok_reply("<title>Hi</title>\n<p>two words\n",
                  "Server: nginx/1.2\r\nContent-Type: text/html; charset=utf-8\r\n");
}

/// A TLS server that answers every request with a page.
class TlsServer {
 public:
  explicit TlsServer(const std::string& name)
      : context_(net::TlsContext::self_signed_server(name).value()), server_([this](Peer& peer) {
          if (!peer.start_tls(context_)) return;
          while (!peer.read_request().empty())
            if (!peer.write(page({}))) return;
        }) {}
  std::string host_port() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  net::SocketAddress address() const { return net::SocketAddress::parse(host_port(), 0).value(); }

 private:
  std::shared_ptr<net::TlsContext> context_;
  LoopbackServer server_;
};

}  // namespace

TEST_CASE("probe/engine: one request, and everything that it tells") {
  const RecordingServer server(page);
  ProbeFixture probe;
  probe.settings.hashes = {"md5"};
  const auto records = probe.run({host_port(server)});
  REQUIRE(records.size() == 1);
  const model::Endpoint& record = records[0];
  CHECK(server.requests().size() == 1);
  CHECK(record.url == "http://" + host_port(server));
  CHECK(record.input == host_port(server));
  CHECK(record.status == 200);
  CHECK(record.title == "Hi");
  CHECK(record.server == "nginx/1.2");
  CHECK(record.content_type == "text/html");
  CHECK(record.content_length == 31);
  CHECK(record.words == 2);
  CHECK(record.lines == 2);
  CHECK(record.ip == "127.0.0.1");
  CHECK(record.technologies == std::vector<std::string>{"Nginx:1.2"});
  REQUIRE(record.hashes.size() == 2);
  CHECK(record.hashes[0].first == "body_md5");
  CHECK(record.hashes[1].first == "header_md5");
  CHECK(probe.counts.live == 1);
  CHECK(probe.counts.done == 1);
}

TEST_CASE("probe/engine: the other scheme when the first fails below HTTP") {
  const TlsServer server("a.test");
  ProbeFixture probe;
  probe.settings.tls = true;
  const auto records = probe.run({server.host_port()});
  REQUIRE(records.size() == 1);
  CHECK(records[0].scheme == "https");
  REQUIRE(records[0].tls);
  const net::TlsPeer& tls = *records[0].tls;
  CHECK(tls.version == "tls13");
  CHECK(tls.subject_cn == "a.test");
  CHECK(tls.subject_dn == "CN=a.test");
  CHECK(tls.names == std::vector<std::string>{"a.test"});
  CHECK(tls.self_signed);
  CHECK(tls.mismatched);
  CHECK_FALSE(tls.wildcard);
  CHECK(tls.not_after > SystemClock::instance().wall());
  CHECK(tls.sha256.size() == 64);
}

TEST_CASE("probe/engine: a URL keeps its scheme, what fails is reported if asked for") {
  const RecordingServer server(page);
  ProbeFixture probe;
  probe.settings.report_failures = true;
  const auto records = probe.run({"https://" + host_port(server)});
  REQUIRE(records.size() == 1);
  CHECK_FALSE(records[0].live);
  CHECK_FALSE(records[0].error.empty());
  CHECK(records[0].scheme == "https");
  CHECK(probe.counts.failed == 1);
}

TEST_CASE("probe/engine: several paths share a connection") {
  const RecordingServer server(page);
  ProbeFixture probe;
  probe.settings.paths = {"/a", "b?c=d"};
  const auto records = probe.run({host_port(server)});
  REQUIRE(records.size() == 2);
  CHECK(server.paths() == std::vector<std::string>{"/a", "/b?c=d"});
  CHECK(server.connections() == 1);
  CHECK(records[1].path == "/b?c=d");
}

TEST_CASE("probe/engine: both schemes give two records") {
  const RecordingServer server(page);
  ProbeFixture probe;
  probe.settings.both_schemes = true;
  probe.settings.report_failures = true;
  const auto records = probe.run({host_port(server)});
  REQUIRE(records.size() == 2);
  CHECK(records[0].live);
  CHECK_FALSE(records[1].live);
}

TEST_CASE("probe/engine: redirects are told, followed to their bound, and never out of scope") {
  const RecordingServer server([](const std::string& request) {
    if (request.starts_with("GET /end")) return page({});
    if (request.starts_with("GET /out"))
      return std::string("HTTP/1.1 302 F\r\nLocation: http://b.test/\r\nContent-Length: 0\r\n\r\n");
    const char* to = request.starts_with("GET /loop") ? "/loop" : "/end";
    return fmt::format("HTTP/1.1 301 M\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", to);
  });
  ProbeFixture plain;
  CHECK(plain.run({server.url("/")})[0].location == "/end");
  ProbeFixture following;
  following.settings.redirects = http::Request::Redirects::kAll;
  following.settings.max_redirects = 3;
  REQUIRE(following.http.scope.include("127.0.0.1").ok());
  const auto records = following.run({server.url("/"), server.url("/loop"), server.url("/out")});
  REQUIRE(records.size() == 3);
  CHECK(records[0].chain_status == std::vector<int>{301, 200});
  CHECK(records[0].final_url == server.url("/end"));
  CHECK(records[0].title == "Hi");
  CHECK(records[1].chain_status.size() == 4);
  CHECK(records[2].status == 302);
  CHECK(following.http.session->stats().refused_by_scope == 1);
}

TEST_CASE("probe/engine: the favicon is looked for where the page says") {
  const RecordingServer server([](const std::string& request) {
    if (request.starts_with("GET /i.png")) return ok_reply("\x89PNG\r\n\x1a\nrest");
    return ok_reply("<link rel=icon href=/i.png>", "Content-Type: text/html\r\n");
  });
  ProbeFixture probe;
  probe.settings.favicon = true;
  const auto records = probe.run({host_port(server)});
  REQUIRE(records.size() == 1);
  CHECK_FALSE(records[0].favicon.empty());
  CHECK(records[0].favicon_path == "/i.png");
  CHECK(server.paths() == std::vector<std::string>{"/", "/i.png"});
}

TEST_CASE("probe/engine: bad peers cost their own record only") {
  // A letter at a time, and then silence.
  const LoopbackServer drip([](Peer& peer) {
    (void)peer.read_request();
    for (const char* letter : {"H", "T", "T", "P"}) (void)peer.write(letter);
    (void)peer.read_request();
  });
  const RecordingServer garbage(
      [](const std::string&) { return std::string("\x01\x02 rubbish\n"); });
  const LoopbackServer huge([](Peer& peer) {
    (void)peer.read_request();
    const std::string block(1u << 16, 'x');
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
    for (int i = 0; i < 16384 && peer.write(block); ++i) continue;
  });
  const RecordingServer good(page);
  ProbeFixture probe;
  probe.settings.timeout = std::chrono::seconds(3);
  probe.settings.max_body = 100'000;
  const auto records = probe.run({drip.url("/"), garbage.url("/"), huge.url("/"), good.url("/")});
  CHECK(probe.counts.done == 4);
  CHECK(probe.counts.failed == 2);
  CHECK(probe.counts.truncated == 1);
  REQUIRE(records.size() == 2);
  CHECK(std::any_of(records.begin(), records.end(),
                    [](const auto& record) { return record.content_length == 1073741824; }));
}

TEST_CASE("probe/engine: more targets than slots") {
  const RecordingServer server(page);
  ProbeFixture probe;
  probe.settings.in_flight = 3;
  std::vector<std::string> targets;
  for (int i = 0; i < 50; ++i) targets.push_back(server.url("/" + std::to_string(i)));
  CHECK(probe.run(targets).size() == 50);
  CHECK(probe.counts.targets == 50);
}

TEST_CASE("probe/close_look: JARM and ALPN of our own server") {
  const TlsServer server("a.test");
  const auto seconds = std::chrono::seconds(60);
  const std::string jarm = jarm_of(server.address(), "a.test", seconds, {});
  CHECK(jarm.size() == 62);
  CHECK(jarm != std::string(62, '0'));
  CHECK(jarm == jarm_of(server.address(), "a.test", seconds, {}));
  CHECK_FALSE(offers_http2(server.address(), "a.test", seconds));
  const RecordingServer plain(page);
  const auto at = net::SocketAddress::parse(host_port(plain), 0).value();
  // It waits for the end of a head that never comes.
  const auto short_wait = std::chrono::milliseconds(20);
  CHECK(jarm_of(at, "a.test", short_wait, {}) == std::string(62, '0'));
  CHECK_FALSE(offers_http2(at, "a.test", short_wait));
}

TEST_CASE("net/jarm: hellos and answers") {
  for (std::size_t i = 0; i < net::kJarmProbes; ++i) {
    const std::string hello = net::jarm_hello(i, "a.test");
    REQUIRE(hello.size() > 200);
    CHECK(hello[0] == 0x16);
    CHECK(hello.size() ==
          5u + static_cast<unsigned char>(hello[3]) * 256u + static_cast<unsigned char>(hello[4]));
    CHECK(hello.find("a.test") != std::string::npos);
  }
  std::string answer = std::string("\x16\3\3\0\x50\2\0\0\x4c\3\3", 11) + std::string(32, 'r');
  answer += '\0';                          // session id
  answer += std::string("\xc0\x2f\0", 3);  // cipher, compression
  answer += std::string("\0\x10\xff\1\0\1\0\0\x10\0\5\0\3\2h2", 16);
  CHECK(net::jarm_answer(answer) == "c02f|0303|h2|ff01-0010");
  // One without content may be the last.
  std::string last = answer.substr(0, answer.size() - 16);
  last += std::string("\0\x9\xff\1\0\1\0\0\x17\0\0", 11);
  CHECK(net::jarm_answer(last) == "c02f|0303||ff01-0017");
  CHECK(net::jarm_answer("") == "|||");
  CHECK(net::jarm_answer("\x15\3\3\0\2\2\x28") == "|||");
  for (std::size_t size = 0; size < answer.size(); ++size)
    (void)net::jarm_answer(std::string_view(answer).substr(0, size));
}

TEST_CASE("net/jarm: the fingerprint of ten answers") {
  std::array<std::string, net::kJarmProbes> answers;
  answers.fill("|||");
  CHECK(net::jarm_hash(answers) == std::string(62, '0'));
  answers[0] = "c02f|0303|h2|ff01-0010";
  answers[1] = "1302|0303||002b-0033";
  answers[5] = "0004|0301||";
  answers[9] = "ffff|0304||0000";  // a cipher that was not offered: one past the list
  // 41, 66, 1 and 70, each with its version; SHA-256 of "h2ff01-0010002b-00330000".
  CHECK(net::jarm_hash(answers) ==
        "29d42d"
        "000000000"
        "01b"
        "000000000"
        "46e" +
            sha256_hex("h2ff01-0010002b-00330000").substr(0, 32));
}
