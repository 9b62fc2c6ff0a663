// m8 alerts check: which key figures are too high, for cron and monitoring.
#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "commands.h"
#include "issues/notify.h"
#include "measured.h"
#include "metrics/thresholds.h"
#include "output/listing.h"
#include "output/text.h"
#include "services.h"
#include "store/chosen_store.h"
#include "thresholds.h"

namespace m8::app {
namespace {

using metrics::Alert, metrics::Level;

/// What monitoring reads as "unknown".
constexpr int kNotChecked = 3;

Result<std::vector<Alert>> evaluate(const cli::Values& flags, store::Store& store, WallTime now,
                                    std::stop_token stop) {
  const auto thresholds = M8_TRY(thresholds_of(flags));
  const auto window = M8_TRY(measure(flags, std::move(stop)));
  std::map<std::string, metrics::AlertState> states;
  for (const auto& [name, kept] : M8_TRY(store.samples().alerts()))
    states[name] = {static_cast<Level>(kept.level), kept.since, static_cast<Level>(kept.told)};
  auto alerts = metrics::check_thresholds(metrics::kpis(window), thresholds,
                                          flags.duration("alerts-hold"), now, states);
  std::map<std::string, store::AlertMemory> kept;
  for (const auto& [name, state] : states)
    kept[name] = {static_cast<int>(state.level), state.since, static_cast<int>(state.told)};
  M8_TRY(store.samples().set_alerts(kept));
  return alerts;
}

void put(json::Writer& w, const Alert& alert) {
  w.object().field("alert", alert.key).field("level", to_string(alert.level));
  w.field("pending", alert.pending).field("value", alert.value).field("limit", alert.limit);
  w.field("unit", alert.unit).field("since", rfc3339(alert.since)).end();
}

/// What a channel is told: in words, or as JSON with the words.
std::string message_of(const std::vector<Alert>& news, issues::Shape shape) {
  std::string text = "m8 alerts";
  for (const Alert& alert : news) text += "\n" + metrics::alert_line(alert);
  if (shape == issues::Shape::kText) return text + '\n';
  json::Writer w;
  w.object().field(shape == issues::Shape::kDiscord ? "content" : "text", text);
  if (shape == issues::Shape::kJson) {
    w.key("alerts").array();
    for (const Alert& alert : news) put(w, alert);
    w.end();
  }
  return w.end().take();
}

struct Channel {
  std::string name;
  issues::Shape shape = issues::Shape::kText;
  std::unique_ptr<issues::Carrier> carrier;
};

Result<std::vector<Channel>> channels_of(const cli::Values& flags, Services& services) {
  std::vector<Channel> channels;
  if (flags.given("webhook")) {
    const auto url = net::Url::parse(flags.text("webhook"));
    if (!url.ok()) return Error{ErrorCode::kInvalidArgument, "--webhook: not an http(s) URL"};
    const auto shape = issues::parse_shape(flags.text("shape")).value_or(issues::Shape::kJson);
    channels.push_back(
        {"alerts-webhook", shape,
         issues::make_webhook(services.session(), *url, shape != issues::Shape::kText)});
  }
  if (flags.given("command")) {
    channels.push_back({"alerts-command", issues::Shape::kJson,
                        issues::make_command(flags.text("command"), std::chrono::seconds(60),
                                             SystemClock::instance())});
  }
  return channels;
}

/// Queues the news for each channel, and carries what is due. False if something is left.
Result<bool> tell(const cli::Values& flags, store::Store& store, const std::vector<Alert>& alerts,
                  WallTime now, std::stop_token stop) {
  const auto services = M8_TRY(Services::open(flags));
  std::vector<Alert> news;
  std::copy_if(alerts.begin(), alerts.end(), std::back_inserter(news),
               [](const Alert& alert) { return alert.news; });
  bool all = true;
  for (const Channel& channel : M8_TRY(channels_of(flags, *services))) {
    if (!news.empty()) {
      store::Message message;
      message.channel = channel.name;
      message.key = rfc3339(now);
      message.body = message_of(news, channel.shape);
      message.created = message.due = now;
      M8_TRY(store.life().add_message(message));
    }
    const auto done = M8_TRY(issues::deliver(
        store.life(), {channel.name, *channel.carrier, SystemClock::instance()}, {}, stop));
    for (const std::string& error : done.errors)
      fmt::print(stderr, "m8 alerts check: {}\n", output::escape_control(error));
    all &= done.waiting + done.failed == 0;
  }
  return all;
}

Result<int> check(const cli::Context& context) {
  const auto& flags = context.flags;
  const cli::Signals signals;
  const WallTime now = SystemClock::instance().wall();
  const auto store =
      M8_TRY(store::open_chosen(flags, {.must_exist = !flags.given("url") && !flags.given("pid")}));
  const auto alerts = M8_TRY(evaluate(flags, *store, now, signals.token()));
  const bool told = M8_TRY(tell(flags, *store, alerts, now, signals.token()));
  output::Listing out;
  Level worst = told ? Level::kFine : Level::kWarning;
  for (const Alert& alert : alerts) {
    worst = std::max(worst, alert.level);
    const bool shown = alert.level != Level::kFine || alert.pending || alert.news;
    if (!shown || flags.on("quiet")) continue;
    json::Writer w;
    if (flags.on("jsonl")) put(w, alert);
    const std::string line = flags.on("jsonl") ? w.take() : metrics::alert_line(alert);
    if (!out.line(line + '\n').ok()) break;
  }
  M8_TRY(out.finish({}));
  return static_cast<int>(worst);
}

std::vector<cli::Flag> alert_flags() {
  using cli::common, cli::valued;
  std::vector<cli::Flag> flags = threshold_flags();
  const char* in = "Channel";
  flags.push_back(common(cli::secret(
      cli::detailed(valued(in, "webhook", {}, "URL", "post what began and what ended there"),
                    "Better in the config file or in $M8_WEBHOOK: it is a secret."))));
  flags.push_back(cli::chosen(
      cli::with_default(valued(in, "shape", {}, "SHAPE", "what the webhook takes"), "json"),
      {"json", "text", "slack", "discord", "teams"}));
  flags.push_back(
      common(cli::detailed(valued(in, "command", {}, "COMMAND", "run this"),
                           "By a shell, with the news as JSON on its standard input.")));
  flags.push_back(common(cli::switched("Output", "jsonl", {"json"}, "JSON records, one a line")));
  return flags;
}

}  // namespace

std::vector<cli::Command> alert_commands() {
  cli::Command command;
  command.name = "alerts check";
  command.brief = "say which key figures are too high";
  command.detail =
      "Compares the figures of m8 metrics kpi with alerts.critical.* and alerts.warning.*. What "
      "began, got worse or better, or ended since the check before is told once, through the "
      "outbox "
      "of m8 notify list; the store remembers since when an alert is on. Exit codes as monitoring "
      "has "
      "them: 0 fine, 1 warning (also: a message could not be sent), 2 critical, 3 could not check.";
  command.flags = measured_flags();
  for (cli::Flag& flag : alert_flags()) command.flags.push_back(std::move(flag));
  command.run = [](const cli::Context& context) {
    const auto code = check(context);
    if (code.ok()) return *code;
    cli::fail("m8 alerts check", code.error());
    return kNotChecked;
  };
  return {std::move(command)};
}

}  // namespace m8::app
