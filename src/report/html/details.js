// The chosen event: what it is, a packet's layers and octets, and the dialogue of its connection up to here.

function facts(pairs) {
  return el("dl", {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

const KINDS = { packet: "packet", mail: "mail", dns: "name resolution", connection: "connection", fault: "fault", host: "host", web: "browser" };

function drawDetail(event, number) {
  if (!event) {
    show("detail", el("p", { class: "note" }, "No event is chosen."));
    return;
  }
  const conn = event.c !== undefined ? run.conns[event.c] : null;
  const packet = event.p;
  const arrival = packet ? (packet.a !== undefined && !fate(event).lost ? clock(packet.a) + " (" + human(packet.a - event.t) + " later)" : fate(event).lost ? "never" : "not known") : null;
  const thread = event.m !== undefined ? run.threads[event.m] : "";
  show("detail",
    el("h3", {}, "Event " + grouped(number + 1)),
    facts([
      ["When", clock(event.t)], ["Where", run.hosts[event.h].name], ["Kind", KINDS[event.k] || event.k],
      ["To", packet && packet.to !== undefined ? run.hosts[packet.to].name : null], ["Arrived", arrival],
      ["Remarks", packet && packet.x ? packet.x.join("; ") : null],
      ["Because of", thread ? el("button", { class: "plain", click: () => go({ m: thread }) }, thread) : null],
      ["Connection", conn ? conn.name + " to " + conn.server + ":" + conn.port + " (" + conn.text + ")" : null]]),
    packet ? drawPacket(event) : null);
}

function drawPacket(event) {
  const packet = dissect(event);
  const chosen = Math.min(packet.layers.length - 1, state.layer === "" ? Infinity : Number(state.layer) || 0);
  const layer = packet.layers[chosen];
  const tabs = el("div", { class: "layers", role: "group", "aria-label": "Layers" },
    el("span", { class: "absent", title: "The simulator models no link layer: a packet begins with its IP header" }, "link: not modelled"),
    packet.layers.map((one, place) => el("button", { "aria-pressed": String(place === chosen), click: () => go({ layer: String(place) }) }, one.name)));
  const missing = event.p.n - packet.octets.length;
  return el("div", { class: "packet" }, tabs,
    layer ? el("div", { class: "fields" }, facts(layer.fields.map(([name, value]) => [name || " ", String(value)]))) : null,
    hexDump(packet.octets, layer),
    missing > 0 ? el("p", { class: "note" }, "The last " + grouped(missing) + " of " + grouped(event.p.n) + " octets are not kept in this page.") : null);
}

// Octets in hexadecimal and as characters, 16 a line, those of the layer marked.
function hexDump(octets, layer) {
  const most = 1536;
  const lines = [];
  for (let at = 0; at < Math.min(octets.length, most); at += 16) {
    const part = [...octets.slice(at, at + 16)];
    const inside = (place) => layer && at + place >= layer.start && at + place < layer.end;
    const runs = (show, join) => {
      const pieces = [];
      for (let place = 0; place < part.length;) {
        let end = place;
        while (end < part.length && inside(end) === inside(place)) end += 1;
        const text = part.slice(place, end).map(show).join(join) + join;
        pieces.push(inside(place) ? el("mark", {}, text) : text);
        place = end;
      }
      return pieces;
    };
    lines.push(at.toString(16).padStart(4, "0") + "  ", runs((octet) => octet.toString(16).padStart(2, "0"), " "),
      "   ".repeat(16 - part.length) + " ", runs((octet) => (octet >= 32 && octet < 127 ? String.fromCharCode(octet) : "·"), ""), "\n");
  }
  return el("pre", { class: "hex", tabindex: "0", role: "region", "aria-label": "Octets of the packet" }, lines.flat());
}

const transcripts = new Map(run.transcripts.map((one) => [one.connection, one]));

// The connection of an event, or the latest one before it that the same message or look-up led to.
function connectionOf(event) {
  if (!event || event.c !== undefined || event.m === undefined) return event ? event.c : undefined;
  for (let number = run.events.indexOf(event); number >= 0; number -= 1) {
    if (run.events[number].m === event.m && run.events[number].c !== undefined) return run.events[number].c;
  }
  return undefined;
}

function drawTranscript(event) {
  const conn = connectionOf(event);
  const name = conn !== undefined ? run.conns[conn].name : null;
  const told = name ? transcripts.get(name) : null;
  if (!told) {
    const offer = !event || run.events.length === 0 ? run.transcripts : [];
    if (offer.length > 0) {
      show("transcript", offer.slice(0, 200).map((one) => el("details", {}, el("summary", {}, one.protocol.toUpperCase() + " " + one.connection + " to " + one.server), transcriptLines(one, Infinity))));
      return;
    }
    show("transcript", el("p", { class: "note" }, name ? "Nothing was said on " + name + ", or its dialogue is left out." : "This event belongs to no connection."));
    return;
  }
  const list = transcriptLines(told, event.t);
  show("transcript", el("p", {}, told.protocol.toUpperCase() + ", " + told.connection + ": C is " + told.client + ", S is " + told.server), list);
  const now = list.querySelector(".now");
  if (now) list.scrollTop = Math.max(0, now.offsetTop - list.offsetTop - list.clientHeight / 2);
}

function transcriptLines(told, until) {
  const said = told.lines.filter(([at]) => at === null || at <= until).length;
  const lines = told.lines.map(([at, line], place) => el("li", {
    class: (line.startsWith("C") ? "client" : "server") + (place >= said ? " later" : "") + (place === said - 1 && until !== Infinity ? " now" : ""),
    title: at === null ? null : clock(at),
  }, line));
  return el("ol", { class: "said", tabindex: "0", role: "region", "aria-label": "Dialogue" }, lines, told.cut ? el("li", { class: "note" }, "more was said, and is left out here") : null);
}
