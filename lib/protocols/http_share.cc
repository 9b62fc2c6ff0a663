#include "protocols/http_share.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace m8::protocols {
namespace {

/// True if every marker of \p text is the bare name of something that only the target decides.
bool depends_on_target_only(std::string_view text) {
  if (text.find("§") != std::string_view::npos) return false;
  for (auto open = text.find("{{"); open != std::string_view::npos; open = text.find("{{", open)) {
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) return false;
    if (!TargetNames::is_name(text.substr(open + 2, close - open - 2))) return false;
    open = close + 2;
  }
  return true;
}

bool is_shareable(const HttpPlan& plan) {
  if (plan.raw || plan.unsafe || plan.has_body || plan.digest || !plan.payloads.empty())
    return false;
  if (plan.self_contained || plan.global_matchers || plan.race) return false;
  if (plan.keeps_history || plan.exports || plan.flow || plan.entries.empty()) return false;
  // Values of one request would go into the next.
  if (plan.entries.size() > 1 && plan.operators.has_internal_names()) return false;
  for (const auto& [name, value] : plan.headers)
    if (!depends_on_target_only(name) || !depends_on_target_only(value.text)) return false;
  return std::all_of(plan.entries.begin(), plan.entries.end(), [](const HttpEntry& entry) {
    return !entry.text.has_interaction && !entry.once && depends_on_target_only(entry.text.text);
  });
}

void append_number(std::string& key, std::int64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  key.append(digits.data(), end).push_back(' ');
}

void append_text(std::string& key, std::string_view text) {
  append_number(key, static_cast<std::int64_t>(text.size()));
  key += text;
}

std::vector<operators::Need> needs_of(const std::vector<HttpGroup::Member>& members) {
  std::vector<operators::Need> needs;
  for (const HttpGroup::Member& member : members) needs.push_back(member.plan->operators.need());
  return needs;
}

}  // namespace

std::string share_key(const HttpPlan& plan) {
  if (!is_shareable(plan)) return {};
  std::string key = plan.method + ' ';
  key.reserve(192);
  for (const std::int64_t number :
       {static_cast<std::int64_t>(plan.redirects), static_cast<std::int64_t>(plan.max_redirects),
        static_cast<std::int64_t>(plan.max_body)})
    append_number(key, number);
  for (const bool on : {plan.skip_variables_check, plan.automerge, plan.closes})
    key += on ? '1' : '0';
  for (const HttpEntry& entry : plan.entries) {
    key += entry.trims_base ? 't' : 'k';
    append_number(key, entry.port.value_or(0));
    append_text(key, entry.text.text);
  }
  for (const auto& [name, value] : plan.headers) {
    key += 'h';
    append_text(key, name);
    append_text(key, value.text);
  }
  return key;
}

std::string_view folded_answer(const HttpFields& answer) {
  thread_local std::string text;  // keeps its memory for the next answer
  text.clear();
  operators::fold(answer.head(), text);
  operators::fold(answer.response().body, text);
  return text;
}

HttpGroup::HttpGroup(std::vector<Member> members)
    : members_(std::move(members)), index_(needs_of(members_)) {}

void HttpGroup::candidates(const HttpFields& answer, std::vector<std::uint32_t>& out) const {
  const http::Response& response = answer.response();
  index_.may_meet(answer.head(), response.body, response.status, out);
}

void HttpGroup::everybody(std::vector<std::uint32_t>& out) const {
  out.clear();
  for (std::uint32_t i = 0; i < members_.size(); ++i) out.push_back(i);
}

}  // namespace m8::protocols
