// The views, the filters, the slider and the keyboard: they change the state, and the page follows it.

const VIEWS = [["overview", "Overview"], ["timeline", "Timeline"], ["messages", "Messages"], ["charts", "Charts"], ["scenario", "Scenario"]];
// What can be hidden on the timeline: a name, its words, and which events it has.
const CLASSES = [
  ["mail", "mail", (event) => event.k === "mail" || event.k === "host" || event.k === "web"],
  ["dns", "names", (event) => event.k === "dns" || (event.p && dissect(event).protocol === "DNS")],
  ["said", "dialogue", (event) => event.p && dissect(event).carried > 0 && dissect(event).protocol !== "DNS"],
  ["tcp", "TCP", (event) => event.k === "connection" || (event.p && !(dissect(event).carried > 0))],
  ["fault", "faults", (event) => event.k === "fault"]];

let visible = [];
let visibleFor = null;

// Changes what is shown. What has the focus is drawn anew at times; then its successor gets it.
function go(changes) {
  const active = document.activeElement;
  const box = active && active.parentElement ? active.parentElement.closest("[id]") : null;
  Object.assign(state, changes);
  render();
  if (box && !document.contains(active)) {
    const same = [...byId(box.id).querySelectorAll(active.localName)].find((one) => one.textContent.replace(/[ ▲▼]/g, "") === active.textContent.replace(/[ ▲▼]/g, ""));
    if (same) same.focus();
  }
}

// The events that pass the filters, by their numbers.
function filtered() {
  const key = JSON.stringify([state.m, state.q, state.kinds, state.host]);
  if (visibleFor === key) return visible;
  const hidden = CLASSES.filter(([name]) => state.kinds.split(" ").includes(name)).map(([, , has]) => has);
  const wanted = state.q.toLowerCase();
  const thread = state.m ? run.threads.indexOf(state.m) : -1;
  const conns = new Set(thread < 0 ? [] : run.events.filter((event) => event.m === thread && event.c !== undefined).map((event) => event.c));
  const host = state.host ? run.hosts.findIndex((one) => one.name === state.host) : -1;
  visible = [];
  run.events.forEach((event, number) => {
    if (state.m && event.m !== thread && !conns.has(event.c) && event.k !== "fault") return;
    if (state.host && event.h !== host && !(event.p && event.p.to === host)) return;
    if (hidden.some((has) => has(event))) return;
    if (wanted && !(words(event) + " " + run.hosts[event.h].name).toLowerCase().includes(wanted)) return;
    visible.push(number);
  });
  visibleFor = key;
  return visible;
}

// The place among the visible events of the chosen one, or of the next one after it.
function placeOf(list) {
  const place = list.findIndex((number) => number >= state.e);
  return place < 0 ? Math.max(0, list.length - 1) : place;
}

function stepTo(place) {
  const list = filtered();
  if (list.length > 0) go({ e: list[Math.min(Math.max(0, place), list.length - 1)], layer: "" });
}

function buildFilters() {
  const threads = run.threads.filter((name) => name.startsWith("<"));
  const others = run.threads.filter((name) => !name.startsWith("<"));
  const option = (name) => el("option", { value: name }, shortened(name, 60));
  const select = (id, key, label, all, ...groups) => el("label", {}, label + " ", el("select", { id, change: (event) => go({ [key]: event.target.value }) }, el("option", { value: "" }, all), groups));
  show("filters",
    select("filter-thread", "m", "Follow", "everything", threads.length > 0 ? el("optgroup", { label: "messages" }, threads.map(option)) : null, others.length > 0 ? el("optgroup", { label: "look-ups and connections" }, others.map(option)) : null),
    select("filter-host", "host", "Host", "all", run.hosts.filter((host) => !host.router).map((host) => option(host.name))),
    el("label", {}, "Text ", el("input", { id: "filter-text", type: "search", size: "14", input: (event) => go({ q: event.target.value }) })),
    el("fieldset", {}, el("legend", { class: "quiet" }, "Kinds of events"), CLASSES.map(([name, label]) => el("label", { class: "kind" }, el("input", { type: "checkbox", id: "kind-" + name, change: toggleKinds }), label))));
  const statuses = [...new Set(run.messages.map((one) => one.status))].sort();
  show("message-filters",
    el("label", {}, "Text ", el("input", { id: "message-text", type: "search", input: (event) => go({ mq: event.target.value }) })),
    el("label", {}, "Status ", el("select", { id: "message-status", change: (event) => go({ status: event.target.value }) }, el("option", { value: "" }, "all"), statuses.map(option))));
}

function toggleKinds() {
  go({ kinds: CLASSES.filter(([name]) => !byId("kind-" + name).checked).map(([name]) => name).join(" ") });
}

function buildScrub() {
  const button = (id, label, name, act) => el("button", { id, "aria-label": name, title: name, click: act }, label);
  show("scrub",
    el("div", { class: "buttons" },
      button("first", "|◀", "First event (Home)", () => stepTo(0)), button("back", "◀", "Step back (left arrow)", () => stepTo(placeOf(filtered()) - 1)),
      button("forward", "▶", "Step forward (right arrow)", () => stepTo(placeOf(filtered()) + 1)), button("last", "▶|", "Last event (End)", () => stepTo(Infinity)),
      el("output", { id: "where", for: "slider" })),
    el("input", { id: "slider", type: "range", min: "0", step: "1", "aria-label": "Event", input: (event) => stepTo(Number(event.target.value)) }),
    el("div", { id: "strip", class: "picture" }));
}

// Where in the run the events are, by time: their density, faults, and the chosen one.
function drawStrip(list, event) {
  const bins = new Array(200).fill(0);
  const last = Math.max(1, ...run.events.slice(-1).map((one) => one.t), ...run.faults.map((fault) => fault.began));
  const span = Math.min(run.end || 1, last * 1.02);
  const bin = (time) => Math.min(199, Math.floor((time / span) * 200));
  for (const number of list) bins[bin(run.events[number].t)] += 1;
  const most = Math.max(1, ...bins);
  const picture = svg("svg", { viewBox: "0 0 1000 40", preserveAspectRatio: "none", role: "img", "aria-label": "Where in the run the events are: 0 to " + clock(span),
    click: (click) => {
      const box = picture.getBoundingClientRect();
      const time = ((click.clientX - box.left) / box.width) * span;
      const place = filtered().findIndex((number) => run.events[number].t >= time);
      stepTo(place < 0 ? Infinity : place);
    } });
  const at = (time) => (1000 * Math.min(time, span)) / span;
  for (const fault of run.faults) picture.append(svg("rect", { class: "outage", x: at(fault.began), y: 0, width: Math.max(2, at((fault.ended === null ? run.end : fault.ended) - fault.began)), height: 40 }, svg("title", {}, fault.what)));
  bins.forEach((count, place) => {
    const height = count > 0 ? 4 + 30 * Math.sqrt(count / most) : 0;
    if (count > 0) picture.append(svg("rect", { class: "density", x: place * 5, y: 38 - height, width: 4, height }));
  });
  if (event) picture.append(svg("rect", { class: "cursor", x: Math.min(997, at(event.t)), y: 0, width: 3, height: 40 }));
  show("strip", picture);
}

function drawTimeline() {
  const list = filtered();
  const place = placeOf(list);
  const event = list.length > 0 ? run.events[list[place]] : null;
  if (event) state.e = list[place];
  const slider = byId("slider");
  slider.max = String(Math.max(0, list.length - 1));
  slider.value = String(place);
  slider.disabled = list.length === 0;
  const told = event ? clock(event.t) + ", event " + grouped(place + 1) + " of " + grouped(list.length) : "no event matches";
  slider.setAttribute("aria-valuetext", event ? told + ": " + words(event) : told);
  byId("where").textContent = told;
  byId("live").textContent = event ? run.hosts[event.h].name + (event.p && event.p.to !== undefined ? " → " + run.hosts[event.p.to].name : "") + ": " + words(event) : "";
  for (const [id, value] of [["filter-thread", state.m], ["filter-host", state.host], ["filter-text", state.q]]) if (byId(id).value !== value) byId(id).value = value;
  for (const [name] of CLASSES) byId("kind-" + name).checked = !state.kinds.split(" ").includes(name);
  byId("first").disabled = byId("back").disabled = place === 0;
  byId("last").disabled = byId("forward").disabled = place >= list.length - 1;
  drawStrip(list, event);
  drawLadder(list, place, (number) => go({ e: number, layer: "" }));
  drawDetail(event, event ? list[place] : 0);
  drawNetwork("timeline-network", event);
  drawTranscript(event);
}

function render() {
  if (!VIEWS.some(([view]) => view === state.view)) state.view = "overview";
  for (const [view] of VIEWS) {
    byId(view).hidden = view !== state.view;
    const link = byId("to-" + view);
    if (view === state.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (state.view === "overview") drawOverview();
  else if (state.view === "timeline") drawTimeline();
  else if (state.view === "messages") {
    for (const [id, value] of [["message-text", state.mq], ["message-status", state.status]]) if (byId(id).value !== value) byId(id).value = value;
    drawMessages();
  } else if (state.view === "charts") drawCharts();
  else drawSource();
  writeAddress();
}

function keys(event) {
  if (state.view !== "timeline" || event.ctrlKey || event.altKey || event.metaKey) return;
  // what is typed into, scrolled or chosen from keeps its keys
  if (event.target.closest("input, select, textarea, pre, ol, [role=region]")) return;
  const place = placeOf(filtered());
  const steps = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: Infinity, PageUp: place - 10, PageDown: place + 10 };
  if (event.key in steps) {
    event.preventDefault();
    stepTo(steps[event.key]);
  }
}

function begin() {
  byId("about").textContent = "Seed " + run.seed + ", from " + run.start + ", " + human(run.end) + (run.ended === "until" || run.ended === "idle" ? "" : ", ended early: " + run.ended);
  byId("made").textContent = "Made by " + run.program + ". The same scenario and seed give the same page. Fingerprint " + run.fingerprint + ".";
  show("views", VIEWS.map(([view, label]) => el("a", { id: "to-" + view, href: "#view=" + view, click: (event) => {
    event.preventDefault();
    go({ view });
  } }, label)));
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("content").focus();
  });
  buildFilters();
  buildScrub();
  readAddress();
  render();
  document.addEventListener("keydown", keys);
  window.addEventListener("hashchange", () => {
    readAddress();
    render();
  });
  let waiting = 0;
  window.addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => state.view === "timeline" && render());
  });
}

begin();
