"""Mail by the libraries of Python: smtplib, poplib, imaplib."""

import imaplib
import poplib
import re
import smtplib
import threading
import time

from livebed import ATTACHMENT, CRLF, INNER, NOTE, PASSWORD, PATIENCE, PICTURE, corpus, header, lines, original, parsed, until

import base64

CORPUS = corpus()
NAMES = list(CORPUS)
POP3_ERRORS = (poplib.error_proto,)
IMAP_ERRORS = (imaplib.IMAP4.error,)


def smtp(served, server, service="smtp"):
    return smtplib.SMTP(*served.at(service, server), local_hostname="client.example", timeout=PATIENCE)


def submission(served, user, server="crepes.fr", password=PASSWORD):
    client = smtp(served, server, "submission")
    client.login(user, password)
    return client


def pop3(served, user, server="hamburger.edu"):
    client = poplib.POP3(*served.at("pop3", server), timeout=PATIENCE)
    client.user(user)
    client.pass_(PASSWORD)
    return client


def imap(served, user, server="hamburger.edu", mailbox=None):
    client = imaplib.IMAP4(*served.at("imap", server), timeout=PATIENCE)
    client.login(user, PASSWORD)
    if mailbox:
        ok(client.select(mailbox))
    return client


def ok(answer):
    """What an IMAP command gave, which must be OK."""
    if answer[0] != "OK":
        raise AssertionError(answer)
    return answer[1]


def content(client, number):
    """A message by RETR; poplib takes the ends off the lines."""
    return b"".join(line + CRLF for line in client.retr(number)[1])


def fetched(client, which, items, by=None):
    """What FETCH gives: for each message, in the order of the answers, its items by name."""
    data = ok(client.uid("FETCH", which, items) if by == "uid" else client.fetch(which, items))
    found = parsed(data)
    return {number: dict(zip(values[::2], values[1::2])) for number, values in zip(found[::2], found[1::2])}


def send(served, user, to, name):
    """Hands a small message of that name in."""
    with submission(served, user) as client:
        client.sendmail(user + "@crepes.fr", to, header(name) + lines(b"", b"hi"))


def check_delivered(checks, found, names=NAMES):
    """All messages of these names are there, unchanged, and no others. `found` are the contents."""
    left = [original(one) for one in found]
    checks.equal("as many messages as were sent", len(left), len(names))
    for name in names:
        wanted = CORPUS[name][1]
        if wanted in left:
            left.remove(wanted)
            checks.that(name, True)
        else:
            near = next((one for one in left if one[:60] == wanted[:60]), b"")
            checks.equal(name, near, wanted)


def smtp_port(checks, served):
    """SMTP, port 25"""
    with smtp(served, "hamburger.edu") as client:
        code, words = client.ehlo()
        checks.equal("EHLO", code, 250)
        for extension in ("8bitmime", "pipelining", "size", "enhancedstatuscodes"):
            checks.that(extension, client.has_extn(extension), words)
        checks.equal("SIZE", client.esmtp_features["size"], "4000000")
        checks.that("no AUTH where mail from other servers comes in", not client.has_extn("auth"), words)
        checks.equal("HELP", client.docmd("HELP")[0], 214)
        checks.equal("NOOP", client.noop()[0], 250)
        checks.equal("RSET", client.rset()[0], 250)
        checks.equal("VRFY of a user", client.verify("bob@hamburger.edu")[0], 252)
        checks.equal("an unknown command", client.docmd("XYZZY")[0], 500)
        checks.equal("RCPT without MAIL", client.docmd("RCPT", "TO:<bob@hamburger.edu>")[0], 503)
        for name in NAMES:
            options = ["BODY=8BITMIME"] if max(CORPUS[name][0]) > 127 else []
            refused = client.sendmail("alice@crepes.fr", "bob@hamburger.edu", CORPUS[name][0], options)
            checks.equal("hand in " + name, refused, {})
        some = client.sendmail("alice@crepes.fr", ["h1@hamburger.edu", "nobody@hamburger.edu"], CORPUS["plain"][0])
        checks.equal("one recipient of two is refused", {to: answer[0] for to, answer in some.items()}, {"nobody@hamburger.edu": 550})
        recipients = ["h%d@hamburger.edu" % number for number in range(2, 6)]
        checks.equal("several recipients", client.sendmail("", recipients, CORPUS["dots"][0]), {})
        checks.refused("mail for elsewhere", smtplib.SMTPRecipientsRefused, "55[04]", client.sendmail, "a@crepes.fr", ["carol@crepes.fr"], b"")
        checks.refused("nobody is left", smtplib.SMTPRecipientsRefused, "550", client.sendmail, "a@crepes.fr", ["nobody@hamburger.edu"], b"")
        large = b"x" * 70 + CRLF
        checks.refused("too large by SIZE", smtplib.SMTPSenderRefused, "552", client.sendmail, "a@crepes.fr", "bob@hamburger.edu", large * 60_000)
        client.mail("a@crepes.fr")
        client.rcpt("bob@hamburger.edu")
        checks.equal("too large without SIZE", client.data(large * 60_000)[0], 552)
        checks.equal("the dialogue goes on", client.noop()[0], 250)
    with smtp(served, "hamburger.edu") as client:
        checks.equal("HELO", client.helo()[0], 250)
        checks.equal("after HELO", client.sendmail("alice@crepes.fr", "h1@hamburger.edu", CORPUS["dots"][0]), {})
    served.holds("bob", len(NAMES))
    for number in range(2, 6):
        served.holds("h%d" % number, 1)


def read_by_pop3(checks, served):
    """POP3"""
    client = pop3(served, "bob")
    checks.equal("CAPA", set(client.capa()) >= {"TOP", "UIDL", "USER", "SASL"}, True)
    count, size = client.stat()
    contents = [content(client, number) for number in range(1, count + 1)]
    checks.equal("STAT: octets", size, sum(map(len, contents)))
    checks.equal("LIST", client.list()[1], [b"%d %d" % (n, len(one)) for n, one in enumerate(contents, 1)])
    checks.equal("LIST of one", client.list(1).split()[2], b"%d" % len(contents[0]))
    for name, found in zip(NAMES, contents):
        checks.equal(name + " in its place", original(found), CORPUS[name][1])
    check_delivered(checks, contents)
    for number, whole in enumerate(contents, 1):
        head, blank, body = whole.partition(CRLF + CRLF) if not whole.startswith(CRLF) else (b"", whole[:2], whole[2:])
        for wanted in (0, 1, 3, 10_000_000):
            top = b"".join(line + CRLF for line in client.top(number, wanted)[1])
            shown = b"".join(body.splitlines(keepends=True)[:wanted]) if b"\x0c" not in body else b"".join(
                line + CRLF for line in body.split(CRLF)[:-1][:wanted])
            shown = b"".join(line + b"\n" for line in body.split(b"\n")[:-1][:wanted])
            whole_head = head + blank if blank else whole
            checks.equal("TOP %d of %s" % (wanted, NAMES[number - 1]), top, whole_head + shown)
    unique = client.uidl()[1]
    checks.that("UIDL: all differ", len({line.split()[1] for line in unique}) == count, unique)
    checks.equal("UIDL of one", client.uidl(2).split(None, 1)[1], unique[1])
    checks.refused("the maildrop is locked", POP3_ERRORS, "-ERR", pop3, served, "bob")
    client.dele(1)
    checks.refused("RETR of what is deleted", POP3_ERRORS, "-ERR", client.retr, 1)
    checks.refused("DELE of what is deleted", POP3_ERRORS, "-ERR", client.dele, 1)
    checks.equal("STAT without what is deleted", client.stat()[0], count - 1)
    client.rset()
    checks.equal("RSET", client.stat(), (count, size))
    checks.refused("no such message", POP3_ERRORS, "-ERR", client.retr, count + 1)
    client.dele(1)
    client.quit()
    client = pop3(served, "bob")
    checks.equal("unique identifiers stay", [line.split()[1] for line in client.uidl()[1]], [line.split()[1] for line in unique[1:]])
    client.dele(1)
    client.close()
    client = until("the lock to be gone", lambda: again(pop3, served, "bob"))
    checks.equal("without QUIT nothing is deleted", client.stat()[0], count - 1)
    client.quit()
    checks.refused("a wrong password", POP3_ERRORS, "-ERR", wrong_password, served)


def again(log_in, *args):
    try:
        return log_in(*args)
    except (poplib.error_proto, OSError):
        return None


def wrong_password(served):
    client = poplib.POP3(*served.at("pop3", "hamburger.edu"), timeout=PATIENCE)
    client.user("bob")
    client.pass_("guess")


def submitted(checks, served):
    """submission, and between the servers"""
    with smtp(served, "crepes.fr", "submission") as client:
        client.ehlo()
        checks.that("AUTH", {"PLAIN", "LOGIN"} <= set(client.esmtp_features.get("auth", "").split()), client.esmtp_features)
        checks.refused("without AUTH", smtplib.SMTPSenderRefused, "530", client.sendmail, "alice@crepes.fr", "dave@hamburger.edu", b"")
        checks.refused("a wrong password", smtplib.SMTPAuthenticationError, "535", client.login, "alice", "guess")
        client.user, client.password = "alice", PASSWORD
        checks.equal("AUTH LOGIN", client.auth("LOGIN", client.auth_login)[0], 235)
        checks.equal("AUTH again", client.docmd("AUTH", "PLAIN")[0], 503)
        for name in NAMES:
            options = ["BODY=8BITMIME"] if max(CORPUS[name][0]) > 127 else []
            checks.equal("hand in " + name, client.sendmail("alice@crepes.fr", "dave@hamburger.edu", CORPUS[name][0], options), {})
    with submission(served, "alice@crepes.fr") as client:
        checks.equal("the whole address as user, both domains", client.sendmail(
            "alice@crepes.fr", ["carol@crepes.fr", "h6@hamburger.edu"], CORPUS["plain"][0]), {})
    served.holds("dave", len(NAMES))
    served.holds("carol", 1)
    served.holds("h6", 1)
    client = imap(served, "dave", mailbox="INBOX")
    found = fetched(client, "1:*", "(BODY.PEEK[])")
    check_delivered(checks, [one[b"BODY[]"] for one in found.values()])
    for number, one in found.items():
        trace = one[b"BODY[]"][:-len(original(one[b"BODY[]"]))]
        hops = re.findall(rb"(?m)^Received: from (\S+)", trace)
        checks.equal("the way of message %d" % number, (len(hops), hops[:1]), (2, [b"crepes.fr"]))
        checks.that("its reverse-path", trace.startswith(b"Return-Path: <alice@crepes.fr>\r\n"), trace)
    client.logout()


def returned(checks, served):
    """a message to nobody"""
    send(served, "c1", "nobody@hamburger.edu", "to-nobody")
    served.holds("c1", 1)
    client = pop3(served, "c1", "crepes.fr")
    text = content(client, 1)
    client.quit()
    checks.that("comes from nobody", text.startswith(b"Return-Path: <>\r\n"), text)
    checks.that("names the recipient and the answer", b"nobody@hamburger.edu" in text and b"550" in text, text)


def read_by_imap(checks, served):
    """IMAP, reading"""
    client = imap(served, "bob", mailbox="INBOX")
    checks.that("capabilities", {"IMAP4REV1", "IDLE", "UIDPLUS", "MOVE"} <= set(client.capabilities), client.capabilities)
    names = NAMES[1:]
    found = fetched(client, "1:*", "(UID RFC822.SIZE FLAGS INTERNALDATE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT])")
    whole = {name: found[number][b"BODY[]"] for number, name in enumerate(names, 1)}
    check_delivered(checks, list(whole.values()), names)
    reader = pop3(served, "bob")
    for number, name in enumerate(names, 1):
        one = found[number]
        checks.equal(name + " in its place", original(one[b"BODY[]"]), CORPUS[name][1])
        checks.equal(name + ": the same as by POP3", content(reader, number), one[b"BODY[]"])
        checks.equal(name + ": size", one[b"RFC822.SIZE"], len(one[b"BODY[]"]))
        checks.equal(name + ": header and text", one[b"BODY[HEADER]"] + one[b"BODY[TEXT]"], one[b"BODY[]"])
        checks.that(name + ": was not looked at", b"\\Seen" not in one[b"FLAGS"], one[b"FLAGS"])
    reader.quit()
    uids = [one[b"UID"] for one in found.values()]
    checks.equal("unique identifiers ascend", uids, sorted(set(uids)))
    by_uid = fetched(client, "%d:*" % uids[-2], "(RFC822.SIZE)", "uid")
    checks.equal("UID FETCH", [one[b"UID"] for one in by_uid.values()], uids[-2:])

    large, number = whole["large"], names.index("large") + 1
    pieces = []
    for start in range(0, len(large), 300_000):
        pieces.append(fetched(client, str(number), "(BODY.PEEK[]<%d.300000>)" % start)[number][b"BODY[]<%d>" % start])
    checks.equal("partial fetches make the whole", b"".join(pieces), large)
    for start, length in ((0, 1), (len(large) - 5, 100), (len(large) - 5, 5), (len(large) + 9, 10)):
        piece = fetched(client, str(number), "(BODY.PEEK[]<%d.%d>)" % (start, length))[number][b"BODY[]<%d>" % start]
        checks.equal("%d octets from %d on" % (length, start), piece or b"", large[start:start + length])
    piece = fetched(client, str(number), "(BODY.PEEK[TEXT]<10.20>)")[number][b"BODY[TEXT]<10>"]
    checks.equal("a part of the text", piece, original(large).partition(CRLF + CRLF)[2][10:30])
    checks.equal("RFC822.HEADER", fetched(client, "1", "(RFC822.HEADER)")[1][b"RFC822.HEADER"], found[1][b"BODY[HEADER]"])
    piece = fetched(client, "1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT from)])")[1]
    checks.equal("chosen fields", list(piece.values())[0], lines(b"From: Alice <alice@crepes.fr>", b"Subject: The case of dots", b""))
    piece = list(fetched(client, "1", "(BODY.PEEK[HEADER.FIELDS.NOT (received return-path to from date message-id)])")[1].values())[0]
    checks.equal("all but chosen fields", piece, lines(b"Subject: The case of dots", b""))

    envelope(checks, client, names)
    structure(checks, client, names.index("multipart") + 1, whole["multipart"])
    searches(checks, client, names, whole, uids)
    ok(client.fetch("1", "(BODY[TEXT]<0.5>)"))
    checks.equal("BODY[] marks as seen", fetched(client, "1", "(FLAGS)")[1][b"FLAGS"].count(b"\\Seen"), 1)
    client.logout()


def envelope(checks, client, names):
    alice, bob = [[b"Alice", None, b"alice", b"crepes.fr"]], [[b"Bob", None, b"bob", b"hamburger.edu"]]
    date = b"Mon, 06 Jul 2026 10:00:00 +0200"
    for name in ("dots", "multipart"):
        number = names.index(name) + 1
        found = fetched(client, str(number), "(ENVELOPE)")[number][b"ENVELOPE"]
        subject, ident = b"The case of " + name.encode(), b"<%s@crepes.fr>" % name.encode()
        checks.equal("envelope of " + name, found, [date, subject, alice, alice, alice, bob, None, None, None, ident])
    number = names.index("no-name") + 1
    found = fetched(client, str(number), "(ENVELOPE)")[number][b"ENVELOPE"]
    who = [[None, None, b"alice", b"crepes.fr"]]
    checks.equal("envelope with little in it", found[:9], [None, b"no name", who, who, who, None, None, None, None])


def structure(checks, client, number, whole):
    """Compares with what the parts were made of, not with a parser of our own."""
    found = fetched(client, str(number), "(BODYSTRUCTURE BODY)")[number]
    lower = lambda value: value.lower() if isinstance(value, bytes) else list(map(lower, value)) if isinstance(value, list) else value
    text, picture, message, kind, parameters = found[b"BODYSTRUCTURE"][:5]
    checks.equal("the whole", lower([kind, parameters]), [b"mixed", [b"boundary", b"a b=_c"]])
    checks.equal("the text", lower(text[:8]), [b"text", b"plain", [b"charset", b"utf-8"], None, None, b"quoted-printable", len(NOTE), NOTE.count(CRLF)])
    checks.equal("the picture", lower(picture[:9]), [b"image", b"png", [b"name", b"a picture.png"], b"<picture@crepes.fr>", b"noise", b"base64",
                                                    len(PICTURE), None, [b"attachment", [b"filename", b"a picture.png"]]])
    checks.equal("the message inside", lower(message[:2] + message[6:7] + message[9:10]), [b"message", b"rfc822", len(INNER), INNER.count(CRLF)])
    checks.equal("its envelope", message[7][1:2] + message[7][9:], [b"The case of inner", b"<inner@crepes.fr>"])
    checks.equal("its structure", lower(message[8][:8]), [b"text", b"plain", [b"charset", b"us-ascii"], None, None, b"7bit", 11, 2])
    checks.equal("BODY is the same without extensions", lower(found[b"BODY"][0]), lower(text[:8]))
    inner_head, _, inner_text = INNER.partition(CRLF + CRLF)
    for section, wanted in {
        "1": NOTE, "2": PICTURE, "3": INNER, "3.TEXT": inner_text, "3.1": inner_text, "3.HEADER": inner_head + CRLF * 2,
        "TEXT": whole.partition(CRLF + CRLF)[2], "3.HEADER.FIELDS (SUBJECT)": lines(b"Subject: The case of inner", b""),
        "1.MIME": lines(b'Content-Type: text/plain; charset="utf-8"', b"Content-Transfer-Encoding: quoted-printable", b""),
    }.items():
        value = list(fetched(client, str(number), "(BODY.PEEK[%s])" % section)[number].values())[0]
        checks.equal("BODY[%s]" % section, value, wanted)
        if section == "2":
            checks.equal("the attachment", base64.b64decode(value), ATTACHMENT)


def searches(checks, client, names, whole, uids):
    def search(*criteria, by="number"):
        return [int(one) for one in ok(client.uid("SEARCH", *criteria) if by == "uid" else client.search(None, *criteria))[0].split()]

    every = list(range(1, len(names) + 1))
    at = lambda *wanted: sorted(names.index(name) + 1 for name in wanted)
    checks.equal("all", search("ALL"), every)
    checks.equal("by UID", search("ALL", by="uid"), uids)
    checks.equal("subject", search("SUBJECT", '"case of LARGE"'), at("large"))
    checks.equal("body", search("BODY", '"See the picture"'), at("multipart"))
    client.literal = "na\u00efve \u20ac".encode()
    checks.equal("octets above 127", [int(one) for one in ok(client.search("UTF-8", "TEXT"))[0].split()], at("utf8"))
    client.literal = "CAF\u00c9".encode()
    checks.that("text decoded from quoted-printable", str(at("multipart")[0]).encode() in ok(client.search("UTF-8", "BODY"))[0].split())
    client.literal = "caf\u00e9\u00e0\u00e1".encode()
    checks.equal("encoded words", [int(one) for one in ok(client.search("UTF-8", "HEADER", "Comments"))[0].split()], at("words"))
    checks.equal("larger", search("LARGER", "900000"), at("large"))
    checks.equal("smaller", search("SMALLER", "900000"), [n for n in every if len(whole[names[n - 1]]) < 900000])
    checks.equal("header", search("HEADER", "X-Folded", '""'), at("spaces"))
    checks.equal("name", search("HEADER", "Message-ID", "<multipart@crepes.fr>"), at("multipart"))
    checks.equal("or, not", search("OR", "SUBJECT", '"of long"', "NOT", "SMALLER", "900000"), at("large", "long"))
    checks.equal("set and criterion", search("2:4", "UNSEEN"), [2, 3, 4])
    checks.equal("sent on", search("SENTON", "6-Jul-2026"), [n for n in every if b"06 Jul 2026" in whole[names[n - 1]].partition(CRLF * 2)[0]])
    checks.equal("from", search("FROM", "alice"), [n for n in every if re.search(rb"(?m)^From:.*alice", whole[names[n - 1]].partition(CRLF * 2)[0])])
    checks.equal("flags of nothing", search("FLAGGED"), [])


def mailboxes(checks, served):
    """IMAP, changing"""
    client = imap(served, "h10", mailbox="INBOX")
    for name in NAMES:
        ok(client.append("INBOX", r"(\Flagged)", '"05-Jul-2026 12:00:00 +0200"', CORPUS[name][1]))
    found = fetched(client, "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")
    for name, one in zip(NAMES, found.values()):
        checks.equal("APPEND of " + name, one[b"BODY[]"], CORPUS[name][1])
        checks.equal("its date", one[b"INTERNALDATE"], b" 5-Jul-2026 12:00:00 +0200")
        checks.that("its flag", b"\\Flagged" in one[b"FLAGS"] and b"\\Seen" not in one[b"FLAGS"], one[b"FLAGS"])
    ok(client.create("Work/Old"))
    boxes = lambda: {re.search(rb'"?([^" ]+)"?$', line)[1] for line in ok(client.list())}
    checks.equal("CREATE and LIST", boxes() >= {b"INBOX", b"Work", b"Work/Old"}, True)
    ok(client.copy("1:3", "Work/Old"))
    checks.that("COPYUID", client.response("COPYUID")[1], "")
    status = parsed(ok(client.status("Work/Old", "(MESSAGES UNSEEN UIDNEXT)")))[-1]
    checks.equal("STATUS", status[:4], [b"MESSAGES", 3, b"UNSEEN", 3])
    answer = parsed(ok(client.store("1:2", "+FLAGS", r"(\Seen $Later)")))
    checks.equal("STORE tells", [b"$Later" in flags[1] and b"\\Seen" in flags[1] for flags in answer[1::2]], [True, True])
    checks.equal("STORE, silent", ok(client.store("1", "-FLAGS.SILENT", r"(\Seen)")), [None])
    checks.that("and done", b"\\Seen" not in fetched(client, "1", "(FLAGS)")[1][b"FLAGS"])
    checks.equal("a keyword is found", ok(client.search(None, "KEYWORD", "$Later")), [b"1 2"])
    uid = fetched(client, "3", "(UID)")[3][b"UID"]
    ok(client.uid("STORE", str(uid), "FLAGS", r"(\Deleted)"))
    checks.equal("EXPUNGE", ok(client.expunge()), [b"3"])
    checks.equal("what is left", len(fetched(client, "1:*", "(UID)")), len(NAMES) - 1)
    ok(client.create("Work"))
    ok(client.uid("MOVE", str(fetched(client, "1", "(UID)")[1][b"UID"]), "Work"))
    checks.equal("MOVE", parsed(ok(client.status("Work", "(MESSAGES)")))[-1], [b"MESSAGES", 1])
    ok(client.select("Work/Old"))
    copies = fetched(client, "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")
    for name, one in zip(NAMES, copies.values()):
        checks.equal("COPY of " + name, one[b"BODY[]"], CORPUS[name][1])
        checks.that("with its flag and date", b"\\Flagged" in one[b"FLAGS"] and one[b"INTERNALDATE"].startswith(b" 5-Jul"), one)
    ok(client.subscribe("Work/Old"))
    checks.equal("LSUB", [line.split()[-1].strip(b'"') for line in ok(client.lsub())], [b"Work/Old"])
    ok(client.rename("Work/Old", "Elsewhere"))
    checks.equal("RENAME", (b"Elsewhere" in boxes(), b"Work/Old" in boxes()), (True, False))
    ok(client.close())
    ok(client.delete("Elsewhere"))
    checks.that("DELETE", b"Elsewhere" not in boxes(), boxes())
    checks.equal("EXAMINE of what is not there", client.select("Nowhere", readonly=True)[0], "NO")
    ok(client.select("INBOX", readonly=True))
    checks.refused("STORE where only reading is allowed", (AssertionError, *IMAP_ERRORS), "READ-ONLY|read-only|EXAMINE|NO", lambda: ok(client.store("1", "+FLAGS", r"(\Seen)")))
    client.logout()
    checks.refused("a wrong password", IMAP_ERRORS, "AUTHENTICATIONFAILED", lambda: imaplib.IMAP4(*served.at("imap", "hamburger.edu")).login("bob", "guess"))


def idle(checks, served):
    """IMAP, IDLE"""
    waiting, other = imap(served, "h11", mailbox="INBOX"), imap(served, "h11", mailbox="INBOX")
    waiting.send(b"x1 IDLE\r\n")
    checks.that("IDLE", waiting.readline().startswith(b"+"))
    with smtp(served, "hamburger.edu") as client:
        client.sendmail("alice@crepes.fr", "h11@hamburger.edu", CORPUS["plain"][0])
    heard = until("the word of it", lambda: waiting.readline())
    checks.equal("a message by SMTP", heard, b"* 1 EXISTS\r\n")
    send(served, "c2", "h11@hamburger.edu", "second")
    heard = [waiting.readline()]
    while b"EXISTS" not in heard[-1]:
        heard.append(waiting.readline())
    checks.equal("a message from the other server", heard[-1], b"* 2 EXISTS\r\n")
    ok(other.noop())
    ok(other.store("1", "+FLAGS", r"(\Answered)"))
    while b"FETCH" not in heard[-1]:
        heard.append(waiting.readline())
    checks.that("a flag", heard[-1].startswith(b"* 1 FETCH (") and b"\\Answered" in heard[-1], heard)
    ok(other.store("1", "+FLAGS", r"(\Deleted)"))
    ok(other.expunge())
    while b"EXPUNGE" not in heard[-1]:
        heard.append(waiting.readline())
    checks.equal("a message that is gone", heard[-1], b"* 1 EXPUNGE\r\n")
    waiting.send(b"DONE\r\n")
    while not heard[-1].startswith(b"x1 "):
        heard.append(waiting.readline())
    checks.that("DONE", heard[-1].startswith(b"x1 OK"), heard)
    waiting.logout()
    other.logout()


def outage(checks, served):
    """an outage by hand"""
    reader = pop3(served, "h12")
    checks.equal("fail", served.command("fail hamburger.edu"), "hamburger.edu is down until `restore hamburger.edu`")
    for name in ("one", "two", "three"):
        send(served, "c3", "h12@hamburger.edu", name)
    checks.equal("the queue has them all", served.command("queue crepes.fr").count("for h12@hamburger.edu: "), 3)
    checks.that("no mailbox has them", "h12@hamburger.edu: 0 messages" in served.command("mail h12"))
    with smtp(served, "crepes.fr") as client:
        checks.equal("other servers go on", client.sendmail("a@b.example", "c4@crepes.fr", CORPUS["plain"][0]), {})
    # Nobody answers a client whose server is down; it takes the simulated TCP a while to give up.
    served.command("speed 2000")
    checks.refused("who comes is turned away", (poplib.error_proto, OSError), "", pop3, served, "h12")
    waiting = served.until("queue", lambda answer: answer.count("attempts, retry at") == 3)
    checks.equal("what could not be handed on waits", waiting.count("crepes.fr"), 3)
    served.command("speed max")
    checks.equal("restore", served.command("restore hamburger.edu"), "hamburger.edu is up")
    checks.refused("who was reading is cut off", (poplib.error_proto, OSError), "", reader.noop)
    checks.equal("flush", served.command("flush crepes.fr"), "what waited is tried now")
    served.holds("h12", 3)
    client = until("the server", lambda: again(pop3, served, "h12"))
    found = sorted(re.search(rb"Message-ID: <(\w+)@", content(client, number))[1] for number in (1, 2, 3))
    checks.equal("all arrive, once", found, [b"one", b"three", b"two"])
    client.quit()
    checks.equal("the queue is empty again", served.command("queue"), "the queue is empty")
    client = imap(served, "bob", mailbox="INBOX")
    checks.equal("what was in mailboxes is there", original(fetched(client, "1", "(BODY.PEEK[])")[1][b"BODY[]"]), CORPUS[NAMES[1]][1])
    client.logout()


def crowd(checks, served):
    """many at a time"""
    def one(number, results):
        with submission(served, "c%d" % (5 + number % 10)) as client:
            client.sendmail("c5@crepes.fr", "h%d@hamburger.edu" % (13 + number % 5), header("crowd-%d" % number) + lines(b"", b"hi"))
        results.append(number)

    results = []
    threads = [threading.Thread(target=one, args=(number, results), daemon=True) for number in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE)
    checks.equal("all are answered", sorted(results), list(range(25)))
    found = []
    for user in range(13, 18):
        served.holds("h%d" % user, 5)
        client = pop3(served, "h%d" % user)
        found += [re.search(rb"<crowd-(\d+)@", content(client, number))[1] for number in range(1, 6)]
        client.quit()
    checks.equal("all arrive", sorted(map(int, found)), list(range(25)))


def places(checks, served):
    """where it listens"""
    checks.equal("only this computer is let in", {one["at"].rsplit(":", 1)[0] for one in served.listening}, {"127.0.0.1"})
    checks.equal("and no socket is elsewhere", served.sockets(), {"0100007F"})


def end(checks, served):
    """the end"""
    checks.equal("exit code", served.quit(), 0)
    metrics = served.summary["metrics"]
    checks.that("what was done is in the summary", metrics["messages.delivered"] > 0 and metrics["messages.retrieved"] > 0, metrics)


def at_pace(look):
    """Looks twice, a second apart: the first sight, and the least, found and most difference at twenty times the pace."""
    before, first, after = time.monotonic(), look(), time.monotonic()
    until("a second to pass", lambda: time.monotonic() > after + 1)
    least, second, most = time.monotonic() - after, look(), time.monotonic() - before
    # A computer that cannot keep up lets virtual time fall behind.
    return first, (15 * least, second - first, 20 * most)


def pace(checks, served):
    """at twenty times the pace"""
    send(served, "c1", "h1@hamburger.edu", "in-haste")
    served.holds("h1", 1)
    client = imap(served, "h1", mailbox="INBOX")
    checks.that("the message", b"hi" in fetched(client, "1", "(BODY.PEEK[])")[1][b"BODY[]"])
    client.logout()
    _, (least, passed, most) = at_pace(served.seconds)
    checks.that("twenty seconds in a second", least < passed < most + 0.01, (least, passed, most))
    checks.equal("slower", served.command("speed 0.001"), "0.001 virtual seconds in a second")
    before = served.seconds()
    checks.that("the world hardly moves", served.seconds() - before < 0.01)
    served.command("speed 20")


PARTS = [places, smtp_port, read_by_pop3, submitted, returned, read_by_imap, mailboxes, idle, outage, crowd]
