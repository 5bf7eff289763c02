"use strict";

// What the server sends replaces parts of the page. The server escapes what it sends, and the
// page's policy executes nothing inline.

const byID = (id) => document.getElementById(id);
const connection = byID("connection");
let source = null;
let ended = false;

// say tells people, and screen readers, what happened.
function say(text) {
  if (connection.textContent !== text) connection.textContent = text;
}

// isDirty reports whether somebody has chosen something in a form that is not sent yet.
function isDirty(element) {
  return [...element.querySelectorAll("input[type=radio]")].some((i) => i.checked !== i.defaultChecked);
}

// replacePart replaces a part of the page and keeps the focus.
function replacePart({ id, html }) {
  const element = byID(id);
  if (!element || isDirty(element)) return;
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  element.innerHTML = html;
  if (focused && byID(focused)) byID(focused).focus({ preventScroll: true });
}

function connect() {
  if (source || ended || document.hidden) return;
  source = new EventSource("/live");
  source.addEventListener("open", () => say(""));
  source.addEventListener("part", (e) => replacePart(JSON.parse(e.data)));
  source.addEventListener("series", (e) => drawAll(JSON.parse(e.data)));
  source.addEventListener("end", (e) => {
    ended = true;
    disconnect();
    say("This page has ended. To open it again, type: " + e.data);
  });
  source.addEventListener("error", (e) => {
    const refused = e.target.readyState === EventSource.CLOSED; // the browser does not try again then
    if (refused) disconnect();
    say(refused ? "The server refuses the connection. Load the page again." : "The connection is lost; it is tried again.");
  });
}

function disconnect() {
  if (source) source.close();
  source = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));

// Forms are sent without leaving the page.
document.addEventListener("submit", async (e) => {
  const form = e.target;
  if (!form.matches("form[data-live]")) return;
  e.preventDefault();
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  const body = new URLSearchParams(new FormData(form));
  for (const input of form.querySelectorAll("input[type=radio]")) input.defaultChecked = input.checked;
  try {
    const reply = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    say([...page.querySelectorAll("h1, p")].map((p) => p.textContent).join(". "));
  } catch {
    say("The server did not answer.");
  }
  const same = byID(button.id);
  if (same) same.removeAttribute("aria-disabled");
});

// Charts.
const charts = {};

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function chartOptions(element) {
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return {
    width: element.clientWidth, height: 150, cursor: { show: false }, legend: { show: false },
    scales: { y: { range: (u, min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [{ ...axis, grid: { show: false }, values: (u, all) => all.map((t) => new Date(t * 1000).toTimeString().slice(0, 5)) }, { ...axis, size: 44 }],
    series: [{}, { stroke: colour("--accent"), width: 1.5, points: { show: false }, spanGaps: true }],
  };
}

function draw(name, at, values) {
  const element = byID("chart-" + name);
  if (charts[name] && charts[name].colour === colour("--accent")) {
    charts[name].plot.setData([at, values]);
    return;
  }
  if (charts[name]) charts[name].plot.destroy();
  charts[name] = { plot: new uPlot(chartOptions(element), [at, values], element), colour: colour("--accent") };
}

// label says a chart in words, for those who do not see it.
function label(name, what, values, unit) {
  const known = values.filter((v) => v !== null);
  const last = known.length ? known[known.length - 1] : 0;
  const text = format(last) + unit;
  byID("now-" + name).textContent = text;
  byID("chart-" + name).setAttribute("aria-label", what + ": now " + text + ", at most " + format(Math.max(0, ...known)) + unit + " in the last hour");
}

function format(n) {
  return n >= 10 || n === 0 ? n.toFixed(0) : n.toFixed(2);
}

let newest = null;

// loadCharts loads what draws them, once the page is seen and there is something to draw.
function loadCharts() {
  if (byID("charts-script")) return;
  const script = document.createElement("script");
  script.id = "charts-script";
  script.src = "/assets/uPlot.js";
  script.addEventListener("load", () => drawAll(newest));
  document.head.append(script);
}

function drawAll(series) {
  newest = series;
  if (typeof uPlot === "undefined") return loadCharts();
  if (!series.at || !series.at.length || !byID("chart-requests")) return;
  draw("requests", series.at, series.requests);
  draw("errors", series.at, series.errors);
  draw("latency", series.at, series.latency_ms);
  label("requests", "Requests a second", series.requests, "");
  label("errors", "Errors a second", series.errors, "");
  label("latency", "Time to the reply", series.latency_ms, " ms");
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => newest && drawAll(newest));
addEventListener("resize", () => {
  for (const name in charts) charts[name].plot.setSize({ width: byID("chart-" + name).clientWidth, height: 150 });
});

// The first picture of the page needs nothing of this: the connection begins after it.
requestAnimationFrame(() => setTimeout(connect));
