#include "probe/close_look.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/subprocess.h"
#include "base/temp_file.h"
#include "http/request.h"
#include "net/jarm.h"
#include "net/socket.h"
#include "net/tls.h"

namespace m8::probe {
namespace {

using std::chrono::milliseconds;

/// Waits until \p fd can be read or written. False after \p timeout.
bool wait_for(int fd, short events, milliseconds timeout) {
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, static_cast<int>(timeout.count())) > 0;
}

short events_for(net::IoState state) { return state == net::IoState::kWantRead ? POLLIN : POLLOUT; }

Result<Fd> connect_to(const net::SocketAddress& at, milliseconds timeout) {
  auto fd = M8_TRY(net::tcp_connect(at));
  if (!wait_for(fd.get(), POLLOUT, timeout))
    return Error{ErrorCode::kTimeout, "connect to " + at.to_string()};
  M8_TRY(net::connect_result(fd.get(), at));
  return fd;
}

/// So often may nothing come within the time before the server counts as silent.
constexpr int kMostSilences = 3;

/// Sends \p bytes and gives what one read brings; empty if nothing does. Counts \p silences.
std::string ask_once(const net::SocketAddress& at, const std::string& bytes, milliseconds timeout,
                     int& silences) {
  const auto fd = connect_to(at, timeout);
  if (!fd.ok() || ::send(fd->get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
                      static_cast<ssize_t>(bytes.size()))
    return {};
  std::string answer(net::kJarmAnswer, '\0');
  if (!wait_for(fd->get(), POLLIN, timeout)) {
    ++silences;
    return {};
  }
  const ssize_t size = ::recv(fd->get(), answer.data(), answer.size(), 0);
  answer.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return answer;
}

/// A handshake that is done; null if it failed.
std::unique_ptr<net::TlsStream> open_tls(int fd, const std::string& host, bool offer_http2,
                                         milliseconds timeout) {
  auto context = net::TlsContext::target_client(offer_http2);
  if (!context.ok()) return nullptr;
  auto stream = net::TlsStream::client(*context, fd, host);
  if (!stream.ok()) return nullptr;
  for (;;) {
    const auto state = (*stream)->handshake();
    if (!state.ok()) return nullptr;
    if (*state == net::IoState::kDone) return std::move(*stream);
    if (!wait_for(fd, events_for(*state), timeout)) return nullptr;
  }
}

/// \p stream is null for a plain connection.
bool send_all(int fd, net::TlsStream* stream, std::string_view bytes, milliseconds timeout) {
  while (!bytes.empty()) {
    std::size_t done = 0;
    short events = POLLOUT;
    if (stream != nullptr) {
      const auto state = stream->write(bytes, done);
      if (!state.ok() || *state == net::IoState::kClosed) return false;
      events = events_for(*state);
    } else {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
      done = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    bytes.remove_prefix(done);
    if (done == 0 && !wait_for(fd, events, timeout)) return false;
  }
  return true;
}

/// What one read brings; empty at the end, after an error and after \p timeout.
std::string read_some(int fd, net::TlsStream* stream, milliseconds timeout) {
  std::array<char, 4096> buffer;
  for (;;) {
    short events = POLLIN;
    if (stream != nullptr) {
      std::size_t done = 0;
      const auto state = stream->read(buffer, done);
      if (!state.ok() || *state == net::IoState::kClosed) return {};
      if (done > 0) return std::string(buffer.data(), done);
      events = events_for(*state);
    } else {
      const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (size > 0) return std::string(buffer.data(), static_cast<std::size_t>(size));
      if (size == 0 || (errno != EAGAIN && errno != EINTR)) return {};
    }
    if (!wait_for(fd, events, timeout)) return {};
  }
}

}  // namespace

std::string jarm_of(const net::SocketAddress& at, const std::string& host, milliseconds timeout,
                    std::stop_token stop) {
  std::array<std::string, net::kJarmProbes> answers;
  answers.fill(net::jarm_answer({}));
  int silences = 0;
  for (std::size_t i = 0; i < answers.size() && silences < kMostSilences; ++i) {
    if (stop.stop_requested()) return {};
    answers[i] = net::jarm_answer(ask_once(at, net::jarm_hello(i, host), timeout, silences));
  }
  return net::jarm_hash(answers);
}

bool offers_http2(const net::SocketAddress& at, const std::string& host, milliseconds timeout) {
  const auto fd = connect_to(at, timeout);
  if (!fd.ok()) return false;
  const auto stream = open_tls(fd->get(), host, true, timeout);
  return stream && stream->peer(host)->alpn == "h2";
}

bool pipelines(const net::SocketAddress& at, const std::string& host, bool tls,
               milliseconds timeout) {
  constexpr int kRequests = 10;
  constexpr std::size_t kMostRead = 1u << 20;
  const auto fd = connect_to(at, timeout);
  if (!fd.ok()) return false;
  const auto stream = tls ? open_tls(fd->get(), host, false, timeout) : nullptr;
  if (tls && !stream) return false;
  http::Request request;
  request.url.path = "/";
  request.headers = {{"Host", host}};
  std::string requests, answers;
  for (int i = 0; i < kRequests; ++i) requests += http::to_wire(request);
  if (!send_all(fd->get(), stream.get(), requests, timeout)) return false;
  // The head of the second answer is all that is wanted.
  while (answers.size() < kMostRead) {
    const std::string more = read_some(fd->get(), stream.get(), timeout);
    answers += more;
    const std::size_t second = answers.find("HTTP/1.", 1);
    if (answers.starts_with("HTTP/1.") && second != answers.npos) return true;
    if (more.empty()) return false;
  }
  return false;
}

Result<std::string> find_browser(const std::string& search_path) {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome", "chrome"})
    if (auto path = find_program(name, search_path); path.ok()) return path;
  return Error{ErrorCode::kNotFound, "screenshots need Chromium: apt install chromium"};
}

std::string take_screenshot(const Settings& settings, const std::string& url, Clock& clock,
                            std::stop_token stop) {
  const auto profile = TempDirectory::create(std::filesystem::temp_directory_path().string());
  if (!profile.ok()) return {};
  const std::string path = settings.screenshot_directory + "/" + sha1_hex(url) + ".png";
  ChildOptions options;
  options.arguments = {settings.screenshot_program,
                       "--headless",
                       "--disable-gpu",
                       "--hide-scrollbars",
                       "--ignore-certificate-errors",
                       "--no-first-run",
                       "--window-size=1280,720",
                       "--user-data-dir=" + profile->path(),
                       "--screenshot=" + path};
  // Chromium's sandbox refuses to run as root.
  if (::geteuid() == 0) options.arguments.emplace_back("--no-sandbox");
  options.arguments.push_back(url);
  const auto usage = run_child(options, settings.screenshot_timeout, clock, stop);
  const bool made = usage.ok() && usage->exit_code == 0 && ::access(path.c_str(), R_OK) == 0;
  return made ? path : std::string();
}

}  // namespace m8::probe
