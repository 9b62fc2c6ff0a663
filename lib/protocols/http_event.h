/// HttpEvent: one response as matchers and extractors see it (templates 4).
///
/// Nothing is copied until it is asked for: parts are views of the response, Values are made and
/// kept when an expression reads them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/response.h"
#include "operators/parts.h"
#include "protocols/http_names.h"
#include "protocols/protocol.h"

namespace m8::protocols {

/// What was sent, shared by the hops of its exchange.
struct SentRequest {
  net::Url url;
  std::string bytes;                   ///< of the first request, as sent
  std::string matched;                 ///< of an unsafe request; else empty
  std::chrono::microseconds total{0};  ///< until the final answer's head
  bool unsafe = false;
  std::shared_ptr<const InteractionUrls> urls;  ///< null: it holds none
};

/// The fields of one response: cookies < headers < fixed ones. Kept for later requests where `_N`
/// names are used. One thread at a time.
class HttpFields {
 public:
  /// \p sent is shared by the hops; \p execution must outlive this.
  HttpFields(http::Response response, std::shared_ptr<const SentRequest> sent,
             const Execution& execution);

  const http::Response& response() const { return response_; }
  const SentRequest& sent() const { return *sent_; }
  /// URL of this hop, or of the unsafe request.
  std::string matched() const;
  const std::string& head() const;
  std::int64_t content_length() const;

  /// Views of text fields; empty for others.
  std::optional<std::string_view> text(std::string_view name) const;
  /// Null if there is no such field. Made at first use.
  const dsl::Value* find(std::string_view name) const;
  void each_name(const std::function<void(std::string_view)>& visit) const;

 private:
  std::optional<dsl::Value> make(std::string_view name) const;
  std::optional<dsl::Value> make_fixed(std::string_view name) const;
  std::optional<dsl::Value> make_header(std::string_view name) const;
  std::optional<dsl::Value> make_cookie(std::string_view name) const;

  const http::Response response_;
  const std::shared_ptr<const SentRequest> sent_;
  const Execution& execution_;
  mutable std::string head_, whole_, all_;  ///< made at first use
  mutable std::map<std::string, std::optional<dsl::Value>, std::less<>> made_;
};

/// Fields of request N (1-based), or of its last evaluated hop; null: not answered.
using HttpHistory = std::vector<std::shared_ptr<const HttpFields>>;

class HttpEvent final : public operators::Parts {
 public:
  /// \p history: null when `_N` names are not used. \p names: null hides request variables, as the
  /// reference does for unsafe requests; \p payloads are seen in any case. Borrows history and
  /// execution.
  HttpEvent(std::shared_ptr<const HttpFields> fields, std::shared_ptr<const HttpNames> names,
            const HttpHistory* history, const Execution& execution);

  std::optional<std::int64_t> status() const override { return fields_->response().status; }
  const HttpFields& fields() const { return *fields_; }
  /// From now on interactsh_protocol, _request, _response and _ip are those of \p interaction.
  void set_interaction(const model::Interaction& interaction);

 protected:
  std::optional<Answer> own_answer() const override;
  std::optional<std::string_view> own_text(std::string_view part) const override;
  std::string_view resolve_alias(std::string_view part) const override;
  const dsl::Value* own_value(std::string_view name) const override;
  void each_own_name(const std::function<void(std::string_view)>& visit) const override;

 private:
  const dsl::Value* interaction_value(std::string_view name) const;
  /// Fields of the request that the "_N" of \p name means, and takes it off; null without one.
  const HttpFields* history_of(std::string_view& name) const;
  const dsl::Value* find_of_template(std::string_view name) const;

  std::shared_ptr<const HttpFields> fields_;
  std::shared_ptr<const HttpNames> names_;
  const HttpHistory* history_;
  const Execution& execution_;
  mutable std::optional<dsl::Value> template_id_, template_path_;  ///< made when asked for
  dsl::Variables interaction_;                                     ///< empty: none has come
  std::string interaction_id_;
};

}  // namespace m8::protocols
