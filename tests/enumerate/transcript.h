// What a source is asked and what it answers, written after its documentation:
// tests/data/sources/NAME.txt, and a server that plays it.
//
//     > GET /path?query        what must be asked
//     > Name: value            and with which headers
//     >> {"exact":"body"}      with this body
//     >* part of a body
//     < 200                    the answer
//     < Name: value
//     body, as many lines as it has
//     = name.example.com       what must be found in the end
#pragma once

#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/file.h"
#include "http/loopback_server.h"

namespace m8::test {

struct Exchange {
  std::string target;  ///< "GET /path"
  std::vector<std::string> headers;
  std::string body, part_of_body;
  int status = 200;
  std::string answer_headers, answer;
};

struct Transcript {
  std::vector<Exchange> exchanges;
  std::set<std::string> names;

  static Transcript read(const std::string& source) {
    const char* root = std::getenv("M8_SOURCE_DIR");
    REQUIRE(root != nullptr);
    const auto text = read_file(std::string(root) + "/tests/data/sources/" + source + ".txt");
    REQUIRE_MESSAGE(text.ok(), source, ": no transcript");
    Transcript transcript;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) transcript.add(line);
    REQUIRE(!transcript.exchanges.empty());
    REQUIRE(!transcript.names.empty());
    return transcript;
  }

 private:
  void add(const std::string& line) {
    if (line.starts_with("= ")) {
      names.insert(line.substr(2));
    } else if (line.starts_with("> GET ") || line.starts_with("> POST ")) {
      exchanges.emplace_back().target = line.substr(2);
    } else if (line.starts_with("> ")) {
      exchanges.back().headers.push_back(line.substr(2));
    } else if (line.starts_with(">> ")) {
      exchanges.back().body = line.substr(3);
    } else if (line.starts_with(">* ")) {
      exchanges.back().part_of_body = line.substr(3);
    } else if (line.starts_with("< ") && line.find(':') == line.npos) {
      exchanges.back().status = std::stoi(line.substr(2));
    } else if (line.starts_with("< ")) {
      exchanges.back().answer_headers += line.substr(2) + "\r\n";
    } else {
      exchanges.back().answer += line + "\n";
    }
  }
};

/// Plays a transcript, and keeps what was asked otherwise.
class TranscriptServer {
 public:
  explicit TranscriptServer(Transcript transcript)
      : transcript_(std::move(transcript)), server_([this](Peer& peer) {
          for (std::string request; !(request = peer.read_request()).empty();)
            peer.write(answer_to(request));
        }) {}

  std::string url() const { return server_.url(""); }
  std::vector<std::string> complaints() const { return state_.lock()->complaints; }
  std::size_t played() const { return state_.lock()->next; }
  const Transcript& transcript() const { return transcript_; }

 private:
  struct State {
    std::size_t next = 0;
    std::vector<std::string> complaints;
  };

  std::string answer_to(const std::string& request) {
    auto state = state_.lock();
    if (state->next == transcript_.exchanges.size()) {
      state->complaints.push_back("asked too much: " + request);
      return "HTTP/1.1 500 Too Much\r\nContent-Length: 0\r\n\r\n";
    }
    const Exchange& exchange = transcript_.exchanges[state->next++];
    const auto expect = [&](bool right, const std::string& what) {
      if (!right) state->complaints.push_back("no " + what + " in " + request);
    };
    expect(request.starts_with(exchange.target + " HTTP/1.1\r\n"), exchange.target);
    for (const auto& header : exchange.headers)
      expect(request.find("\r\n" + header + "\r\n") != request.npos, header);
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    expect(exchange.part_of_body.empty() ? body == exchange.body
                                         : body.find(exchange.part_of_body) != body.npos,
           exchange.body + exchange.part_of_body);
    return "HTTP/1.1 " + std::to_string(exchange.status) + " Status\r\n" + exchange.answer_headers +
           (exchange.status == 204 ? "\r\n"
                                   : "Content-Length: " + std::to_string(exchange.answer.size()) +
                                         "\r\n\r\n" + exchange.answer);
  }

  const Transcript transcript_;
  Guarded<State> state_;
  LoopbackServer server_;
};

}  // namespace m8::test
