#include "issues/notify.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/subprocess.h"
#include "cli/make_flag.h"
#include "output/redact.h"

namespace m8::issues {
namespace {

using model::ChangeKind;

constexpr std::size_t kDiscordCharacters = 1'900;
constexpr std::size_t kNameCharacters = 300;

model::Severity severity_of(const Difference& item) {
  return item.issue ? item.issue->severity : model::Severity::kUnknown;
}

std::string host_of(const Difference& item) { return item.issue ? item.issue->host : item.name; }

/// Graver ones first, then by host: those of one host stand together.
bool goes_before(const Difference& a, const Difference& b) {
  if (severity_of(a) != severity_of(b)) return severity_of(a) > severity_of(b);
  if (a.subject != b.subject) return a.subject > b.subject;
  if (host_of(a) != host_of(b)) return host_of(a) < host_of(b);
  return a.name < b.name;
}

bool is_news(const Difference& item, model::Severity least) {
  if (item.kind != ChangeKind::kNew && item.kind != ChangeKind::kReturned) return false;
  if (!item.issue) return true;
  return !model::is_suppressed(item.issue->status) && item.issue->severity >= least;
}

std::string redact(std::string_view text) { return output::Redactor::strict().line(text); }

/// Cut at a character's boundary.
std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  text.resize(most);
  return text + "...";
}

std::string line_of(const Difference& item) {
  const std::string severity =
      item.issue ? std::string("[") + to_string(item.issue->severity) + "] " : "";
  const std::string name =
      item.issue && !item.issue->name.empty() ? item.issue->name + ": " + item.name : item.name;
  return cut(redact(fmt::format("{}{}{} {}", severity,
                                item.kind == ChangeKind::kReturned ? "returned " : "",
                                to_string(item.subject), name)),
             kNameCharacters);
}

std::string headline(const News& news) {
  std::string counts;
  for (const auto& [what, count] : news.counts)
    counts +=
        fmt::format("{}{} {}{}", counts.empty() ? "" : ", ", count, what, count == 1 ? "" : "s");
  return fmt::format("m8: {} since {}", counts, rfc3339(news.since));
}

std::string text_of(const News& news, std::size_t most) {
  std::string text = headline(news) + "\n";
  std::uint64_t more = news.more;
  for (const Difference& item : news.items) {
    const std::string line = line_of(item) + "\n";
    if (text.size() + line.size() + 40 > most) {
      ++more;
    } else {
      text += line;
    }
  }
  if (more > 0) text += fmt::format("... and {} more\n", more);
  return text;
}

/// Slack's and Discord's markup means nothing in it.
std::string without_markup(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    if (c == '<') out += "&lt;";
    if (c == '>') out += "&gt;";
    if (c != '&' && c != '<' && c != '>') out += c;
  }
  return out;
}

std::string json_of(const News& news) {
  json::Writer w;
  w.object().field("program", "m8").field("since", rfc3339(news.since));
  w.field("until", rfc3339(news.until)).field("text", headline(news)).key("counts").object();
  for (const auto& [what, count] : news.counts) w.field(what, count);
  w.end().field("more", news.more).key("items").array();
  for (const Difference& item : news.items) {
    w.object().field("change", to_string(item.kind)).field("subject", to_string(item.subject));
    w.field("name", redact(item.name)).field("detail", redact(item.detail));
    if (item.issue) {
      w.field("issue", item.issue->id).field("severity", to_string(item.issue->severity));
      w.field("template-id", item.issue->template_id).field("host", item.issue->host);
    }
    w.end();
  }
  return w.end().end().take();
}

std::string teams_of(const News& news) {
  json::Writer w;
  w.object().field("type", "message").key("attachments").array().object();
  w.field("contentType", "application/vnd.microsoft.card.adaptive").key("content").object();
  w.field("$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
  w.field("type", "AdaptiveCard").field("version", "1.4").key("body").array();
  w.object().field("type", "TextBlock").field("weight", "Bolder").field("wrap", true);
  w.field("text", headline(news)).end();
  for (const Difference& item : news.items) {
    w.object().field("type", "TextBlock").field("wrap", true).field("text", line_of(item)).end();
  }
  if (news.more > 0) {
    w.object().field("type", "TextBlock").field("text", fmt::format("... and {} more", news.more));
    w.end();
  }
  return w.end().end().end().end().end().take();
}

std::string key_of_message(const store::Message& message) {
  return fmt::format("m8-{}-{}", message.channel, message.key);
}

class Webhook final : public Carrier {
 public:
  Webhook(http::Session& session, net::Url url, bool json)
      : session_(session), url_(std::move(url)), json_(json) {}

  Status carry(const store::Message& message, std::stop_token stop) override {
    http::Request request;
    request.method = "POST";
    request.url = url_;
    request.body = message.body;
    request.headers = {{"Content-Type", json_ ? "application/json" : "text/plain; charset=utf-8"},
                       {"Idempotency-Key", key_of_message(message)}};
    request.redirects = http::Request::Redirects::kNone;
    request.repeat = http::Request::Repeat::kNever;  // the outbox tries again
    request.max_body = 64u << 10;
    const auto response = session_.call(request, std::move(stop));
    if (!response.ok()) return Error{response.error().code, redact(response.error().message)};
    return judge(*response);
  }

 private:
  Status judge(const http::Response& response) const {
    const int status = response.status;
    if (status >= 200 && status < 300) return {};
    if (status >= 300 && status < 400) {
      const auto* location = http::find_header(response.headers, "location");
      const auto target = location == nullptr ? url_ : url_.resolve(location->value).value_or(url_);
      return Error{ErrorCode::kDenied,
                   fmt::format("{} redirects to {}: not followed", url_.host, target.host)};
    }
    // Those that say "later".
    const bool later = status >= 500 || status == 408 || status == 425 || status == 429;
    return Error{later ? ErrorCode::kNetwork : ErrorCode::kDenied,
                 fmt::format("{} answered {}", url_.host, status)};
  }

  http::Session& session_;
  const net::Url url_;
  const bool json_;
};

/// The bytes of a message as the standard input of a child.
Result<Fd> as_input(const std::string& text) {
  Fd fd(::memfd_create("m8-message", MFD_CLOEXEC));
  const auto wanted = static_cast<ssize_t>(text.size());
  if (!fd || ::write(fd.get(), text.data(), text.size()) != wanted)
    return errno_error("message", errno);
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

class CommandCarrier final : public Carrier {
 public:
  CommandCarrier(std::string command, std::chrono::milliseconds timeout, Clock& clock)
      : command_(std::move(command)), timeout_(timeout), clock_(clock) {}

  Status carry(const store::Message& message, std::stop_token stop) override {
    const Fd input = M8_TRY(as_input(message.body));
    const ChildOptions options{
        {"/bin/sh", "-c", command_}, ChildStream::descriptor(input.get()), {}, {}};
    const auto ended = M8_TRY(run_child(options, timeout_, clock_, std::move(stop)));
    if (ended.exit_code == 0) return {};
    return Error{ErrorCode::kInternal, fmt::format("the command ended with {}", ended.exit_code)};
  }

 private:
  const std::string command_;
  const std::chrono::milliseconds timeout_;
  Clock& clock_;
};

std::chrono::milliseconds pause_before(const store::Message& message,
                                       const DeliveryOptions& options) {
  auto pause = options.backoff;
  for (int i = 1; i < message.attempts && pause < options.max_backoff; ++i) pause *= 2;
  pause = std::min(pause, options.max_backoff);
  // Not all at once after a long silence.
  return pause + pause * (message.id % 8) / 32;
}

}  // namespace

Result<News> collect_news(store::Store& store, const NewsOptions& options) {
  News news{options.since, options.until, {}, {}, 0};
  const auto keep = [&](const Difference& item) -> Status {
    if (!is_news(item, options.at_least)) return {};
    ++news.counts[fmt::format("{} {}", to_string(item.kind), to_string(item.subject))];
    news.items.push_back(item);
    if (news.items.size() < 2 * std::max<std::size_t>(options.cap, 50)) return {};
    std::sort(news.items.begin(), news.items.end(), goes_before);
    news.more += news.items.size() - options.cap;
    news.items.resize(options.cap);
    return {};
  };
  M8_TRY(each_difference(store, {options.since, {}, options.subjects}, keep));
  std::sort(news.items.begin(), news.items.end(), goes_before);
  if (news.items.size() > options.cap) {
    news.more += news.items.size() - options.cap;
    news.items.resize(options.cap);
  }
  return news;
}

Status queue_news(store::Store& store, const std::string& channel, Shape shape,
                  std::optional<WallTime> since, NewsOptions options) {
  store::Life& life = store.life();
  if (!since) since = M8_TRY(life.told(channel));
  if (!since) return life.set_told(channel, options.until);  // from here on
  options.since = *since;
  const auto news = M8_TRY(collect_news(store, options));
  if (!news.empty()) {
    store::Message message;
    message.channel = channel;
    message.key = rfc3339(*since);  // who dies before the next line queues the same again, in vain
    message.body = message_body(shape, news);
    message.created = message.due = options.until;
    M8_TRY(life.add_message(message));
  }
  return life.set_told(channel, options.until);
}

std::vector<cli::Flag> notify_flags(const char* section) {
  using namespace cli;
  return {
      detailed(
          chosen(
              repeated(valued(section, "notify", {}, "CHANNEL,...", "queue what is new for these")),
              {"webhook", "slack", "discord", "teams", "mail", "command"}),
          "At the end what is new since a channel was told last, or since the run began, is put "
          "into one message for it in the store: names and issues, the gravest in full. m8 notify "
          "send delivers."),
      typed(with_default(valued(section, "notify-cap", {}, "N", "name so many, count the others"),
                         std::to_string(NewsOptions{}.cap)),
            ValueType::number(1, 10'000)),
      chosen(with_default(
                 valued(section, "notify-at-least", {}, "LEVEL", "tell issues of this severity on"),
                 "low"),
             {"info", "low", "medium", "high", "critical"}),
  };
}

Status queue_run_news(store::Store& store, const cli::Values& flags, WallTime began, WallTime now) {
  NewsOptions options;
  options.until = now;
  options.subjects = {Subject::kHost, Subject::kIssue};
  options.cap = flags.number<std::size_t>("notify-cap");
  options.at_least =
      model::parse_severity(flags.text("notify-at-least")).value_or(model::Severity::kLow);
  for (const std::string& word : flags.list("notify")) {
    const bool plain = word == "webhook" || word == "command";
    const auto shape = parse_shape(plain ? "json" : word == "mail" ? "text" : word);
    const std::string channel = plain || word == "mail" ? word : "webhook";
    std::optional<WallTime> since;
    if (!M8_TRY(store.life().told(channel))) since = began;
    M8_TRY(queue_news(store, channel, *shape, since, options));
  }
  return {};
}

std::optional<Shape> parse_shape(std::string_view text) {
  constexpr std::pair<std::string_view, Shape> kShapes[] = {{"text", Shape::kText},
                                                            {"json", Shape::kJson},
                                                            {"slack", Shape::kSlack},
                                                            {"discord", Shape::kDiscord},
                                                            {"teams", Shape::kTeams}};
  for (const auto& [name, shape] : kShapes) {
    if (text == name) return shape;
  }
  return std::nullopt;
}

std::string message_body(Shape shape, const News& news) {
  constexpr std::size_t kAll = std::size_t{1} << 20;
  json::Writer w;
  switch (shape) {
    case Shape::kText:
      return text_of(news, kAll);
    case Shape::kJson:
      return json_of(news);
    case Shape::kSlack:
      return w.object().field("text", without_markup(text_of(news, kAll))).end().take();
    case Shape::kDiscord:
      w.object().field("content", text_of(news, kDiscordCharacters));
      return w.key("allowed_mentions").object().key("parse").array().end().end().end().take();
    case Shape::kTeams:
      return teams_of(news);
  }
  return {};
}

std::unique_ptr<Carrier> make_webhook(http::Session& session, net::Url url, bool json) {
  return std::make_unique<Webhook>(session, std::move(url), json);
}

std::unique_ptr<Carrier> make_command(std::string command, std::chrono::milliseconds timeout,
                                      Clock& clock) {
  return std::make_unique<CommandCarrier>(std::move(command), timeout, clock);
}

Result<Delivery> deliver(store::Life& life, const Route& route, const DeliveryOptions& options,
                         std::stop_token stop) {
  Delivery delivery;
  std::set<std::int64_t> waiting;  // a message may come up again at once
  while (!stop.stop_requested()) {
    auto message = M8_TRY(life.claim_message(route.channel, route.clock.wall(), options.lease));
    if (!message) break;
    const Status carried = route.carrier.carry(*message, stop);
    ++message->attempts;
    message->error = carried.ok() ? "" : carried.error().message;
    const bool hopeless = !carried.ok() && (carried.error().code == ErrorCode::kInvalidArgument ||
                                            carried.error().code == ErrorCode::kDenied);
    const bool over = hopeless || message->attempts >= options.max_attempts;
    message->state = carried.ok() ? "sent" : over ? "failed" : "waiting";
    message->due = route.clock.wall() + pause_before(*message, options);
    M8_TRY(life.end_message(*message));
    delivery.sent += carried.ok() ? 1 : 0;
    delivery.failed += !carried.ok() && over ? 1 : 0;
    message->state == "waiting" ? (void)waiting.insert(message->id)
                                : (void)waiting.erase(message->id);
    if (!carried.ok())
      delivery.errors.push_back(fmt::format("{}: message {}: {}{}", route.channel, message->id,
                                            message->error, over ? ", given up" : ""));
  }
  delivery.waiting = waiting.size();
  return delivery;
}

}  // namespace m8::issues
