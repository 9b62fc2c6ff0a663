/// Credentials: logins by domain, put into requests to it (-sf; cli-and-output 2.6).
///
/// Immutable after load(), thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/regex.h"
#include "base/result.h"
#include "http/request.h"

namespace m8::http {

class Credentials {
 public:
  /// Adds the `static:` entries of the YAML file \p path. kInvalidArgument "PATH: line N: ..." for
  /// an unknown type or an entry that lacks what its type needs; kUnsupported for `dynamic:`
  /// entries; errors of reading it.
  Status load(const std::string& path);
  /// The same of text; \p name is for errors.
  Status parse(std::string_view text, const std::string& name);

  /// Puts every login that is for the request's host into it. Raw bytes (Request::wire) stay.
  void apply(Request& request) const;
  bool empty() const { return logins_.empty(); }
  /// All that must never be shown.
  std::vector<std::string> secrets() const;

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  struct Login {
    std::vector<std::string> domains;  ///< host or host:port, lower case
    std::vector<Regex> patterns;       ///< domains-regex
    Pairs headers, cookies, parameters;
    bool overwrite = false;

    bool is_for(const net::Url& url) const;
  };
  friend struct LoginReader;

  std::vector<Login> logins_;
  std::vector<std::string> secrets_;
};

}  // namespace m8::http
