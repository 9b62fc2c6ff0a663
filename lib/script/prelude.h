/// What every program finds defined (templates 8.5), in JavaScript.
#pragma once

namespace m8::script {

/// A function of the native one, which takes the name of a call and its arguments, and of the
/// names to define. `template` is read when a program asks for a field, and anew after each call.
inline constexpr const char* kPrelude = R"js(
(function (native, names) {
  "use strict";
  let fields = new Map();
  const read = (name) => {
    if (!fields.has(name)) fields.set(name, native("template.get", name));
    return fields.get(name);
  };
  const own = (name) => typeof name === "string" && read(name) !== undefined;
  const template = new Proxy({}, {
    get: (object, name) => own(name) ? read(name) : object[name],
    has: (object, name) => own(name) || name in object,
    ownKeys: () => native("template.keys"),
    getOwnPropertyDescriptor: (object, name) =>
      own(name) ? { value: read(name), writable: true, enumerable: true, configurable: true }
                : undefined,
    set: () => true,
    defineProperty: () => true,
    deleteProperty: () => true,
    preventExtensions: () => false,
  });
  class Dedupe {
    #values = new Set();
    Add(value) {
      for (const one of Array.isArray(value) ? value : [value]) this.#values.add(one);
      return true;
    }
    Values() { return [...this.#values]; }
  }
  const iterate = (...values) => values.flat(1).filter((one) => one !== null && one !== undefined);
  const log = (value) => { native("log", value); return value; };
  const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  for (const name of names) {
    define(name, (...values) => {
      const result = native(name, ...values);
      fields = new Map();
      return result;
    });
  }
  for (const [name, value] of Object.entries({ template, Dedupe, iterate, log }))
    define(name, value);
})
)js";

}  // namespace m8::script
