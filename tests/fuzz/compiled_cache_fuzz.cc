// The bytes of a cache file, whole and as one packed template, are read or refused, never a crash.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/temp_file.h"
#include "operators/packed_need.h"
#include "templates/compiled_cache.h"
#include "templates/proven.h"
#include "templates/source.h"

using namespace m8;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto folder = TempDirectory::create(std::filesystem::temp_directory_path().string());
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)templates::unpack_source(bytes);
  for (const std::string_view need : templates::split_needs(bytes)) {
    (void)operators::unpack_need(need);
    (void)operators::rules_out(need, 200, bytes);
  }
  if (!folder.ok()) return 0;
  const std::string path = folder->path() + "/cache";
  std::ofstream(path, std::ios::binary) << bytes;
  const templates::CompiledCache cache({path, "fuzz", 0});
  if (const auto record = cache.find("/a", templates::CompiledCache::Stamp{1, 1}))
    (void)templates::unpack_source(record->source);
  return 0;
}
