// Runs.
#include "api/page.h"
#include "api/records.h"
#include "api/world.h"

namespace m8::api {
namespace {

using serve::Response;

/// The number that the call's cursor holds; 0 without one.
Result<std::int64_t> number_of(const Call& call) {
  if (!call.has("cursor")) return 0;
  const std::string key = M8_TRY(key_of(call.text("cursor")));
  const auto number = check_parameter(*find_parameter("id"), key);
  if (!number.ok()) return Error{ErrorCode::kInvalidArgument, "cursor: not of this list"};
  return std::stoll(*number);
}

Result<Response> runs(const World& world, const Call& call) {
  Page page(call);
  const store::RunFilter filter{call.text("command"), page.limit() + 1, M8_TRY(number_of(call))};
  std::int64_t last = 0;
  M8_TRY(world.store.for_each_run(filter, [&](const model::Run& run) -> Status {
    if (std::string* out = page.item()) {
      json::Writer w;
      write_run(w, run);
      *out += w.text();
      last = run.id;
    }
    return {};
  }));
  return page.finish(std::to_string(last));
}

Result<Response> run(const World& world, const Call& call) {
  const auto found = world.store.find_run(call.number("id"));
  if (!found.ok() && found.error().code == ErrorCode::kNotFound)
    return Error{ErrorCode::kNotFound, "no such run"};
  if (!found.ok()) return found.error();
  json::Writer w;
  write_run(w, *found);
  return json_answer(w.take());
}

}  // namespace

std::vector<Route> run_routes(World& world) {
  const auto with = bound(world);
  return {
      reads("/api/v1/runs", "Runs, the newest first", with(runs))
          .asks({"command"})
          .gives_many("Run"),
      reads("/api/v1/runs/{id}", "One run", with(run)).gives("Run"),
  };
}

}  // namespace m8::api
