/// Witness: who sees every request and answer of a template as it happens: --explain, --debug,
/// --store-resp.
#pragma once

#include <string_view>

#include "base/result.h"
#include "net/url.h"
#include "operators/operators.h"

namespace m8::protocols {

struct Execution;

/// An answer and what its block made of it. Everything is borrowed for the call.
struct Evaluated {
  const Execution& execution;
  std::string_view block;  ///< id of the block
  std::string_view url;    ///< what was asked
  std::string_view request, response;
  const operators::Operators& operators;
  const operators::Parts& parts;  ///< with the values of the extractors
  const operators::Verdict& verdict;
};

/// Called on loop threads: thread-safe, and quick. Without one (the rule) nothing is made for it.
class Witness {
 public:
  virtual ~Witness() = default;
  /// \p request goes out to \p url: the bytes as they are given to the session.
  virtual void sending(const Execution& execution, std::string_view block, const net::Url& url,
                       std::string_view request) = 0;
  virtual void evaluated(const Evaluated& event) = 0;
  /// A request got no answer.
  virtual void failed(const Execution& execution, std::string_view block, const net::Url& url,
                      std::string_view request, const Error& error) = 0;
};

}  // namespace m8::protocols
