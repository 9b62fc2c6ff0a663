#include "queue/settings.h"

#include "cli/make_flag.h"

namespace m8::queue {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

cli::Flag queue_url() {
  cli::Flag url;
  url.name = "queue-url";
  url.argument = "URL";
  url.section = "Queue";
  url.brief = "the broker: amqp:// or amqps://USER:PASSWORD@HOST:PORT/VHOST";
  url.detail =
      "RabbitMQ. Without it queues are in this process. The password is better kept out of the "
      "command line: in the config file or in $M8_QUEUE_URL.";
  url.common = true;
  url.type = cli::ValueType::url();
  url.key = "queue.url";
  return url;
}

cli::Flag number(const char* key, long long least, long long most, const char* initial,
                 const char* brief) {
  return cli::setting(key, "N", cli::ValueType::number(least, most), initial, brief);
}

cli::Flag time(const char* key, milliseconds least, const char* initial, const char* brief) {
  return cli::setting(key, "TIME", cli::ValueType::duration(least, 24h * 30), initial, brief);
}

std::vector<cli::Flag> limit_settings() {
  return {
      cli::setting("queue.prefix", "NAME", {}, "m8",
                   "what names of queues and exchanges begin with"),
      number("queue.max_length", 0, 1'000'000'000, "10000",
             "messages that wait in a work queue; 0: any number"),
      cli::setting("queue.max_bytes", "SIZE", cli::ValueType::size(0, 1LL << 40), "100M",
                   "and bytes of them; 0: any number"),
      time("queue.message_ttl", 0ms, "1h",
           "a message that waits for longer becomes a dead letter; 0: never"),
      cli::chosen(
          cli::setting("queue.overflow", "HOW", {}, "reject-publish",
                       "what a full queue does: refuse (publishers wait) or drop the oldest"),
          {"reject-publish", "drop-head"}),
      number(
          "queue.prefetch", 1, 65'535, "10",
          "messages that one consumer holds at most; a worker with more places has more consumers"),
  };
}

std::vector<cli::Flag> connection_settings() {
  return {
      cli::setting("queue.persistent", "YES|NO", {}, "yes",
                   "whether messages survive a restart of the broker"),
      number("queue.in_flight", 1, 1'000'000, "1000", "messages published and not confirmed yet"),
      cli::setting("queue.in_flight_bytes", "SIZE", cli::ValueType::size(1024, 1LL << 32), "32M",
                   "and bytes of them"),
      number("queue.idle_channels", 0, 1'000, "10", "channels kept open for whoever needs one"),
      time("queue.heartbeat", 1s, "10s", "a broker silent for twice as long is gone"),
      time("queue.connect_timeout", 1ms, "10s", "wait for a connection and its login"),
      time("queue.answer_timeout", 1ms, "30s", "wait for the answer to one request"),
      time("queue.reconnect_delay", 1ms, "500ms", "wait before connecting again; doubles"),
      time("queue.reconnect_max_delay", 1ms, "30s", "up to this"),
      number("queue.max_retries", 0, 1'000'000, "0",
             "connect again so often in a row, then fail; 0: any number"),
      cli::file_flag(cli::setting("queue.ca_file", "FILE", {}, "",
                                  "certificates to trust beside the system's, for amqps://")),
  };
}

}  // namespace

std::vector<cli::Flag> queue_settings() {
  std::vector<cli::Flag> flags = {queue_url()};
  for (const auto& more : {limit_settings(), connection_settings()})
    flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

std::string chosen_url(const cli::Values& flags) { return flags.text("queue-url"); }

BrokerOptions broker_options(const cli::Values& flags, BrokerOptions options) {
  options.persistent = cli::parse_switch(flags.text("queue-persistent")).value_or(true);
  options.in_flight = flags.number<std::size_t>("queue-in-flight");
  options.in_flight_bytes = flags.bytes("queue-in-flight-bytes");
  options.idle_channels = flags.number<std::size_t>("queue-idle-channels");
  options.heartbeat = std::chrono::ceil<std::chrono::seconds>(flags.duration("queue-heartbeat"));
  options.connect_timeout = flags.duration("queue-connect-timeout");
  options.answer_timeout = flags.duration("queue-answer-timeout");
  options.reconnect_delay = flags.duration("queue-reconnect-delay");
  options.reconnect_max_delay = flags.duration("queue-reconnect-max-delay");
  options.max_retries = flags.number<int>("queue-max-retries");
  options.more_ca = flags.text("queue-ca-file");
  return options;
}

QueueSpec queue_limits(const cli::Values& flags) {
  QueueSpec limits;
  limits.max_length = flags.number<std::uint64_t>("queue-max-length");
  limits.max_bytes = flags.bytes("queue-max-bytes");
  limits.ttl = flags.duration("queue-message-ttl");
  if (flags.text("queue-overflow") == "drop-head") limits.overflow = Overflow::kDropHead;
  return limits;
}

Names chosen_names(const cli::Values& flags) { return {flags.text("queue-prefix")}; }

std::uint16_t chosen_prefetch(const cli::Values& flags) {
  return flags.number<std::uint16_t>("queue-prefetch");
}

Result<std::unique_ptr<Broker>> open_chosen(const cli::Values& flags, std::stop_token stop) {
  return open_broker(chosen_url(flags), broker_options(flags), SystemClock::instance(), stop);
}

}  // namespace m8::queue
