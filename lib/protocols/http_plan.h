/// HttpPlan: an `http:` block as compiled: everything that is known before a target is.
///
/// Immutable, shared by all targets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "http/request.h"
#include "operators/operators.h"
#include "protocols/http_digest.h"
#include "protocols/payloads.h"
#include "protocols/protocol.h"

namespace m8::protocols {

/// A text of the template; rendered only if it has markers.
struct TemplateText {
  std::string text;
  bool has_markers = false;
  bool has_interaction = false;  ///< an {{interactsh-url}} is among them

  TemplateText() = default;
  explicit TemplateText(std::string value);
};

/// One entry of `path` or `raw`.
struct HttpEntry {
  TemplateText text;
  bool trims_base = false;            ///< starts with "{{Name}}/": BaseURL loses its final '/'
  std::optional<std::uint16_t> port;  ///< of "{{BaseURL}}:port", which `text` no longer has
  bool once = false;                  ///< @once: for the first payload combination only
};

struct HttpPlan {
  std::string id;
  std::vector<HttpEntry> entries;
  bool raw = false;  ///< entries are raw texts, else paths
  bool unsafe = false;
  std::string method = "GET";  ///< of path entries
  struct HeaderText {
    std::string name;
    TemplateText value;
  };
  std::vector<HeaderText> headers;
  bool has_body = false;
  TemplateText body;
  std::optional<DigestLogin> digest;  ///< answers a 401 with a Digest challenge
  Payloads payloads;
  operators::Operators operators;

  http::Request::Redirects redirects = http::Request::Redirects::kNone;
  int max_redirects = 0;     ///< 0: the default
  std::size_t max_body = 0;  ///< 0: the default
  int threads = 0;           ///< 0: the default
  bool stop_at_first_match = false;
  bool skip_variables_check = false;
  bool iterate_all = false;
  bool automerge = true;
  bool read_all = false;
  bool closes = false;               ///< every request asks for Connection: close
  bool has_timeout = false;          ///< some raw has a valid @timeout
  bool keeps_history = false;        ///< `_N` names are used
  bool parallel = false;             ///< payload combinations run side by side (templates 3.13)
  bool needs_interactions = false;   ///< a text of the block holds an {{interactsh-url}}
  bool awaits_interactions = false;  ///< a matcher or extractor looks at interactions
  bool flow = false;
  bool race = false;             ///< all entries are sent at once, their last bytes together
  bool self_contained = false;   ///< entries hold whole URLs (templates 3.15)
  bool global_matchers = false;  ///< the operators may run on the answers of others
  bool exports = false;
  bool exports_all = false;
  /// Fields whose exported name the template mentions.
  std::vector<std::string> exported_fields;

  /// Errors as protocols::compile().
  static Result<HttpPlan> compile(const yaml::Node& block, const CompileOptions& options);

  /// Entries times combinations; @once entries count once.
  std::int64_t request_count() const;
  /// As Block::cluster_key().
  std::string cluster_key() const;
};

}  // namespace m8::protocols
