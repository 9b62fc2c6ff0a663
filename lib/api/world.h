/// World: what the routes of the API answer from. All borrowed; outlives the server.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/events.h"
#include "api/route.h"
#include "api/samples.h"
#include "api/scans.h"
#include "base/clock.h"
#include "store/store.h"

namespace m8::api {

struct World {
  store::Store& store;
  Scans& scans;
  Events& events;
  Samples& samples;
  Clock& clock;
};

/// Hands \p world to the handlers of a table.
inline auto bound(const World& world) {
  return [&world](Result<serve::Response> (*handler)(const World&, const Call&)) -> Handler {
    return [&world, handler](const Call& call) { return handler(world, call); };
  };
}

/// The tables, one for each file of routes.
std::vector<Route> inventory_routes(World& world);
std::vector<Route> run_routes(World& world);
std::vector<Route> issue_routes(World& world);
std::vector<Route> scan_routes(World& world);
/// Paths and bodies of the guides, for callers that have them.
std::vector<Route> guide_routes(World& world);
/// The page and its files.
std::vector<Route> dashboard_routes();

}  // namespace m8::api
