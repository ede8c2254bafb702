#!/usr/bin/env python3
"""Holds a served world against client programs that nobody wrote for it. .ci/live installs what it needs.

  live-clients.py BINARY            Python's smtplib, poplib and imaplib
  live-clients.py BINARY --all      also dnspython, dig, swaks, curl, msmtp, fetchmail and mbsync, which must be there

Mail goes in by SMTP and by authenticated submission, between the simulated servers, and out by POP3 and IMAP; every message
must come back octet for octet, but for the trace fields in front. Servers fail and return by the console while clients are
there. Prints a line for each check that fails, and "N checks, M failed". VERBOSE=1 prints the parts with their times.
"""

import os
import sys
import tempfile

sys.dont_write_bytecode = True

import livemail
import liveprograms
from livebed import Checks, Service


def main():
    binary = os.path.abspath(sys.argv[1])
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        with Service(binary, folder, "--speed", "max") as served:
            for part in livemail.PARTS:
                checks.run(part, served)
            if "--all" in sys.argv:
                for part in liveprograms.PARTS:
                    checks.run(part, served)
            checks.run(livemail.end, served)
        with Service(binary, folder, "--speed", "20") as served:
            checks.run(livemail.pace, served)
            if "--all" in sys.argv:
                checks.run(liveprograms.pace, served)
            checks.run(livemail.end, served)
    print("%d checks, %d failed" % (checks.count, checks.failed))
    return 1 if checks.failed or not checks.count else 0


sys.exit(main())
