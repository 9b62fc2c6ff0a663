#include "script/engine.h"

#include <algorithm>
#include <map>
#include <utility>

#include <doctest/doctest.h>

namespace m8::script {
namespace {

using namespace std::chrono_literals;

/// Notes what is asked for. `http` answers what it is told to; `fail` throws; `stop` ends.
class Notes final : public Environment {
 public:
  Result<Value> call(const std::string& function, const std::vector<Value>& arguments) override {
    calls.emplace_back(function, arguments);
    if (function == "fail") return Error{ErrorCode::kInvalidArgument, "no such block"};
    if (function == "stop") return Error{ErrorCode::kCancelled, "stopped"};
    if (function == "set") values[std::get<std::string>(arguments.at(0))] = arguments.at(1);
    return answer;
  }
  Value field(const std::string& name) override {
    ++reads;
    const auto found = values.find(name);
    return found == values.end() ? Value() : found->second;
  }
  List fields() override {
    List names;
    for (const auto& [name, value] : values) names.push_back(name);
    return names;
  }

  Value answer = true;
  std::map<std::string, Value> values;
  std::vector<std::pair<std::string, std::vector<Value>>> calls;
  int reads = 0;
};

const std::vector<std::string> kFunctions = {"http", "set", "fail", "stop"};

Status run(std::string_view program, Notes& notes, const Engine::Limits& limits = {}) {
  static Engine engine;
  return engine.run(program, kFunctions, notes, limits);
}

/// What \p program gives to log().
Value logged(std::string_view program, Notes notes = {}) {
  const Status status = run(program, notes);
  REQUIRE_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
  REQUIRE(!notes.calls.empty());
  CHECK(notes.calls.back().first == "log");
  return notes.calls.back().second.at(0);
}

std::string failure(std::string_view program) {
  Notes notes;
  const Status status = run(program, notes);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kInvalidArgument);
  return status.error().message;
}

TEST_CASE("script: calls reach the environment with their values, and their answers the program") {
  Notes notes;
  notes.answer = false;
  REQUIRE(
      run("if (!http(1, 'login')) http(2.5, [1, 'b', null], true, null, {a: [1]})", notes).ok());
  REQUIRE(notes.calls.size() == 2);
  CHECK(notes.calls[0].second == std::vector<Value>{1.0, "login"});
  CHECK(notes.calls[1].second ==
        std::vector<Value>{2.5, List{"1", "b", "null"}, true, Value(), R"({"a":[1]})"});
}

TEST_CASE("script: template reads the fields of the moment, and assigning to it does nothing") {
  Notes notes;
  notes.values = {{"name", "a"}, {"many", List{"x", "y"}}, {"n", 7.0}};
  CHECK(logged("log(template.name + template['many'].length + template.n)", notes) == Value("a27"));
  CHECK(logged("template.name = 'b'; delete template.name; log(template.name)", notes) ==
        Value("a"));
  CHECK(logged("set('name', 'c'); log(template.name)", notes) == Value("c"));
  CHECK(logged("log([template.hasOwnProperty('n'), 'zz' in template, template.zz === undefined])",
               notes) == Value(List{"true", "false", "true"}));
  CHECK(logged("log(Object.keys(template))", notes) == Value(List{"many", "n", "name"}));
  CHECK(logged("log(JSON.stringify(template))", notes) ==
        Value(R"({"many":["x","y"],"n":7,"name":"a"})"));
}

TEST_CASE("script: a field is asked for once between two calls") {
  Notes notes;
  notes.values["list"] = List(100, "x");
  REQUIRE(run("for (let i = 0; i < template.list.length; i++) template.list[i]", notes).ok());
  CHECK(notes.reads == 1);
  REQUIRE(run("template.list; http(1); template.list", notes).ok());
  CHECK(notes.reads == 3);
}

TEST_CASE("script: iterate, Dedupe and log") {
  CHECK(logged("log(iterate('a', ['b', null, 'c'], null, undefined))") ==
        Value(List{"a", "b", "c"}));
  CHECK(logged("let d = new Dedupe(); d.Add('a'); d.Add(['b', 'a']); log(d.Values())") ==
        Value(List{"a", "b"}));
  CHECK(logged("log(log('x') + 'y')") == Value("xy"));
}

TEST_CASE("script: the language is ES6, with text that is not UTF-8 made good") {
  CHECK(logged("const f = (s) => s.match(/\\d+/g).map((x) => parseInt(x).toString(16)"
               ".padStart(2, '0')).join(''); log('0x' + f('10,255'))") == Value("0x0aff"));
  Notes notes;
  notes.values["bytes"] = "a\xff\xc3\xa9\xf0\x9f\x98\x80\xed\xa0\x80";
  CHECK(logged("log(template.bytes)", notes) ==
        Value("a\xef\xbf\xbd\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
  notes.values["bytes"] = std::string("a\0b", 3);
  CHECK(logged("log(template.bytes.length)", notes) == Value(3.0));
}

TEST_CASE("script: programs don't see each other, nor a way out") {
  Notes notes;
  REQUIRE(run("var left = 1; leaked = 2; Array.prototype.map = null", notes).ok());
  CHECK(logged("log(typeof left + typeof leaked + typeof [].map)") ==
        Value("undefinedundefinedfunction"));
  CHECK(logged("log([typeof require, typeof process, typeof XMLHttpRequest, typeof fetch])") ==
        Value(List(4, "undefined")));
  CHECK(failure("eval('1')").find("eval is disabled") != std::string::npos);
  CHECK(failure("new Function('return 1')()").find("eval is disabled") != std::string::npos);
}

TEST_CASE("script: an exception ends a program with line and cause") {
  CHECK(failure("http(1)\n\nnothing.at_all") ==
        "line 3: ReferenceError: Can't find variable: nothing");
  CHECK(failure("throw 'plain'") == "plain");
  CHECK(failure("http(1)\nfail()").find("no such block") != std::string::npos);
  CHECK(logged("try { fail() } catch (e) { log(e.message) }") == Value("no such block"));
  CHECK(failure("function f() { f() } f()").find("call stack") != std::string::npos);
}

TEST_CASE("script: a call that was stopped ends the program, and the next one runs") {
  Notes notes;
  const Status status = run("try { stop() } catch (e) {} http(1)", notes);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kCancelled);
  CHECK(notes.calls.size() == 1);
  CHECK(run("http(1)", notes).ok());
}

TEST_CASE("script: what does not end is ended, and the next one runs") {
  Notes notes;
  for (const char* program : {"for (;;) {}", "for (;;) { try { for (;;) {} } catch (e) {} }",
                              "/(a+)+b/.test('a'.repeat(60))"}) {
    const Status status = run(program, notes, {100ms, 20s});
    REQUIRE_FALSE(status.ok());
    CHECK((status.error().code == ErrorCode::kTimeout ||
           status.error().code == ErrorCode::kExhausted));
    CHECK(run("http(1)", notes).ok());
  }
}

TEST_CASE("script: a program can't use more memory than it may, and the next one runs") {
  Notes notes;
  CHECK_FALSE(run("let a = []; for (;;) a.push(new Array(10000).fill(1))", notes, {20s, 20s}).ok());
  CHECK_FALSE(run("let a = []; for (;;) a.push(new Uint8Array(1 << 20))", notes, {20s, 20s}).ok());
  CHECK_FALSE(run("let s = 'x'; for (;;) s += s", notes).ok());
  CHECK(run("http(1)", notes).ok());
}

TEST_CASE("script: syntax is checked without running anything") {
  Engine engine;
  CHECK(engine.check("if (http(1)) { set('a', 1) }").ok());
  const Status broken = engine.check("http(1)\nfor (let x of ) {}");
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().code == ErrorCode::kInvalidArgument);
  CHECK(broken.error().message.starts_with("line 2: SyntaxError"));
  CHECK(engine.check("http(2)").ok());
}

}  // namespace
}  // namespace m8::script
