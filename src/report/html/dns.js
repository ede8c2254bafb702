// DNS messages (RFC 1035 4) in words. What cannot be read is said to be so.

const TYPES = { 1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 39: "DNAME", 41: "OPT", 43: "DS", 65: "HTTPS", 252: "AXFR", 255: "ANY", 257: "CAA" };
const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

// A name at a place, and where it ends. Pointers (4.1.4) lead backwards only, so this ends.
function readName(octets, start) {
  const labels = [];
  let at = start;
  let end = null;
  let least = start;
  while (at < octets.length && octets[at] !== 0) {
    const length = octets[at];
    if (length >= 192) {
      const target = (length & 63) * 256 + (octets[at + 1] || 0);
      if (end === null) end = at + 2;
      if (target >= least) break;
      least = target;
      at = target;
    } else {
      labels.push(new TextDecoder("latin1").decode(octets.slice(at + 1, at + 1 + length)));
      at += length + 1;
    }
  }
  return [labels.join(".") || ".", end === null ? at + 1 : end];
}

function readData(octets, type, at, length) {
  if (type === 1 && length === 4) return [...octets.slice(at, at + 4)].join(".");
  if (type === 28 && length === 16) return address6(octets, at);
  if ([2, 5, 12, 39].includes(type)) return readName(octets, at)[0];
  if (type === 15) return two(octets, at) + " " + readName(octets, at + 2)[0];
  if (type === 6) {
    const [primary, after] = readName(octets, at);
    const [mailbox, end] = readName(octets, after);
    return primary + " " + mailbox + " serial " + four(octets, end);
  }
  if (type === 16) return JSON.stringify(plainText(octets.slice(at + 1, at + length)));
  return length + " octets";
}

// A message: its fields, and what it says in a line. Over TCP two octets of length stand before it (4.2.2).
function readDns(all, overTcp) {
  const octets = overTcp ? all.slice(2) : all;
  if (octets.length < 12) return { summary: "part of a message, " + all.length + " octets", fields: [["Part", all.length + " octets"]] };
  const flags = two(octets, 2);
  const response = flags >= 32768;
  const counts = [4, 6, 8, 10].map((at) => two(octets, at));
  const rcode = RCODES[flags & 15] || "RCODE" + (flags & 15);
  const bits = [[1024, "AA authoritative"], [512, "TC truncated"], [256, "RD recursion desired"], [128, "RA recursion available"]];
  const fields = [["ID", two(octets, 0)], ["Kind", response ? "response" : "query"], ["Flags", bits.filter(([bit]) => flags & bit).map(([, name]) => name).join(", ") || "none"]];
  if (response) fields.push(["RCODE", rcode]);
  let at = 12;
  let asked = "";
  for (let number = 0; number < counts[0] && at < octets.length; number += 1) {
    const [name, end] = readName(octets, at);
    asked = name + " " + (TYPES[two(octets, end)] || "TYPE" + two(octets, end));
    fields.push(["Question", asked]);
    at = end + 4;
  }
  const sections = ["Answer", "Authority", "Additional"];
  let first = "";
  for (const [place, section] of sections.entries()) {
    for (let number = 0; number < counts[place + 1] && at < octets.length; number += 1) {
      const [name, end] = readName(octets, at);
      const type = two(octets, end);
      const length = two(octets, end + 8);
      const data = readData(octets, type, end + 10, length);
      const text = type === 41 ? "EDNS(0), up to " + two(octets, end + 2) + " octets" : name + " " + (TYPES[type] || "TYPE" + type) + " " + data + " (TTL " + four(octets, end + 4) + " s)";
      if (section === "Answer" && !first) first = (TYPES[type] || "TYPE" + type) + " " + data;
      fields.push([section, text]);
      at = end + 10 + length;
    }
  }
  const referral = !first && counts[2] > 0 && !(flags & 1024) && rcode === "NOERROR";
  const told = first || (rcode !== "NOERROR" ? rcode : referral ? "ask further down" : flags & 512 ? "truncated" : "no such record");
  return { fields, summary: response ? asked + " = " + told : asked + " ?" };
}
