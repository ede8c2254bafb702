// The ladder: a lifeline for each host, and a row for each event around the chosen one. Rows are as far apart as events, not
// as times; where much time lies between two rows, a break says how much.

const LADDER = { row: 36, head: 44, gutter: 92, before: 7, after: 9, most: 7, margin: 8 };

// Texts are measured as they will be drawn, so that none is cut at an edge.
const pen = document.createElement("canvas").getContext("2d");
const FONTS = { host: "600 13px", narrow: "600 10.5px", label: "700 11px" };

function textWidth(text, kind) {
  const family = kind === "label" ? "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" : getComputedStyle(document.body).fontFamily;
  pen.font = FONTS[kind] + " " + family;
  return pen.measureText(text).width + 2;
}

function fitted(text, kind, room) {
  if (textWidth(text, kind) <= room) return text;
  let [fits, over] = [0, text.length];
  while (over - fits > 1) {
    const middle = (fits + over) >> 1;
    if (textWidth(shortened(text, middle), kind) <= room) fits = middle;
    else over = middle;
  }
  return shortened(text, Math.max(2, fits));
}

// The name of a host over its lifeline: in two lines if it is longer than its column is wide.
function ladderHost(name, x, room, kind) {
  const dot = name.indexOf(".");
  const lines = textWidth(name, kind) <= room || dot < 0 ? [name] : [name.slice(0, dot + 1), name.slice(dot + 1)];
  return svg("text", { class: "host", x, y: 16, "text-anchor": "middle" }, svg("title", {}, name),
    lines.map((line, number) => svg("tspan", { x, dy: number === 0 ? (lines.length > 1 ? 0 : 10) : 15 }, fitted(line, kind, room))));
}

// The columns: the hosts of what is near, in the order in which they come up, those at the ends of the network outside.
function ladderHosts(list, place) {
  const all = hostsOf(list.length <= 400 ? list : []);
  if (all.length > 0 && all.length <= LADDER.most) return all;
  const from = Math.max(0, Math.floor(place / 16) * 16 - 8);
  return hostsOf(list.slice(from, from + 32)).slice(0, 12);
}

function hostsOf(list) {
  const hosts = [];
  for (const number of list) {
    const event = run.events[number];
    for (const host of [event.h, event.p ? event.p.to : undefined]) {
      if (host !== undefined && !hosts.includes(host)) hosts.push(host);
    }
  }
  return hosts;
}

function drawLadder(list, place, choose) {
  const box = byId("ladder");
  if (list.length === 0) {
    show("ladder", el("p", { class: "note" }, "Nothing matches."));
    return;
  }
  const from = Math.max(0, Math.min(place - LADDER.before, list.length - LADDER.before - LADDER.after - 1));
  const rows = list.slice(from, from + LADDER.before + LADDER.after + 1);
  let hosts = ladderHosts(list, place);
  for (const host of hostsOf([list[place]])) if (!hosts.includes(host)) hosts.push(host);
  const near = hostsOf(rows);
  if (hosts.length > LADDER.most) hosts = hosts.filter((host) => near.includes(host));
  const narrow = box.clientWidth < 560;
  const gutter = narrow ? 8 : LADDER.gutter;
  const width = Math.max(box.clientWidth, gutter + hosts.length * (narrow ? 74 : 96));
  const step = (width - gutter) / hosts.length;
  const x = new Map(hosts.map((host, column) => [host, gutter + step * (column + 0.5)]));
  const height = LADDER.head + rows.length * LADDER.row + 14;
  const picture = svg("svg", { class: narrow ? "narrow" : null, width, height, viewBox: "0 0 " + width + " " + height, role: "group", "aria-label": "Ladder of " + rows.length + " events among " + hosts.length + " hosts" });
  for (const host of hosts) {
    const name = run.hosts[host].name;
    picture.append(
      svg("line", { class: "lifeline", x1: x.get(host), x2: x.get(host), y1: LADDER.head - 4, y2: height }),
      ladderHost(name, x.get(host), step - 6, narrow ? "narrow" : "host"));
  }
  rows.forEach((number, row) => picture.append(ladderRow({ number, row, x, step, width, gutter, narrow, rows, chosen: number === list[place], choose })));
  show("ladder", picture);
}

function ladderRow(at) {
  const event = run.events[at.number];
  const y = LADDER.head + at.row * LADDER.row + 24;
  const { lost, again } = fate(event);
  const kind = event.p ? (dissect(event).carried ? dissect(event).protocol.toLowerCase() : "tcp") : event.k;
  const classes = ["row", "k-" + kind, at.chosen ? "chosen" : "", lost ? "lost" : "", again ? "again" : ""];
  const group = svg("g", { class: classes.filter((name) => name).join(" "), click: () => at.choose(at.number) },
    svg("title", {}, clock(event.t) + "  " + run.hosts[event.h].name + ": " + words(event)),
    svg("rect", { class: "back", x: 0, y: y - 24, width: at.width, height: LADDER.row }));
  const previous = at.row > 0 ? run.events[at.rows[at.row - 1]].t : event.t;
  const gap = event.t - previous;
  if (gap >= 1e9) {
    group.append(svg("line", { class: "break", x1: at.gutter, x2: at.width, y1: y - 24, y2: y - 24 }),
      svg("text", { class: "gap", x: at.width - LADDER.margin, y: y - 26, "text-anchor": "end" }, human(gap) + " later"));
  }
  if (!at.narrow) group.append(svg("text", { class: "time", x: at.gutter - 8, y: y + 3, "text-anchor": "end" }, clock(event.t).replace(/(\.\d{3})\d+/, "$1")));
  const begin = at.x.get(event.h);
  const end = event.p && event.p.to !== undefined ? at.x.get(event.p.to) : undefined;
  if (begin === undefined) return group;
  if (end !== undefined && end !== begin) ladderArrow(group, { begin, end, y, lost, label: words(event), width: at.width, gutter: at.narrow ? 4 : at.gutter });
  else ladderDot(group, { begin, y, at, label: words(event) });
  return group;
}

function ladderArrow(group, { begin, end, y, lost, label, width, gutter }) {
  const way = Math.sign(end - begin);
  const tip = lost ? begin + (end - begin) * 0.6 : end;
  group.append(svg("line", { class: "arrow", x1: begin, x2: tip - way * 5, y1: y, y2: y }));
  if (lost) group.append(svg("path", { class: "cross", d: "M" + (tip - 5) + " " + (y - 5) + "l10 10m0 -10l-10 10" }));
  else group.append(svg("path", { class: "tip", d: "M" + tip + " " + y + "l" + -way * 9 + " -4v8z" }));
  // nothing else is in its row, so the label may be longer than the arrow
  const text = fitted(label, "label", width - gutter - LADDER.margin);
  const half = textWidth(text, "label") / 2;
  const middle = Math.min(Math.max((begin + end) / 2, half + gutter), width - half - LADDER.margin);
  group.append(svg("text", { class: "label", x: middle, y: y - 6, "text-anchor": "middle" }, text));
}

function ladderDot(group, { begin, y, at, label }) {
  group.append(svg("circle", { class: "dot", cx: begin, cy: y - 4, r: 4.5 }));
  const right = at.width - begin - 10 - LADDER.margin;
  const left = begin - 10 - (at.narrow ? 4 : at.gutter);
  const wide = textWidth(label, "label");
  const toRight = wide <= right || (wide > left && right >= left);
  // one that is too long for either side goes over its lifeline
  const over = wide > Math.max(left, right);
  const text = fitted(label, "label", over ? at.width - (at.narrow ? 4 : at.gutter) - LADDER.margin : wide + 1);
  const half = textWidth(text, "label") / 2;
  const place = over ? { x: Math.min(Math.max(begin, half + (at.narrow ? 4 : at.gutter)), at.width - half - LADDER.margin), y: y - 12, "text-anchor": "middle" }
    : { x: begin + (toRight ? 10 : -10), y, "text-anchor": toRight ? "start" : "end" };
  group.append(svg("text", { class: "label", ...place }, text));
}
