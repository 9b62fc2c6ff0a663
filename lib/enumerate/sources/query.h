/// Query: one source asked about one domain. What a source's function sees of the world: it asks,
/// and takes names from replies. Keys, rates, deadlines, caps and failures are Query's business.
///
/// One thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "enumerate/sources/key_ring.h"
#include "enumerate/sources/placeholders.h"
#include "enumerate/sources/reply.h"
#include "enumerate/sources/report.h"
#include "enumerate/sources/source.h"
#include "http/session.h"
#include "net/name.h"
#include "net/rate_limiter.h"

namespace m8::enumerate::sources {

/// Bounds of one query.
struct Limits {
  std::chrono::milliseconds request_timeout{30'000};
  std::chrono::milliseconds deadline{600'000};  ///< waiting for its turn included
  std::size_t max_requests = 100;
  std::size_t max_names = 500'000;
  std::size_t max_body = 16u << 20;  ///< bytes of one reply that are read
};

/// One source in one run: what its queries share.
struct Lane {
  Lane(const Source& its, std::string base, const std::vector<std::string>& its_keys,
       net::Rate rate, Clock& clock)
      : source(its),
        url(std::move(base)),
        secrets(its_keys),
        keys(its_keys, clock),
        limiter({.global = rate, .per_key = {}}, clock) {}
  const Source& source;
  const std::string url;  ///< base URL
  const std::vector<std::string> secrets;
  KeyRing keys;
  net::RateLimiter limiter;
};

class Query {
 public:
  /// All of it is borrowed.
  struct World {
    http::Session& session;
    net::RateLimiter& limiter;  ///< over all sources
    Clock& clock;
    const Limits& limits;
  };
  /// Given each new name; false if nobody wants more.
  using Take = std::function<bool(const net::Name&)>;

  Query(Lane& lane, const World& world, net::Name domain, Take take, std::stop_token stop);

  // ---- for sources
  const std::string& domain() const { return domain_.text(); }
  const Source& source() const { return lane_.source; }
  /// Sets what {name} stands for in what is asked from now on.
  void set(std::string_view name, std::string value) { values_.set(name, std::move(value)); }
  /// As set(); the value is never shown in an error.
  void set_secret(std::string_view name, std::string value);
  /// One request and its reply, with another key if one is limited or refused. An error is final:
  /// pass it up, what was taken stays.
  Result<Reply> ask(const Ask& ask);
  Result<Reply> get(std::string_view path) { return ask({path, {}}); }
  /// Takes the names at \p path of \p reply (in all of it if empty); how many were new.
  std::size_t take(const Reply& reply, std::string_view path);
  std::size_t take(const Reply& reply) { return take(reply, lane_.source.names); }
  /// As take(); what is there are labels.
  std::size_t take_labels(const Reply& reply, std::string_view path);
  /// Takes the names in \p text.
  std::size_t take_text(std::string_view text);
  /// Asks for page after page, as the record says, and takes the names of each.
  Status take_pages(const Ask& first, const Ask& more);
  Status take_pages() { return take_pages(lane_.source.ask, lane_.source.more); }
  /// Waits. Errors when stopped or past the deadline.
  Status wait(std::chrono::milliseconds time);

  /// Notes why there is nothing more; return it.
  Error fail(Failure failure);

  // ---- for the runner
  /// Does it all. Never fails: how it went is in the report.
  Report run();
  const std::unordered_set<std::string, SeededHash, std::equal_to<>>& names() const {
    return names_;
  }

 private:
  /// Waits for a key and for the rates; the key to use.
  Result<KeyRing::Entry*> turn();
  Status check();
  Result<http::Request> request(const Ask& ask, const KeyRing::Entry& key);
  /// The failure that \p response is, if it is one; else its body goes into \p reply.
  std::optional<Failure> judge(http::Response& response, Reply& reply) const;
  bool another_page(const Reply& reply, std::size_t fresh, int page, std::string& cursor) const;
  Error fail_with(const Error& error);
  Error out_of_time();
  void add(net::Name name);
  std::string redacted(std::string text) const;
  Report report(const Status& status) const;

  Lane& lane_;
  const World world_;
  const net::Name domain_;
  const Take take_;
  const std::stop_token stop_;
  const SteadyTime begun_, deadline_;
  Placeholders values_;
  std::vector<std::string> secrets_;
  std::unordered_set<std::string, SeededHash, std::equal_to<>> names_;
  std::size_t requests_ = 0, replies_ = 0;
  std::optional<Failure> failure_;  ///< the last one
  std::string capped_;              ///< by what, if a cap was hit
  bool unwanted_ = false;
};

}  // namespace m8::enumerate::sources
