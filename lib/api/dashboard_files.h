/// The files of the dashboard, inside the program. Their source is lib/api/dashboard/; the build
/// (embed.cmake there) writes dashboard_files() from it.
#pragma once

#include <span>
#include <string_view>

namespace m8::api {

struct DashboardFile {
  std::string_view name;  ///< "index.html"
  const char* content_type;
  std::string_view content;
};

std::span<const DashboardFile> dashboard_files();

}  // namespace m8::api
