// Issues and what people say of them.
#include <limits>

#include "api/page.h"
#include "api/records.h"
#include "api/world.h"
#include "store/life.h"

namespace m8::api {
namespace {

using serve::Response;

constexpr std::size_t kLongestNote = 2'000;

Result<store::IssueFilter> filter_of(const Call& call) {
  store::IssueFilter filter;
  filter.at_least = model::parse_severity(call.text("severity"));
  filter.host = call.text("hostname");
  filter.template_id = call.text("template");
  filter.tag = call.text("tag");
  if (const auto status = model::parse_status(call.text("status"))) filter.statuses = *status;
  using Presence = store::IssueFilter::Presence;
  const std::string presence = call.text("presence");
  if (presence == "there") filter.presence = Presence::kThere;
  if (presence == "gone") filter.presence = Presence::kGone;
  filter.before = std::numeric_limits<std::int64_t>::max();
  if (call.has("cursor")) {
    const std::string key = M8_TRY(key_of(call.text("cursor")));
    const auto number = check_parameter(*find_parameter("id"), key);
    if (!number.ok()) return Error{ErrorCode::kInvalidArgument, "cursor: not of this list"};
    filter.before = std::stoll(*number);
  }
  return filter;
}

Result<Response> issues(const World& world, const Call& call) {
  Page page(call);
  store::IssueFilter filter = M8_TRY(filter_of(call));
  filter.limit = page.limit() + 1;
  filter.without_event = true;
  std::int64_t last = 0;
  M8_TRY(world.store.for_each_issue(filter, [&](const model::Issue& issue) -> Status {
    if (std::string* out = page.item()) {
      json::Writer w;
      write_issue(w, issue, false);
      *out += w.text();
      last = issue.id;
    }
    return {};
  }));
  return page.finish(std::to_string(last));
}

/// kNotFound.
Result<model::Issue> find_issue(const World& world, std::int64_t id) {
  store::IssueFilter filter;
  filter.ids = {id};
  std::optional<model::Issue> found;
  M8_TRY(world.store.for_each_issue(filter, [&](const model::Issue& issue) {
    found = issue;
    return Status();
  }));
  if (found) return *std::move(found);
  return Error{ErrorCode::kNotFound, "no such issue"};
}

Response shown(const model::Issue& issue) {
  json::Writer w;
  write_issue(w, issue, true);
  return json_answer(w.take());
}

Result<Response> issue(const World& world, const Call& call) {
  return shown(M8_TRY(find_issue(world, call.number("id"))));
}

Result<Response> history(const World& world, const Call& call) {
  M8_TRY(find_issue(world, call.number("id")));
  json::Writer w;
  w.object().key("items").array();
  const auto state = [&w](const char* key, const model::IssueState& at) {
    w.key(key).object().field("status", model::status_name(at.status));
    w.field("severity", model::to_string(at.severity)).field("gone", at.gone).end();
  };
  M8_TRY(world.store.life().for_each_event(call.number("id"), [&](const model::IssueEvent& event) {
    w.object().field("at", rfc3339(event.at)).field("run", event.run);
    w.field("author", event.author).field("note", event.note);
    state("was", event.was);
    state("now", event.now);
    w.end();
    return Status();
  }));
  return json_answer(w.end().key("next").null().end().take());
}

Result<Response> judge(const World& world, const Call& call) {
  const auto body = json::parse(call.request.body);
  if (!body.ok() || !body->is_object())
    return Error{ErrorCode::kInvalidArgument, "the body has to be a JSON object"};
  const auto status = model::parse_status(body->string_at("status"));
  if (!status) return Error{ErrorCode::kInvalidArgument, "status: no such status"};
  const std::string_view note = body->string_at("note");
  if (note.size() > kLongestNote) return Error{ErrorCode::kInvalidArgument, "note: too long"};
  M8_TRY(find_issue(world, call.number("id")));
  store::IssueFilter filter;
  filter.ids = {call.number("id")};
  M8_TRY(world.store.life().set_issues(
      filter, {*status, call.caller.name, std::string(note), world.clock.wall()}));
  return shown(M8_TRY(find_issue(world, call.number("id"))));
}

}  // namespace

std::vector<Route> issue_routes(World& world) {
  const auto with = bound(world);
  const char* one = "/api/v1/issues/{id}";
  return {
      reads("/api/v1/issues", "Issues, the newest first", with(issues))
          .asks({"severity", "status", "presence", "hostname", "template", "tag"})
          .gives_many("Issue"),
      reads(one, "One issue with its last event", with(issue)).gives("Issue"),
      writes("PATCH", one, "Judge an issue: its status, and why", with(judge))
          .takes("Judgement")
          .gives("Issue"),
      reads("/api/v1/issues/{id}/history", "What became of an issue, the oldest first",
            with(history))
          .gives_many("IssueEvent", false),
  };
}

}  // namespace m8::api
