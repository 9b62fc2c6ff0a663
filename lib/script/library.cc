#ifdef M8_JAVASCRIPT

#include "script/library.h"

#include <cstdlib>
#include <string>

#include <dlfcn.h>

namespace m8::script {
namespace {

Error missing() {
  const char* why = ::dlerror();
  return {ErrorCode::kUnsupported, std::string("flow script: ") + (why ? why : "no such function")};
}

/// Small and quick to start rather than fast: programs of templates run for microseconds. No
/// executable memory, no huge reserve of addresses, no threads that collect garbage.
void choose_options() {
  ::setenv("JSC_useJIT", "0", 1);
  ::setenv("JSC_useConcurrentGC", "0", 1);
  ::setenv("JSC_numberOfGCMarkers", "1", 1);
  ::setenv("GIGACAGE_ENABLED", "0", 1);
}

}  // namespace

Result<Library> load_library() {
  choose_options();
  void* handle = ::dlopen(M8_JAVASCRIPT, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return missing();
  Library library;
#define M8_JSC_LOOK_UP(name)                                                       \
  library.name = reinterpret_cast<decltype(library.name)>(::dlsym(handle, #name)); \
  if (library.name == nullptr) return missing();
  M8_JSC_FUNCTIONS(M8_JSC_LOOK_UP)
#undef M8_JSC_LOOK_UP
  return library;
}

}  // namespace m8::script

#endif
