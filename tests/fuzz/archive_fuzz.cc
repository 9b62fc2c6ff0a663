// An archive of any bytes is unpacked inside its folder or refused, never a crash.
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "base/archive.h"
#include "base/temp_file.h"

using namespace m8;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto folder = TempDirectory::create(std::filesystem::temp_directory_path().string());
  if (!folder.ok()) return 0;
  const std::string path = folder->path() + "/archive", into = folder->path() + "/into";
  std::filesystem::create_directory(into);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  UnpackLimits limits;
  limits.bytes = 1u << 20;
  limits.files = 100;
  (void)unpack_archive(path, into, limits, {});
  int outside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder->path()))
    outside += entry.path() != path && entry.path() != into ? 1 : 0;
  if (outside > 0) __builtin_trap();
  return 0;
}
