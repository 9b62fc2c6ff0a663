#ifdef M8_JAVASCRIPT

#include "script/interpreter.h"

#include <fmt/format.h>

#include "base/limited_process.h"
#include "script/prelude.h"
#include "script/text.h"

namespace m8::script {
namespace {

constexpr std::size_t kMemory = std::size_t{128} << 20;

/// A JavaScript string that is given back.
class Text {
 public:
  Text(const Library& js, JSStringRef string) : js_(js), string_(string) {}
  Text(const Library& js, std::string_view utf8) : js_(js) {
    const std::u16string units = to_utf16(utf8);
    string_ = js.JSStringCreateWithCharacters(reinterpret_cast<const JSChar*>(units.data()),
                                              units.size());
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  ~Text() {
    if (string_) js_.JSStringRelease(string_);
  }
  JSStringRef get() const { return string_; }
  std::string utf8() const {
    if (!string_) return {};
    std::string out(js_.JSStringGetMaximumUTF8CStringSize(string_), '\0');
    const std::size_t size = js_.JSStringGetUTF8CString(string_, out.data(), out.size());
    out.resize(size == 0 ? 0 : size - 1);
    return out;
  }

 private:
  const Library& js_;
  JSStringRef string_ = nullptr;
};

}  // namespace

/// One program in a world of its own.
class Interpreter::Run {
 public:
  Run(const Library& js, JSContextGroupRef group, Caller* caller)
      : js_(js), context_(js.JSGlobalContextCreateInGroup(group, nullptr)), caller_(caller) {}
  ~Run() { js_.JSGlobalContextRelease(context_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Ending check(std::string_view program) {
    JSValueRef exception = nullptr;
    if (js_.JSCheckScriptSyntax(context_, Text(js_, program).get(), nullptr, 1, &exception))
      return {};
    return {Kind::kFailed, describe(exception)};
  }

  Ending run(std::string_view program, const List& functions, const bool& timed_out) {
    Ending ending = prepare(functions);
    if (ending.kind != Kind::kDone) return ending;
    js_.JSGlobalContextSetEvalEnabled(context_, false, Text(js_, "eval is disabled").get());
    JSValueRef exception = nullptr;
    if (js_.JSEvaluateScript(context_, Text(js_, program).get(), nullptr, nullptr, 1, &exception))
      return {};
    if (timed_out) return {Kind::kEnded, {}};
    return {Kind::kFailed, describe(exception)};
  }

 private:
  /// Defines what programs see.
  Ending prepare(const List& functions) {
    JSValueRef exception = nullptr;
    const JSValueRef made =
        js_.JSEvaluateScript(context_, Text(js_, kPrelude).get(), nullptr, nullptr, 1, &exception);
    if (!made) return {Kind::kFailed, describe(exception)};
    // A callback is told the function that was called, and nothing else: it finds this run here.
    current_ = this;
    const JSObjectCallAsFunctionCallback called = [](JSContextRef, JSObjectRef, JSObjectRef,
                                                     std::size_t count, const JSValueRef values[],
                                                     JSValueRef* error) {
      return current_->call({values, values + count}, error);
    };
    const JSValueRef arguments[2] = {
        js_.JSObjectMakeFunctionWithCallback(context_, nullptr, called), to_js(Value(functions))};
    const JSObjectRef define = js_.JSValueToObject(context_, made, &exception);
    js_.JSObjectCallAsFunction(context_, define, nullptr, 2, arguments, &exception);
    if (exception) return {Kind::kFailed, describe(exception)};
    return {};
  }

  JSValueRef call(const std::vector<JSValueRef>& arguments, JSValueRef* exception) {
    std::vector<Value> values;
    for (const JSValueRef argument : arguments) {
      values.push_back(from_js(argument, exception));
      if (*exception) return js_.JSValueMakeUndefined(context_);
    }
    const std::string name = values.empty() ? "" : std::get<std::string>(values.front());
    if (!values.empty()) values.erase(values.begin());
    const Result<Value> result = caller_->call(name, values);
    if (result.ok()) return to_js(*result);
    const JSValueRef message = to_js(Value(result.error().message));
    *exception = js_.JSObjectMakeError(context_, 1, &message, nullptr);
    return js_.JSValueMakeUndefined(context_);
  }

  JSValueRef to_js(const Value& value) const {
    if (const auto* flag = std::get_if<bool>(&value))
      return js_.JSValueMakeBoolean(context_, *flag);
    if (const auto* number = std::get_if<double>(&value))
      return js_.JSValueMakeNumber(context_, *number);
    if (const auto* text = std::get_if<std::string>(&value))
      return js_.JSValueMakeString(context_, Text(js_, *text).get());
    const auto* list = std::get_if<List>(&value);
    if (!list) return js_.JSValueMakeUndefined(context_);
    // In an array that the engine sees, or it would collect the strings that are made already.
    const JSObjectRef array = js_.JSObjectMakeArray(context_, 0, nullptr, nullptr);
    for (unsigned i = 0; i < list->size(); ++i)
      js_.JSObjectSetPropertyAtIndex(context_, array, i, to_js(Value((*list)[i])), nullptr);
    return array;
  }

  Value from_js(JSValueRef value, JSValueRef* exception) const {
    switch (js_.JSValueGetType(context_, value)) {
      case kJSTypeUndefined:
      case kJSTypeNull:
        return {};
      case kJSTypeBoolean:
        return js_.JSValueToBoolean(context_, value);
      case kJSTypeNumber:
        return js_.JSValueToNumber(context_, value, exception);
      default:
        return js_.JSValueIsArray(context_, value) ? from_array(value, exception)
                                                   : Value(text_of(value, exception));
    }
  }

  Value from_array(JSValueRef value, JSValueRef* exception) const {
    const JSObjectRef array = js_.JSValueToObject(context_, value, exception);
    const JSValueRef length =
        js_.JSObjectGetProperty(context_, array, Text(js_, "length").get(), exception);
    List out;
    const auto size = *exception ? 0 : js_.JSValueToNumber(context_, length, exception);
    for (unsigned i = 0; i < size && !*exception; ++i)
      out.push_back(
          text_of(js_.JSObjectGetPropertyAtIndex(context_, array, i, exception), exception));
    return Value(std::move(out));
  }

  std::string text_of(JSValueRef value, JSValueRef* exception) const {
    if (js_.JSValueIsObject(context_, value)) {
      const Text json(js_, js_.JSValueCreateJSONString(context_, value, 0, exception));
      if (json.get() || *exception) return json.utf8();
    }
    return Text(js_, js_.JSValueToStringCopy(context_, value, exception)).utf8();
  }

  std::string describe(JSValueRef exception) const {
    JSValueRef another = nullptr;
    const std::string text =
        Text(js_, js_.JSValueToStringCopy(context_, exception, &another)).utf8();
    if (!js_.JSValueIsObject(context_, exception)) return text;
    const JSObjectRef object = js_.JSValueToObject(context_, exception, &another);
    const JSValueRef line =
        js_.JSObjectGetProperty(context_, object, Text(js_, "line").get(), &another);
    if (another || js_.JSValueGetType(context_, line) != kJSTypeNumber) return text;
    return fmt::format("line {}: {}", js_.JSValueToNumber(context_, line, &another), text);
  }

  static inline Run* current_ = nullptr;
  const Library& js_;
  JSGlobalContextRef context_;
  Caller* caller_;
};

Interpreter::Interpreter(const Library& library)
    : js_(library), group_(library.JSContextGroupCreate()) {
  Run(js_, group_, nullptr).check("1");
  limit_memory(kMemory);
}

Ending Interpreter::check(std::string_view program) {
  return Run(js_, group_, nullptr).check(program);
}

Ending Interpreter::run(std::string_view program, const List& functions,
                        std::chrono::milliseconds cpu, Caller& caller) {
  bool timed_out = false;
  const auto terminate = [](JSContextRef, void* flag) {
    *static_cast<bool*>(flag) = true;
    return true;
  };
  js_.JSContextGroupSetExecutionTimeLimit(group_, std::chrono::duration<double>(cpu).count(),
                                          terminate, &timed_out);
  return Run(js_, group_, &caller).run(program, functions, timed_out);
}

}  // namespace m8::script

#endif
