#!/usr/bin/env python3
"""Holds the capture of each result folder against tshark's opinion and against events.jsonl.

  capture-check.py RESULT-FOLDER...

For every folder: no malformed packet, no checksum that is wrong or unchecked, no error of an
expert, times that never go back, as many packets on each interface as the trace says, names of
hosts, SMTP, POP and DNS recognised. Without drops and retransmissions: no remark on any TCP
connection. With them: exactly the retransmissions that the trace tells. Mail exported by tshark
equals what was handed to TCP, and what POP delivered. Prints a line for each check that fails,
and "N passed, N failed".
"""

import collections
import json
import os
import re
import subprocess
import sys
import tempfile

CHECKSUMS = [arg for proto in ("ip", "tcp", "udp") for arg in ("-o", proto + ".check_checksum:TRUE")]
# Remarks that are no complaint: they only say that a window is full.
HARMLESS = {"tcp.analysis.window_full", "tcp.analysis.window_update"}
AGAIN = ("tcp.analysis.retransmission", "tcp.analysis.fast_retransmission",
         "tcp.analysis.spurious_retransmission", "tcp.analysis.out_of_order")
REMARKS = AGAIN + ("tcp.analysis.duplicate_ack", "tcp.analysis.lost_segment", "tcp.analysis.ack_lost_segment",
                   "tcp.analysis.zero_window", "tcp.analysis.keep_alive", "tcp.analysis.reused_ports",
                   "tcp.analysis.window_full", "tcp.analysis.window_update")
FIELDS = ["frame.time_epoch", "frame.interface_name", "frame.protocols", "frame.comment", "ip.src", "ip.dst",
          "ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "_ws.malformed", "_ws.expert.severity",
          "tcp.stream", "tcp.len", "tcp.srcport", "udp.srcport", "smtp.req.command", "smtp.response.code",
          "pop.request.command", "pop.response.indicator", "dns.flags.response", "ip.src_host"] + list(REMARKS)
SEPARATOR = "\x1f"


def tshark(*args):
    done = subprocess.run(["tshark", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit("tshark failed: " + done.stderr.decode("utf-8", "replace"))
    return done.stdout.decode("utf-8", "surrogateescape")


def packets(path, *more):
    args = ["-n", "-r", path, *CHECKSUMS, *more, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=" + SEPARATOR]
    for field in FIELDS:
        args += ["-e", field]
    for line in tshark(*args).splitlines():
        yield dict(zip(FIELDS, line.split("\t")))


class Trace:
    """What events.jsonl says."""

    def __init__(self, path):
        arrived = {}
        self.sent, self.dropped, self.retransmitted = [], 0, 0
        self.arrived = []
        self.mail = collections.defaultdict(bytearray)
        self.pop = collections.defaultdict(bytearray)
        for line in open(path, encoding="utf-8"):
            event = json.loads(line)
            what = event["what"]
            net = what.get("net", {})
            if "sent" in net:
                packet = net["sent"]["packet"]
                # A router's answer to an arrival is the same packet again.
                forwarded = arrived.get(event["cause"]) == packet
                self.sent.append((event["at"], event["host"], net["sent"]["link"], packet, not forwarded))
            elif "arrived" in net:
                arrived[event["id"]] = net["arrived"]["packet"]
                self.arrived.append((event["at"], event["host"], net["arrived"]["packet"]))
            elif "dropped" in net:
                self.dropped += 1
            elif "conn" in what and "retransmitted" in what["conn"]["step"]:
                self.retransmitted += 1
            elif "dialogue" in what:
                said = what["dialogue"]
                octets = unescape(said["bytes"])
                if said["protocol"] == "smtp" and said["side"] == "client":
                    self.mail[said["conn"]] += octets
                elif said["protocol"] == "pop3" and said["side"] == "server":
                    self.pop[said["conn"]] += octets

    def expected(self, capture):
        """How many packets each interface should show."""
        choice = capture if isinstance(capture, dict) else {}
        hosts, ports = choice.get("hosts", []), choice.get("ports", [])
        hosts = [hosts] if isinstance(hosts, str) else hosts
        first, last = (seconds(choice.get(key), 0 if key == "from" else 1e18) for key in ("from", "until"))
        shown = collections.Counter()

        def show(interface, at, packet):
            near = [int(packet[end].rsplit(":", 1)[1]) for end in ("src", "dst")]
            if first <= at / 1e9 < last and (not ports or set(ports) & set(near)):
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
    octets = re.sub(rb"\\(x[0-9a-f]{2}|\\)", lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1][1:], 16)]), octets)
    return octets


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
    with tempfile.TemporaryDirectory() as folder:
        # What was sent again stands behind what came after it.
        tshark("-n", "-q", "-r", path, "-o", "tcp.reassemble_out_of_order:TRUE", "--export-objects", "imf," + folder)
        return sorted(plain(open(os.path.join(folder, name), "rb").read()) for name in os.listdir(folder))


class Judge:
    def __init__(self):
        self.passed = self.failed = 0

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
    check("there are packets", seen)
    check("no packet is malformed", not values("_ws.malformed"), values("_ws.malformed")[:3])
    for proto in ("ip", "tcp", "udp"):
        wrong = [status for status in values(proto + ".checksum.status") if status != "1"]
        check("every checksum of %s is good" % proto, not wrong, wrong[:3])
    check("no expert finds an error", not {"8388608", "0x800000"} & set(values("_ws.expert.severity")))
    check("time never goes back", times == sorted(times))
    shown = collections.Counter(packet["frame.interface_name"] for packet in seen)
    expected = trace.expected(capture)
    check("each interface shows what the trace says", shown == expected, (shown - expected, expected - shown))
    protocols = {proto for packet in seen for proto in packet["frame.protocols"].split(":")}
    check("nothing is data of no protocol", "data" not in protocols, protocols)

    resolved = set(tshark("-r", path, "-N", "n", "-T", "fields", "-e", "ip.src_host").split())
    numbers = [host for host in resolved if re.fullmatch(r"[0-9.]+", host)]
    check("every address has its name", resolved and not numbers, numbers[:3])

    whole = capture is True
    if whole:
        again = [packet for packet in seen if any(packet[field] for field in AGAIN)]
        said = [packet for packet in seen if "retransmission: " in packet["frame.comment"]]
        found = (len(again), len(said), trace.retransmitted)
        check("retransmissions are those of the trace", found[0] == found[1] == found[2], found)
        check("they are the same packets", again == said)
        lost = sum("dropped: " in packet["frame.comment"] for packet in seen)
        check("drops are those of the trace", lost == trace.dropped, (lost, trace.dropped))
    if isinstance(capture, dict) and capture.get("interfaces") == "link" and not capture.get("hosts"):
        # The same packet on every link of its way: each interface by itself must be clean.
        for interface in sorted(shown):
            with tempfile.NamedTemporaryFile(suffix=".pcapng") as part:
                tshark("-r", path, "-Y", 'frame.interface_name == "%s"' % interface, "-w", part.name)
                remarks(check, " on " + interface, list(packets(part.name)), {"tcp.analysis.ack_lost_segment"})
    elif trace.dropped == trace.retransmitted == 0:
        remarks(check, "", seen, set())

    if whole:
        for proto, field in (("smtp", "smtp.req.command"), ("pop", "pop.request.command")):
            check("%s is dissected" % proto, bool(values(field)) == (proto in protocols), field)
        queries, answers = (values("dns.flags.response").count(flag) for flag in ("0", "1"))
        check("DNS is dissected", queries >= answers > 0, (queries, answers))
        mail = sorted(plain(message) for said in trace.mail.values() for message in messages_of_smtp(said))
        found = exported(path)
        check("exported messages are those sent", found == mail, (len(found), len(mail)))
        fetched = [plain(message) for said in trace.pop.values() for message in messages_of_pop(said)]
        body = lambda message: message.partition(b"\r\n\r\n")[2]
        bodies = collections.Counter(body(message) for message in found)
        missing = [message[:60] for message in fetched if body(message) not in bodies]
        check("what the mailbox gave out was exported", not missing, missing[:2])


def remarks(check, where, seen, more):
    found = {field for packet in seen for field in REMARKS if packet[field]} - HARMLESS - more
    check("no remark on TCP" + where, not found, sorted(found))


def main():
    ask = Judge()
    for folder in sys.argv[1:]:
        judge(folder, ask)
    print("%d passed, %d failed" % (ask.passed, ask.failed))
    return 1 if ask.failed or not ask.passed else 0


if __name__ == "__main__":
    sys.exit(main())
