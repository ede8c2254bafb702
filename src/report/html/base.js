"use strict";
// The data of the page, and what every part of the script uses: elements, times, texts.
//
// Everything that comes from a run gets into the page as text (createTextNode) or as an attribute, never as markup.

const run = JSON.parse(document.getElementById("data").textContent);

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

// An element of HTML: a function among the attributes is a listener.
function el(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

// An element of SVG.
function svg(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function byId(id) {
  return document.getElementById(id);
}

function show(id, ...children) {
  byId(id).replaceChildren(...children.flat(Infinity).filter((child) => child));
}

// A table: heads are texts or elements, rows are lists of cells; a number in a cell stands to the right.
function table(caption, heads, rows) {
  const cell = (value) => el("td", { class: typeof value === "number" ? "number" : null }, typeof value === "number" ? grouped(value) : value);
  return el("table", {},
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, heads.map((head) => (head instanceof Node ? head : el("th", { scope: "col" }, head))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell)))));
}

// 1234567 as 1,234,567.
function grouped(number) {
  return Number.isInteger(number) ? String(number).replace(/\B(?=(\d{3})+$)/g, ",") : String(number);
}

// Nanoseconds for reading: three or four digits and the unit that suits.
function human(nanos) {
  const seconds = nanos / 1e9;
  const units = [[1e-3, 1e6, "µs"], [1, 1e3, "ms"], [120, 1, "s"], [7200, 1 / 60, "min"], [172800, 1 / 3600, "h"], [Infinity, 1 / 86400, "d"]];
  const [, factor, unit] = units.find(([below]) => seconds < below);
  const value = seconds * factor;
  return value.toFixed(value < 10 ? 3 : value < 100 ? 2 : 1).replace(/\.?0+$/, "") + " " + unit;
}

// An instant: seconds of a short run, hours and minutes of a long one.
function clock(nanos) {
  const micros = Math.floor(nanos / 1e3);
  const fraction = String(micros % 1e6).padStart(6, "0");
  const seconds = Math.floor(micros / 1e6);
  if (run.end <= 600e9) return seconds + "." + fraction + " s";
  const two = (number) => String(number).padStart(2, "0");
  const day = Math.floor(seconds / 86400);
  return (day > 0 ? day + "d " : "") + two(Math.floor(seconds / 3600) % 24) + ":" + two(Math.floor(seconds / 60) % 60) + ":" + two(seconds % 60) + "." + fraction;
}

// A text that is not longer than so many characters.
function shortened(text, most) {
  return text.length <= most ? text : text.slice(0, Math.max(1, most - 1)) + "…";
}

// What the page shows: kept in the fragment of its address, so that it can be linked to.
const state = { view: "overview", e: 0, m: "", msg: "", q: "", kinds: "", host: "", mq: "", status: "", sort: "composed", layer: "" };
const initial = { ...state };

function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(state)) {
    const value = wanted.get(key);
    state[key] = value === null ? initial[key] : value;
  }
  state.e = Math.min(Math.max(0, Math.trunc(Number(state.e)) || 0), Math.max(0, run.events.length - 1));
}

function writeAddress() {
  const kept = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    if (value !== initial[key] || key === "view") kept.set(key, value);
  }
  const hash = "#" + kept.toString();
  if (hash !== location.hash) history.replaceState(null, "", hash);
}
