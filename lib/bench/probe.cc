// `m8 bench probe`: 20,000 hosts on addresses of 127.0.0.0/8, and the technologies of pages against
// evaluating every pattern.
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "bench/registry.h"
#include "net/socket.h"
#include "probe/technologies.h"

namespace m8::bench {
namespace {

constexpr int kServers = 2;  // a process may not hold enough sockets for all hosts
constexpr auto kWait = std::chrono::seconds(120);
constexpr double kLeastHosts = 10'000;
constexpr double kMostMicroseconds = 100;
constexpr double kMostMegabytes = 100;
constexpr double kLeastSpeedup = 20;

/// A page such as a small site has, in the size of nginx's own first page.
std::string page() {
  std::string text =
      "<!doctype html><html><head><title>bench</title>\n"
      "<meta name=\"generator\" content=\"WordPress 6.1\">\n"
      "<script src=\"/wp-includes/js/jquery/jquery.min.js\"></script></head><body>\n";
  while (text.size() < 612) text += "<p>0123456789abcdef</p>\n";
  return text;
}

std::string address(int host) {
  return fmt::format("127.{}.{}.{}", 16 + host / 62'500, host / 250 % 250, host % 250 + 1);
}

Result<std::uint16_t> free_port() {
  const auto any = M8_TRY(net::SocketAddress::parse("127.0.0.1", 0));
  const Fd listener = M8_TRY(net::tcp_listen(any));
  return M8_TRY(net::local_address(listener.get())).port;
}

/// One of the servers: every kServers-th host.
std::string nginx_config(const std::string& directory, const std::string& root, int server,
                         int hosts, std::uint16_t port) {
  const char* user = ::geteuid() == 0 ? "user root;\n" : "";
  std::string listens;
  for (int host = server; host < hosts; host += kServers)
    listens += fmt::format("  listen {}:{};\n", address(host), port);
  return fmt::format(
      "{1}daemon off;\nworker_processes 1;\npid {0}/nginx.pid;\nerror_log {0}/error.log;\n"
      "events {{ worker_connections 16000; }}\n"
      "http {{\n access_log off;\n keepalive_timeout 60s;\n"
      " client_body_temp_path {0}/t1;\n proxy_temp_path {0}/t2;\n fastcgi_temp_path {0}/t3;\n"
      " uwsgi_temp_path {0}/t4;\n scgi_temp_path {0}/t5;\n default_type text/html;\n"
      " open_file_cache max=10;\n sendfile on;\n tcp_nopush on;\n"
      " server {{\n{2}  root {3}; }}\n}}\n",
      directory, user, listens, root);
}

/// nginx, told to end: a killed master would leave its worker behind.
class Server {
 public:
  explicit Server(Child child) : child_(std::move(child)) {}
  Server(Server&&) = default;
  ~Server() {
    if (child_.pid() > 0) (void)child_.stop(std::chrono::seconds(5));
  }
  Child& child() { return child_; }

 private:
  Child child_;
};

Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return errno_error("make " + path, errno);
}

Result<std::string> find_nginx(const Context& context) {
  auto path = context.peer_program("nginx", "nginx-light");
  if (path.ok()) return path;
  auto system = find_program("/usr/sbin/nginx", {});
  return system.ok() ? system : path;
}

Result<std::vector<Server>> start_servers(const Context& context, int hosts, std::uint16_t port) {
  const std::string program = M8_TRY(find_nginx(context));
  const std::string root = context.temp_directory + "/www";
  M8_TRY(make_directory(root));
  M8_TRY(write_file_atomically(root + "/index.html", page()));
  std::vector<Server> servers;
  for (int i = 0; i < kServers; ++i) {
    const std::string directory = fmt::format("{}/nginx{}", context.temp_directory, i);
    M8_TRY(make_directory(directory));
    M8_TRY(write_file_atomically(directory + "/nginx.conf",
                                 nginx_config(directory, root, i, hosts, port)));
    ChildOptions options;
    options.arguments = {
        program, "-p", directory, "-e", directory + "/error.log", "-c", directory + "/nginx.conf"};
    options.errors = ChildStream::file(directory + "/nginx.out");
    servers.emplace_back(M8_TRY(Child::start(options, context.clock)));
    M8_TRY(wait_for_file(context, directory + "/nginx.pid", servers.back().child(),
                         std::chrono::seconds(30)));
  }
  return servers;
}

struct Rows {
  Row& hosts;
  Row& cpu;
  Row& memory;
};

/// Every host has its line, with title and technologies.
Status check_lines(const std::string& path, int hosts) {
  auto lines = M8_TRY(LineReader::open(path));
  int good = 0;
  for (;;) {
    const auto line = M8_TRY(lines.next());
    if (!line) break;
    const bool right = line->find("\"title\":\"bench\"") != line->npos &&
                       line->find("\"WordPress:6.1\"") != line->npos;
    good += right ? 1 : 0;
  }
  if (good == hosts) return {};
  return Error{ErrorCode::kInternal, fmt::format("{} of {} hosts were probed right", good, hosts)};
}

Status measure(const Context& context, const std::string& list, int hosts, Rows& rows) {
  const std::string out = context.temp_directory + "/endpoints.jsonl";
  ChildOptions options;
  options.arguments = {M8_TRY(context.own_program("asmm8")),
                       "probe",
                       "-q",
                       "--no-store",
                       "-l",
                       list,
                       "--jsonl",
                       "-rl",
                       "0",
                       "-t",
                       "200"};
  if (const std::string file = context.flags.text("tech-file"); !file.empty())
    options.arguments.insert(options.arguments.end(), {"--tech-file", file});
  options.output = ChildStream::file(out);
  options.errors = ChildStream::file(context.temp_directory + "/probe.err");
  const ChildUsage usage = M8_TRY(run_checked(context, options, kWait));
  M8_TRY(check_lines(out, hosts));
  const std::chrono::duration<double> wall = usage.wall;
  rows.hosts.ours.add(hosts / wall.count());
  rows.cpu.ours.add(static_cast<double>(usage.cpu().count()) / hosts);
  rows.memory.ours.add(static_cast<double>(usage.peak_rss_bytes) / 1e6);
  return {};
}

struct Sample {
  http::Response response;
  probe::Page page;
};

/// Pages as lines of JSON: "headers" [[name, value]], "body" in base64.
Result<std::vector<Sample>> read_pages(const std::string& path) {
  std::vector<Sample> out;
  if (path.empty()) {
    Sample one;
    one.response.headers = {{"Server", "nginx/1.22.1"}, {"Content-Type", "text/html"}};
    one.response.body = page();
    out.push_back(std::move(one));
  } else {
    auto lines = M8_TRY(LineReader::open(path));
    for (;;) {
      const auto line = M8_TRY(lines.next());
      if (!line) break;
      const auto record = M8_TRY(json::parse(*line));
      Sample one;
      one.response.body = M8_TRY(base64_decode(record.string_at("body")));
      if (const json::Value* headers = record.find("headers")) {
        for (const json::Value& header : headers->items())
          if (header.items().size() == 2)
            one.response.headers.push_back({std::string(header.items()[0].as_string()),
                                            std::string(header.items()[1].as_string())});
      }
      out.push_back(std::move(one));
    }
  }
  for (Sample& one : out) one.page = probe::read_page(one.response.body);
  return out;
}

/// Microseconds a page by \p detect.
template <typename Detect>
double time_pages(const Context& context, const std::vector<Sample>& pages, Detect detect) {
  const SteadyTime begin = context.clock.now();
  for (const Sample& one : pages) (void)detect(one);
  const std::chrono::duration<double, std::micro> took = context.clock.now() - begin;
  return took.count() / static_cast<double>(pages.size());
}

/// One pass for literals against every pattern as compiled RE2.
Status measure_technologies(const Context& context, Report& report) {
  const std::string file = context.flags.text("tech-file");
  auto prints =
      file.empty() ? probe::Fingerprints::builtin() : M8_TRY(probe::Fingerprints::load(file));
  const probe::TechnologyDetector detector(std::move(prints));
  const std::size_t refused = detector.compile_all();
  const auto pages = M8_TRY(read_pages(context.flags.text("pages")));
  for (const Sample& one : pages) {
    const auto fast = detector.detect(one.response, one.page);
    const auto slow = detector.detect_slowly(one.response, one.page);
    const bool same = std::equal(fast.begin(), fast.end(), slow.begin(), slow.end(),
                                 [](const auto& a, const auto& b) { return a.text() == b.text(); });
    if (!same) return Error{ErrorCode::kInternal, "technologies: the two ways differ"};
  }
  // The few patterns built in, or one page, are no measure of either way.
  const bool is_real = !file.empty() && pages.size() > 1;
  Row& row = report.row("technologies", "us/page");
  if (is_real) row.bar = Bar::ratio_at_most(1 / kLeastSpeedup);
  row.peer_name = "every pattern as compiled RE2";
  report.note(fmt::format("{} technologies, {} patterns ({} refused by RE2), {} pages",
                          detector.technologies(), detector.patterns(), refused, pages.size()));
  return alternate(
      context,
      [&] {
        row.ours.add(time_pages(context, pages, [&](const Sample& one) {
          return detector.detect(one.response, one.page).size();
        }));
        return Status();
      },
      [&] {
        row.peer.add(time_pages(context, pages, [&](const Sample& one) {
          return detector.detect_slowly(one.response, one.page).size();
        }));
        return Status();
      });
}

Result<Report> run(const Context& context) {
  const int hosts = context.flags.number<int>("hosts");
  Report report("probe");
  Rows rows{report.row("hosts", "hosts/s", Bar::at_least(kLeastHosts)),
            report.row("CPU per host", "us", Bar::at_most(kMostMicroseconds)),
            report.row("peak memory", "MB", Bar::at_most(kMostMegabytes))};
  {
    const std::uint16_t port = M8_TRY(free_port());
    const auto servers = M8_TRY(start_servers(context, hosts, port));
    std::string list;
    for (int host = 0; host < hosts; ++host) list += fmt::format("{}:{}\n", address(host), port);
    const std::string path = context.temp_directory + "/hosts.txt";
    M8_TRY(write_file_atomically(path, list));
    M8_TRY(alternate(
        context, [&] { return measure(context, path, hosts, rows); }, nullptr));
  }
  M8_TRY(measure_technologies(context, report));
  report.note(
      fmt::format("{} hosts, 200 at a time, JSON lines with technologies, {} nginx workers "
                  "on loopback, a page of {} bytes; reading the files is in the figures",
                  hosts, kServers, page().size()));
  return report;
}

std::vector<cli::Flag> flags() {
  cli::Flag hosts;
  hosts.name = "hosts";
  hosts.argument = "N";
  hosts.section = "Benchmark";
  hosts.brief = "hosts in each repeat";
  hosts.initial = "20000";
  hosts.type = cli::ValueType::number(1, 30'000);
  cli::Flag tech;
  tech.name = "tech-file";
  tech.argument = "FILE";
  tech.section = "Benchmark";
  tech.brief = "fingerprints in the Wappalyzer format";
  tech.complete = cli::Complete::kFile;
  cli::Flag pages = tech;
  pages.name = "pages";
  pages.brief = "JSON lines with headers and body to look for technologies in";
  return {hosts, tech, pages};
}

}  // namespace

extern const Workload kProbe;
const Workload kProbe{"probe", "endpoints a second, and their technologies", flags, run};

}  // namespace m8::bench
