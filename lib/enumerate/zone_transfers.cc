#include "enumerate/zone_transfers.h"

#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "net/socket.h"

namespace m8::enumerate {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock;

constexpr std::size_t kMostWaiting = 10'000;
constexpr int kRefusedRcode = static_cast<int>(dns::Rcode::kRefused);

/// One connection, blocking with deadlines.
class Connection {
 public:
  Connection(const net::SocketAddress& server, const TransferLimits& limits,
             const std::stop_token& stop)
      : server_(server), limits_(limits), stop_(stop), end_(Time::now() + limits.whole) {}

  Status open() {
    socket_ = M8_TRY(net::tcp_connect(server_));
    M8_TRY(wait(POLLOUT, limits_.connect));
    return net::connect_result(socket_.get(), server_);
  }

  Status write(std::string_view bytes) {
    while (!bytes.empty()) {
      M8_TRY(wait(POLLOUT, limits_.silence));
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN && errno != EINTR)
        return errno_error(server_.to_string(), errno);
      if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  /// The next message, borrowed until the next call.
  Result<dns::Bytes> message() {
    M8_TRY(fill(2));
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(buffer_[0]) << 8 |
                                               static_cast<unsigned char>(buffer_[1]));
    M8_TRY(fill(2 + size));
    message_ = buffer_.substr(2, size);
    buffer_.erase(0, 2 + size);
    return std::as_bytes(std::span(message_.data(), message_.size()));
  }

 private:
  Status fill(std::size_t size) {
    while (buffer_.size() < size) {
      M8_TRY(wait(POLLIN, limits_.silence));
      std::array<char, 16384> block;
      const ssize_t count = ::recv(socket_.get(), block.data(), block.size(), 0);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count < 0) return Error{ErrorCode::kNetwork, "connection lost"};
      if (count == 0) return Error{ErrorCode::kDenied, "connection closed"};
      received_ += static_cast<std::uint64_t>(count);
      if (received_ > limits_.most_bytes) return Error{ErrorCode::kExhausted, "too large"};
      buffer_.append(block.data(), static_cast<std::size_t>(count));
    }
    return {};
  }

  Status wait(short events, milliseconds patience) {
    const auto until = std::min(Time::now() + patience, end_);
    while (!stop_.stop_requested()) {
      pollfd ready{socket_.get(), events, 0};
      if (::poll(&ready, 1, 50) > 0) return {};
      if (Time::now() >= until) return Error{ErrorCode::kTimeout, "timeout"};
    }
    return Error{ErrorCode::kCancelled, "interrupted"};
  }

  const net::SocketAddress server_;
  const TransferLimits limits_;
  const std::stop_token stop_;
  const Time::time_point end_;
  Fd socket_;
  std::string buffer_, message_;
  std::uint64_t received_ = 0;
};

std::string query_for(const std::string& zone) {
  std::array<std::byte, dns::kMaxQueryBytes> query;
  std::uint16_t id = 0;
  random_bytes(&id, sizeof id);
  const std::size_t size = dns::write_query(
      query, zone, {.id = id, .type = dns::RrType::kAxfr, .recursion_desired = false});
  std::string out{static_cast<char>(size >> 8), static_cast<char>(size & 0xff)};
  return out.append(reinterpret_cast<const char*>(query.data()), size);
}

}  // namespace

Result<std::uint64_t> read_transfer(dns::Bytes message, int& soas,
                                    const std::function<void(std::string_view)>& take) {
  const Error malformed{ErrorCode::kProtocol, "malformed answer"};
  dns::Header header;
  if (!dns::read_header(message, header)) return malformed;
  if (static_cast<int>(header.rcode()) != 0) {
    const bool refused = static_cast<int>(header.rcode()) == kRefusedRcode;
    return Error{ErrorCode::kDenied, refused ? "refused" : dns::to_string(header.rcode())};
  }
  std::size_t at = dns::kHeaderBytes;
  for (int i = 0; i < header.questions; ++i) {
    if (!dns::skip_name(message, at) || message.size() < at + 4) return malformed;
    at += 4;
  }
  std::uint64_t count = 0;
  dns::RecordCursor records(message, at, header.answers);
  for (dns::RecordView record; records.next(record);) {
    dns::NameText name;
    std::size_t name_at = record.name_at;
    if (!dns::read_name(message, name_at, name)) return malformed;
    if (record.type == dns::RrType::kSoa && ++soas == 2) return count;
    name.lower();
    take(name.view());
    ++count;
  }
  if (records.bad()) return malformed;
  if (soas == 0) return Error{ErrorCode::kDenied, "no zone"};
  return count;
}

Result<std::uint64_t> transfer_zone(const std::string& zone, const net::SocketAddress& server,
                                    const TransferLimits& limits,
                                    const std::function<void(std::string_view)>& take,
                                    const std::stop_token& stop) {
  Connection connection(server, limits, stop);
  M8_TRY(connection.open());
  M8_TRY(connection.write(query_for(zone)));
  std::uint64_t count = 0;
  for (int soas = 0; soas < 2;) {
    const dns::Bytes message = M8_TRY(connection.message());
    count += M8_TRY(read_transfer(message, soas, take));
  }
  return count;
}

ZoneTransfers::ZoneTransfers(Learned& learned, const net::Scope& scope, net::Rate rate,
                             std::uint16_t port, Clock& clock)
    : learned_(learned),
      scope_(scope),
      port_(port),
      clock_(clock),
      rate_({rate, {}}, clock),
      wanted_(kMostWaiting),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void ZoneTransfers::add(const std::string& zone, const net::IpAddress& ip) {
  if (!scope_.allows_resolved(ip) || !known_.emplace(zone, ip).second) return;
  Wanted wanted{zone, {ip, port_}, learned_.hold()};
  (void)wanted_.try_push(wanted);
}

void ZoneTransfers::end() {
  thread_.request_stop();
  wanted_.close();
  if (thread_.joinable()) thread_.join();
  (void)wanted_.drain(kMostWaiting);
}

void ZoneTransfers::run(const std::stop_token& stop) {
  while (auto wanted = wanted_.pop(stop)) {
    if (needless(*wanted)) continue;
    if (stop.stop_requested() || !clock_.sleep_until(rate_.reserve("axfr"), stop)) return;
    transfer(*wanted, stop);
  }
}

bool ZoneTransfers::needless(const Wanted& wanted) const {
  return given_.contains(wanted.zone) || deaf_.contains(wanted.server.ip);
}

void ZoneTransfers::transfer(const Wanted& wanted, const std::stop_token& stop) {
  ++counts_.tried;
  std::uint64_t taken = 0;
  const auto records = transfer_zone(
      wanted.zone, wanted.server, {},
      [&](std::string_view name) {
        ++taken;
        learned_.offer(name, "axfr");
      },
      stop);
  if (taken > 0) ++counts_.open;
  if (records.ok()) given_.insert(wanted.zone);
  const bool deaf = !records.ok() && (records.error().code == ErrorCode::kTimeout ||
                                      records.error().code == ErrorCode::kRefused);
  if (deaf && taken == 0) deaf_.insert(wanted.server.ip);
  log::get("enumerate")
      ->info("AXFR of zone={} from {}: {}", wanted.zone, wanted.server.to_string(),
             records.ok() ? fmt::format("{} records", *records) : records.error().message);
}

}  // namespace m8::enumerate
