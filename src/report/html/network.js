// The picture of the network: hosts where the report placed them, links between them, and what the chosen event concerns.

const neighbours = run.hosts.map(() => []);
run.links.forEach((link, number) => {
  const [a, b] = link.ends;
  neighbours[a].push([b, number]);
  neighbours[b].push([a, number]);
});

// The links between two hosts by the fewest hops, which is the way unless a route says otherwise.
function wayBetween(from, to) {
  const came = new Map([[from, null]]);
  const next = [from];
  while (next.length > 0 && !came.has(to)) {
    const host = next.shift();
    for (const [other, link] of neighbours[host]) {
      if (!came.has(other)) {
        came.set(other, [host, link]);
        next.push(other);
      }
    }
  }
  const links = [];
  for (let step = came.get(to); step; step = came.get(step[0])) links.push(step[1]);
  return links;
}

function drawNetwork(id, event) {
  if (run.hosts.length === 0) {
    show(id, el("p", { class: "note" }, "The scenario names no hosts."));
    return;
  }
  const picture = svg("svg", { viewBox: "-520 -290 1040 580", role: "img", "aria-label": run.hosts.length + " hosts and " + run.links.length + " links" });
  const from = event ? event.h : undefined;
  const to = event && event.p ? event.p.to : undefined;
  const way = new Set(from !== undefined && to !== undefined ? wayBetween(from, to) : []);
  run.links.forEach((link, number) => {
    const [a, b] = link.ends.map((host) => run.hosts[host]);
    picture.append(svg("line", { class: "link" + (way.has(number) ? " active" : ""), x1: a.x, y1: a.y, x2: b.x, y2: b.y },
      svg("title", {}, link.name + (link.text ? ": " + link.text : ""))));
  });
  const few = run.hosts.length <= 40;
  const taken = [];
  // names of what the event concerns come first; another's is left to its title where it finds no room
  const order = run.hosts.map((_, number) => number).sort((a, b) => (b === from || b === to) - (a === from || a === to));
  order.forEach((number) => {
    const host = run.hosts[number];
    const active = number === from ? "from" : number === to ? "to" : "";
    const group = svg("g", { class: "node " + active + (host.router ? " router" : ""), transform: "translate(" + host.x + " " + host.y + ")" },
      svg("title", {}, host.name + (host.addresses.length > 0 ? " (" + host.addresses.join(", ") + ")" : "")),
      host.router ? svg("rect", { x: -7, y: -7, width: 14, height: 14, rx: 3 }) : svg("circle", { r: active ? 9 : few ? 7 : 5 }));
    if (active || (few && !host.router)) {
      const below = host.y >= 0 ? 22 : -13;
      const text = shortened(host.name, 26);
      const half = text.length * (active ? 6 : 5);
      const x = Math.min(Math.max(host.x, half - 516), 516 - half);
      const box = [x - half, host.y + below - 15, x + half, host.y + below + 3];
      const free = !taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
      if (active || free) {
        taken.push(box);
        group.append(svg("text", { x: x - host.x, y: below, "text-anchor": "middle" }, text));
      }
    }
    picture.append(group);
  });
  show(id, picture);
}
