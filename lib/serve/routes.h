/// Requests, responses, and who answers what. Plain values and a table; no network.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/address.h"

namespace m8::serve {

using Header = std::pair<std::string, std::string>;

/// True if both are the same but for the case of ASCII letters.
bool same_folded(std::string_view a, std::string_view b);

/// A request, read whole. Bytes from strangers.
struct Request {
  std::string method;
  std::string target;   ///< as written: path and query
  std::string version;  ///< "HTTP/1.1"
  std::vector<Header> headers;
  std::string body;
  net::IpAddress peer;
  bool tls = false;

  /// The target up to '?', not decoded.
  std::string_view path() const;
  /// Value of \p name in the query, decoded; empty if absent.
  std::string query(std::string_view name) const;
  /// First header of that name in any case; empty if absent.
  std::string_view header(std::string_view name) const;
};

/// A body that comes bit by bit for as long as the client listens: server-sent events. Ends with
/// its connection.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Writes what there is now to \p out (1 KiB at least) and returns its size; 0: nothing yet, to
  /// be asked again after Server::wake(); empty: the end. One call at a time, on a thread of the
  /// server; must not block, must not throw, must not call the server.
  virtual std::optional<std::size_t> read(std::span<char> out) = 0;
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<Header> headers = {};
  std::shared_ptr<Stream> stream = {};  ///< in place of body; shared with nobody but its connection
};

/// An empty string with memory that an earlier body of this thread had. Bodies of responses go back
/// there once they are sent.
std::string spare_text();

/// {"message": ...} or {"error": ...}
Response json_response(int status, std::string_view key, std::string_view text);

/// Called on a thread of the server, several at once. Must not throw.
using Handler = std::function<Response(const Request&)>;

/// The table of a server. Filled before the server starts, constant afterwards.
class Routes {
 public:
  /// \p method "*" is any; \p path ends with "*" for all that begins so. HEAD is answered by GET's
  /// handler. The first route added that fits wins.
  void add(std::string method, std::string path, Handler handler);
  /// What no route fits. Without it: 404, or 405 with Allow when only the method differs.
  void otherwise(Handler handler) { otherwise_ = std::move(handler); }

  Response answer(const Request& request) const;

 private:
  struct Route {
    std::string method, path;
    Handler handler;
  };
  static bool fits(const Route& route, std::string_view path);

  std::vector<Route> routes_;
  Handler otherwise_;
};

}  // namespace m8::serve
