// What does not move with the slider: the overview, the table of messages, the chosen message, charts, the scenario.

function drawOverview() {
  show("story", run.sentences.map((sentence) => el("p", {}, sentence)),
    run.faults.length > 0 ? el("div", { class: "wide" }, table("What broke", ["from", "until", "what"], run.faults.map((fault) => [clock(fault.began), fault.ended === null ? "the end" : clock(fault.ended), fault.what]))) : null,
    run.notes.slice(0, 2).map((note) => el("p", { class: "note" }, note)),
    run.notes.length > 2 ? el("details", {}, el("summary", {}, (run.notes.length - 2) + " more of what is not on this page"), run.notes.slice(2).map((note) => el("p", { class: "note" }, note))) : null);
  show("figures", run.figures.map((figure) => el("div", { class: "figure" }, el("strong", {}, figure.value), el("span", {}, figure.name), el("small", {}, figure.note))));
  // a large network has the whole width, so that its names can be read
  byId("outline").classList.toggle("large", run.hosts.length > 40);
  drawNetwork("overview-network", null);
  const expected = Array.isArray(run.expectations) ? run.expectations : [];
  const held = expected.filter((one) => one.held).length;
  const label = (one) => one.name || one.what || one.metric || "";
  const found = (one) => (one.found === null || one.found === undefined ? one.why || "no value" : String(one.found)) + (one.hint && !one.held ? " (" + one.hint + ")" : "");
  show("expectations", el("h3", {}, "Expectations"), expected.length === 0 ? el("p", {}, "The scenario expects nothing in particular.") :
    el("div", { class: "wide" }, table(held + " of " + expected.length + " held", ["what", "expected", "found", "outcome"], expected.map((one) => [label(one), one.expected || "", found(one), el("span", { class: one.held ? "good" : "bad" }, one.held ? "✓ held" : "✗ failed")]))));
  const names = { dns: "DNS", smtp: "SMTP", pop3: "POP3", imap: "IMAP", http: "HTTP", icmp: "ICMP", other: "other" };
  show("protocols", el("h3", {}, "Packets by protocol"), run.protocols.length === 0 ? el("p", {}, "Not counted.") :
    el("div", { class: "wide" }, table("Each counted once, where its source sends it; all of the run", ["protocol", "packets", "with content", "octets of content"], run.protocols.map((one) => [names[one.name] || one.name, one.packets, one.messages, one.octets]))));
  const part = run.shown.filter((one) => one.shown < one.total);
  show("shown", el("p", { class: "note" }, part.length === 0 ? "Nothing of the run is left out of this page." :
    "Left out of this page: it shows " + part.map((one) => grouped(one.shown) + " of " + grouped(one.total) + " " + one.what).join(", ") + ". The first of each kind and what went wrong come first, then the rest at even distances. The slowest message, the first of each kind of failure and the first retried ones have their story before others."));
}

const COLUMNS = [
  ["composed", "composed", (one) => clock(one.composed)], ["id", "Message-ID", (one) => one.id], ["subject", "subject", (one) => (one.subject === null || one.subject === undefined ? "(none kept here)" : one.subject)],
  ["from", "from", (one) => one.from || "<>"], ["to", "to", (one) => one.to], ["status", "status", (one) => one.status.replace(/_/g, " ")],
  ["latency", "latency", (one) => (one.delivered === null ? "" : human(one.delivered - one.composed))], ["attempts", "attempts", (one) => one.attempts], ["bytes", "octets", (one) => one.bytes]];
const MOST_ROWS = 200;

function sortKey(name) {
  if (name === "latency") return (one) => (one.delivered === null ? Infinity : one.delivered - one.composed);
  return (one) => (one[name] === null || one[name] === undefined ? "" : one[name]);
}

function messageKey(one) {
  return one.id + " " + one.to;
}

function drawMessages() {
  const wanted = state.mq.toLowerCase();
  const matches = (one) => (!state.status || one.status === state.status) && (!wanted || [one.id, one.from, one.to, one.subject, one.status, one.reason].some((text) => text && text.toLowerCase().includes(wanted)));
  const down = state.sort.startsWith("-");
  const name = down ? state.sort.slice(1) : state.sort;
  const key = sortKey(name);
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0);
  const rows = run.messages.filter(matches).sort((a, b) => (down ? -1 : 1) * compare(key(a), key(b)));
  const heads = COLUMNS.map(([column, label]) => el("th", { scope: "col", "aria-sort": column === name ? (down ? "descending" : "ascending") : "none" },
    el("button", { class: "sort", click: () => go({ sort: column === name && !down ? "-" + column : column }) }, label, el("span", { "aria-hidden": "true" }, column === name ? (down ? " ▼" : " ▲") : ""))));
  const cells = (one) => COLUMNS.map(([column, , text]) => column === "id"
    ? el("button", { class: "plain", "aria-pressed": String(messageKey(one) === state.msg), click: () => go({ msg: messageKey(one) }) }, one.id)
    : column === "status" ? el("span", { class: "status s-" + one.status }, text(one)) : text(one));
  const all = run.shown.find((part) => part.what === "copies of messages in the table");
  const more = all && all.shown < all.total ? " (of " + grouped(all.total) + " in the run)" : "";
  const caption = grouped(rows.length) + " of " + grouped(run.messages.length) + (run.messages.length === 1 ? " copy" : " copies") + more + (rows.length > MOST_ROWS ? ", the first " + MOST_ROWS + " shown" : "");
  show("message-table", table(caption, heads, rows.slice(0, MOST_ROWS).map(cells)));
  drawMessage(run.messages.find((one) => messageKey(one) === state.msg));
}

function drawMessage(one) {
  if (!one) {
    show("message", el("p", { class: "note" }, run.messages.length > 0 ? "Choose a message to follow its life." : "Nobody composed a message in this run."));
    return;
  }
  // how long it lay in the mailbox is its reader's affair, and would leave no room for the rest
  const onTheWay = (name) => name !== "in mailbox";
  const spent = run.phases.map((name, place) => [name.replace(/_/g, " "), one.phases[place], place]).filter(([, time]) => time > 0);
  const bar = svg("svg", { class: "phases", viewBox: "0 0 1000 26", preserveAspectRatio: "none", role: "img", "aria-label": "Time in each phase: " + spent.map(([name, time]) => name + " " + human(time)).join(", ") });
  let x = 0;
  const total = spent.reduce((sum, [name, time]) => sum + (onTheWay(name) ? time : 0), 0) || 1;
  for (const [name, time, place] of spent.filter(([phase]) => onTheWay(phase))) {
    const width = (1000 * time) / total;
    bar.append(svg("rect", { class: "phase p" + place, x, y: 0, width, height: 26 }, svg("title", {}, name + ": " + human(time))));
    x += width;
  }
  const attempts = run.attempts.filter((attempt) => attempt.message === one.id && attempt.to === one.to);
  show("message",
    el("h3", {}, one.id + " for " + one.to),
    one.m === null ? el("p", { class: "note" }, "Its packets are left out of this page.") : el("p", {}, el("button", { click: () => go({ view: "timeline", m: run.threads[one.m], e: firstOf(one.m) }) }, "Follow it on the timeline")),
    bar,
    el("ul", { class: "legend" }, spent.map(([name, time, place]) => el("li", {}, el("span", { class: "swatch p" + place }), name + " " + human(time)))),
    one.story ? el("pre", { class: "story" }, one.story) : el("p", { class: "note" }, "Its story is left out of this page; \"posthaste explain RUN --message '" + one.id + "'\" tells it."),
    attempts.length > 0 ? el("div", { class: "wide" }, table("Attempts", ["server", "no.", "began", "took", "at", "outcome", "said"], attempts.map((attempt) => [
      attempt.server, attempt.number, clock(attempt.started), attempt.ended === null ? "" : human(attempt.ended - attempt.started), attempt.exchange || "", attempt.outcome, attempt.text]))) : null);
}

function firstOf(thread) {
  return Math.max(0, run.events.findIndex((event) => event.m === thread));
}

let chartsDrawn = false;

function drawCharts() {
  if (chartsDrawn) return;
  chartsDrawn = true;
  // an image runs no script and loads nothing, whatever it says
  show("chart-list", run.charts.map((chart) => el("figure", {},
    el("img", { src: "data:image/svg+xml," + encodeURIComponent(chart.svg), alt: chart.title + ". " + chart.note, loading: "lazy" }),
    el("figcaption", {}, "posthaste chart RUN " + chart.name))),
  run.charts.length === 0 ? el("p", { class: "note" }, "There is no chart.") : null);
}

let sourceDrawn = false;

function drawSource() {
  if (sourceDrawn) return;
  sourceDrawn = true;
  show("source",
    el("details", { open: true }, el("summary", {}, "The scenario, with every default filled in"), el("pre", { class: "source", tabindex: "0" }, run.scenario)),
    el("details", {}, el("summary", {}, "All " + Object.keys(run.metrics).length + " metrics"), el("div", { class: "wide" }, table("Metrics", ["name", "value"], Object.entries(run.metrics)))));
}
