"""What the client programs of .ci/live share: the world they walk into, the messages they carry, and the count of checks.

Nothing here waits for a fixed time: what must come is looked for until it is there, and PATIENCE without it is a failure.
"""

import base64
import json
import os
import queue
import random
import re
import subprocess
import sys
import threading
import time
import traceback

CRLF = b"\r\n"
PATIENCE = float(os.environ.get("PATIENCE", 60))
PASSWORD = "hungry"

ZONE = """\
$ORIGIN hamburger.edu.
$TTL 10m
www      IN A     10.7.7.7
         IN A     10.7.7.8
alias    IN CNAME www
twice    IN CNAME alias
far      IN CNAME www.crepes.fr.
*.wild   IN A     10.7.7.9
inner.empty IN A  10.7.7.10
_submission._tcp IN SRV 0 1 587 hamburger.edu.
middle   IN TXT   {middle}
big      IN TXT   {big}
"""


def texts(count):
    """Strings of TXT records, 50 octets on the wire each."""
    return ['line %03d of what does not fit into one datagram!' % number for number in range(count)]


def scenario(folder):
    """Writes the world: two mail domains 12 ms apart, a zone from a master file, and clients from outside. Returns the file's name."""
    quoted = {name: " ".join('"%s"' % text for text in texts(count)) for name, count in (("middle", 18), ("big", 90))}
    with open(os.path.join(folder, "hamburger.zone"), "w") as file:
        file.write(ZONE.format(**quoted))
    world = {
        "network": {"access": {"delay": "1ms"}, "backbone": {"delay": "5ms"}},
        "mail": {"crepes.fr": {"users": ["alice", "carol", "c{1..20}"]},
                 "hamburger.edu": {"users": ["bob", "dave", "h{1..30}"]}},
        "dns": {"zones": {"hamburger.edu": {"file": "hamburger.zone"},
                          "crepes.fr": {"records": [{"name": "www", "type": "A", "data": "10.8.8.8"}]}}},
        "live": {"host": "visitor", "first": ["crepes.fr", "hamburger.edu"]},
        "limits": {"message_size": "4MB"},
        "run": {"until": "6h"},
    }
    path = os.path.join(folder, "world.json")
    with open(path, "w") as file:
        json.dump(world, file)
    return path


class Checks:
    """Counts what held and what did not; says only what did not."""

    def __init__(self):
        self.count, self.failed, self.part = 0, 0, ""

    def that(self, what, holds, detail=""):
        self.count += 1
        if not holds:
            self.failed += 1
            print("FAILED %s: %s: %s" % (self.part, what, str(detail)[:1000]), flush=True)
        return bool(holds)

    def equal(self, what, found, wanted):
        if isinstance(found, bytes) and isinstance(wanted, bytes) and found != wanted:
            at = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
            return self.that(what, False, "%d octets, not %d; from %d on %r, not %r" % (
                len(found), len(wanted), at, found[at:at + 60], wanted[at:at + 60]))
        return self.that(what, found == wanted, "%r, not %r" % (found, wanted))

    def refused(self, what, kinds, wanted, call, *args):
        """The call must raise one of these errors, and its words must match."""
        try:
            found = call(*args)
        except kinds as error:
            return self.that(what, re.search(wanted, str(error)), error)
        return self.that(what, False, "was not refused: %r" % (found,))

    def attempt(self, name, function, *what):
        """Runs a part. An error that nobody expected is a failed check, and the other parts go on."""
        self.part = name
        try:
            function(self, *what)
        except Exception as error:
            self.that("goes through to its end", False, "%r\n%s" % (error, "".join(traceback.format_tb(error.__traceback__, -2))))

    def run(self, function, served):
        """Runs a part against a server, and waits until its clients have left."""
        part = function.__doc__
        before, start = self.count, time.monotonic()

        def whole(checks, served):
            function(checks, served)
            # Who stays would hold virtual time to the wall clock for the next part.
            if served.process.poll() is None:
                served.until("clients", lambda answer: answer == "nobody is connected")

        self.attempt(part, whole, served)
        if os.environ.get("VERBOSE"):
            print("%s: %d checks, %.1f s" % (part, self.count - before, time.monotonic() - start), flush=True)


class Service:
    """A process of the program that serves the world. It ends with the `with` block."""

    def __init__(self, binary, folder, *args):
        self.folder = os.path.join(folder, "served-" + "-".join(args).strip("-"))
        os.mkdir(self.folder)
        ready = os.path.join(self.folder, "ready.json")
        command = [binary, "serve", scenario(folder), "--free-ports", "--json", "--ready-file", ready,
                   "--out", os.path.join(self.folder, "results"), *args]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answers, self.told, self.summary = queue.Queue(), [], None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        until("the ready file", lambda: os.path.exists(ready) or self.process.poll() is not None)
        with open(ready) as file:
            self.listening = json.load(file)["listening"]

    def _read(self):
        for line in self.process.stdout:
            value = json.loads(line)
            if "answer" in value:
                self.answers.put(value["answer"])
            elif "summary" in value:
                self.summary = value["summary"]
            else:
                self.told.append(value)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def at(self, service, server):
        """Address and port of a service of a simulated host."""
        place = next(one["at"] for one in self.listening if (one["service"], one["server"]) == (service, server))
        host, port = place.rsplit(":", 1)
        return host, int(port)

    def address(self, server):
        """A host's address in the simulation."""
        return next(one["address"] for one in self.listening if one["server"] == server)

    def command(self, text):
        """Types a command at the console; what is answered."""
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.answers.get(timeout=PATIENCE)

    def until(self, text, wanted):
        """Types a command until the answer is as wanted."""
        return until(text, lambda: (lambda answer: answer if wanted(answer) else None)(self.command(text)))

    def holds(self, user, count):
        """Waits until a mailbox has that many messages."""
        said = re.compile(r": %d messages?\b" % count)
        self.until("mail " + user, lambda answer: said.search(answer.split("\n  in ")[0]))

    def seconds(self):
        """The virtual time."""
        days, _, clock = self.command("time").rpartition("d ")
        hours, minutes, seconds = clock.split(":")
        return int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)

    def quit(self):
        """Ends it; the exit code."""
        self.process.stdin.write("quit\n")
        self.process.stdin.close()
        code = self.process.wait(timeout=PATIENCE)
        self.reader.join(timeout=PATIENCE)
        return code

    def sockets(self):
        """Addresses, as the system writes them, of all sockets of the process that listen or are bound for datagrams."""
        own = set()
        for name in os.listdir("/proc/%d/fd" % self.process.pid):
            try:
                own.add(os.readlink("/proc/%d/fd/%s" % (self.process.pid, name)))
            except OSError:
                pass
        found = set()
        for table, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
            try:
                with open("/proc/%d/net/%s" % (self.process.pid, table)) as file:
                    rows = [line.split() for line in file][1:]
            except FileNotFoundError:
                continue
            found |= {row[1].split(":")[0] for row in rows if row[3] == state and "socket:[%s]" % row[9] in own}
        return found


def until(what, look):
    """Looks until there is something, and returns it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError("waited in vain: " + what)


# Trace fields, and the name that a server gives to a message that has none (RFC 5321 section 4.4, RFC 6409 section 8).
TRACE = re.compile(rb"(?:(?:Return-Path|Received|Message-ID):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)*")


def original(content):
    """A message as it was before servers put their fields in front. No message of the corpus begins with such a field."""
    return content[TRACE.match(content).end():]


def header(name, *more):
    lines = ["From: Alice <alice@crepes.fr>", "To: Bob <bob@hamburger.edu>", "Subject: The case of " + name,
             "Date: Mon, 06 Jul 2026 10:00:00 +0200", "Message-ID: <%s@crepes.fr>" % name, *more]
    return "\r\n".join(lines).encode() + CRLF


def lines(*texts):
    return b"".join(text + CRLF for text in texts)


ATTACHMENT = bytes(random.Random(7).randrange(256) for _ in range(10_000))
# What the parts of the multipart message are, and how they are told by IMAP.
NOTE = lines(b"See the picture.", b"", b".and the dot", b"caf=C3=A9")
PICTURE = base64.encodebytes(ATTACHMENT).replace(b"\n", CRLF)
INNER = header("inner", "MIME-Version: 1.0", 'Content-Type: text/plain; charset="us-ascii"') + lines(b"", b"inside", b".")


def multipart():
    mixed = 'Content-Type: multipart/mixed; boundary="a b=_c"'
    return header("multipart", "MIME-Version: 1.0", mixed) + b"".join([
        lines(b"", b"This is for readers without MIME.", b"--a b=_c"),
        lines(b'Content-Type: text/plain; charset="utf-8"', b"Content-Transfer-Encoding: quoted-printable", b""), NOTE,
        lines(b"", b"--a b=_c", b'Content-Type: image/png; name="a picture.png"'),
        lines(b"Content-Transfer-Encoding: base64", b'Content-Disposition: attachment; filename="a picture.png"'),
        lines(b"Content-ID: <picture@crepes.fr>", b"Content-Description: noise", b""), PICTURE,
        lines(b"", b"--a b=_c", b"Content-Type: message/rfc822", b""), INNER,
        lines(b"", b"--a b=_c--", b"after the end"),
    ])


def corpus():
    """Messages by name, the same each time: as they are sent, and as they must arrive."""
    chance = random.Random(1)
    word = lambda: bytes(chance.choice(b"abcdefghijklmnopqrstuvwxyz. ") for _ in range(chance.randrange(1, 70)))
    every_octet = bytes(octet for octet in range(1, 256) if octet not in b"\r\n")
    sent = {
        "plain": header("plain") + lines(b"", b"Do you like ketchup?", b"How about pickles?"),
        "dots": header("dots") + lines(b"", b".", b"..", b"...", b".x", b"", b".", b"", b"x.", b". ", b".\t.", b"."),
        "long": header("long", "X-Long: " + "x" * 990) + lines(b"", b"a" * 998, b"." * 998, b"." + b"b" * 997, b"c" * 997),
        "octets": header("octets", "X-Raw: caf\u00e9") + lines(b"", every_octet, "na\u00efve \u20ac".encode(), b"caf\xe9 \xff\xfe"),
        "empty-body": header("empty-body") + CRLF,
        "header-only": header("header-only"),
        "no-header": lines(b"", b"Nobody says who wrote this."),
        "no-end": header("no-end") + lines(b"") + b"the last line has no end",
        "no-end-dot": header("no-end-dot") + lines(b"") + b".",
        "blank-lines": header("blank-lines") + CRLF * 40,
        "spaces": header("spaces", "X-Folded: one", "\ttwo", "  three", "X-Blank:") + lines(
            b"", b"From here on", b">From there", b" leading", b"trailing \t ", b"\t", b" ", b"\x0cnext page", b"QUIT", b"RSET"),
        "no-name": lines(b"From: alice@crepes.fr", b"Subject: no name", b"", b"hi"),
        "words": header("words", "Comments: =?utf-8?q?caf=C3=A9?= =?iso-8859-1?b?4OE=?=", "X-8: \u00fc") + lines(b"", b"hi"),
        "utf8": header("utf8", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
        + "\r\nna\u00efve \u20ac\r\n".encode(),
        "multipart": multipart(),
        "large": header("large") + CRLF + b"".join(word() + CRLF for _ in range(28_000)),
    }
    return {name: (content, content if content.endswith(CRLF) else content + CRLF) for name, content in sent.items()}


TOKEN = re.compile(rb'\s*(?:(?P<paren>[()])|"(?P<string>(?:\\.|[^"\\])*)"|(?P<atom>(?:BODY\[[^\]]*\](?:<\d+>)?|[^\s()"]+)))')


def parsed(data):
    """The lists, strings and atoms of IMAP responses as imaplib gives them: literals are there already."""
    stack = [[]]
    for piece in data:
        text, literal = piece if isinstance(piece, tuple) else (piece, None)
        for found in TOKEN.finditer(re.sub(rb"\{\d+\}$", b"", text or b"")):
            kind, value = found.lastgroup, found[found.lastgroup]
            if value == b"(" and kind == "paren":
                stack.append([])
            elif kind == "paren":
                done = stack.pop()
                stack[-1].append(done)
            elif kind == "atom":
                stack[-1].append(None if value.upper() == b"NIL" else int(value) if value.isdigit() else value)
            else:
                stack[-1].append(re.sub(rb"\\(.)", rb"\1", value))
        if literal is not None:
            stack[-1].append(literal)
    return stack[0]
