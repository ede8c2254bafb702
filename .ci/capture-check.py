#!/usr/bin/env python3
"""Holds the capture of each result folder against tshark's opinion and against events.jsonl.

  capture-check.py RESULT-FOLDER...      (with many: that together they show everything)

For every folder: a whole file, no malformed packet, no checksum that is wrong or unchecked
(but for the ends of packets that ICMP quotes), no error of an expert, times that never go
back, as many packets on each interface as the trace says, names of hosts, nothing of unknown
protocol; every ICMP message quotes a packet that was there. Without drops and retransmissions:
no remark on any TCP connection. With them: exactly the retransmissions that the trace tells,
and no segment that was not captured. ECN fields and marks are those of the trace. What was
said on each connection is on the wire, octet by octet; SMTP, POP and DNS are recognised; mail
exported by tshark has From and Date and equals what was handed to TCP, and what POP gave out.
Prints a line for each check that fails, and "N passed, N failed".
"""

import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

CHECKSUMS = [arg for proto in ("ip", "tcp", "udp") for arg in ("-o", proto + ".check_checksum:TRUE")]
# Remarks that are no complaint: they only say that a window is full.
HARMLESS = {"tcp.analysis.window_full", "tcp.analysis.window_update"}
GAPS = {"tcp.analysis.lost_segment", "tcp.analysis.ack_lost_segment"}
AGAIN = ("tcp.analysis.retransmission", "tcp.analysis.fast_retransmission",
         "tcp.analysis.spurious_retransmission", "tcp.analysis.out_of_order")
REMARKS = AGAIN + ("tcp.analysis.duplicate_ack", "tcp.analysis.lost_segment", "tcp.analysis.ack_lost_segment",
                   "tcp.analysis.zero_window", "tcp.analysis.keep_alive", "tcp.analysis.reused_ports",
                   "tcp.analysis.window_full", "tcp.analysis.window_update")
FIELDS = ["frame.time_epoch", "frame.interface_name", "frame.protocols", "frame.comment", "ip.src", "ip.dst",
          "ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "_ws.malformed", "_ws.expert.severity", "_ws.expert.message",
          "tcp.stream", "tcp.len", "tcp.srcport", "udp.srcport", "smtp.req.command", "smtp.response.code",
          "pop.request.command", "pop.response.indicator", "imap.request.command", "http.request.method", "dns.flags.response", "ip.dsfield.ecn", "icmp.type",
          "icmp.code", "icmp.checksum.status", "udp.dstport", "tcp.dstport", "tcp.seq_raw", "tcp.flags.syn",
          "tcp.payload"] + list(REMARKS)
SEPARATOR = "\x1f"
# IPv6 has its own fields for what IPv4 has.
ALIKE = {"ip.src": "ipv6.src", "ip.dst": "ipv6.dst", "ip.dsfield.ecn": "ipv6.tclass.ecn", "icmp.type": "icmpv6.type",
         "icmp.code": "icmpv6.code", "icmp.checksum.status": "icmpv6.checksum.status"}


def tshark(*args):
    done = subprocess.run(["tshark", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # A file that is cut is told there, not by the exit status.
    if done.returncode != 0 or b"cut short" in done.stderr or b"damaged" in done.stderr:
        sys.exit("tshark failed: " + done.stderr.decode("utf-8", "replace"))
    return done.stdout.decode("utf-8", "surrogateescape")


def packets(path, *more):
    args = ["-n", "-r", path, *CHECKSUMS, *more, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=" + SEPARATOR]
    fields = FIELDS + list(ALIKE.values())
    for field in fields:
        args += ["-e", field]
    for line in tshark(*args).splitlines():
        packet = dict(zip(fields, line.split("\t")))
        for field, other in ALIKE.items():
            packet[field] = packet[field] or packet[other]
        yield packet


class Trace:
    """What events.jsonl says."""

    def __init__(self, path):
        arrived, sent = {}, {}
        copies = set()
        self.sent, self.dropped, self.marked, self.retransmitted = [], 0, 0, 0
        self.arrived = []
        self.said = collections.defaultdict(bytearray)
        self.protocol = {}
        self.bounces = set()
        self.cut_anew = False
        # A degraded service: a host loses packets before its link takes them, and nobody sees them.
        self.unseen = False
        for line in open(path, encoding="utf-8"):
            event = json.loads(line)
            what, cause = event["what"], event["cause"]
            net = what.get("net", {})
            if "sent" in net:
                packet, link = net["sent"]["packet"], net["sent"]["link"]
                # A router's answer to an arrival is the same packet again; a link's copy of a
                # packet is caused by that.
                made = cause in sent and sent[cause] == (link, packet)
                forwarded = arrived.get(cause) == packet
                if made or forwarded and cause in copies:
                    copies.add(event["id"])
                sent[event["id"]] = (link, packet)
                self.sent.append((event["at"], event["host"], link, packet, not forwarded and not made))
            elif "arrived" in net:
                packet = net["arrived"]["packet"]
                if cause in copies:
                    copies.add(event["id"])
                elif packet.get("ecn") == "ce" and sent[cause][1].get("ecn") != "ce":
                    self.marked += 1
                sent.pop(cause, None)
                arrived = {event["id"]: packet}
                self.arrived.append((event["at"], event["host"], packet))
            elif "dropped" in net:
                # Not those that no link took: they were never seen.
                taken = net["dropped"]["link"] is not None or cause in arrived
                self.dropped += taken and cause not in copies
            elif "conn" in what and "retransmitted" in what["conn"]["step"]:
                self.retransmitted += 1
                self.cut_anew |= what["conn"]["step"]["retransmitted"]["why"] == "path_mtu"
            elif "service_changed" in (what.get("fault") or ()):
                self.unseen = True
            elif "dialogue" in what:
                said = what["dialogue"]
                self.said[said["conn"], said["side"]] += unescape(said["bytes"])
                self.protocol[said["conn"]] = said["protocol"]
            elif "mail" in what and what["mail"].get("composed", {}).get("about"):
                self.bounces.add(what["mail"]["composed"]["message"].encode())

    def by(self, protocol, side):
        """What the ends of one side said in a protocol."""
        return [said for (conn, end), said in self.said.items() if (self.protocol[conn], end) == (protocol, side)]

    def expected(self, capture):
        """How many packets each interface should show."""
        choice = capture if isinstance(capture, dict) else {}
        hosts, ports = choice.get("hosts", []), choice.get("ports", [])
        hosts = [hosts] if isinstance(hosts, str) else hosts
        first, last = (seconds(choice.get(key), 0 if key == "from" else 1e18) for key in ("from", "until"))
        shown = collections.Counter()

        def show(interface, at, packet):
            near = [int(packet[end].rsplit(":", 1)[1]) for end in ("src", "dst")]
            icmp = "icmp" in packet
            if first <= at / 1e9 < last and (icmp or not ports or set(ports) & set(near)):
                shown[interface] += 1

        for at, host, link, packet, at_source in self.sent:
            if choice.get("interfaces") == "link":
                if not hosts or set(hosts) & set(link.rsplit(":", 1)[1].split(">")):
                    show(link, at, packet)
            elif at_source and (not hosts or host in hosts):
                show(host, at, packet)
        if choice.get("interfaces") != "link":
            for at, host, packet in self.arrived:
                if host in hosts:
                    show(host, at, packet)
        return shown


def seconds(text, default):
    if text is None:
        return default
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)\s*([a-z]+)", text))


def unescape(text):
    octets = text.encode("utf-8")
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), octets)


def messages_of_smtp(stream):
    """The messages in what a client says, as they are sent."""
    for part in re.split(rb"(?im)^data\r\n", bytes(stream))[1:]:
        end = part.find(b"\r\n.\r\n")
        if end >= 0:
            yield part[:end + 2]


def messages_of_pop(stream):
    """The messages in what a server says."""
    for match in re.finditer(rb"(?ms)^\+OK[^\r\n]*\r\n(?=[A-Z][A-Za-z-]*: )(.*?\r\n)\.\r\n", bytes(stream)):
        yield match[1]


def plain(message):
    return re.sub(rb"(?m)^\.\.", b".", message).strip()


def exported(path):
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(suffix=".pcapng") as plain_tcp:
        # What ICMPv6 quotes would go into the stream once more.
        # Readers by IMAP and over the Web are given messages, too.
        tshark("-n", "-r", path, "-Y", "not icmpv6 and not tcp.port in {80, 143}", "-w", plain_tcp.name)
        # What was sent again stands behind what came after it.
        tshark("-n", "-q", "-r", plain_tcp.name, "-o", "tcp.reassemble_out_of_order:TRUE", "--export-objects", "imf," + folder)
        return sorted(plain(open(os.path.join(folder, name), "rb").read()) for name in os.listdir(folder))


# What some capture must show, or the checks would hold for want of it.
KINDS = {"marked", "duplicate", "connection", "message", "query", "ECN 0", "ECN 2", "ECN 3", "ICMP 3/0", "ICMP 3/1",
         "ICMP 3/3", "ICMP 3/4", "ICMP 11/0", "ICMPv6 2/0", "dropped: queue_full", "dropped: loss", "dropped: link_down", "dropped: host_down",
         "dropped: no_route", "dropped: port_closed", "dropped: early", "dropped: corrupt",
         "dropped: too_big", "dropped: ttl_expired", "retransmission: timeout", "retransmission: fast_retransmit",
         "retransmission: path_mtu"}


def kinds(packet):
    """What kinds of things a packet shows."""
    for comment in packet["frame.comment"].split(SEPARATOR):
        word = comment.split(" at ")[0]
        yield word if word.split(":")[0] in ("dropped", "retransmission") else re.split("[: ]", word)[0]
    yield "ECN " + packet["ip.dsfield.ecn"].split(SEPARATOR)[0]
    if packet["icmp.type"]:
        version = "v6" if packet["icmpv6.type"] else ""
        yield "ICMP%s %s/%s" % (version, packet["icmp.type"], packet["icmp.code"])


class Judge:
    def __init__(self):
        self.passed = self.failed = 0
        self.kinds = set()

    def check(self, where, what, held, found=""):
        if held:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED %s: %s %s" % (where, what, found))


def judge(folder, ask):
    name = os.path.basename(os.path.normpath(folder))
    path = os.path.join(folder, "capture.pcapng")
    scenario = json.load(open(os.path.join(folder, "scenario.resolved.json"), encoding="utf-8"))
    capture = scenario["outputs"]["capture"]
    trace = Trace(os.path.join(folder, "events.jsonl"))

    def check(what, held, found=""):
        ask.check(name, what, held, found)

    seen = list(packets(path))
    values = lambda field: [value for packet in seen for value in packet[field].split(SEPARATOR) if value]
    times = [float(packet["frame.time_epoch"]) for packet in seen]
    ask.kinds.update(kind for packet in seen for kind in kinds(packet))
    check("there are packets", seen)
    # The pictures of pages are made of letters, as tshark's readers of pictures complain.
    malformed = [packet["frame.comment"] for packet in seen if packet["_ws.malformed"]
                 and "HTTP body subdissector failed" not in packet["_ws.expert.message"]]
    check("no packet is malformed", not malformed, malformed[:3])
    for proto in ("ip", "tcp", "udp", "icmp"):
        # ICMP quotes 8 bytes: the checksum that is in them cannot be checked.
        shown = [packet for packet in seen if proto in ("ip", "icmp") or not packet["icmp.type"]]
        statuses = [status for packet in shown for status in packet[proto + ".checksum.status"].split(SEPARATOR)]
        wrong = [status for status in statuses if status not in ("", "1")]
        check("every checksum of %s is good" % proto, not wrong, wrong[:3])
    # ICMPv6 quotes up to 1232 bytes, and tshark takes these for a whole segment.
    severe = [packet["frame.comment"] for packet in seen if not packet["icmpv6.type"]
              and {"8388608", "0x800000"} & set(packet["_ws.expert.severity"].split(SEPARATOR))]
    check("no expert finds an error", not severe, severe[:2])
    check("time never goes back", times == sorted(times))
    shown = collections.Counter(packet["frame.interface_name"] for packet in seen)
    expected = trace.expected(capture)
    check("each interface shows what the trace says", shown == expected, (shown - expected, expected - shown))
    protocols = {proto for packet in seen for proto in packet["frame.protocols"].split(":")}
    # Content over the Web may be data by right.
    unknown = {packet["frame.protocols"] for packet in seen if re.search("(ip|ipv6|tcp|udp):data", packet["frame.protocols"])}
    check("nothing is data of no protocol", not unknown, unknown)

    quotations(check, seen)
    names = tshark("-r", path, "-N", "n", "-T", "fields", "-e", "ip.src_host", "-e", "ipv6.src_host")
    resolved = set(re.split(r"[,\s]+", names.strip()))
    numbers = [host for host in resolved if re.fullmatch(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:]*", host)]
    check("every address has its name", resolved and not numbers, numbers[:3])

    whole = capture is True
    if whole:
        again = [packet for packet in seen if any(packet[field] for field in AGAIN)]
        said = [packet for packet in seen if "retransmission: " in packet["frame.comment"]]
        found = (len(again), len(said), trace.retransmitted)
        if trace.unseen:
            check("retransmissions are of the trace", found[1] <= found[2] and found[0] <= found[2], found)
        else:
            check("retransmissions are those of the trace", found[0] == found[1] == found[2], found)
            check("they are the same packets", again == said)
        lost = sum("dropped: " in packet["frame.comment"] for packet in seen)
        check("drops are those of the trace", lost == trace.dropped, (lost, trace.dropped))
        marked = sum("marked: " in packet["frame.comment"] for packet in seen)
        check("marks are those of the trace", marked == trace.marked, (marked, trace.marked))
        ecn = collections.Counter(packet["ip.dsfield.ecn"].split(SEPARATOR)[0] for packet in seen)
        fields = {"ect0": "2", "ce": "3"}
        told = collections.Counter(fields.get(sent[3].get("ecn"), "0") for sent in trace.sent if sent[4])
        check("ECN fields are those of the trace", ecn == told, (ecn, told))
        # Where segments are cut anew, an acknowledgement may end within one that tshark saw before.
        gaps = {field for packet in seen for field in GAPS if packet[field]} if not (trace.cut_anew or trace.unseen) else set()
        check("every segment was captured", not gaps, gaps)
    if isinstance(capture, dict) and capture.get("interfaces") == "link" and not capture.get("hosts"):
        # The same packet on every link of its way: each interface by itself must be clean.
        for interface in sorted(shown):
            with tempfile.NamedTemporaryFile(suffix=".pcapng") as part:
                tshark("-r", path, "-Y", 'frame.interface_name == "%s"' % interface, "-w", part.name)
                remarks(check, " on " + interface, list(packets(part.name)), {"tcp.analysis.ack_lost_segment"})
    elif trace.dropped == trace.retransmitted == 0:
        remarks(check, "", seen, set())

    if whole:
        for proto, field in (("smtp", "smtp.req.command"), ("pop", "pop.request.command"),
                             ("imap", "imap.request.command"), ("http", "http.request.method")):
            check("%s is dissected" % proto, bool(values(field)) == (proto in protocols), field)
        queries, answers = (values("dns.flags.response").count(flag) for flag in ("0", "1"))
        # Forged responses answer nobody's query.
        servers = [host.get("dns_scripted") or {} for host in scenario["network"]["hosts"].values()]
        forged = sum(forgery.get("count", 1) for server in servers for forgery in server.get("unasked", []))
        check("DNS is dissected", queries + forged >= answers > 0, (queries, forged, answers))
        spoken(check, seen, trace)
        mail = sorted(plain(message) for said in trace.by("smtp", "client") for message in messages_of_smtp(said))
        found = exported(path)
        # tshark 4.0 does not see the end of a message whose final CRLF . CRLF is cut by the end of a segment.
        ends = [(packet["tcp.len"].split(SEPARATOR)[0], packet["tcp.dstport"].split(SEPARATOR)[0]) for packet in seen]
        tails = sum(0 < int(octets or 0) < 5 and port in ("25", "587") for octets, port in ends)
        unseen = collections.Counter(mail) - collections.Counter(found)
        check("exported messages are those sent", not collections.Counter(found) - collections.Counter(mail)
              and sum(unseen.values()) <= tails, (len(found), len(mail), tails))
        nameless = [message[:60] for message in found if not (header(message, b"From") and header(message, b"Date"))]
        check("exported messages have From and Date", not nameless, nameless[:2])
        fetched = [plain(message) for said in trace.by("pop3", "server") for message in messages_of_pop(said)]
        body = lambda message: message.partition(b"\r\n\r\n")[2]
        bodies = collections.Counter(body(message) for message in found)
        # A bounce to the server's own user never travels by SMTP.
        missing = [message[:60] for message in fetched
                   if body(message) not in bodies and header(message, b"Message-ID") not in trace.bounces]
        check("what the mailbox gave out was exported", not missing, missing[:2])


def header(message, name):
    found = re.search(rb"(?mi)^" + name + rb": *([^\r\n]*)", message.partition(b"\r\n\r\n")[0])
    return found and found[1]


def quotations(check, seen):
    """Every packet that ICMP quotes was seen before, on some interface."""
    known, strange = set(), []
    for packet in seen:
        ends = list(zip(packet["ip.src"].split(SEPARATOR), packet["ip.dst"].split(SEPARATOR)))
        proto = "tcp" if packet["tcp.srcport"] else "udp"
        ports = (packet[proto + ".srcport"], packet[proto + ".dstport"])
        if not packet["icmp.type"]:
            known.add((ends[0], ports))
        elif len(ends) != 2 or (ends[1], ports) not in known or ends[1][0] != ends[0][1]:
            strange.append((packet["icmp.type"], packet["icmp.code"], ends, ports))
    check("ICMP quotes what was sent", not strange, strange[:2])


def spoken(check, seen, trace):
    """Octet by octet: what the ends of each connection handed to TCP is on the wire."""
    first, wire = {}, collections.defaultdict(dict)
    for packet in seen:
        if not packet["tcp.seq_raw"] or packet["icmp.type"]:
            continue
        # Names asked for over TCP are in the trace as questions, not as a dialogue.
        if "53" in (packet["tcp.srcport"], packet["tcp.dstport"]):
            continue
        conn = packet["frame.comment"].split(SEPARATOR)[0].partition("connection ")[2]
        ends = (conn, packet["ip.src"], packet["tcp.srcport"])
        if packet["tcp.flags.syn"] in ("1", "True"):
            first[ends] = int(packet["tcp.seq_raw"]) + 1
        elif packet["tcp.payload"] and ends in first:
            at = (int(packet["tcp.seq_raw"]) - first[ends]) % (1 << 32)
            wire[ends][at] = max(wire[ends].get(at, b""), bytes.fromhex(packet["tcp.payload"]), key=len)
    streams = collections.defaultdict(list)
    for (conn, _, _), pieces in wire.items():
        octets = bytearray()
        for at, piece in sorted(pieces.items()):
            if at > len(octets):
                break
            octets[at:at + len(piece)] = piece
        streams[conn].append(bytes(octets))
    strange = []
    for conn, found in sorted(streams.items()):
        said = [bytes(trace.said[conn, side]) for side in ("client", "server")]
        for octets in found:
            if not any(words.startswith(octets) for words in said):
                strange.append((conn, octets[:40], [words[:40] for words in said]))
    check("the wire has what was said", not strange, strange[:2])
    if not trace.dropped:
        on_wire = sorted(octets for found in streams.values() for octets in found if octets)
        said = sorted(bytes(octets) for octets in trace.said.values() if octets)
        check("the wire has all that was said", on_wire == said, (len(on_wire), len(said)))


def remarks(check, where, seen, more):
    found = {field for packet in seen for field in REMARKS if packet[field]} - HARMLESS - more
    check("no remark on TCP" + where, not found, sorted(found))


def judged(folder):
    ask = Judge()
    judge(folder, ask)
    return ask


def main():
    ask = Judge()
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for one in pool.map(judged, sys.argv[1:]):
            ask.passed += one.passed
            ask.failed += one.failed
            ask.kinds |= one.kinds
    if len(sys.argv) > 10:
        ask.check("all", "every kind of thing is there", KINDS <= ask.kinds, sorted(KINDS - ask.kinds))
    print("%d passed, %d failed" % (ask.passed, ask.failed))
    return 1 if ask.failed or not ask.passed else 0


if __name__ == "__main__":
    sys.exit(main())
