// Charts of one or two series over time, as inline SVG.
"use strict";

const Charts = (() => {
  const kSvg = "http://www.w3.org/2000/svg";
  const kLeft = 56, kRight = 10, kTop = 10, kBottom = 24;

  function part(name, attributes, text) {
    const element = document.createElementNS(kSvg, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // The smallest of 1, 2, 5 times a power of ten (or of 1024, for bytes) that is not below value.
  function roundUp(value, bytes) {
    if (value <= 0) return 1;
    const unit = bytes ? 1024 ** Math.floor(Math.log(value) / Math.log(1024)) : 1;
    const ten = 10 ** Math.floor(Math.log10(value / unit));
    for (const step of [1, 2, 4, 5, 10]) if (step * ten * unit >= value) return step * ten * unit;
    return value;
  }

  function clock(time, seconds) {
    return time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined });
  }

  // points: [{at: Date, values: [number, ...]}], the oldest first. options: {title, format, bytes,
  // least, width, height}; least is the lowest top of the scale, the others are in units that are
  // pixels where the chart is as wide as usual. Returns the SVG element; arrow keys and the pointer
  // read values out.
  function line(points, options) {
    const kWidth = options.width || (window.innerWidth < 700 ? 350 : 600), kHeight = options.height || 190;
    const svg = part("svg", { viewBox: `0 0 ${kWidth} ${kHeight}`, class: "chart", role: "img" });
    const last = points[points.length - 1];
    svg.setAttribute("aria-label", last
      ? `${options.title}: now ${last.values.map(options.format).join(", ")}` : `${options.title}: nothing yet`);
    if (points.length < 2) {
      svg.append(part("text", { x: kWidth / 2, y: kHeight / 2, "text-anchor": "middle" }, "Collecting samples…"));
      return svg;
    }
    const from = points[0].at.getTime(), to = last.at.getTime();
    const top = roundUp(Math.max(options.least || 1, ...points.flatMap((point) => point.values)), options.bytes);
    const x = (time) => kLeft + (time - from) / Math.max(1, to - from) * (kWidth - kLeft - kRight);
    const y = (value) => kHeight - kBottom - value / top * (kHeight - kTop - kBottom);
    for (const share of [0, 0.5, 1]) {
      const at = y(top * share);
      svg.append(part("line", { x1: kLeft, x2: kWidth - kRight, y1: at, y2: at, class: "grid-line" }));
      svg.append(part("text", { x: kLeft - 8, y: at + 4, "text-anchor": "end" }, options.format(top * share)));
    }
    for (const share of [0, 0.5, 1]) {
      const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
      const time = new Date(from + (to - from) * share);
      svg.append(part("text", { x: x(time.getTime()), y: kHeight - 6, "text-anchor": anchor }, clock(time, to - from < 600000)));
    }
    last.values.forEach((unused, series) => {
      const path = points.map((point) => `${x(point.at.getTime()).toFixed(1)},${y(point.values[series]).toFixed(1)}`);
      if (series === 0) {
        svg.append(part("path", { class: "area", d: `M${x(from)},${y(0)}L${path.join("L")}L${x(to)},${y(0)}Z` }));
      }
      svg.append(part("path", { class: series === 0 ? "line" : "line second", d: `M${path.join("L")}` }));
    });
    readOut(svg, points, x, { ...options, width: kWidth, height: kHeight });
    return svg;
  }

  function readOut(svg, points, x, options) {
    const marker = part("line", { y1: kTop, y2: options.height - kBottom, class: "marker", visibility: "hidden" });
    const label = part("text", { y: kTop + 10, visibility: "hidden" });
    svg.append(marker, label);
    const show = (point) => {
      const at = x(point.at.getTime());
      for (const name of ["x1", "x2"]) marker.setAttribute(name, at);
      const right = at > options.width / 2;
      label.setAttribute("x", right ? at - 6 : at + 6);
      label.setAttribute("text-anchor", right ? "end" : "start");
      label.textContent = `${clock(point.at, true)}  ${point.values.map(options.format).join(" / ")}`;
      for (const one of [marker, label]) one.setAttribute("visibility", "visible");
    };
    const hide = () => { for (const one of [marker, label]) one.setAttribute("visibility", "hidden"); };
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width * options.width;
      show(points.reduce((best, point) =>
        Math.abs(x(point.at.getTime()) - at) < Math.abs(x(best.at.getTime()) - at) ? point : best));
    });
    svg.addEventListener("pointerleave", hide);
    let at = points.length - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length };
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("focus", () => show(points[at]));
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      if (!(event.key in steps)) return;
      event.preventDefault();
      at = Math.min(points.length - 1, Math.max(0, at + steps[event.key]));
      show(points[at]);
      svg.setAttribute("aria-label", `${options.title}: ${label.textContent}`);
    });
  }

  return { line };
})();
