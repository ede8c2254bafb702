"""Names by dnspython and dig; mail by swaks, curl, msmtp, fetchmail and mbsync."""

import os
import re
import socket
import subprocess
import tempfile

from livebed import CRLF, PASSWORD, PATIENCE, original, texts, until
from livemail import CORPUS, at_pace, fetched, imap, ok, pop3

# Where the programs find nobody's settings.
HOME = tempfile.TemporaryDirectory()

# Messages that every program below hands on as they are: none of them lacks a header, a name or the end of its last line,
# which mail programs may mend.
FAITHFUL = ["plain", "dots", "octets", "spaces", "utf8", "multipart", "large"]


def run(*command, stdin=b"", code=0):
    """What a program prints; its exit code must be that."""
    environment = dict(os.environ, HOME=HOME.name, LC_ALL="C")
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, env=environment)
    if code is not None and done.returncode != code:
        raise AssertionError("%s ends with %d: %s" % (" ".join(command)[:200], done.returncode, done.stdout[-300:]))
    return done.stdout


def dig(served, server, *words):
    host, port = served.at("dns", server)
    return run("dig", "@" + host, "-p", str(port), "+tries=2", "+timeout=5", *words).decode()


class Asked:
    """Questions by dnspython, over UDP and TCP."""

    def __init__(self, served):
        # Only those who ask need dnspython.
        import dns.flags
        import dns.message
        import dns.query
        import dns.rcode
        import dns.rdatatype
        self.dns, self.served = dns, served

    def __call__(self, server, name, kind, over="udp", **options):
        host, port = self.served.at("dns", server)
        question = self.dns.message.make_query(name, kind, **options)
        answer = getattr(self.dns.query, over)(question, host, port=port, timeout=PATIENCE)
        assert answer.id == question.id and answer.question == question.question
        return answer

    def flag(self, answer, name):
        return bool(answer.flags & getattr(self.dns.flags, name))


def said(answer, section="answer"):
    """Records of a section as text without the time to live, sorted."""
    return sorted("%s %s %s" % (one.name, type(item).__name__, item) for one in getattr(answer, section) for item in one)


def names(checks, served):
    """DNS by dnspython"""
    ask = Asked(served)
    rcode = lambda answer: ask.dns.rcode.to_text(answer.rcode())
    at_home = served.address("hamburger.edu")
    www = ["www.hamburger.edu. A 10.7.7.7", "www.hamburger.edu. A 10.7.7.8"]
    wanted = {
        ("hamburger.edu", "MX"): ["hamburger.edu. MX 10 hamburger.edu."],
        ("hamburger.edu", "A"): ["hamburger.edu. A " + at_home],
        ("WWW.Hamburger.EDU", "A"): www,
        ("alias.hamburger.edu", "A"): ["alias.hamburger.edu. CNAME www.hamburger.edu.", *www],
        ("twice.hamburger.edu", "A"): ["alias.hamburger.edu. CNAME www.hamburger.edu.", "twice.hamburger.edu. CNAME alias.hamburger.edu.", *www],
        ("twice.hamburger.edu", "CNAME"): ["twice.hamburger.edu. CNAME alias.hamburger.edu."],
        ("any.thing.wild.hamburger.edu", "A"): ["any.thing.wild.hamburger.edu. A 10.7.7.9"],
        ("_submission._tcp.hamburger.edu", "SRV"): ["_submission._tcp.hamburger.edu. SRV 0 1 587 hamburger.edu."],
    }
    for server, resolves in (("resolver.crepes.fr", True), ("ns.hamburger.edu", False)):
        for over in ("udp", "tcp"):
            place = "%s over %s: " % (server, over)
            for (name, kind), records in wanted.items():
                answer = ask(server, name, kind, over)
                found = [line.replace(name, name.lower()) for line in said(answer)]
                checks.equal(place + name + " " + kind, (rcode(answer), found), ("NOERROR", records))
                checks.equal("flags", (ask.flag(answer, "QR"), ask.flag(answer, "RA"), ask.flag(answer, "TC")), (True, resolves, False))
                checks.that("authority", resolves or ask.flag(answer, "AA"), answer)
            for name, kind, code in (("nobody.hamburger.edu", "A", "NXDOMAIN"), ("empty.hamburger.edu", "A", "NOERROR"),
                                     ("www.hamburger.edu", "MX", "NOERROR")):
                answer = ask(server, name, kind, over)
                soa = [str(one.name) for one in answer.authority if one.rdtype == ask.dns.rdatatype.SOA]
                checks.equal(place + "nothing at %s %s" % (name, kind), (rcode(answer), said(answer), soa), (code, [], ["hamburger.edu."]))
            answer = ask(server, "far.hamburger.edu", "A", over)
            checks.equal(place + "an alias that leads elsewhere", said(answer), ["far.hamburger.edu. CNAME www.crepes.fr."] + ["www.crepes.fr. A 10.8.8.8"] * resolves)
    sizes(checks, ask, rcode)
    checks.equal("a name server does not resolve", rcode(ask("ns.hamburger.edu", "crepes.fr", "A")), "REFUSED")
    answer = ask("a.root-servers.net", "www.hamburger.edu", "A")
    checks.equal("the root refers", (said(answer), said(answer, "authority")), ([], ["edu. NS ns.nic.edu."]))
    checks.equal("with glue", said(answer, "additional"), ["ns.nic.edu. A " + served.address("ns.nic.edu")])
    answer = ask("resolver.hamburger.edu", "nowhere.crepes.fr", "A")
    checks.equal("the other resolver", rcode(answer), "NXDOMAIN")
    transfer = ask("ns.hamburger.edu", "hamburger.edu", "AXFR", "tcp")
    checks.equal("no zone transfer", (rcode(transfer), said(transfer)), ("REFUSED", []))


def sizes(checks, ask, rcode):
    """What does not fit: TC, EDNS(0), TCP."""
    host_port = ask.served.at("dns", "ns.hamburger.edu")
    for server in ("ns.hamburger.edu", "resolver.crepes.fr"):
        for name, options, truncated in (("middle", {}, True), ("middle", {"use_edns": 0, "payload": 1232}, False),
                                         ("big", {"use_edns": 0, "payload": 1232}, True)):
            answer = ask(server, name + ".hamburger.edu", "TXT", **options)
            checks.equal("%s at %s with %s: TC" % (name, server, options), ask.flag(answer, "TC"), truncated)
            checks.that("its size", len(answer.to_wire()) <= options.get("payload", 512), len(answer.to_wire()))
            checks.equal("EDNS(0) is answered with EDNS(0)", answer.edns, 0 if options else -1)
        question = ask.dns.message.make_query("big.hamburger.edu", "TXT")
        host, port = ask.served.at("dns", server)
        answer, by_tcp = ask.dns.query.udp_with_fallback(question, host, port=port, timeout=PATIENCE)
        strings = [text.decode() for text in answer.answer[0][0].strings]
        checks.equal("all of it by TCP from " + server, (by_tcp, strings), (True, texts(90)))
    answer = ask("ns.hamburger.edu", "www.hamburger.edu", "A", use_edns=1)
    checks.equal("a later version of EDNS", rcode(answer), "BADVERS")
    with socket.create_connection(host_port, PATIENCE) as one:
        one.setblocking(False)
        for name in ("www", "alias", "nobody"):
            question = ask.dns.message.make_query(name + ".hamburger.edu", "A")
            answer = ask.dns.query.tcp(question, host_port[0], port=host_port[1], timeout=PATIENCE, sock=one)
            checks.equal("several questions on one connection: " + name, rcode(answer), "NXDOMAIN" if name == "nobody" else "NOERROR")


def by_dig(checks, served):
    """DNS by dig"""
    home, zone = "resolver.crepes.fr", "ns.hamburger.edu"
    for words in ([], ["+tcp"], ["+noedns"], ["+bufsize=512"], ["+nocookie"], ["+dnssec"]):
        checks.equal("MX %s" % words, dig(served, zone, *words, "hamburger.edu", "MX", "+short"), "10 hamburger.edu.\n")
        checks.equal("A by the resolver %s" % words, sorted(dig(served, home, *words, "alias.hamburger.edu", "A", "+short").split()),
                     ["10.7.7.7", "10.7.7.8", "www.hamburger.edu."])
    whole = dig(served, home, "nobody.hamburger.edu")
    checks.that("NXDOMAIN", "status: NXDOMAIN" in whole and "SOA" in whole and "WARNING" not in whole, whole)
    whole = dig(served, home, "big.hamburger.edu", "TXT")
    checks.that("dig turns to TCP", "Truncated, retrying in TCP mode" in whole and whole.count("line 0") == 90, whole)
    whole = dig(served, home, "big.hamburger.edu", "TXT", "+ignore")
    checks.that("or takes what there is", " tc" in whole.partition("flags:")[2].partition(";")[0], whole)
    whole = dig(served, zone, "hamburger.edu", "SOA", "+norecurse")
    checks.that("an authoritative answer", " aa" in whole.partition("flags:")[2].partition(";")[0] and "EDNS: version: 0" in whole, whole)
    checks.that("no complaint of dig", not any(word in whole for word in ("WARNING", "Warning", "malformed", "BADCOOKIE")), whole)
    checks.that("no transfer", "Transfer failed" in dig(served, zone, "hamburger.edu", "AXFR"), "")
    checks.that("Chaos is not served", "status: REFUSED" in dig(served, zone, "version.bind", "CH", "TXT") or "status: NOTIMP" in dig(
        served, zone, "version.bind", "CH", "TXT"), dig(served, zone, "version.bind", "CH", "TXT"))


def names_gone(checks, served):
    """DNS while servers are down"""
    ask = Asked(served)
    rcode = lambda answer: ask.dns.rcode.to_text(answer.rcode())
    # While somebody is there, a world without idle time does not run on until all caches are empty.
    somebody = pop3(served, "c1", "crepes.fr")
    checks.equal("known before", rcode(ask("resolver.crepes.fr", "www.hamburger.edu", "A")), "NOERROR")
    served.command("fail ns.hamburger.edu")
    checks.equal("what is remembered is answered", len(said(ask("resolver.crepes.fr", "www.hamburger.edu", "A"))), 2)
    host, port = served.at("dns", "ns.hamburger.edu")
    question = ask.dns.message.make_query("www.hamburger.edu", "A")
    checks.refused("nobody is there", ask.dns.exception.Timeout, "", lambda: ask.dns.query.udp(question, host, port=port, timeout=0.3))
    served.command("speed 1000")
    answer = ask("resolver.crepes.fr", "fresh.wild.hamburger.edu", "A")
    checks.equal("nobody can be asked", rcode(answer), "SERVFAIL")
    served.command("restore ns.hamburger.edu")
    again = lambda: said(ask("resolver.crepes.fr", "fresh.wild.hamburger.edu", "A")) or None
    checks.equal("afterwards", until("an answer", again), ["fresh.wild.hamburger.edu. A 10.7.7.9"])
    served.command("speed max")
    somebody.close()


def pace(checks, served):
    """names at twenty times the pace"""
    ask = Asked(served)
    ttl = lambda: ask("resolver.hamburger.edu", "www.hamburger.edu", "A").answer[0].ttl
    first, passed = at_pace(ttl)
    checks.equal("a whole time to live", first, 600)
    checks.that("it counts down at the pace", passed[0] - 1 < -passed[1] < passed[2] + 1, passed)


def at(served, service, server="hamburger.edu"):
    return "%s:%d" % served.at(service, server)


def file_of(folder, name, ends=CRLF):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(CORPUS[name][0].replace(CRLF, ends))
    return path


def arrived(checks, served, user, names):
    """All of them are in the mailbox, in that order, as they were sent."""
    served.holds(user, len(names))
    client = imap(served, user, mailbox="INBOX")
    found = fetched(client, "1:*", "(BODY.PEEK[])")
    for name, one in zip(names, found.values()):
        checks.equal(name, original(one[b"BODY[]"]), CORPUS[name][1])
    client.logout()


def by_swaks(checks, served):
    """mail by swaks"""
    base = ["swaks", "--helo", "client.example", "--timeout", "30s", "--from", "alice@crepes.fr", "--hide-all"]
    with tempfile.TemporaryDirectory() as folder:
        # It takes lines that end as those of this system do, and ends the last one itself.
        sent = ["plain", "utf8", "multipart"]
        for name in sent:
            data = file_of(folder, name, b"\n")
            os.truncate(data, os.path.getsize(data) - 1)
            run(*base, "--server", at(served, "smtp"), "--to", "h20@hamburger.edu", "--data", "@" + data)
            run(*base, "--server", at(served, "smtp"), "--to", "h21@hamburger.edu", "--data", "@" + data, "--pipeline")
            for user, kind in (("h22", "PLAIN"), ("h23", "LOGIN")):
                run(*base, "--server", at(served, "submission", "crepes.fr"), "--to", user + "@hamburger.edu", "--data", "@" + data,
                    "--auth", kind, "--auth-user", "alice", "--auth-password", PASSWORD)
                served.holds(user, sent.index(name) + 1)
        for user in ("h20", "h21", "h22", "h23"):
            arrived(checks, served, user, sent)
        asked = [*base, "--server", at(served, "smtp"), "--quit-after", "RCPT"]
        run(*asked, "--to", "h20@hamburger.edu")
        run(*asked, "--to", "nobody@hamburger.edu", code=24)
        run(*base, "--server", at(served, "submission", "crepes.fr"), "--to", "h20@hamburger.edu", "--auth", "PLAIN",
            "--auth-user", "alice", "--auth-password", "guess", code=28)
        checks.that("exit codes of swaks for the refused", True)


def by_curl(checks, served):
    """mail by curl"""
    base = ["curl", "--silent", "--show-error", "--max-time", "30"]
    whom = ["--mail-from", "alice@crepes.fr", "--mail-rcpt"]
    with tempfile.TemporaryDirectory() as folder:
        for name in FAITHFUL:
            path = file_of(folder, name)
            run(*base, "smtp://%s/client.example" % at(served, "smtp"), *whom, "h24@hamburger.edu", "--upload-file", path)
        for number, kind in enumerate(("PLAIN", "LOGIN"), 1):
            run(*base, "smtp://%s/client.example" % at(served, "submission", "crepes.fr"), *whom, "h25@hamburger.edu", "--upload-file",
                file_of(folder, "octets"), "--user", "alice:" + PASSWORD, "--login-options", "AUTH=" + kind)
            served.holds("h25", number)
        arrived(checks, served, "h24", FAITHFUL)
        arrived(checks, served, "h25", ["octets"] * 2)
        login = ["--user", "h24:" + PASSWORD]
        for number, name in enumerate(FAITHFUL, 1):
            got = run(*base, "pop3://%s/%d" % (at(served, "pop3"), number), *login)
            checks.equal("POP3: " + name, original(got), CORPUS[name][1])
            got = run(*base, "imap://%s/INBOX;MAILINDEX=%d" % (at(served, "imap"), number), *login)
            checks.equal("IMAP: " + name, original(got), CORPUS[name][1])
            run(*base, "imap://%s/INBOX" % at(served, "imap"), "--user", "h26:" + PASSWORD, "--upload-file", file_of(folder, name))
        arrived(checks, served, "h26", FAITHFUL)
        run(*base, "--login-options", "AUTH=PLAIN", "pop3://%s/" % at(served, "pop3"), *login)
        got = run(*base, "imap://%s/INBOX;MAILINDEX=1;SECTION=TEXT" % at(served, "imap"), *login)
        checks.equal("a section", got, CORPUS["plain"][1].partition(CRLF * 2)[2])
        got = run(*base, "imap://%s/INBOX?SUBJECT%%20multipart" % at(served, "imap"), *login)
        checks.equal("SEARCH", got.split(), [b"*", b"SEARCH", b"%d" % (FAITHFUL.index("multipart") + 1)])
        run(*base, "pop3://%s/1" % at(served, "pop3"), "--user", "h24:guess", code=67)
        run(*base, "imap://%s/INBOX" % at(served, "imap"), "--user", "h24:guess", code=67)
        run(*base, "smtp://" + at(served, "smtp"), *whom, "nobody@hamburger.edu", "--upload-file", file_of(folder, "plain"), code=55)
        checks.that("exit codes of curl for the refused", True)


def by_msmtp(checks, served):
    """mail by msmtp"""
    for user, login in (("h27", []), ("h28", ["--auth=plain", "--user=alice", "--passwordeval=echo " + PASSWORD]),
                        ("h29", ["--auth=login", "--user=alice", "--passwordeval=echo " + PASSWORD])):
        host, port = served.at("submission", "crepes.fr") if login else served.at("smtp", "hamburger.edu")
        for number, name in enumerate(FAITHFUL, 1):
            # It takes lines that end as those of this system do, and leaves Bcc alone.
            run("msmtp", "--file=/dev/null", "--host=" + host, "--port=%d" % port, "--tls=off", "--timeout=30", "--domain=client.example",
                *login, "--from=alice@crepes.fr", user + "@hamburger.edu", stdin=CORPUS[name][0].replace(CRLF, b"\n"))
            served.holds(user, number)
        arrived(checks, served, user, FAITHFUL)
    run("msmtp", "--file=/dev/null", "--host=" + host, "--port=%d" % port, "--tls=off", "--auth=plain", "--user=alice", "--passwordeval=echo guess",
        "--from=alice@crepes.fr", "h20@hamburger.edu", code=77)
    checks.that("exit code of msmtp for a wrong password", True)


def by_fetchmail(checks, served):
    """mail by fetchmail"""
    for protocol, user in (("pop3", "h27"), ("imap", "h28")):
        host, port = served.at(protocol, "hamburger.edu")
        with tempfile.TemporaryDirectory() as folder:
            rules = os.path.join(folder, "rules")
            keep = os.path.join(folder, "mail")
            os.mkdir(keep)
            with open(rules, "w") as file:
                file.write('poll %s service %d protocol %s auth password\n'
                           ' user "%s" password "%s" sslproto "" fetchall nokeep stripcr no rewrite\n'
                           ' mda "cat > %s/$$"\n' % (host, port, protocol, user, PASSWORD, keep))
            os.chmod(rules, 0o600)
            run("fetchmail", "-f", rules, "--nodetach", "--nosyslog", "--invisible", "--pidfile", os.path.join(folder, "pid"),
                "--idfile", os.path.join(folder, "ids"))
            got = [original(open(os.path.join(keep, name), "rb").read().replace(b"\n", CRLF)) for name in os.listdir(keep)]
            for name in FAITHFUL:
                checks.that("%s: %s" % (protocol, name), CORPUS[name][1] in got, sorted(map(len, got)))
            served.holds(user, 0)


def by_mbsync(checks, served):
    """mail by mbsync"""
    host, port = served.at("imap", "hamburger.edu")
    with tempfile.TemporaryDirectory() as folder:
        rules = os.path.join(folder, "rules")
        with open(rules, "w") as file:
            file.write("IMAPAccount a\nHost %s\nPort %d\nUser h29\nPass %s\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount a\n\n"
                       "MaildirStore near\nPath %s/\nInbox %s/INBOX\nSubFolders Verbatim\n\nChannel c\nFar :far:\nNear :near:\nPatterns *\n"
                       "Create Both\nExpunge Both\nSync All\nCopyArrivalDate yes\nSyncState *\n" % (host, port, PASSWORD, folder, folder))
        sync = lambda: run("mbsync", "--config", rules, "--all")
        sync()
        box = os.path.join(folder, "INBOX")
        paths = lambda: [os.path.join(box, part, name) for part in ("cur", "new") for name in os.listdir(os.path.join(box, part))]
        # It puts a field of its own into what it copies.
        read = lambda path: re.sub(rb"(?m)^X-TUID: .*\r\n", b"", original(open(path, "rb").read().replace(b"\n", CRLF)), count=1)
        got = [read(path) for path in paths()]
        for name in FAITHFUL:
            checks.that("pulled: " + name, CORPUS[name][1] in got, sorted(map(len, got)))
        here = {read(path): path for path in paths()}
        seen, gone = here[CORPUS["plain"][1]], here[CORPUS["dots"][1]]
        for path, flag in ((seen, "S"), (gone, "T")):
            stem = os.path.basename(path).partition(":")[0]
            os.rename(path, os.path.join(box, "cur", stem + ":2," + flag))
        with open(os.path.join(box, "new", "1.own.here"), "wb") as file:
            file.write(CORPUS["spaces"][0].replace(CRLF, b"\n"))
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(folder, "Own", part))
        sync()
        client = imap(served, "h29", mailbox="INBOX")
        found = fetched(client, "1:*", "(FLAGS BODY.PEEK[])").values()
        checks.equal("pushed: one is gone, one has come", len(found), len(FAITHFUL))
        flags = [one[b"FLAGS"] for one in found if original(one[b"BODY[]"]) == CORPUS["plain"][1]]
        checks.that("pushed: seen", len(flags) == 1 and b"\\Seen" in flags[0], flags)
        checks.equal("pushed: expunged", [one for one in found if original(one[b"BODY[]"]) == CORPUS["dots"][1]], [])
        checks.that("pushed: a new one", sum(CORPUS["spaces"][1] in one[b"BODY[]"] or b"From here on" in one[b"BODY[]"] for one in found) == 2, "")
        checks.that("pushed: a mailbox", any(b"Own" in line for line in ok(client.list())), "")
        client.logout()


# A question that is never answered holds virtual time to the wall clock for a minute, so these come last.
PARTS = [names, by_dig, by_swaks, by_curl, by_msmtp, by_fetchmail, by_mbsync, names_gone]
