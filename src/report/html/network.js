// The map of the network, as the report laid it out, and on it what the chosen event concerns.

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
  const map = run.map;
  if (map.cards.length === 0) {
    show(id, el("p", { class: "note" }, "The scenario names no hosts."));
    return;
  }
  const rim = 6;
  const picture = svg("svg", { viewBox: [-rim, -rim, map.width + 2 * rim, map.height + 2 * rim].join(" "), role: "img", "aria-label": run.hosts.length + " hosts and " + run.links.length + " links" });
  const from = event ? event.h : undefined;
  const to = event && event.p ? event.p.to : undefined;
  const way = new Set(from !== undefined && to !== undefined ? wayBetween(from, to) : []);
  const line = (link, active) => svg("polyline", { class: "link" + (active ? " active" : link.other ? " other" : ""), points: link.way.map((point) => point.join(",")).join(" ") },
    svg("title", {}, link.name + (link.text ? ": " + link.text : "")));
  picture.append(...run.links.filter((link) => link.other).map((link) => line(link)));
  for (const card of map.cards) {
    picture.append(svg("rect", { class: "site", x: card.x, y: card.y, width: card.w, height: card.h, rx: 4 }),
      svg("rect", { class: "head", x: card.x, y: card.y, width: card.w, height: card.head, rx: 4 }));
  }
  // what is active lies on top of what is not
  picture.append(...run.links.filter((link) => !link.other).map((link) => line(link)), ...[...way].map((number) => line(run.links[number], true)));
  const concerns = (host) => (host === undefined ? "" : host === from ? " from" : host === to ? " to" : "");
  run.hosts.forEach((host, number) => {
    const active = concerns(number);
    if (!host.own && !active) return;
    const half = map.size * (active ? 0.42 : 0.3);
    picture.append(svg("g", { class: "node" + active + (host.router ? " router" : ""), transform: "translate(" + host.x + " " + host.y + ")" },
      svg("title", {}, host.name + (host.addresses.length > 0 ? " (" + host.addresses.join(", ") + ")" : "")),
      host.router ? svg("rect", { x: -half, y: -half, width: 2 * half, height: 2 * half, rx: 2 }) : svg("circle", { r: half })));
  });
  for (const word of map.words) {
    const host = word.host === undefined ? null : run.hosts[word.host];
    picture.append(svg("text", { class: "word" + (host === null ? " about" : (host.router ? " top" : "") + concerns(word.host)), x: word.x, y: word.y, "font-size": word.size, dy: "0.35em" },
      host === null ? null : svg("title", {}, host.name), word.text));
  }
  show(id, picture);
}
