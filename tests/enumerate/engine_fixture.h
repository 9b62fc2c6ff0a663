/// What tests of the engine share: a zone in memory with wildcards, a sink that collects, and one
/// way to run things.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../dns/responder.h"
#include "enumerate/bruteforce.h"
#include "enumerate/engine.h"

namespace m8::enumerate::test {

using namespace m8::dns::test;
using dns::Message;
using dns::Rcode;
using dns::RrType;

/// A zone for the responder: exact names, and wildcards at "*.PARENT" (RFC 4592).
class TestZone {
 public:
  TestZone& host(const std::string& name, const char* ip) {
    records_[name].push_back(address_record(name, ip));
    return *this;
  }
  TestZone& alias(const std::string& name, const std::string& target) {
    records_[name].push_back({name, RrType::kCname, dns::kClassIn, 60, dns::NameData{target}});
    return *this;
  }

  std::vector<std::string> operator()(const Responder::Asked& asked) const {
    const auto& question = asked.query.questions[0];
    Message reply = reply_to(asked.query);
    const bool known = answer(question.name, question.type, reply, 0);
    if (!known) reply.rcode = Rcode::kNxDomain;
    return {encoded(reply)};
  }

 private:
  bool answer(const std::string& name, RrType type, Message& reply, int depth) const {
    const auto* records = find(name);
    if (records == nullptr || depth > 5) return false;
    bool known = true;
    for (auto record : *records) {
      record.name = name;
      if (record.type == RrType::kCname) {
        reply.answers.push_back(record);
        known = answer(std::get<dns::NameData>(record.data).name, type, reply, depth + 1);
      } else if (record.type == type) {
        reply.answers.push_back(record);
      }
    }
    return known;
  }

  const std::vector<dns::Record>* find(const std::string& name) const {
    if (const auto exact = records_.find(name); exact != records_.end()) return &exact->second;
    for (const auto& [known, records] : records_) {
      if (known.ends_with("." + name)) return &kEmptyNode;  // an empty non-terminal
    }
    for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1)) {
      const auto wildcard = records_.find("*" + name.substr(dot));
      if (wildcard != records_.end()) return &wildcard->second;
      if (records_.contains(name.substr(dot + 1))) return nullptr;  // blocked by a name that is
    }
    return nullptr;
  }

  inline static const std::vector<dns::Record> kEmptyNode;
  std::map<std::string, std::vector<dns::Record>> records_;
};

struct Collected final : model::Sink {
  std::map<std::string, model::Hostname> names;
  std::map<std::string, std::string> failures;
  Status hostname(const model::Hostname& record) override {
    CHECK(names.emplace(record.hostname, record).second);
    return {};
  }
  Status outcome(const model::Outcome& outcome) override {
    failures[outcome.target] = outcome.reason;
    return {};
  }
  std::set<std::string> set() const {
    std::set<std::string> out;
    for (const auto& [name, record] : names) out.insert(name);
    return out;
  }
};

class Words final : public WordSource {
 public:
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {}
  Result<std::optional<std::string_view>> next() override {
    if (next_ == words_.size()) return std::optional<std::string_view>();
    return std::optional<std::string_view>(words_[next_++]);
  }
  std::optional<std::size_t> size() const override { return words_.size(); }

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

inline std::vector<net::Name> names_of(const std::vector<std::string>& texts) {
  std::vector<net::Name> names;
  for (const auto& text : texts) names.push_back(net::Name::parse(text).value());
  return names;
}

/// Domains, and what to try under them.
struct Input {
  std::vector<net::Name> apexes;
  std::unique_ptr<CandidateSource> candidates;
};

inline Input brute_force(const std::vector<std::string>& apexes, std::vector<std::string> words) {
  return {names_of(apexes), std::make_unique<BruteForce>(
                                names_of(apexes), std::make_unique<Words>(std::move(words)))};
}

struct Outcome {
  Collected sink;
  std::unique_ptr<CandidateSource> candidates;
  std::unique_ptr<Engine> engine;
  Status status;
};

inline void enumerate_with(Outcome& out, const Responder& server, Input input,
                           const net::Scope& scope = {}, bool strict = false) {
  EngineOptions options;
  options.strict_wildcard = strict;
  options.resolver.servers = {server.address()};
  options.resolver.timeout = std::chrono::seconds(3);
  options.apexes = std::move(input.apexes);
  out.candidates = std::move(input.candidates);
  out.engine =
      Engine::create(options, *out.candidates, scope, out.sink, SystemClock::instance()).value();
  out.status = out.engine->run({});
}

using Set = std::set<std::string>;

}  // namespace m8::enumerate::test
