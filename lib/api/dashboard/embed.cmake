# cmake -DOUT=FILE -DFILES="a;b" -P embed.cmake: the files as a C++ source.
set(types html "text/html; charset=utf-8" css "text/css; charset=utf-8"
          js "text/javascript; charset=utf-8" svg "image/svg+xml")
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE ".*\\." "" ending ${name})
  list(FIND types ${ending} at)
  math(EXPR at "${at} + 1")
  list(GET types ${at} type)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char kFile${number}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${name}\", \"${type}\", {kFile${number}, sizeof kFile${number}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "// Written by lib/api/dashboard/embed.cmake.
#include \"api/dashboard_files.h\"

namespace m8::api {
namespace {

${arrays}
constexpr DashboardFile kFiles[] = {
${rows}};

}  // namespace

std::span<const DashboardFile> dashboard_files() { return kFiles; }

}  // namespace m8::api
")
