#include "oob_flags.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "cli/make_flag.h"
#include "selection.h"

namespace m8::num8 {
namespace {

using namespace std::chrono_literals;
using cli::switched;
using cli::valued;
using cli::ValueType;

constexpr const char* kSection = "Interactions";
constexpr std::size_t kNamed = 10;

cli::Flag timed(std::string name, std::string brief, const char* seconds) {
  return typed(with_default(valued(kSection, std::move(name), {}, "TIME", std::move(brief)),
                            seconds, "seconds"),
               ValueType::duration(10ms, 24h));
}

bool needs_interactions(const std::shared_ptr<const templates::Template>& one) {
  return one->needs_interactions();
}

}  // namespace

std::vector<cli::Flag> oob_flags() {
  return {
      common(detailed(
          with_default(repeated(valued(kSection, "interactsh-server", {"iserver"}, "URL",
                                       "interaction servers, the first that answers")),
                       "oast.pro,oast.live,oast.site,oast.online,oast.fun,oast.me"),
          "Any server that speaks the interactsh protocol, such as m8 oob. Tried in random order; "
          "https unless the URL says otherwise. Asked only if a selected template needs it.")),
      detailed(secret(valued(kSection, "interactsh-token", {"itoken"}, "TOKEN",
                             "token of a protected interaction server")),
               "Better given in the environment or the config file."),
      typed(with_default(valued(kSection, "interactions-cache-size", {}, "N",
                                "requests that wait for an interaction"),
                         "5000"),
            ValueType::number(1, 1'000'000)),
      timed("interactions-eviction", "how long a request waits for an interaction", "60"),
      timed("interactions-poll-duration", "between two polls of the server", "5"),
      timed("interactions-cooldown-period", "wait for late interactions at the end", "5"),
      detailed(switched(kSection, "no-interactsh", {"ni"}, "use no interaction server"),
               "Templates run up to the request that needs one."),
  };
}

std::optional<oob::ReceiverOptions> oob_options(const cli::Values& flags) {
  if (flags.on("no-interactsh")) return std::nullopt;
  oob::ReceiverOptions options;
  options.choice.servers = flags.list("interactsh-server");
  options.choice.token = flags.text("interactsh-token");
  options.correlator.max_requests = flags.number<std::size_t>("interactions-cache-size");
  options.correlator.max_age = flags.duration("interactions-eviction");
  options.poll_interval = flags.duration("interactions-poll-duration");
  options.cooldown = flags.duration("interactions-cooldown-period");
  return options;
}

OobConnection connect_oob(const cli::Context& context, const oob::ReceiverOptions& options,
                          http::Session& session, templates::Catalog& catalog,
                          std::stop_token stop) {
  OobConnection out;
  auto& all = catalog.templates;
  if (std::none_of(all.begin(), all.end(), needs_interactions)) return out;
  auto receiver = oob::Receiver::create(options, session, SystemClock::instance(), std::move(stop));
  if (receiver.ok()) {
    out.receiver = std::move(*receiver);
    return out;
  }
  const auto first = std::stable_partition(
      all.begin(), all.end(), [](const auto& one) { return !needs_interactions(one); });
  out.skipped = static_cast<std::size_t>(all.end() - first);
  const bool tells_all = context.flags.on("verbose");
  std::vector<std::string> names;
  for (auto it = first; it != all.end() && (tells_all || names.size() < kNamed); ++it)
    names.push_back((*it)->info().id);
  all.erase(first, all.end());
  say(context,
      fmt::format("incomplete: no interaction server ({}): {} {} skipped: {}{}",
                  receiver.error().message, out.skipped,
                  out.skipped == 1 ? "template that needs one is" : "templates that need one are",
                  fmt::join(names, ", "),
                  names.size() < out.skipped ? ", ... (-v names all)" : ""));
  return out;
}

void report_oob(const cli::Context& context, const oob::Receiver& receiver) {
  if (const Status health = receiver.health(); !health.ok())
    say(context, fmt::format("incomplete: interaction server {}: {}", receiver.server(),
                             health.error().message));
  if (receiver.unreadable() > 0)
    say(context, fmt::format("{} interactions of {} could not be read", receiver.unreadable(),
                             receiver.server()));
}

}  // namespace m8::num8
