// The views of the dashboard. Each fills an element, and may hand back what is to be called when it
// is left.
"use strict";

const Views = (() => {
  const { api, h, time, took, count, bytes, chip, stateChip, toast, table, list, failed, detail, pairs } = Page;
  const kSeverities = ["critical", "high", "medium", "low", "info"];
  const kStatuses = ["unreviewed", "verified", "ignored", "false-positive", "remediated"];

  function head(title, ...more) {
    return h("div", { class: "head" }, h("h1", {}, title), h("div", { class: "row" }, more));
  }

  function card(title, size, ...children) {
    return h("section", { class: `card ${size || ""}`, "aria-label": title }, h("h2", {}, title), children);
  }

  function number(value, name, link) {
    return h(link ? "a" : "div", { class: "number", href: link }, h("b", {}, value), h("span", {}, name));
  }

  function select(id, name, choices, value, change) {
    return h("div", {}, h("label", { for: id }, name),
      h("select", { id, onchange: (event) => change(event.target.value) },
        choices.map(([text, label]) => h("option", { value: text, selected: text === value }, label))));
  }

  function field(id, name, value, change, placeholder) {
    return h("div", {}, h("label", { for: id }, name),
      h("input", { id, value, placeholder, type: "search", spellcheck: "false", autocapitalize: "off", onchange: (event) => change(event.target.value.trim()) }));
  }

  // ---- overview

  function alertChip(alert) {
    return chip(alert.state, alert.state === "warning" ? "warn" : "bad");
  }

  // What is wrong now; nothing where all is well.
  function banner(alerts) {
    const shown = alerts.slice(0, 3);
    return alerts.length ? h("section", { class: "card wrongs", "aria-label": "Alerts" },
      shown.map((alert) => h("div", { class: "row" }, alertChip(alert), h("b", {}, alert.name), h("span", { class: "small break" }, alert.message))),
      h("a", { href: "#health" }, alerts.length > shown.length ? `All ${alerts.length} alerts` : "Health and alerts")) : "";
  }

  function runLine(run) {
    return h("div", { class: "scan-line" },
      h("div", { class: "row spread" }, h("span", { class: "break" }, h("b", { class: "mono" }, run.command), h("span", { class: "soft" }, ` run ${run.id}`)), stateChip(run.status)),
      h("span", { class: "soft small" }, `${count(run.counts.found ?? run.counts.findings)} found · ${Page.ago(run.started)}`));
  }

  function severities(open) {
    const total = kSeverities.reduce((sum, name) => sum + (open[name] || 0), 0);
    const bar = h("div", { class: "severities", role: "img", "aria-label": kSeverities.map((name) => `${open[name] || 0} ${name}`).join(", ") });
    for (const name of kSeverities) {
      if (!open[name]) continue;
      const piece = h("i", { class: `fill-${name}` });
      piece.style.flexGrow = open[name];
      bar.append(piece);
    }
    return h("div", {}, bar, h("ul", { class: "legend" }, kSeverities.map((name) =>
      h("li", {}, h("a", { href: `#findings?severity=${name}` }, h("i", { class: `fill-${name}` }), name, h("b", {}, count(open[name])))))),
      total === 0 ? h("p", { class: "soft small" }, "No open findings.") : null);
  }

  function scanLine(scan, progress) {
    const bar = h("progress", { max: 1, "aria-label": `Progress of scan ${scan.id}` });
    const words = h("span", { class: "soft small" });
    const show = (now) => {
      if (!now) return;
      if (now.total) bar.value = now.done / now.total;
      else bar.removeAttribute("value");
      words.textContent = `${count(now.done)}${now.total ? ` / ${count(now.total)}` : ""} requests · ${count(Math.round(now.rate || 0))}/s · ${count(now.found)} found${now.eta !== null && now.total ? ` · ${Math.round(now.eta)} s left` : ""}`;
    };
    show(progress);
    if (scan.state !== "running") words.textContent = scan.ended ? `${count(scan.found)} found · ${Page.ago(scan.ended)}` : "waits for its turn";
    const line = h("div", { class: "scan-line" },
      h("div", { class: "row spread" }, h("span", { class: "break" }, h("b", {}, scan.target), h("span", { class: "soft" }, ` #${scan.id} ${scan.type}`)), stateChip(scan.state)),
      scan.state === "running" ? bar : null, words);
    line.show = show;
    return line;
  }

  function findingLine(issue) {
    return h("li", {}, chip(issue.severity), h("span", { class: "break" }, issue.name || issue.template), time(issue.last_seen),
      h("span", { class: "where soft small break mono" }, issue.matched_at));
  }

  async function overview(main) {
    const numbers = h("div", { class: "numbers" });
    const open = h("div", {});
    const running = h("div", {}, h("p", { class: "empty" }, "Loading…"));
    const feed = h("ul", { class: "feed" });
    const charts = h("div", {});
    const wrongs = h("div", { role: "status" });
    main.replaceChildren(head("Overview"), wrongs, numbers,
      h("div", { class: "grid" },
        card("Open findings", "two-thirds", open), card("Requests to this service", "third", charts),
        card("Scans", "half", running), card("Latest findings", "half", feed)));
    const lines = new Map();
    async function scans() {
      const page = await api("api/v1/scans?limit=50");
      const active = page.items.filter((scan) => scan.state === "running" || scan.state === "queued").slice(0, 8);
      lines.clear();
      running.replaceChildren(...(active.length ? active : page.items.slice(0, 8)).map((scan) => {
        const line = scanLine(scan);
        lines.set(scan.id, line);
        return line;
      }));
      if (page.items.length) return;
      const runs = (await api("api/v1/runs?limit=6")).items;
      running.replaceChildren(...runs.map(runLine), h("p", { class: runs.length ? "soft small" : "empty" }, "No scan was asked for here yet. ", h("a", { href: "#scans" }, "Start one")));
    }
    async function figures() {
      const [alerts, summary, latest, worst, samples] = await Promise.all(
        [api("api/v1/alerts"), api("api/v1/summary"), api("api/v1/issues?limit=8&presence=there"), api("api/v1/issues?limit=2&presence=there&status=unreviewed&severity=high"), api("api/v1/samples")]);
      wrongs.replaceChildren(banner(alerts.items));
      const rows = summary.rows;
      numbers.replaceChildren(number(count(rows.domain), "domains", "#hosts"), number(count(rows.hostname), "hostnames", "#hosts?list=hostnames"),
        number(count(rows.endpoint), "endpoints", "#hosts?list=endpoints"), number(count(rows.issue), "findings", "#findings"),
        number(count(rows.run), "runs", "#scans"));
      open.replaceChildren(severities(summary.open_issues), h("ul", { class: "feed" }, worst.items.map(findingLine)));
      feed.replaceChildren(...latest.items.map(findingLine));
      if (!latest.items.length) feed.replaceChildren(h("li", { class: "empty" }, "None yet."));
      charts.replaceChildren(Charts.line(points(samples.items, ["requests_per_second"]), { title: "Requests per second", format: (value) => value.toFixed(value < 10 ? 1 : 0), width: 380, height: 130 }));
    }
    try {
      await Promise.all([scans(), figures()]);
    } catch (error) {
      failed(main, error);
      return null;
    }
    const timer = setInterval(() => figures().catch(() => {}), 10000);
    const stop = [
      Page.on("scan", debounce(() => scans().catch(() => {}), 400)),
      Page.on("progress", (now) => now.scans.forEach((id) => lines.get(id)?.show(now))),
      Page.on("finding", debounce(() => figures().catch(() => {}), 1500)),
    ];
    return () => { clearInterval(timer); stop.forEach((end) => end()); };
  }

  function debounce(call, wait) {
    let timer = null;
    return () => {
      if (timer !== null) return;
      timer = setTimeout(() => { timer = null; call(); }, wait);
    };
  }

  // ---- findings

  async function judge(issue, status, note, redraw) {
    await api(`api/v1/issues/${issue.id}`, { method: "PATCH", body: { status, note } });
    toast(`Finding ${issue.id} is ${status} now`);
    document.getElementById("detail").close();
    redraw();
  }

  async function showFinding(issue, redraw) {
    const [whole, history] = await Promise.all([api(`api/v1/issues/${issue.id}`), api(`api/v1/issues/${issue.id}/history`)]);
    const event = whole.event || {}, info = event.info || {};
    const note = h("input", { id: "note", maxlength: 2000 });
    const choice = h("select", { id: "judgement" }, kStatuses.map((status) => h("option", { value: status, selected: status === whole.status }, status)));
    const save = h("button", { type: "button", class: "strong", onclick: () => judge(whole, choice.value, note.value, redraw).catch((error) => toast(error.message)) }, "Save");
    const block = (title, text) => text ? [h("h2", {}, title), h("pre", {}, text)] : [];
    detail(whole.name || whole.template,
      h("div", { class: "row" }, chip(whole.severity), chip(whole.status, "plain"), whole.gone ? chip("gone", "good") : null),
      info.description ? h("p", {}, info.description) : null,
      pairs([["Where", h("span", { class: "mono" }, whole.matched_at)], ["Template", h("span", { class: "mono" }, whole.template)], ["Matcher", whole.matcher], ["Tags", whole.tags],
        ["First seen", `${new Date(whole.first_seen).toLocaleString()} (run ${whole.first_run})`], ["Last seen", `${new Date(whole.last_seen).toLocaleString()} (run ${whole.last_run})`],
        ["Extracted", (event["extracted-results"] || []).join(", ")], ["Remedy", info.remediation || ""]]),
      Page.may("scan") ? h("div", { class: "filters" }, h("div", {}, h("label", { for: "judgement" }, "Judgement"), choice), h("div", {}, h("label", { for: "note" }, "Why"), note), save) : null,
      block("Request", event.request), block("Response", event.response), block("Again, by hand", event["curl-command"]),
      history.items.length ? h("h2", {}, "History") : null,
      history.items.length ? table([
        { name: "When", cell: (item) => time(item.at) },
        { name: "Who", cell: (item) => item.author },
        { name: "What", cell: (item) => `${item.was.status}${item.was.gone ? ", gone" : ""} → ${item.now.status}${item.now.gone ? ", gone" : ""}` },
        { name: "Why", cell: (item) => item.note },
      ], history.items) : null);
  }

  function findings(main, query) {
    const filter = { severity: "", status: "", presence: "there", hostname: "", template: "", tag: "", ...query };
    const results = h("div", { class: "card" });
    const set = (name) => (value) => {
      filter[name] = value;
      draw();
    };
    function draw() {
      results.replaceChildren(list("api/v1/issues", filter, [
        { name: "Severity", label: "", cell: (issue) => chip(issue.severity) },
        { name: "Finding", label: "", class: "wide", opens: true, cell: (issue) => h("span", { class: "break" }, h("b", {}, issue.name || issue.template), h("span", { class: "under soft small mono" }, issue.matched_at)) },
        { name: "Status", cell: (issue) => h("span", { class: "nowrap" }, issue.gone ? "gone" : issue.status) },
        { name: "First seen", cell: (issue) => time(issue.first_seen) },
        { name: "Last seen", cell: (issue) => time(issue.last_seen) },
      ], { open: (issue) => showFinding(issue, draw).catch((error) => toast(error.message)), empty: "No finding fits these filters." }));
    }
    main.replaceChildren(head("Findings"), h("div", { class: "filters", role: "search" },
      select("f-severity", "At least", [["", "any severity"], ...kSeverities.map((name) => [name, name])], filter.severity, set("severity")),
      select("f-status", "Status", [["", "any status"], ...kStatuses.map((name) => [name, name])], filter.status, set("status")),
      select("f-presence", "Presence", [["", "there or gone"], ["there", "there"], ["gone", "gone"]], filter.presence, set("presence")),
      field("f-host", "Host", filter.hostname, set("hostname"), "www.example.com"),
      field("f-template", "Template", filter.template, set("template"), "git-config-exposed"),
      field("f-tag", "Tag", filter.tag, set("tag"), "exposure")), results);
    draw();
    return Page.on("finding", debounce(draw, 3000));
  }

  // ---- hosts

  function domainsList(results) {
    const change = async (domain) => {
      try {
        await api(`api/v1/domains/${encodeURIComponent(domain.name)}`, { method: "PATCH", body: { enabled: !domain.enabled } });
        domainsList(results);
      } catch (error) { toast(error.message); }
    };
    const scan = async (domain) => {
      try {
        await api("api/v1/scans", { method: "POST", body: { target: domain.name, type: "enum" } });
        toast(`Enumeration of ${domain.name} was accepted`);
      } catch (error) { toast(error.message); }
    };
    results.replaceChildren(list("api/v1/domains", {}, [
      { name: "Domain", label: "", cell: (domain) => h("a", { href: `#hosts?list=hostnames&domain=${encodeURIComponent(domain.name)}` }, h("b", {}, domain.name)) },
      { name: "State", cell: (domain) => domain.enabled ? chip("enabled", "good") : chip("disabled", "plain") },
      { name: "Known since", cell: (domain) => time(domain.first_seen) },
      { name: "", label: "", class: "num", cell: (domain) => Page.may("scan") ? h("span", { class: "row end" },
        h("button", { type: "button", class: "quiet", onclick: () => scan(domain) }, "Enumerate"),
        h("button", { type: "button", class: "quiet", onclick: () => change(domain) }, domain.enabled ? "Disable" : "Enable")) : "" },
    ], { empty: "No domain yet: asmm8 domain add NAME, or the form above." }));
  }

  function hostnamesList(results, query) {
    const path = query.domain ? `api/v1/domains/${encodeURIComponent(query.domain)}/hostnames` : "api/v1/hostnames";
    results.replaceChildren(list(path, { live: query.live || "" }, [
      { name: "Hostname", label: "", cell: (host) => h("div", { class: "break" }, h("b", {}, host.hostname), h("div", { class: "soft small" }, host.sources.join(", "))) },
      { name: "Addresses", label: "", class: "mono", cell: (host) => [...host.a, ...host.aaaa].slice(0, 4).join(" ") || host.cname.slice(0, 2).join(" ") },
      { name: "State", cell: (host) => host.live ? chip("live", "good") : chip("gone", "plain") },
      { name: "First seen", cell: (host) => time(host.first_seen) },
      { name: "Last seen", cell: (host) => time(host.last_seen) },
    ], { empty: "No hostname here." }));
  }

  function endpointsList(results, query) {
    results.replaceChildren(list("api/v1/endpoints", { hostname: query.hostname || "", live: query.live || "" }, [
      { name: "URL", label: "", class: "wide", cell: (end) => h("div", { class: "break" }, h("b", { class: "mono" }, end.url), h("div", { class: "soft small" }, end.title)) },
      { name: "Status", class: "num", cell: (end) => String(end.status || "–") },
      { name: "Technologies", label: "", cell: (end) => h("span", { class: "small" }, end.technologies.join(", ") || end.server) },
      { name: "Last seen", cell: (end) => time(end.last_seen) },
    ], { empty: "No endpoint here." }));
  }

  function hosts(main, query) {
    const which = query.list || "domains";
    const results = h("div", { class: "card" });
    const go = (changes) => { location.hash = `#hosts?${new URLSearchParams({ ...query, ...changes })}`; };
    const filters = h("div", { class: "filters", role: "search" });
    if (which === "domains" && Page.may("scan")) {
      const name = h("input", { id: "new-domain", placeholder: "example.com", spellcheck: "false", autocapitalize: "off" });
      filters.append(h("div", {}, h("label", { for: "new-domain" }, "New domain"), name), h("button", {
        type: "button", onclick: async () => {
          try {
            await api("api/v1/domains", { method: "POST", body: { name: name.value.trim() } });
            name.value = "";
            domainsList(results);
          } catch (error) { toast(error.message); }
        },
      }, "Add"));
    }
    if (which === "hostnames") filters.append(field("f-domain", "Domain", query.domain || "", (value) => go({ domain: value }), "example.com"));
    if (which === "endpoints") filters.append(field("f-hostname", "Host", query.hostname || "", (value) => go({ hostname: value }), "www.example.com"));
    if (which !== "domains") filters.append(select("f-live", "Answering", [["", "all"], ["true", "live only"]], query.live || "", (value) => go({ live: value })));
    main.replaceChildren(head("Hosts", h("div", { class: "tabs" }, ["domains", "hostnames", "endpoints"].map((name) =>
      h("a", { href: `#hosts?list=${name}`, "aria-current": String(name === which) }, name[0].toUpperCase() + name.slice(1))))), filters, results);
    ({ domains: domainsList, hostnames: hostnamesList, endpoints: endpointsList })[which]?.(results, query);
    return null;
  }

  // ---- scans and runs

  function startForm(redraw) {
    const targets = h("textarea", { id: "s-targets", rows: 2, placeholder: "www.example.com\nhttps://example.com:8443/", spellcheck: "false", autocapitalize: "off" });
    const type = h("select", { id: "s-type" }, h("option", { value: "vuln" }, "templates (vuln)"), h("option", { value: "enum" }, "hostnames (enum)"));
    const severity = h("select", { id: "s-severity" }, h("option", { value: "" }, "all"), h("option", { value: "high,critical" }, "high and critical"), h("option", { value: "medium,high,critical" }, "medium and above"));
    const tags = h("input", { id: "s-tags", placeholder: "cve, exposure", spellcheck: "false" });
    const words = (text) => text.split(/[\s,]+/).filter(Boolean);
    const start = async (event) => {
      event.preventDefault();
      const body = { targets: words(targets.value), type: type.value };
      if (type.value === "vuln") {
        if (severity.value) body.severity = words(severity.value);
        if (tags.value.trim()) body.tags = words(tags.value);
      }
      try {
        const answer = await api("api/v1/scans", { method: "POST", body });
        const merged = answer.scans.filter((scan) => scan.merged).length;
        toast(`${answer.scans.length - merged} accepted${merged ? `, ${merged} under way already` : ""}`);
        targets.value = "";
        redraw();
      } catch (error) { toast(error.message); }
    };
    return h("form", { class: "card", onsubmit: start, "aria-label": "Ask for a scan" }, h("h2", {}, "Ask for a scan"),
      h("div", { class: "filters" }, h("div", {}, h("label", { for: "s-targets" }, "Targets, one a line"), targets), h("div", {}, h("label", { for: "s-type" }, "Kind"), type),
        h("div", {}, h("label", { for: "s-severity" }, "Severity"), severity), h("div", {}, h("label", { for: "s-tags" }, "Tags"), tags)),
      h("div", { class: "row end" }, h("button", { type: "submit", class: "strong" }, "Start")));
  }

  function showRun(run) {
    detail(`Run ${run.id}`, h("div", { class: "row" }, stateChip(run.status)),
      pairs([["Command", h("span", { class: "mono" }, `${run.command}`)], ["Arguments", h("span", { class: "mono" }, run.arguments)], ["Version", run.version],
        ["Started", new Date(run.started).toLocaleString()], ["Took", took(run.started, run.ended || undefined)]]),
      table([{ name: "Count", cell: (entry) => entry[0] }, { name: "", label: "", class: "num", cell: (entry) => count(entry[1]) }],
        Object.entries(run.counts).filter(([, value]) => value !== 0)));
  }

  function scans(main) {
    const figures = h("div", { class: "numbers" });
    const results = h("div", {});
    const runs = h("div", {});
    const broker = h("section", { class: "card", "aria-label": "Queues of the broker", hidden: true });
    const bars = new Map();
    const cancel = async (scan) => {
      try {
        await api(`api/v1/scans/${scan.id}`, { method: "DELETE" });
        toast(`Scan ${scan.id} was cancelled`);
        draw();
      } catch (error) { toast(error.message); }
    };
    async function queue() {
      const now = await api("api/v1/queue");
      figures.replaceChildren(number(count(now.running), "running"), number(count(now.queued), "waiting"), number(count(now.done), "done"),
        number(count(now.failed), "failed"), number(count(now.merged), "merged"));
      broker.hidden = !now.broker?.length;
      if (!broker.hidden) broker.replaceChildren(h("h2", {}, "Queues of the broker"), table([
        { name: "Queue", label: "", cell: (queue) => h("b", { class: "mono" }, queue.queue) },
        { name: "Messages", class: "num", cell: (queue) => count(queue.messages) },
        { name: "Consumers", class: "num", cell: (queue) => count(queue.consumers) },
      ], now.broker));
    }
    function state(scan) {
      const bar = h("progress", { max: 1, "aria-label": `Progress of scan ${scan.id}` });
      bars.set(scan.id, bar);
      return h("div", {}, stateChip(scan.state), scan.state === "running" ? bar : null, scan.reason ? h("div", { class: "small wrong break" }, scan.reason) : null);
    }
    function draw() {
      bars.clear();
      results.replaceChildren(list("api/v1/scans", {}, [
        { name: "Scan", cell: (scan) => `#${scan.id}` },
        { name: "Target", label: "", class: "wide", cell: (scan) => h("div", { class: "break" }, h("b", {}, scan.target), h("div", { class: "soft small" }, `${scan.type} · asked for by ${scan.owner}`)) },
        { name: "State", label: "", cell: state },
        { name: "Found", class: "num", cell: (scan) => count(scan.found) },
        { name: "Asked", cell: (scan) => time(scan.created) },
        { name: "Took", cell: (scan) => scan.started ? took(scan.started, scan.ended || undefined) : "–" },
        { name: "", label: "", class: "num", cell: (scan) => Page.may("scan") && (scan.state === "running" || scan.state === "queued") ? h("button", { type: "button", class: "quiet", onclick: () => cancel(scan) }, "Cancel") : "" },
      ], { limit: 25, empty: "No scan was asked for yet." }));
      queue().catch(() => {});
    }
    main.replaceChildren(head("Scans and runs"), figures, h("div", { class: "grid" },
      Page.may("scan") ? startForm(draw) : null, card("Asked for", "", results), broker, card("Runs", "", runs)));
    const timer = setInterval(() => queue().catch(() => {}), 5000);
    draw();
    runs.replaceChildren(list("api/v1/runs", {}, [
      { name: "Run", cell: (run) => `#${run.id}` },
      { name: "Command", label: "", opens: true, cell: (run) => h("b", { class: "mono" }, run.command) },
      { name: "Status", label: "", cell: (run) => stateChip(run.status) },
      { name: "Found", class: "num", cell: (run) => count(run.counts.found ?? run.counts.findings) },
      { name: "Started", cell: (run) => time(run.started) },
      { name: "Took", cell: (run) => took(run.started, run.ended || run.started) },
    ], { limit: 25, open: showRun, empty: "No run yet." }));
    const stop = [
      Page.on("scan", debounce(draw, 700)),
      Page.on("progress", (now) => now.scans.forEach((id) => {
        const bar = bars.get(id);
        if (bar && now.total) bar.value = now.done / now.total;
      })),
    ];
    return () => { clearInterval(timer); stop.forEach((end) => end()); };
  }

  // ---- resources

  function points(samples, names) {
    return samples.map((sample) => ({ at: new Date(sample.at), values: names.map((name) => sample[name]) }));
  }

  const kCharts = [
    { title: "CPU", names: ["cpu_percent"], least: 10, format: (value) => `${Math.round(value)} %` },
    { title: "Memory", names: ["resident_bytes"], format: bytes, bytes: true },
    { title: "Requests per second", names: ["requests_per_second"], format: (value) => value.toFixed(value < 10 ? 1 : 0) },
    { title: "Connections and streams", least: 2, names: ["connections", "streams"], format: (value) => count(Math.round(value)), keys: ["connections", "streams"] },
    { title: "Scans waiting and running", least: 2, names: ["scans_queued", "scans_running"], format: (value) => count(Math.round(value)), keys: ["waiting", "running"] },
    { title: "Database connections", least: 2, names: ["db_open", "db_in_use"], format: (value) => count(Math.round(value)), keys: ["open", "in use"] },
  ];

  function resources(main) {
    const grid = h("div", { class: "grid" });
    main.replaceChildren(head("Resources", h("span", { class: "soft small" }, "of this service, over the last hour")), grid);
    async function draw() {
      if (grid.contains(document.activeElement)) return;  // who reads a chart by keys keeps it
      const samples = (await api("api/v1/samples")).items;
      const last = samples[samples.length - 1];
      grid.replaceChildren(...kCharts.map((chart) => h("section", { class: "card half", "aria-label": chart.title },
        h("div", { class: "row spread" }, h("h2", {}, chart.title), h("span", { class: "chart-now" }, last ? chart.names.map((name) => chart.format(last[name])).join(" / ") : "–")),
        Charts.line(points(samples, chart.names), chart),
        chart.keys ? h("p", { class: "soft small" }, chart.keys.map((key, i) => [h("span", { class: i ? "key second" : "key" }), `${key}\u2003`])
          .flat()) : null)));
    }
    draw().catch((error) => failed(main, error));
    const timer = setInterval(() => draw().catch(() => {}), 5000);
    return () => clearInterval(timer);
  }

  // ---- health and alerts

  function health(main) {
    const state = h("div", {});
    const alerts = h("div", {});
    main.replaceChildren(head("Health and alerts"), h("div", { class: "grid" }, card("Checks", "half", state), card("Alerts", "half", alerts)));
    async function draw() {
      const [now, firing] = await Promise.all([api("api/v1/health"), api("api/v1/alerts")]);
      state.replaceChildren(h("div", { class: "row" }, chip(now.status, now.status === "healthy" ? "good" : "warn"), h("span", { class: "soft small" }, `version ${now.version}`)),
        table([
          { name: "Check", label: "", cell: (entry) => h("b", {}, entry[0]) },
          { name: "State", label: "", cell: (entry) => chip(entry[1].status, entry[1].status === "healthy" ? "good" : "bad") },
          { name: "Took", class: "num", cell: (entry) => h("span", { class: "nowrap" }, `${(entry[1].duration / 1e6).toFixed(1)} ms`) },
          { name: "Detail", label: "", cell: (entry) => h("span", { class: "small break" }, entry[1].error || entry[1].message || "") },
        ], Object.entries(now.checks)));
      alerts.replaceChildren(firing.items.length ? table([
        { name: "Alert", label: "", cell: (alert) => h("b", {}, alert.name) },
        { name: "State", label: "", cell: alertChip },
        { name: "Detail", label: "", cell: (alert) => h("span", { class: "small break" }, alert.message || "") },
      ], firing.items) : h("p", { class: "empty" }, "Nothing is wrong."));
    }
    draw().catch((error) => failed(main, error));
    const timer = setInterval(() => draw().catch(() => {}), 10000);
    return () => clearInterval(timer);
  }

  return [
    { name: "overview", title: "Overview", show: overview },
    { name: "findings", title: "Findings", show: findings },
    { name: "hosts", title: "Hosts", show: hosts },
    { name: "scans", title: "Scans", show: scans },
    { name: "resources", title: "Resources", show: resources },
    { name: "health", title: "Health", show: health },
  ];
})();
