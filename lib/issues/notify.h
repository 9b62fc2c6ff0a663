/// Notify: what is new, told once, through channels that may be down for a while.
///
/// News are put together as one message for each channel and time (a digest), kept in the store's
/// outbox, and carried from there: tried again with growing pauses, and never queued twice. Who
/// dies between a delivery and its mark in the outbox delivers again, with the same id: so far as a
/// receiver can tell.
///
/// Threads: plain functions; a Carrier is called by one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cli/flag.h"
#include "http/session.h"
#include "issues/difference.h"
#include "store/store.h"

namespace m8::issues {

struct NewsOptions {
  WallTime since{}, until{};
  std::set<Subject> subjects;                            ///< empty: all
  model::Severity at_least = model::Severity::kUnknown;  ///< of issues
  std::size_t cap = 20;  ///< so many are named, the gravest first; the others are counted
};

/// What became new or came back; verified, ignored and false-positive issues are no news.
struct News {
  WallTime since{}, until{};
  std::vector<Difference> items;  ///< grouped: by severity, falling, then host, then name
  std::map<std::string, std::uint64_t> counts;  ///< "new issue", "returned host"
  std::uint64_t more = 0;                       ///< that are not named
  bool empty() const { return counts.empty(); }
};

/// Streams; memory holds what is named. Errors of the store.
Result<News> collect_news(store::Store& store, const NewsOptions& options);

/// "text" is for mail and commands; the others are JSON as their receivers take it.
enum class Shape { kText, kJson, kSlack, kDiscord, kTeams };
std::optional<Shape> parse_shape(std::string_view text);
/// The body of a message, without secrets, at most about 2,000 characters for kDiscord.
std::string message_body(Shape shape, const News& news);

/// Queues for \p channel, as one message in \p shape, what became new since \p since, or else since
/// it was told last, until \p options.until, and notes that it was told; nothing if it never was.
/// options.since is not read. Errors of the store.
Status queue_news(store::Store& store, const std::string& channel, Shape shape,
                  std::optional<WallTime> since, NewsOptions options);

/// --notify of a run: channels, or slack, discord and teams for a webhook in that shape; with
/// --notify-cap and --notify-at-least.
std::vector<cli::Flag> notify_flags(const char* section);
/// At the end of a run that began then: queue_news() until \p now for each that --notify names, of
/// hosts and issues; since \p began for one that was never told.
Status queue_run_news(store::Store& store, const cli::Values& flags, WallTime began, WallTime now);

/// A way to a receiver.
class Carrier {
 public:
  virtual ~Carrier() = default;
  /// kInvalidArgument and kDenied: another try is of no use; all others: later.
  virtual Status carry(const store::Message& message, std::stop_token stop) = 0;
};

/// Posts to \p url, which is never shown. A redirect is not followed, wherever it leads: kDenied.
/// \p session is borrowed.
std::unique_ptr<Carrier> make_webhook(http::Session& session, net::Url url, bool json);
/// Runs \p command in a shell, the message on its standard input; exit code 0 is success. Its
/// output goes nowhere.
std::unique_ptr<Carrier> make_command(std::string command, std::chrono::milliseconds timeout,
                                      Clock& clock);

struct DeliveryOptions {
  int max_attempts = 10;                      ///< then the message is given up
  std::chrono::milliseconds backoff{60'000};  ///< before the second attempt; doubles
  std::chrono::milliseconds max_backoff{6 * 3'600'000};
  std::chrono::milliseconds lease{300'000};  ///< for one attempt
};

struct Delivery {
  std::uint64_t sent = 0, waiting = 0, failed = 0;
  std::vector<std::string> errors;  ///< one for each attempt in vain, without secrets
};

/// A channel's name in the outbox, and its way.
struct Route {
  std::string channel;
  Carrier& carrier;
  Clock& clock;
};

/// Carries what is due of \p route. Errors of the store.
Result<Delivery> deliver(store::Life& life, const Route& route, const DeliveryOptions& options,
                         std::stop_token stop);

}  // namespace m8::issues
