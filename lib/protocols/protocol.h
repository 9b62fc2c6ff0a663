/// Protocol: what every kind of template block offers: compiled once, started per target.
///
/// A Block is one entry of `http:` (later dns, tcp, ...). It is immutable and shared by all
/// targets. An Execution is one template on one target; its blocks run one after the other and
/// never at the same time, so nothing in it is locked.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "dsl/services.h"
#include "dsl/variables.h"
#include "http/session.h"
#include "model/finding.h"
#include "model/target.h"
#include "protocols/interaction_urls.h"
#include "protocols/target_names.h"

namespace m8::http {
class CookieJar;
class Credentials;
}  // namespace m8::http
namespace m8::oob {
class Correlator;
}

namespace m8::operators {
class Operators;
struct Later;
struct Verdict;
}  // namespace m8::operators

namespace m8::protocols {

class TlsPorts;
class Witness;

/// What the template around a block decides about it.
struct CompileOptions {
  std::string template_id;
  std::string template_path;   ///< full path of the file: payload files are looked for around it
  std::string templates_root;  ///< the templates folder: payload files must lie inside it
  /// "http_1"; with export_fields every event's fields are put into the execution's context as
  /// "<block_id>_<field>", and internal values under their names (multi-block and flow templates;
  /// templates 8.1, 8.2).
  std::string block_id;
  bool export_fields = false;
  /// The template's text: only names that occur in it are exported. Borrowed for the call; empty:
  /// all are.
  std::string_view template_text;
  bool flow = false;            ///< several internal values are exported as one list, not numbered
  bool check_scripts = true;    ///< flow scripts are checked now, not when they first run
  bool self_contained = false;  ///< of the template
  bool stop_at_first_match = false;  ///< of the template or -spm
  /// -var NAME=FILE with a file that is there: where {{NAME}} is used, its lines are payloads
  /// (templates 5.7).
  std::vector<std::pair<std::string, std::string>> variable_files;
  bool local_file_access = false;  ///< -lfa: payload files may lie anywhere
  std::string attack;              ///< -at: overrides `attack`; empty = the template's
  std::string aggression = "low";  ///< -fa: low, medium, high
  /// From where the block's operators can be compiled when they are first used; null: they are
  /// compiled with it. Borrowed for the call.
  const operators::Later* later = nullptr;
  /// -em: "id:name", "*:name", "id:*"; a text without ':' is a template id.
  std::set<std::string> excluded_matchers;
};

/// What the command line decides about all requests.
struct Settings {
  std::chrono::milliseconds timeout{10'000};  ///< -timeout
  int retries = 1;                            ///< -retries
  std::vector<http::Header> headers;          ///< -H, after the template's
  enum class Redirects { kTemplate, kAll, kSameHost, kNone };
  Redirects redirects = Redirects::kTemplate;      ///< -fr, -fhr, -dr
  std::optional<int> max_redirects;                ///< -mr
  std::size_t max_body = 0;                        ///< -rsr; 0 = the template's, else 10 MiB
  std::size_t max_kept_response = 1u << 20;        ///< -rss: bytes of a response kept in a finding
  bool omit_raw = false;                           ///< -or: no request and response in findings
  bool leave_default_ports = false;                ///< -ldp
  int payload_concurrency = 25;                    ///< -pc
  std::string server_name;                         ///< -sni
  bool names_all_matchers = false;                 ///< -debug, -debug-resp (templates 6.3.1)
  bool matcher_status = false;                     ///< -ms: also tell of templates without a match
  const http::Credentials* credentials = nullptr;  ///< -sf; null: none. Borrowed
  bool audited = false;                            ///< requests say for whom they are
};

/// What a running block tells, and asks before each request. Implemented by the scan engine.
/// Called on loop threads: must be thread-safe and must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void finding(model::Finding finding) = 0;
  /// False: \p url's host is skipped as unresponsive (templates 12.3); the block ends.
  virtual bool may_send(const net::Url& url) = 0;
  /// An answer came (resets the host's error count): \p response, the first of its chain,
  /// borrowed for the call.
  virtual void answered(const net::Url& url, const http::Response& response) = 0;
  /// A request got no answer and this counts against the host (not so for @timeout).
  virtual void failed(const net::Url& url, const Error& error) = 0;
  /// \p requests of this block are through: answered, failed, or skipped with the rest of it. The
  /// sum over a block is its request_count().
  virtual void progress(int requests) = 0;
  /// One line worth a warning ("[id] could not make http request for ...").
  virtual void warning(std::string_view text) = 0;
};

/// Matchers and extractors that see the answers of all other templates (templates 10.4).
struct GlobalMatcher {
  std::shared_ptr<const model::TemplateInfo> info;  ///< shared with its findings
  const operators::Operators* operators;            ///< of a block that outlives the scan
};

/// One scan's fixed surroundings, shared by all its executions. Everything is borrowed.
struct Surroundings {
  http::Session& session;
  dsl::Services& services;
  Observer& observer;
  const Settings& settings;
  /// -var and -ev values (verbatim text), above the built-ins.
  const dsl::Variables& overrides;
  const std::vector<GlobalMatcher>* global_matchers = nullptr;  ///< null: none
  Witness* witness = nullptr;                                   ///< null: nobody
  TlsPorts* tls_ports = nullptr;                                ///< null: nothing is learnt

  /// Makes interaction URLs. Null: there are none, and a block runs up to the request that needs
  /// one.
  oob::Correlator* interactions = nullptr;

  /// The same with another observer.
  Surroundings with_observer(Observer& other) const {
    return {session,         services, other,     settings,    overrides,
            global_matchers, witness,  tls_ports, interactions};
  }
};

/// Values of the template's `variables:`. Gets the names that are known without them, in the order
/// constants > -var/-ev > built-ins > context > dynamic: a known name replaces the template's text
/// (templates 2.2). Called for every generated request; eager maps give the same object each time.
/// Markers of interaction URLs are filled by \p urls, and stay if it can't.
using VariablesHook = std::function<Result<std::shared_ptr<const dsl::Variables>>(
    const dsl::Names& known, InteractionUrls& urls)>;

/// One template on one target. Shared by the caller and the requests in flight.
struct Execution {
  const Surroundings& scan;
  std::shared_ptr<const model::TemplateInfo> info;  ///< id, path, severity, tags at least
  model::Target target;
  std::shared_ptr<const TargetNames> builtins;      ///< shared by all templates on this target
  VariablesHook variables;                          ///< empty: none
  std::shared_ptr<const dsl::Variables> constants;  ///< of the template; null: none
  /// Template context (templates 8.1, 8.4.5): exported fields and internal values of earlier
  /// blocks, `set()` values, workflow values.
  dsl::Variables context;
  /// One per template and target, or per workflow and target; null: the block makes its own.
  std::shared_ptr<http::CookieJar> cookies;
  std::stop_token stop;
  /// What a workflow hands down, below all other names (templates 9.10); null: nothing.
  std::shared_ptr<const dsl::Variables> inherited;
  /// Told of each event that matched or gave values, before its findings are; empty: nobody is.
  std::function<void(const operators::Verdict&)> on_verdict;
  /// stop-at-first-match has no effect: an earlier template sends these requests, too
  /// (templates/cluster_mates.h).
  bool every_match = false;
  /// -ms: the last answer or failure, as the finding that it was not; null without the flag.
  std::shared_ptr<model::Finding> unmatched;
  /// Keeps alive what `scan` refers to: requests that wait for an interaction outlive their run.
  std::shared_ptr<const void> owner = nullptr;
  bool interaction_matched = false;  ///< an interaction gave a finding
  /// Gives all that is known of the template, where `info` may lack what no run needs; empty:
  /// `info` has it.
  std::function<std::shared_ptr<const model::TemplateInfo>()> complete = nullptr;

  /// For findings.
  std::shared_ptr<const model::TemplateInfo> whole_info() const {
    return complete ? complete() : info;
  }
};

/// What became of one block on one target.
struct BlockOutcome {
  /// The value of `http(n)` in a flow (templates 8.4.2).
  bool succeeded = false;
  int findings = 0;
  int requests = 0;  ///< sent and answered or failed
  /// Why the block ended early or its last request got no answer; ok else. kCancelled after a stop.
  Status status;
};

/// Another template whose block is served by this one's requests (templates 10).
struct Sharer {
  const class Block* block = nullptr;  ///< borrowed
  /// Its execution beside \p leader, on the same target.
  std::function<std::shared_ptr<Execution>(const Execution& leader)> prepare;
};

class Block {
 public:
  using Done = std::function<void(BlockOutcome)>;
  virtual ~Block() = default;

  /// "http"
  virtual std::string_view type() const = 0;
  /// The `id:` of the block, else CompileOptions::block_id.
  virtual const std::string& id() const = 0;
  /// True if some request holds the URL of an interaction server.
  virtual bool needs_interactions() const { return false; }
  /// Requests that a full run sends: entries times payload combinations.
  virtual int request_count() const = 0;
  /// What its operators need (operators/packed_need.h), so that they can be compiled later another
  /// time; nothing: they can't.
  virtual std::optional<std::string> packed_need() const { return std::nullopt; }
  /// Equal for blocks that the reference sends as one (templates 10.1); empty: it would not.
  virtual std::string cluster_key() const { return {}; }
  /// What runs on the answers of other templates instead of this block (`global-matchers`); null
  /// for an ordinary block.
  virtual const operators::Operators* global_matchers() const { return nullptr; }

  /// Equal for blocks that send the same requests to every target and may share them; empty:
  /// this block can't.
  virtual std::string share_key() const { return {}; }
  /// A block that sends this one's requests and shows the answers to \p others too, whose
  /// share_key() is the same. This block and the others must outlive it. Null: it can't.
  virtual std::unique_ptr<Block> share(std::vector<Sharer> /*others*/) const { return nullptr; }

  /// Runs the block's requests against the execution's target, without blocking. REQUIRES: called
  /// on the loop thread of the target's host (Session::post). \p done is called exactly once, on
  /// that thread, possibly before this returns. The block must outlive it.
  virtual void start(std::shared_ptr<Execution> execution, Done done) const = 0;
};

}  // namespace m8::protocols
