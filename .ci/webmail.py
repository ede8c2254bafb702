"""A real browser walks into the served webmail: it logs in, reads a message with an attachment and fetches it, answers, and looks at
a message that means no good; then the other side's mailbox is read by POP3 and IMAP.

Chromium is driven by browser.py. With a second argument the browser's pictures of the pages go there.
"""

import base64
import email
import email.policy
import imaplib
import os
import poplib
import re
import socket
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import livebed
from browser import Browser, picture
from livebed import Checks, until


class Served(livebed.Service):
    """The scenario of the repository, served."""

    def __init__(self, binary, folder):
        livebed.scenario = lambda _: "scenarios/webmail.json"
        super().__init__(binary, folder)


def log_in(checks, browser, url, user, password):
    browser.open(url)
    checks.equal("the page to log in", browser.attribute("body", "data-page"), "login")
    browser.type("#user", user)
    browser.type("#password", password + "\n")
    until("the inbox", lambda: browser.all("body[data-page=folder]"))


def reading(checks, browser, served, pictures):
    url = "http://%s:%d/" % served.at("http", "hamburger.edu")
    browser.open(url)
    browser.type("#user", "bob")
    browser.type("#password", "wrong\n")
    until("the refusal", lambda: browser.all("[role=alert]"))
    checks.equal("a wrong password", browser.text("[role=alert]"), "Wrong user or password.")
    log_in(checks, browser, url, "bob", "hungry")
    picture(browser, pictures, "list")
    checks.equal("messages in the list", len(browser.all("tr[data-uid]")), 2)
    cookie = next(one for one in browser.do("GET", "/cookie") if one["name"] == "session.hamburger.edu")
    checks.that("the cookie is for HTTP alone", cookie["httpOnly"] and cookie["sameSite"] == "Strict", cookie)
    browser.follow("The menu")
    checks.equal("the text", browser.text("#text"), "Crêpes tonight? The menu is attached.")
    picture(browser, pictures, "message")
    checks.equal("the attachment's name", browser.text("a[data-place]"), "menu.bin")
    browser.click("a[data-place]")
    path = os.path.join(browser.downloads, "menu.bin")
    until("the download", lambda: os.path.exists(path))
    with open(path, "rb") as file:
        found = file.read()
    host, port = served.at("imap", "hamburger.edu")
    with imaplib.IMAP4(host, port) as imap:
        imap.login("bob", "hungry")
        imap.select("INBOX", readonly=True)
        _, data = imap.fetch("1", "(FLAGS BODY.PEEK[2])")
        checks.that("the message is marked as read", b"\\Seen" in data[0][0] + data[1], data)
        wanted = base64.b64decode(data[0][1])
    checks.equal("the attachment's octets", found, wanted)
    checks.equal("their number", len(found), 3000)


def answering(checks, browser, served, pictures):
    browser.follow("Reply")
    checks.equal("whom the answer goes to", browser.value("#to"), "alice@crepes.fr")
    checks.equal("its subject", browser.value("#subject"), "Re: The menu")
    checks.that("the question is quoted", "> Crêpes tonight?" in browser.value("#text"), browser.value("#text"))
    answer = "With <b>ketchup</b> & 'relish'."
    browser.type("#text", answer)
    upload = os.path.join(browser.downloads, "list \"of\" things.txt")
    with open(upload, "wb") as file:
        file.write(b"ketchup\r\npickles\r\n\x00\xff")
    browser.type("#file", upload)
    picture(browser, pictures, "answer")
    browser.click("button[value=send]")
    until("what came of it", lambda: browser.all("[data-sent]"))
    message_id = browser.attribute("[data-sent]", "data-sent")
    checks.equal("its name", message_id, "<w1.bob@hamburger.edu>")
    browser.follow("Sent")
    checks.equal("a copy of what was sent", browser.attribute("tr[data-uid]", "data-id"), message_id)
    served.holds("alice@crepes.fr", 1)
    host, port = served.at("pop3", "crepes.fr")
    pop = poplib.POP3(host, port)
    pop.user("alice")
    pop.pass_("butter")
    content = b"\r\n".join(pop.retr(1)[1])
    pop.quit()
    message = email.message_from_bytes(content, policy=email.policy.default)
    checks.equal("who wrote to whom", (message["From"], message["To"]), ("bob@hamburger.edu", "alice@crepes.fr"))
    checks.equal("what it answers", message["In-Reply-To"], "<w1.alice@crepes.fr>")
    # Keys go to the end of what stands there.
    checks.that("its text", message.get_body().get_content().rstrip().endswith("attached." + answer), message.get_body().get_content())
    files = [(part.get_filename(), part.get_payload(decode=True)) for part in message.iter_attachments()]
    checks.equal("its file", files, [("list _of_ things.txt", b"ketchup\r\npickles\r\n\x00\xff")])
    browser.follow("Inbox (1 new)")
    checks.that("the question is marked as answered", "\\Answered" in browser.attribute("tr[data-uid='1']", "data-flags"))


def hostile(checks, browser, _served, pictures):
    for selector in ("tr[data-uid='2'] a", "main a[href^='/headers']"):
        browser.click(selector)
        until("the page", lambda: browser.all("body[data-page=message], body[data-page=headers]"))
        picture(browser, pictures, "hostile-" + browser.attribute("body", "data-page"))
        checks.that("no dialogue is open", browser.alerts() is None)
        checks.that("the title is the message's", "owned" not in browser.title() or "<script>" in browser.title(), browser.title())
        checks.equal("scripts in the page", browser.script("return document.scripts.length"), 0)
        checks.equal("images in the page", browser.script("return document.images.length"), 0)
        handlers = "return [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on|^style$/.test(a.name))).length"
        checks.equal("handlers in the page", browser.script(handlers), 0)
        links = browser.script("return [...document.links].map(a => a.protocol)")
        checks.equal("kinds of links", sorted(set(links)), ["http:"])
        checks.equal("texts of the page", browser.script("return document.querySelectorAll('pre#text').length"), 1)
    browser.do("POST", "/back")
    checks.that("what was meant to be markup is text", "<script>document.title='owned'</script>" in browser.text("#text"),
                browser.text("#text"))
    name = browser.attribute("a[data-place]", "download")
    checks.that("the attachment's name is harmless", not re.search(r"[<>\"/\\]", name), name)
    browser.follow("Reply")
    checks.equal("one text to write in", browser.script("return document.querySelectorAll('textarea').length"), 1)
    checks.equal("scripts in the form", browser.script("return document.scripts.length"), 0)
    checks.that("the quotation is in it", "</textarea>" in browser.value("#text"), browser.value("#text"))


def narrow(checks, browser, served, pictures):
    browser.open("http://%s:%d/folder?name=INBOX" % served.at("http", "hamburger.edu"))
    browser.size(320, 640)
    for path in ("/folder?name=INBOX", "/message?folder=INBOX&uid=2", "/compose?about=reply&folder=INBOX&uid=2"):
        browser.open("http://%s:%d%s" % (*served.at("http", "hamburger.edu"), path))
        picture(browser, pictures, "narrow-" + browser.attribute("body", "data-page"))
        wide = browser.script("return document.documentElement.scrollWidth")
        checks.that("nothing is wider than 320 px at " + path, wide <= 320, wide)


def attacks(checks, _browser, served, _pictures):
    """What no browser would send."""
    place = served.at("http", "hamburger.edu")

    def ask(octets):
        with socket.create_connection(place, timeout=livebed.PATIENCE) as connection:
            connection.sendall(octets)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return answer

    host = b"Host: 127.0.0.1\r\n"
    for what, octets, status in (
            ("a foreign host", b"GET /login HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
            ("no host", b"GET /login HTTP/1.1\r\n\r\n", b"400"),
            ("a path", b"GET /../../etc/passwd HTTP/1.1\r\n" + host + b"\r\n", b"404"),
            ("an encoded path", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host + b"\r\n", b"404"),
            ("a length and a coding", b"POST /login HTTP/1.1\r\n" + host + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
            ("two lengths", b"POST /login HTTP/1.1\r\n" + host + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", b"400"),
            ("a bare LF", b"GET /login HTTP/1.1\n" + host + b"\r\n", b"400"),
            ("a form without a token", b"POST /login HTTP/1.1\r\n" + host + b"Content-Type: application/x-www-form-urlencoded\r\n"
             b"Content-Length: 24\r\n\r\nuser=bob&password=hungry", b"400"),
            ("a token without a cookie", b"POST /login HTTP/1.1\r\n" + host + b"Content-Type: application/x-www-form-urlencoded\r\n"
             b"Content-Length: 31\r\n\r\nuser=bob&password=hungry&csrf=00", b"403"),
            ("a foreign origin", b"POST /login HTTP/1.1\r\n" + host + b"Origin: http://evil.example\r\nCookie: visit.hamburger.edu=00\r\n"
             b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 31\r\n\r\nuser=bob&password=hungry&csrf=00", b"403"),
    ):
        answer = ask(octets)
        checks.that(what, answer.startswith(b"HTTP/1.1 " + status + b" "), answer[:80])


def main():
    binary, pictures = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder, Served(binary, folder) as served:
        served.holds("bob@hamburger.edu", 2)
        browser = Browser(folder)
        try:
            for part in (reading, answering, hostile, narrow):
                checks.attempt(part.__name__, part, browser, served, pictures)
        finally:
            browser.close()
        checks.attempt(attacks.__name__, attacks, None, served, None)
        checks.equal("the exit code", served.quit(), 0)
        checks.equal("panics", served.summary.get("panics", 0), 0)
    print("webmail: %d checks, %d failed" % (checks.count, checks.failed))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
