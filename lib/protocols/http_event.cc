#include "protocols/http_event.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/file.h"
#include "http/cookie_jar.h"
#include "operators/bytes.h"
#include "protocols/http_dump.h"

namespace m8::protocols {
namespace {

constexpr std::array<std::string_view, 14> kFixed{
    "body",        "all_headers",    "header",        "response", "request",
    "status_code", "content_length", "duration",      "host",     "type",
    "matched",     "template-id",    "template-path", "ip"};

/// True if header name \p raw is \p key in the event map: lower case, '-' as '_'.
bool is_key_of(std::string_view key, std::string_view raw) {
  if (key.size() != raw.size()) return false;
  for (std::size_t i = 0; i < key.size(); ++i) {
    char c = raw[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (c == '-') c = '_';
    if (c != key[i]) return false;
  }
  return true;
}

std::string key_of(std::string_view raw) {
  std::string out = operators::to_lower(raw);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

/// Takes the "_N" off \p name; 0 if it has none.
std::size_t take_request_number(std::string_view& name) {
  const auto bar = name.rfind('_');
  if (bar == std::string_view::npos || bar + 1 == name.size()) return 0;
  std::size_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + bar + 1, end, number);
  if (error != std::errc() || stop != end) return 0;
  name = name.substr(0, bar);
  return number;
}

}  // namespace

HttpFields::HttpFields(http::Response response, std::shared_ptr<const SentRequest> sent,
                       const Execution& execution)
    : response_(std::move(response)), sent_(std::move(sent)), execution_(execution) {}

std::string HttpFields::matched() const {
  return sent_->matched.empty() ? response_.url.to_string() : sent_->matched;
}

const std::string& HttpFields::head() const {
  if (head_.empty()) head_ = dump_head(response_, sent_->unsafe);
  return head_;
}

std::int64_t HttpFields::content_length() const {
  return response_.content_length >= 0 && response_.status != 304
             ? response_.content_length
             : static_cast<std::int64_t>(response_.body.size());
}

std::optional<std::string_view> HttpFields::text(std::string_view name) const {
  if (name == "body") return response_.body;
  if (name == "all_headers" || name == "header") return head();
  if (name == "request") return sent_->bytes;
  if (name == "response") {
    if (whole_.empty()) whole_ = head() + response_.body;
    return whole_;
  }
  if (name == "all") {
    if (all_.empty()) all_ = response_.body + head();
    return all_;
  }
  return std::nullopt;
}

const dsl::Value* HttpFields::find(std::string_view name) const {
  auto at = made_.find(name);
  if (at == made_.end()) at = made_.emplace(std::string(name), make(name)).first;
  return at->second ? &*at->second : nullptr;
}

std::optional<dsl::Value> HttpFields::make(std::string_view name) const {
  if (auto value = make_fixed(name)) return value;
  if (auto value = make_header(name)) return value;
  return make_cookie(name);
}

std::optional<dsl::Value> HttpFields::make_fixed(std::string_view name) const {
  if (name == "all") return std::nullopt;  // a part, but no name
  if (const auto view = text(name)) return dsl::Value(*view);
  if (name == "status_code") return dsl::Value(response_.status);
  if (name == "content_length") return dsl::Value(static_cast<double>(content_length()));
  if (name == "duration") return dsl::Value(static_cast<double>(sent_->total.count()) / 1e6);
  if (name == "host") {
    const bool aimed = !execution_.target.url.host.empty();
    return dsl::Value((aimed ? execution_.target.url : sent_->url).to_string());
  }
  if (name == "type") return dsl::Value("http");
  if (name == "matched") return dsl::Value(matched());
  if (name == "ip") {
    // Behind a proxy nobody knows.
    const bool known = response_.ip != net::IpAddress();
    return dsl::Value(known ? response_.ip.to_string() : std::string());
  }
  if (name == "curl-command") return dsl::Value(curl_command(sent_->url, sent_->bytes));
  return std::nullopt;
}

std::optional<dsl::Value> HttpFields::make_header(std::string_view name) const {
  std::optional<std::string> joined;
  for (const http::Header& header : response_.headers) {
    if (!is_key_of(name, header.name) || is_hidden(header, response_)) continue;
    if (joined) {
      joined->append(" ").append(trim(header.value));
    } else {
      joined = trim(header.value);
    }
  }
  if (!joined) return std::nullopt;
  return dsl::Value(std::move(*joined));
}

std::optional<dsl::Value> HttpFields::make_cookie(std::string_view name) const {
  for (const http::Header& header : response_.headers) {
    if (!is_key_of("set_cookie", header.name)) continue;
    const auto cookie = http::Cookie::parse(header.value, WallTime{});
    if (cookie && operators::to_lower(cookie->name) == name) return dsl::Value(cookie->value);
  }
  return std::nullopt;
}

void HttpFields::each_name(const std::function<void(std::string_view)>& visit) const {
  for (const std::string_view name : kFixed) visit(name);
  for (const http::Header& header : response_.headers) {
    visit(key_of(header.name));
    if (!is_key_of("set_cookie", header.name)) continue;
    if (const auto cookie = http::Cookie::parse(header.value, WallTime{})) {
      visit(operators::to_lower(cookie->name));
    }
  }
}

HttpEvent::HttpEvent(std::shared_ptr<const HttpFields> fields,
                     std::shared_ptr<const HttpNames> names, const HttpHistory* history,
                     const Execution& execution)
    : fields_(std::move(fields)),
      names_(std::move(names)),
      history_(history),
      execution_(execution) {}

std::string_view HttpEvent::resolve_alias(std::string_view part) const {
  if (part.empty()) return "body";
  return part == "header" ? "all_headers" : part;
}

std::optional<operators::Parts::Answer> HttpEvent::own_answer() const {
  if (!execution_.context.empty()) return std::nullopt;
  const http::Response& response = fields_->response();
  return Answer{fields_->head(), response.body, response.status};
}

std::optional<std::string_view> HttpEvent::own_text(std::string_view part) const {
  // The context goes above the response (templates 4.1); it rarely has anything.
  if (!execution_.context.empty() && execution_.context.contains(part)) return std::nullopt;
  if (const auto view = fields_->text(part)) return view;
  std::string_view field = part;
  const HttpFields* earlier = history_of(field);
  return earlier == nullptr ? std::nullopt : earlier->text(field);
}

const HttpFields* HttpEvent::history_of(std::string_view& name) const {
  if (history_ == nullptr) return nullptr;
  const std::size_t number = take_request_number(name);
  return number == 0 || number > history_->size() ? nullptr : (*history_)[number - 1].get();
}

void HttpEvent::set_interaction(const model::Interaction& interaction) {
  const bool dns = operators::to_lower(interaction.protocol) == "dns";
  interaction_id_ = interaction.unique_id;
  interaction_.set("interactsh_protocol", interaction.protocol);
  interaction_.set("interactsh_request",
                   dns ? operators::to_lower(interaction.raw_request) : interaction.raw_request);
  interaction_.set("interactsh_response", interaction.raw_response);
  interaction_.set("interactsh_ip", interaction.remote_address);
}

/// The URLs' names, and the interaction's; with "_N" if it used a URL of the N-th request.
const dsl::Value* HttpEvent::interaction_value(std::string_view name) const {
  if (const auto* value = interaction_.find(name)) return value;
  if (const auto& urls = fields_->sent().urls) {
    if (const auto* value = urls->names().find(name)) return value;
  }
  std::string_view field = name;
  const HttpFields* earlier = interaction_.empty() ? nullptr : history_of(field);
  if (earlier == nullptr || !earlier->sent().urls) return nullptr;
  return earlier->sent().urls->contains(interaction_id_) ? interaction_.find(field) : nullptr;
}

const dsl::Value* HttpEvent::own_value(std::string_view name) const {
  if (name.starts_with("interactsh")) {
    if (const auto* value = interaction_value(name)) return value;
  }
  if (!execution_.context.empty()) {
    if (const auto* value = execution_.context.find(name)) return value;
  }
  if (const auto* value = find_of_template(name)) return value;
  if (const auto* value = fields_->find(name)) return value;
  if (const auto* value = names_->payloads().find(name)) return value;
  std::string_view field = name;
  if (const HttpFields* earlier = history_of(field)) {
    if (const auto* value = earlier->find(field)) return value;
  }
  return fields_->sent().unsafe ? nullptr : names_->find(name);
}

/// An answer may be shared by templates, these names are not.
const dsl::Value* HttpEvent::find_of_template(std::string_view name) const {
  if (!name.starts_with("template-")) return nullptr;
  if (name == "template-id") return &template_id_.emplace(execution_.info->id);
  if (name == "template-path") return &template_path_.emplace(execution_.info->path);
  return nullptr;
}

void HttpEvent::each_own_name(const std::function<void(std::string_view)>& visit) const {
  execution_.context.each_name(visit);
  interaction_.each_name(visit);
  if (const auto& urls = fields_->sent().urls) urls->names().each_name(visit);
  fields_->each_name(visit);
  if (history_ != nullptr) {
    for (std::size_t i = 0; i < history_->size(); ++i) {
      if (!(*history_)[i]) continue;
      const std::string suffix = "_" + std::to_string(i + 1);
      (*history_)[i]->each_name([&](std::string_view name) { visit(std::string(name) + suffix); });
    }
  }
  if (!fields_->sent().unsafe) names_->each_name(visit);
}

}  // namespace m8::protocols
