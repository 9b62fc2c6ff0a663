/// `m8 bench queue`: publish with confirms, consume and acknowledge, against RabbitMQ's own
/// PerfTest with the same settings, and against the guide's queue of 2 with one message in flight.
/// The guide's program consumed with a prefetch of 1, acknowledged at the end of the work and
/// published without confirms: what its queue of 2 refused was lost. To lose nothing its publisher
/// has to wait, which is measured in two ways: until the one before was acknowledged (one message
/// anywhere, the row with the bar), and until it was confirmed only (a message may be with the
/// consumer and two in the queue).
///
/// The server is our own (RabbitServer), or what --url names.
#include <atomic>
#include <charconv>
#include <semaphore>
#include <thread>

#include <fmt/format.h>

#include "base/file.h"
#include "bench/rabbitmq_server.h"
#include "bench/registry.h"
#include "cli/make_flag.h"
#include "queue/registry.h"

namespace m8::bench {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr double kLeastRatio = 0.7, kLeastGain = 10;
constexpr std::size_t kBytes = 1024;
constexpr auto kPatience = 60s;
constexpr const char* kQueue = "m8.bench";
constexpr const char* kSmall = "m8.bench.small";
constexpr const char* kPeerQueue = "m8.bench.peer";

/// A queue of \p length messages at most, with the bounds of work queues.
queue::Topology one_queue(const std::string& name, std::uint64_t length) {
  queue::QueueSpec spec;
  spec.name = name;
  spec.max_length = length;
  return {{}, {spec}, {}};
}

/// Publishes, and counts what became of it.
class Sender {
 public:
  Sender(queue::Broker& broker, std::string to) : broker_(broker), to_{"", std::move(to)} {}

  Status send(std::size_t number, std::stop_token stop) {
    queue::Message message;
    message.id = fmt::format("{}", number);
    message.body.assign(kBytes, 'x');
    return broker_.submit(
        to_, std::move(message), [this](const Status& status) { ++(status.ok() ? good_ : bad_); },
        stop);
  }
  Status send_and_wait(std::size_t number, std::stop_token stop) {
    queue::Message message;
    message.id = fmt::format("{}", number);
    message.body.assign(kBytes, 'x');
    return broker_.publish(to_, std::move(message), stop);
  }
  std::size_t good() const { return good_; }
  std::size_t bad() const { return bad_; }

 private:
  queue::Broker& broker_;
  const queue::Address to_;
  std::atomic<std::size_t> good_{0}, bad_{0};
};

/// Takes and acknowledges until each of \p count messages was there once, and releases \p settled
/// for each. How many are missing.
Result<std::size_t> drain(queue::Consumer& consumer, std::size_t count,
                          std::counting_semaphore<>& settled, std::stop_token stop) {
  std::vector<bool> seen(count, false);
  for (std::size_t left = count; left > 0;) {
    const auto next = M8_TRY(consumer.next(kPatience, stop));
    if (!next) return left;
    std::size_t number = count;
    const std::string& id = next->message.id;
    std::from_chars(id.data(), id.data() + id.size(), number);
    if (number >= count || next->message.body.size() != kBytes)
      return Error{ErrorCode::kInternal, "bench queue: a message that was not sent"};
    if (!seen[number]) --left;
    seen[number] = true;
    M8_TRY(consumer.ack(*next));
    settled.release();
  }
  return std::size_t(0);
}

struct Flow {
  std::string queue;
  std::size_t count = 0;
  std::uint16_t prefetch = 1;
  /// What the publisher waits for before it sends the next.
  enum class Wait { kRoom, kConfirm, kAck } wait = Wait::kRoom;
};

/// Messages a second from the first submit() until the last is confirmed and acknowledged. \p lost
/// gets those that never came.
Result<double> measure(const Context& context, queue::Broker& broker, const Flow& flow,
                       std::size_t& lost) {
  auto consumer = M8_TRY(broker.consume(flow.queue, flow.prefetch, context.stop));
  Sender sender(broker, flow.queue);
  const std::uint64_t acked = broker.stats().acked;
  const SteadyTime began = context.clock.now();
  Status sent;
  std::counting_semaphore<> settled(0);
  std::jthread publisher([&] {
    for (std::size_t i = 0; i < flow.count && sent.ok(); ++i) {
      sent = flow.wait == Flow::Wait::kRoom ? sender.send(i, context.stop)
                                            : sender.send_and_wait(i, context.stop);
      if (flow.wait == Flow::Wait::kAck && !settled.try_acquire_for(kPatience)) return;
    }
  });
  auto missing = drain(*consumer, flow.count, settled, context.stop);
  publisher.join();
  M8_TRY(Status(sent));
  lost = M8_TRY(std::move(missing));
  const SteadyTime end = context.clock.now() + kPatience;
  while ((broker.stats().acked - acked < flow.count - lost || broker.stats().in_flight > 0) &&
         context.clock.now() < end)
    std::this_thread::yield();
  const std::chrono::duration<double> wall = context.clock.now() - began;
  if (sender.bad() > 0)
    return Error{ErrorCode::kInternal, fmt::format("{} messages were not taken", sender.bad())};
  return static_cast<double>(flow.count) / wall.count();
}

Result<std::unique_ptr<queue::Broker>> open(const Context& context, const std::string& url) {
  queue::BrokerOptions options;
  options.in_flight = context.flags.number<std::size_t>("in-flight");
  options.name = "m8 bench queue";
  return queue::open_broker(url, options, context.clock, context.stop);
}

// ---- PerfTest -----------------------------------------------------------------------------------

/// The number before " msg/s" after the last \p label of PerfTest's output.
Result<double> perf_test_figure(const std::string& text, std::string_view label) {
  const std::size_t at = text.rfind(label);
  double value = 0;
  if (at != text.npos) {
    const std::size_t begin = text.find_first_of("0123456789", at + label.size());
    if (begin != text.npos) std::from_chars(text.data() + begin, text.data() + text.size(), value);
  }
  if (value > 0) return value;
  return Error{ErrorCode::kInternal, fmt::format("PerfTest: no \"{}\" in its output", label)};
}

/// Runs PerfTest for \p count messages with our settings; what it says it received a second.
Result<double> run_perf_test(const Context& context, const std::vector<std::string>& program,
                             const std::string& url, std::size_t count) {
  const std::string out = context.temp_directory + "/perf-test.out";
  ChildOptions options;
  options.arguments = program;
  const std::vector<std::string> more = {
      "--uri",
      url,
      "--queue",
      kPeerQueue,
      "--auto-delete",
      "false",
      "--flag",
      "persistent",
      "--flag",
      "mandatory",
      "--size",
      fmt::format("{}", kBytes),
      "--confirm",
      context.flags.text("in-flight"),
      "--qos",
      context.flags.text("prefetch"),
      "--pmessages",
      fmt::format("{}", count),
      "--cmessages",
      fmt::format("{}", count),
      "--queue-args",
      "x-max-length=10000,x-max-length-bytes=104857600,x-message-ttl=3600000,"
      "x-overflow=reject-publish"};
  options.arguments.insert(options.arguments.end(), more.begin(), more.end());
  options.output = options.errors = ChildStream::file(out);
  M8_TRY(run_checked(context, options, 300s));
  return perf_test_figure(M8_TRY(read_file(out)), "receiving rate avg:");
}

// ---- the rows -----------------------------------------------------------------------------------

struct Setup {
  std::string url;
  std::vector<std::string> perf_test;  ///< its command; empty: not there
  std::size_t messages = 0, one_by_one = 0;
  std::uint16_t prefetch = 1;
};

Status prepare(const Context& context, queue::Broker& broker) {
  for (const char* name : {kQueue, kSmall, kPeerQueue})
    M8_TRY(broker.remove_queue(name, context.stop));
  M8_TRY(broker.declare(one_queue(kQueue, 10'000), context.stop));
  M8_TRY(broker.declare(one_queue(kSmall, 2), context.stop));
  return {};
}

Status compare_with_perf_test(const Context& context, const Setup& setup, queue::Broker& broker,
                              Report& report) {
  Row& row =
      report.row("publish, consume, acknowledge", "messages/s",
                 setup.perf_test.empty() ? std::optional<Bar>() : Bar::ratio_at_least(kLeastRatio));
  row.peer_name = setup.perf_test.empty() ? "" : "PerfTest";
  const auto ours = [&]() -> Status {
    std::size_t lost = 0;
    row.ours.add(M8_TRY(measure(context, broker, {kQueue, setup.messages, setup.prefetch}, lost)));
    if (lost == 0) return {};
    return Error{ErrorCode::kInternal, fmt::format("{} messages were lost", lost)};
  };
  const auto peer = [&]() -> Status {
    row.peer.add(M8_TRY(run_perf_test(context, setup.perf_test, setup.url, setup.messages)));
    return {};
  };
  if (setup.perf_test.empty()) return alternate(context, ours, nullptr);
  return alternate(context, ours, peer);
}

Status compare_with_guide(const Context& context, const Setup& setup, queue::Broker& broker,
                          Report& report) {
  Row& row = report.row("against a queue of 2", "messages/s", Bar::ratio_at_least(kLeastGain));
  row.peer_name = "length 2, each acknowledged before the next";
  Row& next = report.row("a queue of 2, prefetch 1, each confirmed before the next", "messages/s");
  std::size_t lost = 0;
  return alternate(
      context,
      [&]() -> Status {
        row.ours.add(
            M8_TRY(measure(context, broker, {kQueue, setup.messages, setup.prefetch}, lost)));
        return {};
      },
      [&]() -> Status {
        const Flow flow{kSmall, setup.one_by_one, 1, Flow::Wait::kAck};
        row.peer.add(M8_TRY(measure(context, broker, flow, lost)));
        const Flow confirmed{kSmall, setup.one_by_one, 1, Flow::Wait::kConfirm};
        next.ours.add(M8_TRY(measure(context, broker, confirmed, lost)));
        return {};
      });
}

/// A queue of 2 with a thousand in flight: what is refused is sent again.
Status count_lost(const Context& context, const Setup& setup, queue::Broker& broker,
                  Report& report) {
  Row& row = report.row("lost with a queue of 2", "messages", Bar::at_most(0));
  Row& rate = report.row("a queue of 2, many in flight", "messages/s");
  return alternate(
      context,
      [&]() -> Status {
        std::size_t lost = 0;
        const Flow flow{kSmall, setup.one_by_one, setup.prefetch};
        rate.ours.add(M8_TRY(measure(context, broker, flow, lost)));
        row.ours.add(static_cast<double>(lost));
        return {};
      },
      nullptr);
}

Status in_this_process(const Context& context, const Setup& setup, Report& report) {
  const auto broker = M8_TRY(open(context, "memory:"));
  M8_TRY(broker->declare(one_queue(kQueue, 10'000), context.stop));
  Row& row = report.row("the same in this process", "messages/s");
  return alternate(
      context,
      [&]() -> Status {
        std::size_t lost = 0;
        row.ours.add(
            M8_TRY(measure(context, *broker, {kQueue, setup.messages, setup.prefetch}, lost)));
        return {};
      },
      nullptr);
}

Result<Setup> read_setup(const Context& context) {
  Setup setup;
  setup.messages = context.flags.number<std::size_t>("messages");
  setup.one_by_one = context.flags.number<std::size_t>("one-by-one");
  setup.prefetch = context.flags.number<std::uint16_t>("prefetch");
  setup.url = context.flags.text("url");
  if (const std::string folder = context.flags.text("perf-test"); !folder.empty()) {
    const std::string java = M8_TRY(context.peer_program("java", "default-jre-headless"));
    setup.perf_test = {java, "-cp", folder + "/*", "com.rabbitmq.perf.PerfTest"};
  }
  return setup;
}

Result<Report> run(const Context& context) {
  Setup setup = M8_TRY(read_setup(context));
  std::optional<RabbitServer> server;
  if (setup.url.empty()) {
    context.progress("starting RabbitMQ");
    server = M8_TRY(RabbitServer::start(context.temp_directory, "", context.clock, context.stop));
    setup.url = server->url();
  }
  const auto broker = M8_TRY(open(context, setup.url));
  M8_TRY(prepare(context, *broker));
  Report report("queue");
  M8_TRY(compare_with_perf_test(context, setup, *broker, report));
  M8_TRY(compare_with_guide(context, setup, *broker, report));
  M8_TRY(count_lost(context, setup, *broker, report));
  M8_TRY(in_this_process(context, setup, report));
  report.note(
      fmt::format("{}; {} persistent messages of {} bytes, {} in flight, mandatory, "
                  "prefetch {}, each acknowledged; {} of them to the queue of 2",
                  broker->describe(), setup.messages, kBytes, context.flags.text("in-flight"),
                  setup.prefetch, setup.one_by_one));
  if (setup.perf_test.empty())
    report.note("without --perf-test there is no peer: com.rabbitmq:perf-test of Maven Central");
  for (const char* name : {kQueue, kSmall, kPeerQueue})
    M8_TRY(broker->remove_queue(name, context.stop));
  return report;
}

std::vector<cli::Flag> flags() {
  const char* in = "Benchmark";
  const auto number = [&](const char* name, const char* initial, const char* brief) {
    return cli::typed(cli::with_default(cli::valued(in, name, {}, "N", brief), initial),
                      cli::ValueType::number(1, 100'000'000));
  };
  return {
      number("messages", "100000", "messages in each repeat"),
      number("one-by-one", "2000", "messages to the queue of 2"),
      number("in-flight", "1000", "messages not yet confirmed, at most"),
      cli::typed(cli::with_default(
                     cli::valued(in, "prefetch", {}, "N", "messages not yet acknowledged, at most"),
                     "200"),
                 cli::ValueType::number(1, 65'535)),
      cli::typed(cli::valued(in, "url", {}, "URL", "a RabbitMQ that is there; else one is started"),
                 cli::ValueType::url()),
      cli::detailed(
          cli::valued(in, "perf-test", {}, "FOLDER",
                      "the peer: where the archives of PerfTest are"),
          "com.rabbitmq:perf-test of Maven Central and what it depends on (.jar), for java."),
  };
}

}  // namespace

extern const Workload kQueueBench;
const Workload kQueueBench{"queue", "messages through RabbitMQ, against its own PerfTest", flags,
                           run};

}  // namespace m8::bench
