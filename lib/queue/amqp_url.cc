#include "queue/amqp_url.h"

#include <fmt/format.h>

#include "net/url.h"

namespace m8::queue::amqp {
namespace {

Error wrong(const char* what) {
  return {ErrorCode::kInvalidArgument, std::string("broker URL: ") + what};
}

/// What is before \p mark, which is dropped with it from \p text; all if there is none.
std::string_view cut(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  const std::string_view head = text.substr(0, at);
  text = at == text.npos ? std::string_view() : text.substr(at + 1);
  return head;
}

void read_login(std::string_view login, AmqpUrl& out) {
  const bool with_password = login.find(':') != login.npos;
  out.user = net::percent_decode(cut(login, ':'));
  out.password = with_password ? net::percent_decode(login) : std::string();
}

Status read_place(std::string_view place, AmqpUrl& out) {
  if (place.empty()) return {};
  if (place.front() == ':') {  // the port alone
    const auto port = net::HostPort::parse(out.host + std::string(place));
    if (!port.ok() || !port->port) return wrong("no port");
    out.port = *port->port;
    return {};
  }
  const auto parsed = net::HostPort::parse(place);
  if (!parsed.ok()) return wrong("neither HOST nor HOST:PORT");
  out.host = parsed->host;
  if (parsed->port) out.port = *parsed->port;
  return {};
}

}  // namespace

Result<AmqpUrl> AmqpUrl::parse(std::string_view text) {
  AmqpUrl out;
  if (text.substr(0, 8) == "amqps://") {
    out.tls = true;
    out.port = 5671;
  } else if (text.substr(0, 7) != "amqp://") {
    return wrong("neither amqp:// nor amqps://");
  }
  text.remove_prefix(out.tls ? 8 : 7);
  if (text.find('?') != text.npos) return wrong("options after '?' are not supported");
  const bool with_vhost = text.find('/') != text.npos;
  std::string_view place = cut(text, '/');
  if (text.find('/') != text.npos) return wrong("more than one '/': write %2f within a vhost");
  if (with_vhost && !text.empty()) out.vhost = net::percent_decode(text);
  if (out.vhost.size() > 255) return wrong("a vhost of more than 255 bytes");
  const std::size_t at = place.rfind('@');
  if (at != place.npos) {
    read_login(place.substr(0, at), out);
    place.remove_prefix(at + 1);
  }
  M8_TRY(read_place(place, out));
  return out;
}

std::string AmqpUrl::shown() const {
  const bool v6 = host.find(':') != host.npos;
  return fmt::format("{}://{}{}{}:{}/{}", tls ? "amqps" : "amqp", v6 ? "[" : "", host,
                     v6 ? "]" : "", port, vhost == "/" ? "" : vhost);
}

}  // namespace m8::queue::amqp
