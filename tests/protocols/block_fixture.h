// Runs blocks of template text against a real server on loopback and keeps all that they say.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/guarded.h"
#include "http/cookie_jar.h"
#include "http/loopback_server.h"
#include "http/session_fixture.h"
#include "protocols/registry.h"
#include "protocols/tls_ports.h"

namespace m8::test {

/// Answers each request with the bytes that a function makes of it, and records the requests. The
/// connection is closed behind an answer without a length.
class RecordingServer {
 public:
  using Handler = std::function<std::string(const std::string& request)>;

  explicit RecordingServer(Handler handler)
      : handler_(std::move(handler)), server_([this](Peer& peer) { serve(peer); }) {}

  std::string url(const std::string& path = "") const { return server_.url(path); }
  std::string port() const { return std::to_string(server_.port()); }
  int connections() const { return server_.connections(); }
  std::vector<std::string> requests() const { return *requests_.lock(); }
  /// The request targets, in order of arrival.
  std::vector<std::string> paths() const {
    std::vector<std::string> out;
    for (const std::string& request : requests()) {
      const auto begin = request.find(' ') + 1;
      out.push_back(request.substr(begin, request.find(' ', begin) - begin));
    }
    return out;
  }

 private:
  void serve(Peer& peer) {
    for (std::string request; !(request = peer.read_request()).empty();) {
      requests_.lock()->push_back(request);
      const std::string reply = handler_(request);
      if (!peer.write(reply)) return;
      const bool framed = reply.find("Content-Length:") != std::string::npos ||
                          reply.find("chunked") != std::string::npos;
      if (!framed || reply.find("Connection: close") != std::string::npos) return;
    }
  }

  mutable Guarded<std::vector<std::string>> requests_;
  const Handler handler_;
  LoopbackServer server_;
};

inline std::string ok_reply(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

class RecordingObserver final : public protocols::Observer {
 public:
  bool host_is_up = true;
  Guarded<std::vector<model::Finding>> findings;
  Guarded<std::vector<std::string>> warnings;
  std::atomic<int> done{0}, answers{0}, failures{0};

  void finding(model::Finding finding) override { findings.lock()->push_back(std::move(finding)); }
  bool may_send(const net::Url&) override { return host_is_up; }
  void answered(const net::Url&, const http::Response&) override { ++answers; }
  void failed(const net::Url&, const Error&) override { ++failures; }
  void progress(int requests) override { done += requests; }
  void warning(std::string_view text) override { warnings.lock()->emplace_back(text); }
};

/// One template on one target: blocks run in it share cookies and context.
class BlockFixture {
 public:
  explicit BlockFixture(const std::string& target, oob::Correlator* interactions = nullptr)
      : scan_{*http_.session, services_, observer, settings, overrides} {
    scan_.interactions = interactions;
    auto url = net::Url::parse(target);
    REQUIRE(url.ok());
    auto info = std::make_shared<model::TemplateInfo>();
    info->id = "demo";
    const model::Target at{target, *url, ""};
    execution = std::make_shared<protocols::Execution>(
        protocols::Execution{scan_,
                             std::move(info),
                             at,
                             std::make_shared<protocols::TargetNames>(at),
                             {},
                             nullptr,
                             {},
                             nullptr,
                             {}});
    settings.retries = 0;
    scan_.tls_ports = &tls_ports_;
  }

  std::unique_ptr<protocols::Block> compile(const std::string& text) {
    auto node = yaml::parse(text);
    REQUIRE_MESSAGE(node.ok(), text);
    auto block = protocols::compile("http", *node, options);
    REQUIRE_MESSAGE(block.ok(), (block.ok() ? "" : block.error().message));
    return std::move(*block);
  }

  protocols::BlockOutcome run(const protocols::Block& block) {
    std::promise<protocols::BlockOutcome> promise;
    auto future = promise.get_future();
    http_.session->post(execution->target.url.host, [&] {
      block.start(execution, [&](protocols::BlockOutcome outcome) { promise.set_value(outcome); });
    });
    REQUIRE(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    return future.get();
  }
  /// Compiles and runs; the block's requests must all have been counted.
  protocols::BlockOutcome run(const std::string& text) {
    blocks_.push_back(compile(text));
    const int before = observer.done;
    const auto outcome = run(*blocks_.back());
    CHECK(observer.done - before == blocks_.back()->request_count());
    return outcome;
  }

  std::vector<model::Finding> findings() { return *observer.findings.lock(); }
  /// Extracted values of all findings, joined by '|'.
  std::string extracted() {
    std::string out;
    for (const auto& finding : findings()) {
      for (const auto& value : finding.extracted_results) out += value + "|";
    }
    return out;
  }
  std::vector<std::string> warnings() { return *observer.warnings.lock(); }

  protocols::Settings settings;
  protocols::CompileOptions options;
  dsl::Variables overrides;
  RecordingObserver observer;
  std::shared_ptr<protocols::Execution> execution;

 private:
  dsl::Services services_;
  SessionFixture http_;
  std::vector<std::unique_ptr<protocols::Block>> blocks_;
  protocols::Surroundings scan_;
  protocols::TlsPorts tls_ports_;
};

}  // namespace m8::test
