// What all views share: the API, elements made without markup, words for numbers and times.
"use strict";

const Page = (() => {
  const listeners = new Map();
  let token = sessionStorage.getItem("token") || "";

  class Refused extends Error {
    constructor(status, message) {
      super(message);
      this.status = status;
    }
  }

  function headers(more) {
    return token ? { Authorization: `Bearer ${token}`, ...more } : { ...more };
  }

  // The JSON at path; throws Refused with the server's words.
  async function api(path, options = {}) {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const response = await fetch(path, {
      method: options.method || "GET",
      headers: headers(body === undefined ? {} : { "Content-Type": "application/json" }),
      body, signal: options.signal,
    });
    const text = await response.text();
    const json = text ? JSON.parse(text) : null;
    if (!response.ok) throw new Refused(response.status, json?.error || `${response.status}`);
    return json;
  }

  // Server-sent events by fetch, because EventSource can't send a token. Calls tell(type, data) until
  // the signal; resolves when the server ends the stream.
  async function listen(path, tell, signal) {
    const response = await fetch(path, { headers: headers({ Accept: "text/event-stream" }), signal });
    if (!response.ok) throw new Refused(response.status, "no events");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    tell("open", null);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
        const block = rest.slice(0, end);
        rest = rest.slice(end + 2);
        const field = (name) => block.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const type = field("event"), data = field("data");
        if (type && data) tell(type, JSON.parse(data));
      }
    }
  }

  // An element: h("a", {href: "#x", class: "y", onclick: f}, "text", child, ...).
  function h(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value === true) element.setAttribute(key, "");
      else element.setAttribute(key, value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  }

  function ago(text) {
    if (!text) return "–";
    const seconds = Math.max(0, (Date.now() - new Date(text).getTime()) / 1000);
    for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) {
      if (seconds >= size) return `${Math.floor(seconds / size)} ${unit} ago`;
    }
    return seconds < 5 ? "now" : `${Math.floor(seconds)} s ago`;
  }

  function time(text) {
    const element = h("time", { datetime: text || "", title: text ? new Date(text).toLocaleString() : "" }, ago(text));
    element.classList.add("nowrap");
    return element;
  }

  function took(from, to) {
    if (!from) return "–";
    const seconds = (new Date(to || Date.now()) - new Date(from)) / 1000;
    if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
    return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  }

  function count(number) {
    return Number(number || 0).toLocaleString("en");
  }

  function bytes(number) {
    let unit = 0;
    for (; number >= 1024 && unit < 4; ++unit) number /= 1024;
    return `${number >= 100 || unit === 0 ? Math.round(number) : number.toFixed(1).replace(/\.0$/, "")} ${["B", "KB", "MB", "GB", "TB"][unit]}`;
  }

  function chip(text, kind) {
    return h("span", { class: `chip ${kind || text}` }, text);
  }

  function stateChip(state) {
    const kinds = { running: "low", done: "good", failed: "bad", incomplete: "warn", interrupted: "warn", queued: "plain", cancelled: "plain" };
    return chip(state, kinds[state] || "plain");
  }

  function toast(text) {
    const element = document.getElementById("toast");
    element.textContent = text;
    element.hidden = false;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => { element.hidden = true; }, 4000);
  }

  // columns: [{name, cell: (item) => Node|string, class, opens}]. options.open: called with the item of
  // a row; the column that opens holds a button for those who have no pointer.
  function table(columns, items, options = {}) {
    const row = (item) => {
      const cells = columns.map((column) => {
        const content = column.cell(item);
        const opens = column.opens && options.open;
        return h("td", { class: column.class, "data-label": column.label ?? column.name },
          opens ? h("button", { type: "button", class: "opener", "aria-haspopup": "dialog" }, content) : content);
      });
      // A press of the button is a click that comes here.
      return options.open ? h("tr", { class: "open", onclick: () => options.open(item) }, cells) : h("tr", {}, cells);
    };
    const body = h("tbody", {}, items.map(row));
    const element = h("div", { class: "scroll" }, h("table", { class: "table stack" },
      h("thead", {}, h("tr", {}, columns.map((column) => h("th", { scope: "col", class: column.class }, column.name)))), body));
    element.add = (more) => body.append(...more.map(row));
    return element;
  }

  // A list that is read page by page: a table and a button for more.
  function list(path, query, columns, options = {}) {
    const element = h("div", {}, h("p", { class: "empty" }, "Loading…"));
    const parameters = () => new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value !== null));
    let shown = null, next = null;
    const more = h("button", { type: "button", onclick: () => load() }, "More");
    async function load() {
      const all = parameters();
      all.set("limit", options.limit || 50);
      if (next) all.set("cursor", next);
      try {
        const page = await api(`${path}?${all}`);
        next = page.next;
        if (shown) shown.add(page.items);
        else {
          shown = page.items.length ? table(columns, page.items, options) : h("p", { class: "empty" }, options.empty || "Nothing here.");
          element.replaceChildren(shown, h("div", { class: "row end" }, more));
        }
        more.hidden = !next;
      } catch (error) {
        failed(element, error);
      }
    }
    load();
    return element;
  }

  function failed(element, error) {
    if (error.name === "AbortError") return;
    element.replaceChildren(h("p", { class: "empty wrong", role: "alert" }, error.message || "The server does not answer."));
    if (error.status === 401) tell("unauthorized", error);
  }

  function detail(title, ...children) {
    const dialog = document.getElementById("detail");
    document.getElementById("detail-title").textContent = title;
    document.getElementById("detail-body").replaceChildren(...children.flat().filter(Boolean));
    if (!dialog.open) dialog.showModal();
  }

  function pairs(entries) {
    return h("dl", { class: "pairs" }, entries.filter(([, value]) => value !== "" && value !== null && value !== undefined)
      .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  function on(type, listener) {
    if (!listeners.has(type)) listeners.set(type, new Set());
    listeners.get(type).add(listener);
    return () => listeners.get(type).delete(listener);
  }

  function tell(type, data) {
    for (const listener of listeners.get(type) || []) listener(data);
  }

  return {
    api, listen, h, ago, time, took, count, bytes, chip, stateChip, toast, table, list, failed, detail, pairs, on, tell,
    me: { scope: "", name: "" },
    may: (scope) => ["read", "scan", "admin"].indexOf(Page.me.scope) >= ["read", "scan", "admin"].indexOf(scope),
    get token() { return token; },
    set token(value) {
      token = value;
      if (value) sessionStorage.setItem("token", value);
      else sessionStorage.removeItem("token");
    },
  };
})();
