#include "bench/nginx.h"

#include <cerrno>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "net/socket.h"

namespace m8::bench {
namespace {

constexpr auto kWait = std::chrono::seconds(30);

/// A loopback port that was free a moment ago.
Result<std::uint16_t> free_port() {
  const auto any = M8_TRY(net::SocketAddress::parse("127.0.0.1", 0));
  const Fd listener = M8_TRY(net::tcp_listen(any));
  return M8_TRY(net::local_address(listener.get())).port;
}

std::string config(const std::string& directory, std::uint16_t port, std::uint16_t tls_port) {
  // As root its worker would drop to a user that may not read our directory.
  const char* user = ::geteuid() == 0 ? "user root;\n" : "";
  return fmt::format(
      "{1}daemon off;\nworker_processes 1;\npid {0}/nginx.pid;\nerror_log {0}/error.log;\n"
      "events {{ worker_connections 4096; }}\n"
      "http {{\n access_log off;\n keepalive_requests 1000000000;\n keepalive_timeout 60s;\n"
      " client_body_temp_path {0}/t1;\n proxy_temp_path {0}/t2;\n fastcgi_temp_path {0}/t3;\n"
      " uwsgi_temp_path {0}/t4;\n scgi_temp_path {0}/t5;\n default_type text/html;\n"
      " open_file_cache max=10;\n sendfile on;\n tcp_nopush on;\n"
      " ssl_certificate {0}/cert.pem;\n ssl_certificate_key {0}/key.pem;\n"
      " server {{ listen 127.0.0.1:{2}; listen 127.0.0.1:{3} ssl; root {0}/www; }}\n}}\n",
      directory, user, port, tls_port);
}

std::string absent_config(const std::string& directory, const std::vector<std::string>& addresses,
                          std::uint16_t port) {
  std::string listens;
  for (const std::string& address : addresses)
    listens += fmt::format(" listen {}:{} backlog=4096;\n", address, port);
  const char* user = ::geteuid() == 0 ? "user root;\n" : "";
  return fmt::format(
      "{1}daemon off;\nworker_processes 1;\nworker_rlimit_nofile 20000;\npid {0}/nginx.pid;\n"
      "error_log {0}/error.log;\nevents {{ worker_connections 19000; }}\n"
      "http {{\n access_log off;\n keepalive_requests 1000000000;\n keepalive_timeout 60s;\n"
      " client_body_temp_path {0}/t1;\n proxy_temp_path {0}/t2;\n fastcgi_temp_path {0}/t3;\n"
      " uwsgi_temp_path {0}/t4;\n scgi_temp_path {0}/t5;\n large_client_header_buffers 4 64k;\n"
      " server {{\n{2} location / {{ return 404; }} }}\n}}\n",
      directory, user, listens);
}

Result<std::string> find_nginx(const Context& context) {
  auto path = context.peer_program("nginx", "nginx-light");
  if (path.ok()) return path;
  auto system = find_program("/usr/sbin/nginx", {});
  return system.ok() ? system : path;
}

Status make_certificate(const Context& context) {
  const std::string& directory = context.temp_directory;
  ChildOptions options;
  options.arguments = {M8_TRY(context.peer_program("openssl", "openssl")),
                       "req",
                       "-x509",
                       "-nodes",
                       "-newkey",
                       "rsa:2048",
                       "-days",
                       "2",
                       "-subj",
                       "/CN=localhost",
                       "-addext",
                       "subjectAltName=IP:127.0.0.1",
                       "-keyout",
                       directory + "/key.pem",
                       "-out",
                       directory + "/cert.pem"};
  options.errors = ChildStream::file(directory + "/openssl.out");
  M8_TRY(run_checked(context, options, kWait));
  return {};
}

}  // namespace

std::string Nginx::page() {
  // As large as nginx's own first page.
  std::string text = "<!doctype html><title>bench</title>\n";
  while (text.size() < 612) text += "0123456789abcdef\n";
  return text;
}

Nginx::Nginx(Child child, std::uint16_t port, std::uint16_t tls_port, std::string certificate)
    : child_(std::move(child)),
      port_(port),
      tls_port_(tls_port),
      certificate_(std::move(certificate)) {}

Result<Child> Nginx::launch(const Context& context, const std::string& directory,
                            const std::string& config) {
  const std::string program = M8_TRY(find_nginx(context));
  M8_TRY(write_file_atomically(directory + "/nginx.conf", config));
  (void)::unlink((directory + "/nginx.pid").c_str());  // of one before
  ChildOptions options;
  options.arguments = {
      program, "-p", directory, "-e", directory + "/error.log", "-c", directory + "/nginx.conf"};
  options.errors = ChildStream::file(directory + "/nginx.out");
  Child child = M8_TRY(Child::start(options, context.clock));
  M8_TRY(wait_for_file(context, directory + "/nginx.pid", child, std::chrono::seconds(10)));
  return child;
}

Result<Nginx> Nginx::start(const Context& context) {
  const std::string& directory = context.temp_directory;
  const std::uint16_t port = M8_TRY(free_port());
  const std::uint16_t tls_port = M8_TRY(free_port());
  if (::mkdir((directory + "/www").c_str(), 0755) != 0 && errno != EEXIST)
    return errno_error("make " + directory + "/www", errno);
  M8_TRY(make_certificate(context));
  M8_TRY(write_file_atomically(directory + "/www/index.html", page()));
  return Nginx(M8_TRY(launch(context, directory, config(directory, port, tls_port))), port,
               tls_port, directory + "/cert.pem");
}

Result<Nginx> Nginx::start_absent(const Context& context,
                                  const std::vector<std::string>& addresses) {
  const std::string directory = context.temp_directory + "/absent";
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
    return errno_error("make " + directory, errno);
  const std::uint16_t port = M8_TRY(free_port());
  return Nginx(M8_TRY(launch(context, directory, absent_config(directory, addresses, port))), port,
               0, {});
}

Nginx::~Nginx() {
  if (child_.pid() > 0) (void)child_.stop(std::chrono::seconds(5));
}

std::string Nginx::url() const { return fmt::format("http://127.0.0.1:{}/", port_); }

std::string Nginx::url(const std::string& address) const {
  return fmt::format("http://{}:{}/", address, port_);
}

std::string Nginx::tls_url() const { return fmt::format("https://127.0.0.1:{}/", tls_port_); }

}  // namespace m8::bench
