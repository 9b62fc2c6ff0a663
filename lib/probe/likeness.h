/// Likeness: does a name that shares its address with a wildcard show a page of its own?
///
/// The name and a random label beside it are asked for the same thing; where the answers differ the
/// name is real.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "http/session.h"
#include "probe/settings.h"

namespace m8::probe {

/// What answers are compared by. The host's own name is taken out of all texts, so that a page that
/// echoes it is no difference.
struct Likeness {
  int status = 0;
  std::string title;
  std::string body_sha256;
  std::uint64_t body_simhash = 0;
  std::string certificate_sha256;  ///< empty without TLS
  std::string redirect;            ///< Location
};

/// Of the answer to a request for \p host.
Likeness likeness_of(const http::Exchange& exchange, const std::string& host);

/// What tells \p a from \p b: "status", "title", "redirect", "certificate", "body"; empty if
/// nothing does. Bodies whose simhashes differ in up to 3 bits are the same page.
std::string difference(const Likeness& a, const Likeness& b);

/// The outcome of compare_with_random().
struct TieBreak {
  enum class Verdict {
    kDistinct,  ///< they differ: the name is one of its own
    kSame,      ///< the wildcard's page
    kUnknown    ///< the name does not answer, so there is nothing to compare
  };
  Verdict verdict = Verdict::kUnknown;
  std::string reason;  ///< difference(); "answers" if the random label does not
};

using TieBreakDone = std::function<void(const TieBreak&)>;

/// Asks \p at and the same of \p random_host (the same zone, a label that can't exist), over the
/// scheme of \p at or, if it has none, first one (http_first()) and then the other, and compares.
/// Does not wait: \p done is called once, on a loop's thread. \p session is borrowed until then. At
/// most four requests.
void compare_with_random(http::Session& session, const net::Url& at, const std::string& random_host,
                         const Settings& settings, TieBreakDone done);

}  // namespace m8::probe
