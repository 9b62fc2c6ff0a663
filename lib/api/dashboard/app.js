// Which view is shown, who asks, what comes live, and keys.
"use strict";

(() => {
  const { h } = Page;
  const main = document.getElementById("main");
  let leave = null, current = null, listening = null, counting = null;

  // "#findings?severity=high": {name, query}.
  function place() {
    const [name, query] = location.hash.slice(1).split("?");
    return { name: name || "overview", query: Object.fromEntries(new URLSearchParams(query || "")) };
  }

  async function show() {
    const { name, query } = place();
    const view = Views.find((one) => one.name === name) || Views[0];
    leave?.();
    leave = null;
    for (const link of document.querySelectorAll("#nav a")) {
      if (link.hash === `#${view.name}`) {
        link.setAttribute("aria-current", "page");
        link.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else {
        link.removeAttribute("aria-current");
      }
    }
    document.title = `${view.title} · M8`;
    const mine = current = {};
    const end = await view.show(main, query);
    if (current === mine) leave = end;
    else end?.();
  }

  function askForToken(message) {
    const dialog = document.getElementById("token-dialog");
    const wrong = document.getElementById("token-wrong");
    wrong.textContent = message || "";
    wrong.hidden = !message;
    if (!dialog.open) dialog.showModal();
  }

  function live(on) {
    const element = document.getElementById("live");
    element.textContent = on ? "live" : "offline";
    element.classList.toggle("on", on);
    element.classList.toggle("off", !on);
  }

  // Browsers open six connections to one server, for all tabs together: one that nobody looks at
  // leaves its own to the others.
  async function listen() {
    listening?.abort();
    if (document.hidden) return;
    const mine = listening = new AbortController();
    for (let wait = 1000; !mine.signal.aborted; wait = Math.min(wait * 2, 30000)) {
      try {
        await Page.listen("api/v1/events", (type, data) => {
          if (type === "open") {
            wait = 1000;
            live(true);
          }
          Page.tell(type, data);
        }, mine.signal);
      } catch (error) {
        if (error.status === 401) break;
      }
      if (mine.signal.aborted) return;
      live(false);
      await new Promise((done) => setTimeout(done, wait));
    }
  }

  // How much is wrong, beside the view that says what.
  async function countAlerts() {
    const link = document.querySelector('#nav a[href="#health"]');
    const alerts = (await Page.api("api/v1/alerts")).items.length;
    link.querySelector(".count")?.remove();
    if (alerts) link.append(h("span", { class: "count bad", "aria-label": `${alerts} alerts` }, String(alerts)));
  }

  async function begin() {
    try {
      const summary = await Page.api("api/v1/summary");
      Page.me = { scope: summary.scope, name: summary.token };
      document.getElementById("token-button").textContent = summary.token || "Public";
    } catch (error) {
      if (error.status === 401) {
        main.replaceChildren(h("p", { class: "empty" }, "A token is needed to see anything here."));
        return askForToken(Page.token ? "This token is not valid." : "");
      }
    }
    listen();
    clearInterval(counting);
    counting = setInterval(() => document.hidden || countAlerts().catch(() => {}), 15000);
    countAlerts().catch(() => {});
    return show();
  }

  function theme(next) {
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
  }

  function keys(event) {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const view = Views[Number(event.key) - 1];
    if (view) location.hash = `#${view.name}`;
    if (event.key === "t") document.getElementById("theme").click();
    if (event.key === "/") {
      const first = main.querySelector("input[type=search]");
      if (first) {
        event.preventDefault();
        first.focus();
      }
    }
  }

  document.documentElement.dataset.theme = localStorage.getItem("theme") ||
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.getElementById("nav").append(...Views.map((view, i) =>
    h("a", { href: `#${view.name}`, title: `${view.title} (${i + 1})` }, view.title)));
  document.getElementById("theme").addEventListener("click", () =>
    theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  document.getElementById("token-button").addEventListener("click", () => askForToken());
  document.getElementById("token-form").addEventListener("submit", () => {
    Page.token = document.getElementById("token").value.trim();
    document.getElementById("token").value = "";
    begin();
  });
  document.getElementById("token-forget").addEventListener("click", () => {
    Page.token = "";
    listening?.abort();
    live(false);
    document.getElementById("token-dialog").close();
    begin();
  });
  document.getElementById("detail-close").addEventListener("click", () => document.getElementById("detail").close());
  window.addEventListener("hashchange", () => {
    show();
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  });
  window.addEventListener("keydown", keys);
  document.addEventListener("visibilitychange", () => {
    if (!Page.me.scope) return;
    if (document.hidden) listening?.abort();
    else listen();
  });
  window.addEventListener("pagehide", () => listening?.abort());
  Page.on("unauthorized", () => askForToken(Page.token ? "This token is not valid." : ""));
  begin();
})();
