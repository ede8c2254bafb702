#!/usr/bin/env python3
"""Sends messages that nobody wrote for us through a served world, and looks whether they come back octet for octet.

  live-corpus.py BINARY FOLDER      every *.txt in FOLDER is a message: the test data of CPython's email package,
                                    which .ci/live installs (Debian's libpythonX.Y-testsuite)

Lines that end with LF get CRLF. Each message goes in twice: by authenticated submission, relayed to the next server and
fetched by POP3, and straight to that server and fetched by IMAP. What SMTP cannot carry (a CR or LF of its own, a NUL, a
line over 998 octets) may be refused with a 5yz, and then must not arrive. Prints a line for each check that fails, and
"N checks, M failed".
"""

import glob
import os
import re
import smtplib
import sys
import tempfile

sys.dont_write_bytecode = True

import livemail
from livebed import CRLF, TRACE, Checks, Service


def messages(folder):
    """The messages by name, with the line ends of SMTP."""
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.txt"))):
        with open(path, "rb") as file:
            content = re.sub(rb"\r?\n", CRLF, file.read())
        found[os.path.basename(path)] = content if content.endswith(CRLF) else content + CRLF
    return found


def carried(content):
    """Whether SMTP can carry it."""
    lines = content.split(CRLF)
    return not any(re.search(rb"[\r\n\0]", line) or len(line) > 998 for line in lines)


def hand_in(checks, client, name, content, to):
    """Whether the server took a message."""
    options = ["BODY=8BITMIME"] if re.search(rb"[\x80-\xff]", content) else []
    try:
        client.sendmail("alice@crepes.fr", to, content, options)
        return True
    except smtplib.SMTPDataError as error:
        checks.that(name + " is refused for a reason", not carried(content) and 500 <= error.smtp_code < 600, error)
        client.rset()
        return False


def is_sent(found, content):
    """Whether a stored message is that one with nothing but trace fields in front."""
    return found.endswith(content) and TRACE.fullmatch(found[:len(found) - len(content)])


def check_all(checks, way, found, sent):
    checks.equal("as many by %s as were taken" % way, len(found), len(sent))
    for name, content in sent.items():
        match = next((one for one in found if is_sent(one, content)), None)
        checks.that("%s by %s" % (name, way), match is not None, "%d octets in" % len(content))
        if match is not None:
            found.remove(match)
    checks.that("nothing else by " + way, not found, [one[:200] for one in found])


def corpus(checks, served):
    """messages of CPython's test suite"""
    all_messages = messages(sys.argv[2])
    checks.that("there are messages", len(all_messages) >= 40, len(all_messages))
    with livemail.submission(served, "alice") as client:
        relayed = {name: one for name, one in all_messages.items() if hand_in(checks, client, name, one, "bob@hamburger.edu")}
    with livemail.smtp(served, "hamburger.edu") as client:
        direct = {name: one for name, one in all_messages.items() if hand_in(checks, client, name, one, "dave@hamburger.edu")}
    checks.equal("both servers take the same", sorted(relayed), sorted(direct))
    served.holds("bob", len(relayed))
    served.holds("dave", len(direct))
    client = livemail.pop3(served, "bob")
    check_all(checks, "POP3", [livemail.content(client, number + 1) for number in range(client.stat()[0])], relayed)
    client.quit()
    client = livemail.imap(served, "dave", mailbox="INBOX")
    found = livemail.fetched(client, "1:*", "(BODY.PEEK[])")
    check_all(checks, "IMAP", [items[b"BODY[]"] for items in found.values()], direct)
    client.logout()


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        with Service(os.path.abspath(sys.argv[1]), folder, "--speed", "max") as served:
            checks.run(corpus, served)
            checks.equal("it ends well", served.quit(), 0)
    print("%d checks, %d failed" % (checks.count, checks.failed))
    return 1 if checks.failed or not checks.count else 0


sys.exit(main())
