#include "serve/telemetry.h"

#include <cerrno>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/version.h"
#include "cli/environment.h"
#include "cli/make_flag.h"
#include "metrics/process_metrics.h"
#include "metrics/snapshot.h"
#include "net/socket_local.h"

namespace m8::serve {
namespace {

constexpr const char* kAllocationsSuffix = ".allocations";
constexpr const char* kTextFormat = "text/plain; version=0.0.4; charset=utf-8";

/// "9090" and ":9090" are ports of loopback.
Result<net::SocketAddress> listen_address(std::string_view text) {
  std::string full(text.starts_with(':') ? text.substr(1) : text);
  const bool port_only = !full.empty() && full.find_first_not_of("0123456789") == full.npos;
  if (port_only) full = "127.0.0.1:" + full;
  auto address = net::SocketAddress::parse(full, 9464);
  if (!address.ok()) return address.error().with_context("--metrics-listen");
  return address;
}

/// True if \p path is a directory of this user that nobody else may look into.
bool is_private(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::getuid() && (status.st_mode & 077) == 0;
}

}  // namespace

std::vector<cli::Flag> telemetry_flags() {
  using cli::detailed, cli::valued;
  return {
      detailed(valued("Metrics", "metrics-listen", {}, "ADDRESS",
                      "serve metrics for Prometheus there, as [IP:]PORT"),
               "Path /metrics. Without an IP it is 127.0.0.1; port 0 picks one, which is told on "
               "stderr. Anybody who can connect can read: no name of a target is among the labels, "
               "but domains and sources are."),
      cli::file_flag(detailed(valued("Metrics", "metrics-file", {}, "FILE",
                                     "write metrics there, for a textfile collector"),
                              "Every 15 seconds and at the end, each time as a whole: a reader "
                              "never sees half of it. For runs of cron the name should end with "
                              ".prom, in the directory that node_exporter reads.")),
      cli::file_flag(detailed(
          valued("Metrics", "cpu-profile", {}, "FILE", "write there where the processor time went"),
          "A line for each stack that was seen, outermost first, with how often: "
          "what flamegraph.pl and speedscope read. A hundred samples per second "
          "of processor time; the second name is the part of the program. "
          "FILE.allocations has the same for memory that was asked for, in bytes, one sample for "
          "each 128 KiB of a thread.")),
  };
}

std::string socket_directory() {
  const std::string runtime = cli::environment("XDG_RUNTIME_DIR");
  return runtime.starts_with('/') ? runtime + "/m8" : fmt::format("/tmp/m8-{}", ::getuid());
}

Telemetry::Options Telemetry::options(const cli::Context& context, std::uint64_t memory_limit) {
  Options options;
  options.program = context.program;
  options.command = context.command;
  options.memory_limit = memory_limit;
  options.listen = context.flags.text("metrics-listen");
  options.file = context.flags.text("metrics-file");
  options.cpu_profile = context.flags.text("cpu-profile");
  options.socket_directory = socket_directory();
  return options;
}

Result<std::unique_ptr<Telemetry>> Telemetry::start(Options options, Clock& clock) {
  std::unique_ptr<Telemetry> made(new Telemetry(std::move(options), clock));
  M8_TRY(made->open());
  return made;
}

Telemetry::Telemetry(Options options, Clock& clock) : options_(std::move(options)), clock_(clock) {
  sampling_ = metrics::Registry::process().sample([this] {
    metrics::sample_process(metrics::Registry::process(), options_.program, options_.memory_limit);
  });
}

Telemetry::~Telemetry() {
  if (server_) server_->stop();
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
}

Status Telemetry::open() {
  if (!options_.listen.empty()) {
    ServerOptions server;
    server.address = M8_TRY(listen_address(options_.listen));
    const bool picks = server.address.port == 0;
    Routes routes;
    routes.add("GET", "/metrics", [](const Request&) {
      return Response{200, metrics::Registry::process().exposition(), kTextFormat};
    });
    server_ = M8_TRY(Server::create(std::move(server), std::move(routes)));
    if (picks) log::get("metrics")->warn("metrics at http://{}/metrics", address().to_string());
  }
  M8_TRY(write_file());
  if (!options_.cpu_profile.empty()) {
    M8_TRY(write_file_atomically(options_.cpu_profile, ""));  // not at the end: can it be written
    profile_ = M8_TRY(metrics::CpuProfile::start());
  }
  if (!options_.socket_directory.empty()) open_socket();
  if (!socket_ && options_.file.empty()) return {};
  wake_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  thread_ = std::jthread([this](std::stop_token stop) { work(std::move(stop)); });
  return {};
}

void Telemetry::open_socket() {
  const std::string& directory = options_.socket_directory;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return;
  if (!is_private(directory)) {
    log::get("metrics")->info("no socket for m8 top: {} is not private", directory);
    return;
  }
  std::string path = fmt::format("{}/{}.sock", directory, ::getpid());
  auto socket = net::local_listen(path);
  if (!socket.ok()) {
    log::get("metrics")->info("no socket for m8 top: {}", socket.error().message);
    return;
  }
  socket_ = std::move(*socket);
  socket_path_ = std::move(path);
}

net::SocketAddress Telemetry::address() const {
  return server_ ? server_->address() : net::SocketAddress();
}

Status Telemetry::write_file() const {
  if (options_.file.empty()) return {};
  return write_file_atomically(options_.file, metrics::Registry::process().exposition());
}

Status Telemetry::end() {
  const Status written = write_file();
  if (!profile_) return written;
  const std::string text = profile_->folded(options_.program);
  const metrics::Allocations& asked = profile_->asked_for();
  log::get("profile")->info("samples={} lost={} allocations={} allocated_bytes={}",
                            profile_->samples(), profile_->lost(), asked.count, asked.bytes);
  M8_TRY(write_file_atomically(options_.cpu_profile, text));
  M8_TRY(write_file_atomically(options_.cpu_profile + kAllocationsSuffix,
                               profile_->folded_allocations(options_.program)));
  return written;
}

void Telemetry::work(std::stop_token stop) {
  const std::stop_callback waking(stop, [this] {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
  });
  pollfd wanted[] = {{wake_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}};
  const int wait = options_.file.empty() ? -1 : static_cast<int>(options_.file_interval.count());
  while (!stop.stop_requested()) {
    const int ready = ::poll(wanted, 2, wait);
    if (stop.stop_requested()) return;
    // A disk that is full now may not be at the end: then it is told.
    if (ready == 0) (void)write_file();
    if (ready > 0 && (wanted[1].revents & POLLIN) != 0) answer_caller();
  }
}

std::string Telemetry::live_json() const {
  const std::string text = metrics::Registry::process().exposition();
  const auto snapshot = metrics::Snapshot::parse(text, clock_.wall());
  json::Writer w;
  w.object().field("program", options_.program).field("command", options_.command);
  w.field("pid", static_cast<std::int64_t>(::getpid())).field("version", version());
  w.field("time", rfc3339(clock_.wall())).key("metrics");
  w.raw(snapshot.ok() ? snapshot->json() : "{}");
  return w.end().take() + '\n';
}

/// One at a time: a reader that is slow loses its answer after a second.
void Telemetry::answer_caller() {
  const Fd caller(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!caller) return;
  const timeval limit{1, 0};
  (void)::setsockopt(caller.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const std::string text = live_json();
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t sent = ::send(caller.get(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) return;
    done += static_cast<std::size_t>(sent);
  }
}

}  // namespace m8::serve
