// Scans: start, watch, cancel. Events of all.
#include <charconv>

#include "api/page.h"
#include "api/records.h"
#include "api/world.h"

namespace m8::api {
namespace {

using serve::Response;

Response shown(const store::ScanRequest& scan, int status = 200) {
  json::Writer w;
  write_scan(w, scan);
  return json_answer(w.take(), status);
}

Error no_scan() { return {ErrorCode::kNotFound, "no such scan"}; }

Result<store::ScanRequest> find_scan(const World& world, const Call& call) {
  auto scan = world.scans.find(call.number("id"));
  if (!scan.ok() && scan.error().code == ErrorCode::kNotFound) return no_scan();
  return scan;
}

Result<Response> scan(const World& world, const Call& call) {
  return shown(M8_TRY(find_scan(world, call)));
}

Result<Response> scans(const World& world, const Call& call) {
  Page page(call);
  std::int64_t before = 0, last = 0;
  if (call.has("cursor")) {
    const std::string key = M8_TRY(key_of(call.text("cursor")));
    const auto number = check_parameter(*find_parameter("id"), key);
    if (!number.ok()) return Error{ErrorCode::kInvalidArgument, "cursor: not of this list"};
    before = std::stoll(*number);
  }
  store::ScanRequests requests(world.store.statements());
  M8_TRY(requests.page(before, page.limit() + 1, [&](const store::ScanRequest& scan) {
    if (std::string* out = page.item()) {
      json::Writer w;
      write_scan(w, scan);
      *out += w.text();
      last = scan.id;
    }
    return Status();
  }));
  return page.finish(std::to_string(last));
}

Result<Response> start(const World& world, const Call& call) {
  const ScanOrder order = M8_TRY(parse_order(call.request.body));
  const auto accepted = M8_TRY(world.scans.submit(order, call.caller.name));
  json::Writer w;
  w.object().field("status", "accepted").field("id", accepted.front().scan.id);
  w.key("scans").array();
  for (const Accepted& one : accepted) {
    w.object().field("id", one.scan.id).field("target", one.scan.target);
    w.field("state", one.scan.state).field("merged", one.merged).end();
  }
  Response response = json_answer(w.end().end().take(), 202);
  response.headers.emplace_back("Location",
                                "/api/v1/scans/" + std::to_string(accepted.front().scan.id));
  return response;
}

Result<Response> cancel(const World& world, const Call& call) {
  auto scan = world.scans.cancel(call.number("id"));
  if (!scan.ok() && scan.error().code == ErrorCode::kNotFound) return no_scan();
  if (!scan.ok()) return scan.error();
  return shown(*scan);
}

std::uint64_t last_seen(const Call& call) {
  const std::string_view digits = call.request.header("Last-Event-ID");
  std::uint64_t id = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return id;
}

Response streamed(std::shared_ptr<serve::Stream> stream) {
  Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("X-Accel-Buffering", "no");  // for a proxy in front
  response.stream = std::move(stream);
  return response;
}

Result<Response> events(const World& world, const Call& call) {
  const std::uint64_t seen = last_seen(call);
  return streamed(world.events.open({}, seen != 0 ? seen : world.events.newest()));
}

/// The state first, then what happens; of one that is over, the state only.
Result<Response> scan_events(const World& world, const Call& call) {
  // Listening from before looking: nothing falls between.
  const std::uint64_t seen = last_seen(call);
  const std::uint64_t from = seen != 0 ? seen : world.events.newest();
  const auto scan = M8_TRY(find_scan(world, call));
  json::Writer w;
  write_scan(w, scan);
  return streamed(world.events.open({scan.id, scan.over()}, from, w.take()));
}

}  // namespace

std::vector<Route> scan_routes(World& world) {
  const auto with = bound(world);
  const char *all = "/api/v1/scans", *one = "/api/v1/scans/{id}";
  const char* ask =
      "Ask for a scan of one or more targets; equal requests that are not over are one";
  const char* watch = "What happens in a scan, as server-sent events, until it is over";
  return {
      reads(all, "Scans that were asked for, the newest first", with(scans)).gives_many("Scan"),
      writes("POST", all, ask, with(start)).takes("ScanOrder").gives("Accepted", 202),
      reads(one, "One scan", with(scan)).gives("Scan"),
      writes("DELETE", one, "Cancel a scan", with(cancel)).gives("Scan"),
      reads("/api/v1/scans/{id}/events", watch, with(scan_events)),
      reads("/api/v1/events", "What happens in all scans, as server-sent events", with(events)),
  };
}

}  // namespace m8::api
