/// RawRequest: the text of a template's `raw` entry taken apart (templates 3.3 points 1-4, 3.5).
///
/// Nothing is rendered, joined or encoded here: that is the business of protocols/. Quirks of the
/// reference engine on which templates rely are kept and named at their field.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request.h"

namespace m8::http {

/// Lines starting with '@' before the request line. The first occurrence of each wins; a line that
/// is not of the form `@name: value` with a known name has no effect.
struct Annotations {
  std::string host_scheme;            ///< "http", "https", or empty when @Host names none
  std::optional<net::HostPort> host;  ///< @Host; the port only if written
  std::optional<std::chrono::milliseconds> timeout;  ///< @timeout, at most 5 minutes
  std::string tls_sni;                               ///< @tls-sni, as written
  bool once = false;                                 ///< @once
};

/// Annotations and what follows them. \p rest is borrowed from the text. For unsafe requests \p
/// rest is what goes on the wire.
struct AnnotatedText {
  Annotations annotations;
  std::string_view rest;
};
AnnotatedText split_annotations(std::string_view text);

/// Method and target of a request line. "GET HTTP/1.1" has an empty target; what follows a second
/// blank is lost. kInvalidArgument "malformed request specified" with fewer fields, unless \p
/// lenient (unsafe requests): then what is missing is empty.
struct RequestLine {
  std::string_view method;
  std::string_view target;
};
Result<RequestLine> parse_request_line(std::string_view line, bool lenient = false);

struct RawRequest {
  Annotations annotations;
  std::string method;
  std::string target;
  /// In order of first appearance; a repeated name keeps its place and takes the last value. A
  /// line without a colon is a name with the value of the line before it.
  std::vector<Header> headers;
  std::string body;

  /// kInvalidArgument if the request line is malformed. The text's line ends may be CRLF or LF.
  static Result<RawRequest> parse(std::string_view text);
};

/// A duration in Go's syntax ("1h15m30.918s", "300ms", "-1.5h"); kInvalidArgument else.
Result<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

}  // namespace m8::http
