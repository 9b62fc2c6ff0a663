// m8 notify send|list: tells what is new, once.
#include "issues/notify.h"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "commands.h"
#include "http/mail.h"
#include "http/service_flags.h"
#include "http/session.h"
#include "net/rate_limiter.h"
#include "net/resolve.h"
#include "net/scope.h"
#include "output/listing.h"
#include "output/table.h"
#include "output/text.h"
#include "store/chosen_store.h"
#include "store/settings.h"
#include "store/since.h"

namespace m8::app {
namespace {

using issues::Carrier;

/// Services look names up by the system, so nothing is asked of this.
class NoLookup final : public net::HostLookup {
 public:
  void lookup(const std::string&, Callback done) override {
    done(Error{ErrorCode::kUnsupported, "no targets here"});
  }
};

struct Channel {
  std::string name;
  issues::Shape shape = issues::Shape::kText;
  std::unique_ptr<Carrier> carrier;
};

class MailCarrier final : public Carrier {
 public:
  MailCarrier(http::MailServer server, http::Mail mail)
      : server_(std::move(server)), mail_(std::move(mail)) {}

  Status carry(const store::Message& message, std::stop_token stop) override {
    http::Mail mail = mail_;
    mail.text = message.body;
    mail.subject = message.body.substr(0, message.body.find('\n'));
    mail.date = message.created;
    const auto host = mail.from.substr(mail.from.find('@') + 1);
    mail.id = fmt::format("m8-{}-{}@{}", message.channel, message.key, host);
    return http::send_mail(server_, mail, std::move(stop));
  }

 private:
  const http::MailServer server_;
  const http::Mail mail_;
};

Error bad(const std::string& text) { return {ErrorCode::kInvalidArgument, text}; }

Result<Channel> webhook_channel(const cli::Values& flags, http::Session& session) {
  const auto url = net::Url::parse(flags.text("webhook"));
  if (!url.ok() || (url->scheme != "http" && url->scheme != "https"))
    return bad("--webhook: not an http(s) URL");
  const auto shape = issues::parse_shape(flags.text("shape"));
  if (!shape) return bad("--shape: not known: " + flags.text("shape"));
  return Channel{"webhook", *shape,
                 issues::make_webhook(session, *url, *shape != issues::Shape::kText)};
}

Result<Channel> mail_channel(const cli::Values& flags) {
  http::MailServer server;
  server.url = flags.text("smtp");
  if (!server.url.starts_with("smtp://") && !server.url.starts_with("smtps://"))
    return bad("--smtp: smtp://HOST:PORT or smtps://HOST:PORT");
  server.user = flags.text("smtp-user");
  server.password = flags.text("smtp-password");
  server.require_tls = flags.on("smtp-tls");
  http::Mail mail;
  mail.from = flags.text("mail-from");
  mail.to = flags.list("mail-to");
  for (const std::string& address : mail.to) {
    if (!http::is_mail_address(address)) return bad("--mail-to: not an address: " + address);
  }
  if (!http::is_mail_address(mail.from)) return bad("--mail-from: not an address: " + mail.from);
  return Channel{"mail", issues::Shape::kText,
                 std::make_unique<MailCarrier>(std::move(server), std::move(mail))};
}

Result<std::vector<Channel>> channels_of(const cli::Values& flags, http::Session& session,
                                         Clock& clock) {
  std::vector<Channel> channels;
  if (flags.given("webhook")) channels.push_back(M8_TRY(webhook_channel(flags, session)));
  if (flags.given("mail-to")) channels.push_back(M8_TRY(mail_channel(flags)));
  if (flags.given("command")) {
    channels.push_back(
        {"command", issues::Shape::kJson,
         issues::make_command(flags.text("command"), flags.duration("command-timeout"), clock)});
  }
  if (channels.empty()) return bad("nobody to tell: --webhook, --mail-to or --command");
  return channels;
}

/// Queues what is new for \p channel since it was told last.
Status queue_news(const cli::Values& flags, store::Store& store, const Channel& channel,
                  WallTime now) {
  std::optional<WallTime> since;
  if (flags.given("since")) since = M8_TRY(store::parse_since(flags.text("since"), "", store, now));
  issues::NewsOptions options;
  options.until = now;
  options.cap = flags.number<std::size_t>("cap");
  options.at_least = model::parse_severity(flags.text("at-least")).value_or(model::Severity{});
  for (const std::string& text : flags.list("what")) {
    const auto subject = issues::parse_subject(text);
    if (!subject) return bad("--what: not known: " + text);
    options.subjects.insert(*subject);
  }
  return issues::queue_news(store, channel.name, channel.shape, since, std::move(options));
}

Result<int> send(const cli::Context& context) {
  const auto& flags = context.flags;
  const cli::Signals signals;
  SystemClock& clock = SystemClock::instance();
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  NoLookup lookup;
  const net::Scope everything;
  net::RateLimiter unlimited({}, clock);
  http::Session::Options options;
  options.service =
      M8_TRY(http::service_options(flags, http::ProxyRules::from_environment(cli::environment)));
  const auto session = M8_TRY(http::Session::create(options, lookup, everything, unlimited, clock));
  issues::DeliveryOptions delivery;
  delivery.max_attempts = flags.number<int>("max-attempts");
  delivery.backoff = flags.duration("backoff");
  std::uint64_t left = 0, sent = 0;
  for (const Channel& channel : M8_TRY(channels_of(flags, *session, clock))) {
    M8_TRY(queue_news(flags, *store, channel, clock.wall()));
    const auto done = M8_TRY(issues::deliver(store->life(), {channel.name, *channel.carrier, clock},
                                             delivery, signals.token()));
    for (const std::string& error : done.errors)
      fmt::print(stderr, "m8 notify send: {}\n", output::escape_control(error));
    sent += done.sent;
    left += done.waiting + done.failed;
  }
  if (!flags.on("quiet")) fmt::print(stderr, "m8 notify send: {} sent, {} not\n", sent, left);
  return left > 0 ? cli::kIncomplete : cli::kDone;
}

Result<int> list(const cli::Context& context) {
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true}));
  const output::Table table({{"MESSAGE", 7, true},
                             {"CREATED", 19},
                             {"CHANNEL", 8},
                             {"STATE", 8},
                             {"TRIES", 5, true},
                             {"NEXT", 19},
                             {"ERROR", 0}});
  output::Listing out;
  const bool jsonl = context.flags.on("jsonl");
  if (!jsonl) M8_TRY(out.line(table.header()));
  const auto each = [&](const store::Message& message) {
    if (!jsonl) {
      const bool waits = message.state == "waiting";
      return out.line(table.row({std::to_string(message.id), output::local_seconds(message.created),
                                 message.channel, message.state, std::to_string(message.attempts),
                                 waits ? output::local_seconds(message.due) : "-", message.error}));
    }
    json::Writer w;
    w.object().field("message", message.id).field("channel", message.channel);
    w.field("state", message.state).field("created", rfc3339(message.created));
    w.field("attempts", message.attempts).field("due", rfc3339(message.due));
    w.field("error", message.error).field("body", message.body).end();
    return out.line(w.take() + '\n');
  };
  M8_TRY(out.finish(store->life().for_each_message(each)));
  return cli::kDone;
}

cli::Command notify_command(std::string name, std::string brief,
                            Result<int> (*run)(const cli::Context&)) {
  cli::Command command;
  command.name = "notify " + name;
  command.brief = std::move(brief);
  command.run = [run](const cli::Context& context) {
    const auto code = run(context);
    return code.ok() ? *code : cli::fail("m8 " + context.command, code.error());
  };
  return command;
}

constexpr const char* kChannel = "Channel";

std::vector<cli::Flag> channel_flags() {
  using cli::valued;
  return {
      cli::common(cli::secret(cli::detailed(valued(kChannel, "webhook", {}, "URL", "post there"),
                                            "Better in the config file or in $M8_WEBHOOK: it is a "
                                            "secret. Redirects are not followed."))),
      cli::common(
          cli::chosen(cli::with_default(
                          valued(kChannel, "shape", {}, "SHAPE", "what the webhook takes"), "json"),
                      {"json", "text", "slack", "discord", "teams"})),
      cli::common(cli::repeated(valued(kChannel, "mail-to", {}, "ADDRESS,...", "mail to these"))),
      cli::with_default(valued(kChannel, "mail-from", {}, "ADDRESS", "the mail's sender"),
                        "m8@localhost"),
      cli::with_default(valued(kChannel, "smtp", {}, "URL", "the mail server"),
                        "smtp://localhost:25"),
      valued(kChannel, "smtp-user", {}, "NAME", "log in there"),
      cli::secret(valued(kChannel, "smtp-password", {}, "TEXT", "with this")),
      cli::switched(kChannel, "smtp-tls", {}, "no mail without TLS"),
      cli::common(cli::detailed(valued(kChannel, "command", {}, "COMMAND", "run this"),
                                "By a shell, with the news as JSON on its standard input.")),
      cli::typed(
          cli::with_default(
              valued(kChannel, "command-timeout", {}, "TIME", "kill it after that time"), "60s"),
          cli::ValueType::duration(std::chrono::seconds(1), std::chrono::hours(1))),
  };
}

std::vector<cli::Flag> news_flags() {
  using cli::valued;
  return {
      cli::common(cli::detailed(valued("News", "since", {}, "RUN|TIME", "what is new since then"),
                                std::string("By default since a channel was told last; the first "
                                            "time nothing is told. ") +
                                    store::kSinceForms)),
      cli::common(cli::repeated(cli::chosen(
          cli::with_default(valued("News", "what", {}, "WHAT,...", "only this"), "issue,host"),
          {"host", "endpoint", "technology", "certificate", "issue"}))),
      cli::common(cli::chosen(
          cli::with_default(valued("News", "at-least", {}, "LEVEL", "issues of this severity on"),
                            "low"),
          {"info", "low", "medium", "high", "critical"})),
      cli::typed(
          cli::with_default(valued("News", "cap", {}, "N", "name so many, count the others"), "20"),
          cli::ValueType::number(1, 10'000)),
      cli::typed(
          cli::with_default(
              valued("Delivery", "max-attempts", {}, "N", "give a message up after so many"), "10"),
          cli::ValueType::number(1, 1'000)),
      cli::typed(cli::with_default(
                     valued("Delivery", "backoff", {}, "TIME", "before the second; doubles"), "1m"),
                 cli::ValueType::duration(std::chrono::milliseconds(0), std::chrono::hours(24))),
  };
}

cli::Command send_command() {
  auto command = notify_command("send", "tell what is new through webhook, mail or command", send);
  command.detail =
      "Puts what became new or came back into one message for each channel, keeps it in the store, "
      "and sends what is due; meant for cron, after a scan. A channel that is down is tried again "
      "by later calls, with growing pauses, so that nothing is lost or told twice. Verified, "
      "ignored and false-positive issues are no news. Secrets in URLs are masked. Exit code 4 if "
      "a message could not be sent.";
  command.flags = channel_flags();
  for (auto more : {news_flags(), http::service_flags()})
    command.flags.insert(command.flags.end(), more.begin(), more.end());
  command.flags = store::with_store_settings(std::move(command.flags));
  return command;
}

}  // namespace

std::vector<cli::Command> notify_commands() {
  auto messages = notify_command("list", "list the messages, the newest first", list);
  messages.flags = store::with_store_settings(
      {cli::common(cli::switched("Output", "jsonl", {"json"}, "JSON records, with the body"))});
  return {send_command(), std::move(messages)};
}

}  // namespace m8::app
