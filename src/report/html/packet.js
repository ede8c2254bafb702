// Packets taken apart: IPv4 and IPv6 (RFC 791, 8200), TCP and UDP (RFC 9293, 768), ICMP (RFC 792, 4443), and the texts in them.

const PROTOCOLS = { 25: "SMTP", 587: "SMTP", 465: "SMTP", 110: "POP3", 995: "POP3", 143: "IMAP", 993: "IMAP", 80: "HTTP", 443: "HTTP", 53: "DNS" };
const FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

function octetsOf(packet) {
  const text = atob(packet.o);
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function two(octets, at) {
  return at + 1 < octets.length ? octets[at] * 256 + octets[at + 1] : 0;
}

function four(octets, at) {
  return two(octets, at) * 65536 + two(octets, at + 2);
}

function address6(octets, at) {
  const groups = [];
  for (let place = at; place < at + 16; place += 2) groups.push(two(octets, place).toString(16));
  return groups.join(":").replace(/\b(?:0(?::|$)){2,}/, ":").replace(/^:(?!:)/, "::").replace(/:{3,}/, "::");
}

function hex(number, digits) {
  return "0x" + number.toString(16).padStart(digits, "0");
}

// The layers of a packet: name, place, fields as [name, value].
function dissect(event) {
  if (event.dissected) return event.dissected;
  const octets = octetsOf(event.p);
  const packet = { octets, layers: [], ports: null, flags: [], payload: octets.length, protocol: "IP" };
  const version = octets.length > 0 ? octets[0] >> 4 : 0;
  const next = version === 6 ? ipv6(packet) : version === 4 ? ipv4(packet) : null;
  if (next === 6) tcp(packet);
  else if (next === 17) udp(packet);
  else if (next === 1 || next === 58) icmp(packet);
  const carried = packet.total - packet.payload;
  if (packet.ports && carried > 0) application(packet, carried);
  event.dissected = packet;
  return packet;
}

function ipv4(packet) {
  const o = packet.octets;
  const length = (o[0] & 15) * 4;
  packet.total = two(o, 2);
  packet.payload = length;
  const ecn = ["not ECN-capable", "ECT(1)", "ECT(0)", "congestion experienced"][o[1] & 3];
  packet.layers.push({ name: "IPv4", start: 0, end: length, fields: [
    ["Source", [...o.slice(12, 16)].join(".")], ["Destination", [...o.slice(16, 20)].join(".")],
    ["Total length", packet.total + " octets"], ["Time to live", o[8]], ["Protocol", { 6: "TCP (6)", 17: "UDP (17)", 1: "ICMP (1)" }[o[9]] || o[9]],
    ["Don't fragment", (o[6] & 64) !== 0 ? "set" : "not set"], ["ECN", ecn], ["Header checksum", hex(two(o, 10), 4)]] });
  return o[9];
}

function ipv6(packet) {
  const o = packet.octets;
  packet.total = two(o, 4) + 40;
  packet.payload = 40;
  packet.layers.push({ name: "IPv6", start: 0, end: 40, fields: [
    ["Source", address6(o, 8)], ["Destination", address6(o, 24)], ["Payload length", two(o, 4) + " octets"], ["Hop limit", o[7]],
    ["Next header", { 6: "TCP (6)", 17: "UDP (17)", 58: "ICMPv6 (58)" }[o[6]] || o[6]]] });
  return o[6];
}

function tcp(packet) {
  const o = packet.octets;
  const at = packet.payload;
  const length = (o[at + 12] >> 4) * 4;
  packet.ports = [two(o, at), two(o, at + 2)];
  packet.flags = FLAGS.filter((_, bit) => (o[at + 13] >> bit) & 1);
  packet.protocol = "TCP";
  packet.seq = four(o, at + 4);
  packet.ack = four(o, at + 8);
  packet.payload = at + length;
  packet.layers.push({ name: "TCP", start: at, end: Math.min(at + length, o.length), fields: [
    ["Source port", packet.ports[0]], ["Destination port", packet.ports[1]], ["Flags", packet.flags.join(", ") || "none"],
    ["Sequence number", packet.seq], ["Acknowledgement", packet.flags.includes("ACK") ? packet.ack : "not set"],
    ["Window", two(o, at + 14)], ["Options", tcpOptions(o, at + 20, at + length)],
    ["Data", packet.total - packet.payload + " octets"], ["Checksum", hex(two(o, at + 16), 4)]] });
}

function tcpOptions(o, from, to) {
  const names = [];
  for (let at = from; at < to && at < o.length;) {
    const kind = o[at];
    if (kind === 0) break;
    if (kind === 1) { at += 1; continue; }
    const length = Math.max(2, o[at + 1] || 2);
    if (kind === 2) names.push("MSS " + two(o, at + 2));
    else if (kind === 3) names.push("window scale " + o[at + 2]);
    else if (kind === 4) names.push("SACK permitted");
    else if (kind === 5) names.push("SACK, " + (length - 2) / 8 + " blocks");
    else if (kind === 8) names.push("timestamps " + four(o, at + 2) + " / " + four(o, at + 6));
    else names.push("kind " + kind);
    at += length;
  }
  return names.join(", ") || "none";
}

function udp(packet) {
  const o = packet.octets;
  const at = packet.payload;
  packet.ports = [two(o, at), two(o, at + 2)];
  packet.protocol = "UDP";
  packet.payload = at + 8;
  packet.layers.push({ name: "UDP", start: at, end: at + 8, fields: [
    ["Source port", packet.ports[0]], ["Destination port", packet.ports[1]], ["Length", two(o, at + 4) + " octets"], ["Checksum", hex(two(o, at + 6), 4)]] });
}

function icmp(packet) {
  const o = packet.octets;
  const at = packet.payload;
  const six = packet.layers[0].name === "IPv6";
  const kind = o[at] + "/" + o[at + 1];
  const words = six
    ? { "1/0": "no route", "1/3": "address unreachable", "1/4": "port unreachable", "2/0": "packet too big", "3/0": "hop limit exceeded" }
    : { "3/0": "network unreachable", "3/1": "host unreachable", "3/3": "port unreachable", "3/4": "fragmentation needed", "11/0": "time exceeded" };
  packet.protocol = six ? "ICMPv6" : "ICMP";
  packet.says = words[kind] || "type " + kind;
  packet.layers.push({ name: packet.protocol, start: at, end: o.length, fields: [["Type and code", kind], ["Says", packet.says], ["Quotes", o.length - at - 8 + " octets of the packet it is about"]] });
}

function application(packet, carried) {
  const [from, to] = packet.ports;
  const name = PROTOCOLS[to] || PROTOCOLS[from] || "Data";
  const layer = { name, start: packet.payload, end: packet.octets.length, fields: [] };
  const octets = packet.octets.slice(packet.payload);
  packet.side = PROTOCOLS[to] ? "C" : "S";
  packet.protocol = name;
  if (name === "DNS") {
    const message = readDns(octets, packet.layers[1].name === "TCP");
    packet.dns = message;
    layer.fields = message.fields;
  } else {
    const text = plainText(octets);
    packet.text = text;
    layer.fields = text.split("\n").slice(0, 60).map((line, place) => [place === 0 ? (packet.side === "C" ? "Client says" : "Server says") : "", line]);
  }
  if (octets.length < carried) layer.fields.push(["Not kept here", carried - octets.length + " more octets"]);
  packet.carried = carried;
  packet.layers.push(layer);
}

// Octets as a text: what is no text is counted.
function plainText(octets) {
  const isText = octets.every((octet) => octet >= 32 || octet === 9 || octet === 10 || octet === 13);
  if (!isText) {
    const tls = octets[0] >= 20 && octets[0] <= 23 && octets[1] === 3;
    return tls ? "(TLS record, " + octets.length + " octets)" : "(" + octets.length + " octets that are no text)";
  }
  return new TextDecoder().decode(octets).replace(/\r\n$/, "").replace(/\r/g, "").replace(/[\u202a-\u202e\u2066-\u2069\u2028\u2029\u0080-\u009f]/g, "\ufffd");
}

// What a packet says, in a line.
function packetWords(event) {
  const packet = dissect(event);
  if (packet.dns) return "DNS " + packet.dns.summary;
  if (packet.text !== undefined) {
    const lines = packet.text.split("\n");
    return packet.protocol + " " + packet.side + ": " + lines[0] + (lines.length > 1 ? " (+" + (lines.length - 1) + (lines.length === 2 ? " line)" : " lines)") : "");
  }
  if (packet.protocol === "TCP") return "TCP " + (packet.flags.filter((flag) => flag !== "PSH").join(" ") || "segment");
  return packet.says ? packet.protocol + " " + packet.says : packet.protocol;
}

// Whether a packet was lost, and the remarks on it.
function fate(event) {
  const remarks = (event.p && event.p.x) || [];
  return { lost: remarks.find((text) => text.startsWith("dropped: ")), again: remarks.find((text) => text.startsWith("retransmission: ")) };
}

// What an event says, in a line; it is computed once.
function words(event) {
  if (event.words === undefined) {
    const { lost, again } = event.p ? fate(event) : {};
    event.words = event.p ? packetWords(event) + (again ? " [sent again]" : "") + (lost ? " [lost]" : "") : event.w;
  }
  return event.words;
}
