#include "probe/close_look.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/subprocess.h"
#include "base/temp_file.h"
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
  auto context = net::TlsContext::target_client(true);
  const auto fd = connect_to(at, timeout);
  if (!context.ok() || !fd.ok()) return false;
  auto stream = net::TlsStream::client(*context, fd->get(), host);
  if (!stream.ok()) return false;
  for (;;) {
    const auto state = (*stream)->handshake();
    if (!state.ok()) return false;
    if (*state == net::IoState::kDone) return (*stream)->peer(host)->alpn == "h2";
    const bool reading = *state == net::IoState::kWantRead;
    if (!wait_for(fd->get(), reading ? POLLIN : POLLOUT, timeout)) return false;
  }
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
