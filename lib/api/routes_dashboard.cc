// The dashboard: one page and its files, which hold no data and so need no token.
#include "api/dashboard_files.h"
#include "api/world.h"

namespace m8::api {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Result<serve::Response> file(std::string_view name) {
  for (const DashboardFile& one : dashboard_files()) {
    if (one.name != name) continue;
    serve::Response response{200, std::string(one.content), one.content_type};
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
    return response;
  }
  return Error{ErrorCode::kNotFound, "no such file"};
}

}  // namespace

std::vector<Route> dashboard_routes() {
  return {
      reads("/", "The dashboard", [](const Call&) { return file("index.html"); }).for_all(),
      reads("/dashboard/{file}", "A file of the dashboard",
            [](const Call& call) { return file(call.text("file")); })
          .for_all(),
  };
}

}  // namespace m8::api
