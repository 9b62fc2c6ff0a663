#include "health_checks.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "cache/settings.h"
#include "cli/environment.h"
#include "cli/make_flag.h"
#include "dns/host_lookup.h"
#include "dns/server_list.h"
#include "http/service_flags.h"
#include "net/shown_url.h"
#include "output/table.h"
#include "queue/broker_metrics.h"
#include "queue/settings.h"
#include "selection.h"
#include "store/chosen_store.h"
#include "store/settings.h"
#include "templates/files.h"

namespace m8::app {
namespace {

using Said = Result<std::string>;

/// A name that no server knows (RFC 6761 6.4): that it says so is an answer.
constexpr const char* kNoName = "m8-health.invalid";
constexpr std::size_t kMostResolvers = 16;

Said check_database(const cli::Values& flags, SeenLast& seen) {
  const auto opened = store::open_chosen(flags, {.must_exist = true, .migrate = false});
  const bool none_yet = !opened.ok() && opened.error().code == ErrorCode::kNotFound;
  if (none_yet && flags.text("store").empty()) return std::string("nothing stored yet");
  if (!opened.ok()) return opened.error();
  const auto& store = *opened;
  const auto info = M8_TRY(store->info());
  if (info.version < info.newest)
    return Error{ErrorCode::kUnsupported, "the schema is old: m8 db migrate"};
  M8_TRY(store->any_domain_enabled());
  const auto pool = store->tend();
  seen.lock()->connections = pool ? pool->open : 1;  // an embedded one is one
  return fmt::format("{}, {}", info.backend, output::bytes_text(info.bytes));
}

Said check_broker(const cli::Values& flags, SeenLast& seen, const std::stop_token& stop) {
  const auto broker = M8_TRY(queue::open_chosen(flags, stop));
  M8_TRY(broker->ping(stop));
  auto depths = M8_TRY(queue::depths_of(*broker, queue::chosen_names(flags), stop));
  seen.lock()->depths = std::move(depths);
  return net::shown_url(queue::chosen_url(flags));
}

Said check_cache(const cli::Values& flags) {
  const auto cache = M8_TRY(cache::open_chosen(flags));
  if (!cache) return std::string("in this process");
  M8_TRY(cache->check());
  return cache->name();
}

Said check_templates(const std::string& folder, const std::stop_token& stop) {
  std::error_code error;
  if (std::filesystem::is_regular_file(folder, error)) return std::string("1 file");
  std::uint64_t count = 0;
  using Walk = std::filesystem::recursive_directory_iterator;
  for (Walk at(folder, error), end; !error && at != end && !stop.stop_requested();
       at.increment(error)) {
    const auto extension = at->path().extension();
    count += extension == ".yaml" || extension == ".yml" ? 1 : 0;
  }
  if (error) return Error{ErrorCode::kNotFound, folder + ": " + error.message()};
  if (count == 0) return Error{ErrorCode::kNotFound, folder + ": no templates"};
  return fmt::format("{} templates", count);
}

/// True if \p server says where \p name leads, or that it leads nowhere.
bool answers(const dns::Server& server, const std::string& name, const std::stop_token& stop) {
  dns::HostLookupOptions options;
  options.resolver.servers = {server};
  auto lookup = dns::HostLookup::create(std::move(options), SystemClock::instance());
  if (!lookup.ok()) return false;
  std::mutex mutex;
  std::condition_variable_any changed;
  bool ended = false, answered = false;
  (*lookup)->lookup(name, [&](const auto& result) {
    const std::lock_guard lock(mutex);
    ended = true;
    answered = result.ok() || result.error().code == ErrorCode::kNotFound;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, stop, [&ended] { return ended; });
  const bool good = answered;
  lock.unlock();
  lookup->reset();  // its callback is over before what it refers to goes
  return good;
}

Said check_resolvers(const cli::Values& flags, const std::stop_token& stop) {
  const std::string given = flags.text("resolvers");
  auto servers =
      M8_TRY(given.empty() ? dns::system_servers("/etc/resolv.conf") : dns::read_servers(given));
  servers.resize(std::min(servers.size(), kMostResolvers));
  const std::string name = flags.text("resolve-name");
  std::atomic<std::size_t> good{0};
  {
    std::vector<std::jthread> askers;
    for (const dns::Server& server : servers)
      askers.emplace_back([&] { good += answers(server, name, stop) ? 1 : 0; });
  }
  const std::string said = fmt::format("{} of {} answer", good.load(), servers.size());
  if (good * 2 < servers.size() || good == 0) return Error{ErrorCode::kTimeout, said};
  return said;
}

Said check_disk(const cli::Values& flags) {
  const std::string place =
      store::chosen_url(flags).find("://") == std::string::npos ? cli::data_home() : "/tmp";
  struct statvfs disk {};
  std::string path = place;
  while (::statvfs(path.c_str(), &disk) != 0) {
    if (path.size() <= 1) return errno_error(place, errno);
    path = std::filesystem::path(path).parent_path().string();
  }
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const std::string said = output::bytes_text(free) + " free";
  if (free < flags.bytes("min-disk")) return Error{ErrorCode::kExhausted, path + ": " + said};
  return said;
}

/// That a service speaks HTTP at all: its answer is its own business.
Said check_service(Services& services, const std::string& url, std::stop_token stop) {
  const auto page = services.get(url, std::move(stop));
  if (page.ok() || page.error().code == ErrorCode::kProtocol) return std::string("answers");
  return page.error();
}

}  // namespace

std::vector<cli::Flag> health_flags() {
  std::vector<cli::Flag> flags = {
      cli::valued("Checks", "resolvers", {"r"}, "FILE|IP,...", "these instead of the system's")};
  for (cli::Flag& more : check_flags()) flags.push_back(std::move(more));
  return store::with_store_settings(std::move(flags));
}

std::vector<cli::Flag> check_flags() {
  using cli::valued, cli::with_default;
  const char* in = "Checks";
  std::vector<cli::Flag> flags = {
      cli::detailed(
          with_default(valued(in, "resolve-name", {}, "NAME", "ask resolvers for this"), kNoName),
          "That there is no such name is an answer; a refusal is none."),
      num8::templates_folder_flag(),
      valued(in, "oob-server", {}, "URL", "the out-of-band interaction server"),
      valued(in, "burp-api", {}, "URL", "where Burp's API listens"),
      cli::typed(with_default(valued(in, "min-disk", {}, "SIZE", "so much has to be free"), "500M"),
                 cli::ValueType::size(0, 1LL << 50)),
  };
  for (const auto& more : {queue::queue_settings(), cache::cache_settings(), http::service_flags()})
    flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

std::vector<metrics::Check> health_checks(const cli::Values& flags, Services& services,
                                          const std::string& chosen,
                                          std::shared_ptr<SeenLast> seen) {
  const std::string root = num8::templates_folder(flags);
  const std::string folder = chosen.empty() ? root : templates::resolve_path(chosen, root);
  std::vector<metrics::Check> checks = {
      {"database", true, [&flags, seen](auto) { return check_database(flags, *seen); }},
      {"nuclei", false, [folder](auto stop) { return check_templates(folder, stop); }},
      {"resolvers", false, [&flags](auto stop) { return check_resolvers(flags, stop); }},
      {"disk", false, [&flags](auto) { return check_disk(flags); }},
  };
  if (!queue::chosen_url(flags).empty()) {
    checks.push_back(
        {"rabbitmq", true, [&flags, seen](auto stop) { return check_broker(flags, *seen, stop); }});
  }
  if (!flags.text("cache-url").empty())
    checks.push_back({"redis", false, [&flags](auto) { return check_cache(flags); }});
  const auto service = [&](const char* name, const char* flag) {
    if (!flags.given(flag)) return;
    checks.push_back({name, false, [&services, url = flags.text(flag)](auto stop) {
                        return check_service(services, url, stop);
                      }});
  };
  service("oob", "oob-server");
  service("burpsuite", "burp-api");
  return checks;
}

}  // namespace m8::app
