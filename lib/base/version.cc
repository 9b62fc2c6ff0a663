#include "base/version.h"

#define M8_TEXT_(x) #x
#define M8_TEXT(x) M8_TEXT_(x)

namespace m8 {

const char* version() { return M8_VERSION; }
const char* commit() { return M8_COMMIT; }
const char* build_type() { return M8_BUILD_TYPE; }

const char* compiler() {
#ifdef __clang__
  return "clang " M8_TEXT(__clang_major__) "." M8_TEXT(__clang_minor__) "." M8_TEXT(
      __clang_patchlevel__);
#else
  return "gcc " M8_TEXT(__GNUC__) "." M8_TEXT(__GNUC_MINOR__) "." M8_TEXT(__GNUC_PATCHLEVEL__);
#endif
}

}  // namespace m8
