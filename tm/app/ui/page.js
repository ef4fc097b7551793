// page.js - draws what tm-client and tm-server tell of themselves (tm/app/ui.h): the status and the last minutes once a second, the
// curves of the model every five.  Everything is text or SVG made here; nothing is taken as HTML.
"use strict";

const SECONDS = 300, HEIGHT = 160, LEFT = 46, RIGHT = 8, TOP = 8, BOTTOM = 22;
const $ = (id) => document.getElementById(id);
let seconds = [], next = 0, curves = null, status = null, part = 0;

// ---- Numbers for people ----

function scaled(v, units, step) {
  let u = 0;
  while (v >= step && u + 1 < units.length) { v /= step; u++; }
  return (v >= 100 ? Math.round(v) : Number(v.toPrecision(v >= 10 ? 3 : 2))) + " " + units[u];
}
const bytes = (v) => scaled(v, ["B", "kB", "MB", "GB", "TB"], 1000);
const time = (us) => us < 1e6 ? scaled(us, ["µs", "ms"], 1000) : span(us / 1e6);
const share = (part, whole) => whole > 0 ? (100 * part / whole).toFixed(part === whole ? 0 : 2) + " %" : "–";

function span(s) {
  if (s < 10) return (+s.toPrecision(2)) + " s";
  if (s < 120) return s.toFixed(0) + " s";
  if (s < 3600) return (s / 60).toFixed(0) + " min";
  return s < 86400 ? (s / 3600).toFixed(1) + " h" : (s / 86400).toFixed(1) + " days";
}

// ---- SVG ----

function shape(parent, name, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  parent.appendChild(e);
  return e;
}

// An empty drawing in place of what the element held; x and y map 0..1 to the plot.
function drawing(where, label) {
  const width = Math.max(220, where.clientWidth);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  where.replaceChildren(svg);
  return {
    svg, width,
    x: (v) => LEFT + v * (width - LEFT - RIGHT),
    y: (v) => HEIGHT - BOTTOM - v * (HEIGHT - TOP - BOTTOM),
  };
}

function horizontal(d, v, text) {
  shape(d.svg, "path", { class: "axis", d: `M${d.x(0)} ${d.y(v)}H${d.x(1)}` });
  shape(d.svg, "text", { x: d.x(0) - 5, y: d.y(v) + 4, "text-anchor": "end" }, text);
}

function vertical(d, v, text) {
  shape(d.svg, "path", { class: "axis", d: `M${d.x(v)} ${d.y(0)}V${d.y(1)}` });
  const anchor = v > 0.93 ? "end" : v < 0.03 ? "start" : "middle";
  shape(d.svg, "text", { x: d.x(v), y: HEIGHT - 6, "text-anchor": anchor }, text);
}

// 1, 2 or 5 times a power of ten, the smallest that holds v.
function rounded(v) {
  const p = 10 ** Math.floor(Math.log10(Math.max(v, 1)));
  return [1, 2, 5, 10].map((f) => f * p).find((r) => r >= v);
}

function drawSeconds(where, wire, payload, label) {
  const d = drawing(where, label), most = Math.max(...seconds.map((s) => s[wire]), 1), top = rounded(most);
  for (const v of [0, 0.5, 1]) horizontal(d, v, v > 0 ? bytes(v * top) : "0");
  const shown = Math.min(SECONDS, 60 * Math.max(1, Math.ceil(seconds.length / 60))), every = shown > 60 ? 60 : 15;
  for (let s = shown; s >= 0; s -= every)
    vertical(d, 1 - s / shown, s === 0 ? "now" : "−" + (every === 60 ? s / 60 : s) + (s === every ? (every === 60 ? " min" : " s") : ""));
  const at = (i) => 1 - (seconds.length - i) / shown;
  for (const [column, kind] of [[wire, "cover"], [payload, "payload"]]) {
    let path = `M${d.x(at(0))} ${d.y(0)}`;
    seconds.forEach((s, i) => {
      const y = d.y(Math.min(1, s[column] / top)).toFixed(1);
      path += `L${d.x(at(i)).toFixed(1)} ${y}L${d.x(at(i + 1)).toFixed(1)} ${y}`;
    });
    shape(d.svg, "path", { class: "area " + kind, d: path + `V${d.y(0)}Z` });
  }
}

// Curves over a logarithmic axis; values below 1 stand at its left end.
function drawCurves(where, list, unit, label, mark) {
  const values = list.flatMap((c) => c.points.map((p) => Math.max(1, p[0])));
  const low = Math.floor(Math.log10(Math.min(...values, 1e9))), high = Math.ceil(Math.log10(Math.max(...values, 10)));
  const from = values.length ? Math.min(low, high - 1) : 0, to = values.length ? Math.max(high, from + 1) : 6;
  const at = (v) => (Math.log10(Math.max(1, v)) - from) / (to - from);
  const d = drawing(where, label), step = Math.ceil((to - from) / (d.width / 58));
  for (const v of [0, 0.5, 1]) horizontal(d, v, 100 * v + " %");
  for (let e = from; e <= to; e += step) vertical(d, at(10 ** e), unit(10 ** e));
  if (mark !== undefined && at(mark) > 0 && at(mark) < 1)
    shape(d.svg, "path", { class: "mark", d: `M${d.x(at(mark))} ${d.y(0)}V${d.y(1)}` });
  list.forEach((c) => {
    let path = "";
    for (const [v, s] of c.points) path += (path ? "H" : `M${d.x(at(v)).toFixed(1)} ${d.y(0)}H`) + d.x(at(v)).toFixed(1) + "V" + d.y(s / 1e4).toFixed(1);
    if (path) shape(d.svg, "path", { class: "curve " + c.kind, d: path + "H" + d.x(1) });
  });
}

// ---- Words ----

function rows(where, list) {
  where.replaceChildren(...list.flatMap(([name, value]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    return [dt, dd];
  }));
}

const hasSchedule = () => status.model.payload_independent || status.model.name === "";

function showState() {
  const good = status.in_control;
  $("program").textContent = status.program;
  document.title = "TrafficMimic: " + status.program;
  $("state").className = "state " + (good ? "good" : "bad");
  $("state").textContent = (good ? (hasSchedule() ? "in control" : "connected") : "not in control") + " for " + span(status.since_seconds);
}

function showDrive() {
  const m = status.model;
  let text = status.in_control ? "" : `Nothing: ${status.reason}. No user data leaves. `;
  if (m.name !== "") {
    text += `${m.name} (${m.kind}, digest ${m.digest})`;
    text += hasSchedule() ? `, ${m.users} modelled user${m.users === 1 ? "" : "s"}, drawn by the ${m.master}` +
      (m.pace_ms > 0 ? `, pauses of at most ${span(m.pace_ms / 1000)}` : "") + ". " : ". ";
    text += m.payload_independent ? "Sizes and times of all that leaves were drawn before anything was asked for: what you do does not change them."
      : "No schedule: sizes and times follow what you do, and whoever watches the wire learns of it.";
  }
  if (status.in_control && status.reason) text += ` At the moment: ${status.reason}.`;
  $("drive-text").textContent = text;
  $("drive-note").textContent = status.note;
}

function showKept() {
  const c = status.conformance, late = status.lateness, slips = status.slips;
  if (!hasSchedule()) {
    rows($("kept"), [["schedule", "none"]]);
    $("kept-text").textContent = "Without a schedule there are no deadlines to be kept.";
    return;
  }
  rows($("kept"), [
    ["writes in the last " + span(c.span_us / 1e6), String(c.sent)],
    ["at their exact offset", share(c.offsets_exact, c.sent)],
    ["half were late by at most", time(late.p50_us)],
    ["99 % were late by at most", time(late.p99_us)],
    ["more than " + time(c.missed_from_us) + " late", String(c.missed)],
    ["lost with their connection", String(c.lost)],
  ]);
  const causes = { machine: "this machine was busy", compose: "they were put together late", network: "the network was full",
    window: "TCP held a part back", peer: "the other end was late" };
  const why = Object.keys(causes).filter((k) => slips[k] > 0).map((k) => `${slips[k]} × ${causes[k]}`);
  $("kept-text").textContent = (why.length ? "Late or in part: " + why.join(", ") + ". " : "") +
    "Offsets are exact when every write ends where the schedule has it; a late write shows how busy this machine was, not what you did.";
}

function showYours() {
  const q = status.queue, t = status.totals, p = status.provider;
  rows($("yours"), [
    ["useful share, five minutes", (status.traffic.useful_permille / 10).toFixed(1) + " %"],
    ["received, sent since the start", bytes(t.payload_rx_bytes) + ", " + bytes(t.payload_tx_bytes)],
    ["on the bill, received, sent", bytes(p.rx_bytes) + ", " + bytes(p.tx_bytes)],
    ["waited, half and 95 % of it, at most", q.n > 0 ? time(q.p50_us) + ", " + time(q.p95_us) : "–"],
    ["waits now", bytes(q.waiting_bytes)],
    ["connections through the tunnel", String(status.now.streams_open)],
    ["carriers open", String(status.now.carriers_open)],
  ]);
}

function showWire() {
  drawSeconds($("received"), 1, 3, "bytes received a second");
  drawSeconds($("sent"), 0, 2, "bytes sent a second");
  $("wire-text").textContent = status.model.payload_independent ? "The outline would be the same without what is yours."
    : status.model.name === "" ? "" : "The outline follows what is yours.";
}

const PLOTS = {
  size_up: ["Sizes sent by the client", bytes], size_down: ["Sizes sent by the server", bytes],
  pause_up: ["Pauses before the client's writes", time], pause_down: ["Pauses before the server's writes", time],
};

function figure(where, caption) {
  const f = document.createElement("figure"), c = document.createElement("figcaption"), d = document.createElement("div");
  c.textContent = caption;
  f.append(c, d);
  where.append(f);
  return d;
}

function caption(plot, title) {
  const mine = plot.what.endsWith(status.program === "tm-client" ? "up" : "down");
  const foreign = plot.what.startsWith("pause") && !mine, n = plot.played.n;
  if (n === 0) return title + ": nothing played yet";
  if (foreign) return `${title}, as seen from here: the path is in them`;
  if (plot.model.n === 0) return `${title}, ${n} played`;
  return `${title}: ${n} played, largest distance ${(plot.distance_permille / 10).toFixed(1)} % (by chance, up to about ${Math.min(100, 136 / Math.sqrt(n)).toFixed(1)} %)`;
}

function showParts() {
  $("parts").replaceChildren(...(curves.parts.length > 1 ? curves.parts : []).map((p, i) => {
    const b = document.createElement("button");
    b.textContent = `${p.name}, ${p.users} users`;
    b.setAttribute("aria-pressed", String(i === part));
    b.onclick = () => { part = i; showCurves(); };
    return b;
  }));
}

function showCurves() {
  const where = $("curves");
  part = Math.min(part, Math.max(0, curves.parts.length - 1));
  showParts();
  where.replaceChildren();
  const plots = curves.parts.length ? curves.parts[part].plots : [];
  const places = plots.map((plot) => figure(where, caption(plot, PLOTS[plot.what][0]))); // all, before the width of one is asked for
  plots.forEach((plot, i) => {
    const list = ["model", "played"].map((kind) => ({ kind, points: plot[kind].points }));
    drawCurves(places[i], list, PLOTS[plot.what][1], PLOTS[plot.what][0]);
  });
  $("late").replaceChildren();
  if (hasSchedule() && curves.late.n > 0)
    drawCurves(figure($("late"), `How late writes left, ${curves.late.n} since the start; the mark: missed`),
      [{ kind: "played", points: curves.late.points }], time, "lateness", status.conformance.missed_from_us);
  $("curves-text").textContent = curves.parts.length === 0 ? "There is no model to compare with: sizes and times follow what you do."
    : "Each curve says which share of the values is at or below a size or a pause. Where the played one leaves the model's: few values yet; sizes that " +
      "TLS cannot have, and pauses shorter than it takes to put a write together (2 ms, --prep), are played as the nearest that can be; and what is by chance " +
      "is said for values drawn one by one, while those of a connection belong together.";
}

// ---- Polling ----

async function get(name) {
  const r = await fetch(name);
  if (!r.ok) throw new Error(name + ": " + r.status);
  return r.json();
}

async function look() {
  try {
    const data = await get("data.json?since=" + next);
    status = data.status;
    if (data.history.next < next) seconds = [];
    next = data.history.next;
    seconds = seconds.concat(data.history.seconds).slice(-SECONDS);
    showState();
    showDrive();
    showWire();
    showKept();
    showYours();
  } catch (e) {
    $("state").className = "state bad";
    $("state").textContent = "it does not answer: it has ended, or was started again with another address";
  }
}

async function lookAtCurves() {
  try {
    curves = await get("curves.json");
    if (status) showCurves();
  } catch (e) { /* look() says so */ }
}

async function begin() {
  await look();
  await lookAtCurves();
  document.body.dataset.drawn = "yes";
  setInterval(look, 1000);
  setInterval(lookAtCurves, 5000);
  addEventListener("resize", () => { if (status) { showWire(); if (curves) showCurves(); } });
}

begin();
