/// Library: JavaScriptCore's functions, looked up at run time (C API of WebKit).
#pragma once

#include <JavaScriptCore/JavaScript.h>

#include "base/result.h"

// Private, but exported for ten years (JSContextRefPrivate.h).
extern "C" {
typedef bool (*JSShouldTerminateCallback)(JSContextRef context, void* argument);
void JSContextGroupSetExecutionTimeLimit(JSContextGroupRef group, double seconds,
                                         JSShouldTerminateCallback callback, void* argument);
void JSGlobalContextSetEvalEnabled(JSGlobalContextRef context, bool enabled, JSStringRef message);
}

namespace m8::script {

#define M8_JSC_FUNCTIONS(use)                                                                      \
  use(JSContextGroupCreate) use(JSContextGroupSetExecutionTimeLimit) use(                          \
      JSGlobalContextCreateInGroup) use(JSGlobalContextRelease) use(JSGlobalContextSetEvalEnabled) \
      use(JSContextGetGlobalObject) use(JSEvaluateScript) use(JSCheckScriptSyntax)                 \
          use(JSGarbageCollect) use(JSObjectMakeFunctionWithCallback) use(JSObjectCallAsFunction)  \
              use(JSObjectMakeArray) use(JSObjectMakeError) use(JSObjectGetProperty)               \
                  use(JSObjectGetPropertyAtIndex) use(JSObjectSetPropertyAtIndex)                  \
                      use(JSValueGetType) use(JSValueIsArray) use(JSValueIsObject)                 \
                          use(JSValueToBoolean) use(JSValueToNumber) use(JSValueToObject)          \
                              use(JSValueToStringCopy) use(JSValueCreateJSONString)                \
                                  use(JSValueMakeUndefined) use(JSValueMakeBoolean)                \
                                      use(JSValueMakeNumber) use(JSValueMakeString)                \
                                          use(JSStringCreateWithCharacters) use(JSStringRelease)   \
                                              use(JSStringGetUTF8CString)                          \
                                                  use(JSStringGetMaximumUTF8CStringSize)

struct Library {
#define M8_JSC_MEMBER(name) decltype(&::name) name = nullptr;
  M8_JSC_FUNCTIONS(M8_JSC_MEMBER)
#undef M8_JSC_MEMBER
};

/// Loads it, once and for good. kUnsupported with the loader's reason.
Result<Library> load_library();

}  // namespace m8::script
