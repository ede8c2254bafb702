"""A real browser walks through reports: slider, keys, filters, links into them, and a message that means no good; and tshark
counts the packets of each protocol in captures of the same runs.

A packet with content is one that carries octets of the protocol: tshark dissects them segment by segment, but for those that
it takes to be sent again, which it finds by itself. With a second argument the browser's pictures go there.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser, picture
from livebed import Checks, until

LEFT, RIGHT, HOME, END, PAGE_DOWN = "\ue012", "\ue014", "\ue011", "\ue010", "\ue00f"
VIEWS = ("overview", "timeline", "messages", "charts", "scenario")
HOSTILE = "</script><script>document.title='owned'</script><!-- <img src=x onerror=\"document.title='owned'\">"
NAMED_ROLES = {"button", "link", "textbox", "searchbox", "combobox", "slider", "checkbox", "image", "img", "region", "navigation", "table"}
PROTOCOLS = {"dns": ("dns", (53,)), "smtp": ("smtp", (25, 587)), "pop3": ("pop", (110,)), "imap": ("imap", (143,)), "http": ("http", (80,))}
COUNTED = ("ketchup", "a-day-of-mail", "webmail", "web-page", "dns-hierarchy", "big-answer", "dual-stack", "flaky-link", "recipient-down")


class Report:
    """The report of a run, and a browser that has it open."""

    def __init__(self, binary, folder, browser, name, *settings):
        self.browser = browser
        self.folder = os.path.join(folder, name)
        arguments = [binary, "run", "scenarios/%s.json" % name, "--quiet", "--report", "--out", self.folder]
        for setting in settings:
            arguments += ["--set", setting]
        subprocess.run(arguments, check=True)
        self.path = os.path.join(self.folder, "report.html")

    def open(self, fragment=""):
        self.browser.open("about:blank")
        self.browser.open("file://" + self.path + fragment)
        # On a busy computer the driver may be back before the page is.
        until("a view of " + self.path, lambda: self.browser.script(
            "return document.readyState === 'complete' && [...document.querySelectorAll('main > section')].some(one => !one.hidden)"))

    def state(self, key):
        return self.browser.script("return new URLSearchParams(location.hash.slice(1)).get(%s)" % json.dumps(key))

    def place(self):
        """The place of the chosen event among those that match, and their number."""
        words = self.browser.text("#where").split(", event ")[1].replace(",", "").split(" of ")
        return int(words[0]), int(words[1])


def alone(checks, report):
    """What the browser complained about and what it asked for since it was last looked at."""
    complaints = report.browser.log("browser")
    checks.that("the console is silent", not complaints, complaints[:3])
    requests = []
    for entry in report.browser.log("performance"):
        message = json.loads(entry)["message"]
        if message["method"] == "Network.requestWillBeSent":
            requests.append(message["params"]["request"]["url"])
    outside = [url for url in requests if not url.startswith(("file://" + report.path, "data:", "about:"))]
    checks.that("the page itself was asked for", any(url.startswith("file:") for url in requests), requests[:3])
    checks.that("nothing else was", not outside, outside[:3])


def views(checks, report, pictures, name):
    """Each view, at the size of a slide, narrow, and in the dark."""
    browser = report.browser
    for width, height, scheme in ((1280, 720, "light"), (320, 640, "light"), (1280, 720, "dark")):
        browser.size(width, height)
        browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for view in VIEWS:
            report.open("#view=" + view)
            shown = browser.script("return [...document.querySelectorAll('main > section')].filter(s => !s.hidden).map(s => s.id)")
            checks.equal("the view", shown, [view])
            wide = browser.script("return document.documentElement.scrollWidth")
            checks.that("nothing of %s is wider than %d px" % (view, width), wide <= width, wide)
            picture(browser, pictures, "%s-%s-%d-%s" % (name, view, width, scheme))
    browser.devtools("Emulation.setEmulatedMedia", features=[])
    browser.size(1280, 900)
    for view in VIEWS:
        report.open("#view=" + view)
        nodes = browser.devtools("Accessibility.getFullAXTree")["nodes"]
        nameless = [node["role"]["value"] for node in nodes if not node.get("ignored") and node.get("role", {}).get("value") in NAMED_ROLES
                    and not node.get("name", {}).get("value")]
        checks.that("all that can be used in %s has a name" % view, not nameless, nameless[:5])
    alone(checks, report)


def timeline(checks, report):
    """Buttons, slider, keys, the ladder, packets and the dialogue."""
    browser = report.browser
    report.open("#view=timeline")
    first, count = report.place()
    checks.equal("begins with the first event", first, 1)
    checks.that("there are events", count > 20, count)
    browser.click("#forward")
    checks.equal("a step forward", report.place(), (2, count))
    browser.click("#back")
    checks.equal("a step back", report.place(), (1, count))
    browser.type("#slider", RIGHT + RIGHT + RIGHT)
    checks.equal("the slider's keys", report.place(), (4, count))
    browser.script("const s = document.querySelector('#slider'); s.value = %d; s.dispatchEvent(new Event('input'))" % (count // 2))
    checks.equal("the slider dragged", report.place(), (count // 2 + 1, count))
    checks.that("the slider says what it stands on", "event" in browser.attribute("#slider", "aria-valuetext"))
    browser.script("document.activeElement.blur()")
    for keys, wanted in ((HOME, 1), (RIGHT, 2), (RIGHT, 3), (LEFT, 2), (PAGE_DOWN, 12), (END, count), (LEFT, count - 1)):
        browser.type("body", keys)
        checks.equal("the key %r" % keys, report.place(), (wanted, count))
    checks.equal("it is told aloud", browser.attribute("#live", "aria-live"), "polite")
    checks.that("in words", len(browser.text("#live")) > 10, browser.text("#live"))
    checks.equal("one row of the ladder is chosen", len(browser.all("#ladder .row.chosen")), 1)
    browser.script("document.querySelector('#ladder .row:not(.chosen)').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    checks.that("a row can be chosen", report.place()[0] != count - 1, report.place())
    wanted = browser.script("return run.events.findIndex(e => e.p && dissect(e).carried > 0 && dissect(e).protocol !== 'DNS' && dissect(e).side === 'C')")
    if wanted >= 0:
        report.open("#view=timeline&e=%d" % wanted)
        layers = browser.script("return [...document.querySelectorAll('.layers button')].map(b => b.textContent)")
        checks.that("three layers", len(layers) == 3 and layers[0].startswith("IPv") and layers[1] == "TCP", layers)
        said = browser.text("#transcript .now")
        checks.that("the dialogue has come to what the packet says", said.startswith("C:"), said)
        marked = lambda: browser.script("return [...document.querySelectorAll('.hex mark')].map(m => m.textContent).join('')")
        text = marked()
        browser.click(".layers button")
        checks.that("another layer, other octets", text != marked() and marked().startswith(("45", "60")), marked()[:20])
        checks.equal("the focus stays", browser.script("return document.activeElement.textContent"), layers[0])
    alone(checks, report)


def filters(checks, report):
    """Fewer events and messages, and the same by a link."""
    browser = report.browser
    report.open("#view=timeline")
    _, count = report.place()
    browser.type("#filter-text", "dns")
    place, fewer = report.place()
    checks.that("a text leaves fewer events", 0 < fewer < count, (fewer, count))
    words = browser.script("return filtered().map(n => words(run.events[n]) + run.hosts[run.events[n].h].name)")
    checks.that("all have it", all("dns" in one.lower() for one in words), words[:3])
    link = browser.script("return location.hash")
    report.open(link)
    checks.equal("a link gives the same", (report.place(), browser.value("#filter-text")), ((place, fewer), "dns"))
    browser.click("#kind-dns")
    checks.equal("and without names nothing is left of it that is DNS",
                 browser.script("return filtered().filter(n => run.events[n].k === 'dns').length"), 0)
    report.open("#view=timeline&q=nothing-is-called-so")
    checks.that("nothing matches", "no event" in browser.text("#where"), browser.text("#where"))
    report.open("#view=timeline&e=999999999")
    checks.equal("a link beyond the end leads to the end", *[report.place()[i] for i in (0, 1)])
    report.open("#view=%3Cscript%3E&e=-1&m=%3Cimg%20src=x%3E&sort=__proto__")
    checks.equal("a link to nowhere leads to the begin", report.state("view"), "overview")
    alone(checks, report)


def messages(checks, report):
    """The table of messages, its order, and the life of one."""
    browser = report.browser
    report.open("#view=messages")
    rows = lambda: browser.script("return [...document.querySelectorAll('#message-table tbody tr')].map(r => [...r.cells].map(c => c.textContent))")
    every = rows()
    checks.that("there are messages", every)
    browser.click("#message-table th:nth-child(9) button")
    sizes = lambda: [int(row[8].replace(",", "")) for row in rows()]
    checks.equal("by size", sizes(), sorted(sizes()))
    least = sizes()[0]
    browser.click("#message-table th:nth-child(9) button")
    checks.equal("and the other way", sizes(), sorted(sizes(), reverse=True))
    checks.that("the largest first", sizes()[0] >= least, sizes()[0])
    checks.equal("which is said", browser.attribute("#message-table th:nth-child(9)", "aria-sort"), "descending")
    browser.type("#message-text", every[0][4])
    checks.that("a filter", rows() and all(every[0][4] in row for row in rows()), rows()[:2])
    browser.click("#message-table tbody button")
    checks.that("a message is chosen", report.state("msg").startswith("<"), report.state("msg"))
    # of a large run not every message has its story here
    told = browser.script("return messageKey(run.messages.find(m => m.story && m.m !== null))")
    report.open("#view=messages&msg=" + urllib.parse.quote(told))
    checks.that("its life is told", "Its time went into" in browser.text("#message .story"), browser.text("#message .story")[:80])
    report.open(browser.script("return location.hash"))
    checks.equal("a link leads to it", len(browser.all("#message .story")), 1)
    follow = browser.script("return [...document.querySelectorAll('#message button')].map(b => b.textContent)")
    if "Follow it on the timeline" in follow:
        browser.script("[...document.querySelectorAll('#message button')].find(b => b.textContent.startsWith('Follow')).click()")
        checks.equal("it is followed", report.state("view"), "timeline")
        other = browser.script("const own = run.threads.indexOf(state.m), all = filtered().map(n => run.events[n]); "
                               "const over = new Set(all.filter(e => e.m === own).map(e => e.c)); "
                               "return [all.filter(e => e.m === own).length, all.filter(e => e.m !== own && e.k !== 'fault' && !over.has(e.c)).length]")
        checks.that("with nothing else but its connections", other[0] > 10 and other[1] == 0, other)
    alone(checks, report)


def hostile(checks, report):
    """A message that would like to be markup."""
    browser = report.browser
    data = browser.script("return run.messages[0].subject")
    checks.equal("the subject is whole", data, HOSTILE)
    events = browser.script("return run.events.length")
    title = browser.title()
    for view in VIEWS:
        report.open("#view=" + view)
    report.open("#view=messages&msg=" + browser.script("return encodeURIComponent(messageKey(run.messages[0]))"))
    checks.that("the subject is shown as it is", HOSTILE in browser.text("#message-table"), browser.text("#message-table")[:200])
    for event in range(0, events, 3):
        browser.script("go({ view: 'timeline', e: %d })" % event)
    found = browser.script("return run.events.findIndex(e => e.p && dissect(e).text && dissect(e).text.includes('owned'))")
    report.open("#view=timeline&e=%d" % found)
    checks.that("the packet says it", "owned" in browser.text("#detail"), browser.text("#detail")[:200])
    checks.that("so does the dialogue", HOSTILE in browser.text("#transcript"), browser.text("#transcript")[:300])
    checks.equal("the title", browser.title(), title)
    checks.equal("scripts", browser.script("return document.scripts.length"), 2)
    checks.equal("images in texts", browser.script("return document.querySelectorAll('img:not([src^=\"data:image/svg\"])').length"), 0)
    checks.equal("handlers", browser.script(
        "return [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on|^style$/.test(a.name))).length"), 0)
    checks.that("no dialogue is open", browser.alerts() is None)
    alone(checks, report)


def tshark(path, wanted):
    """Packets that match, each segment dissected for itself."""
    done = subprocess.run(["tshark", "-n", "-o", "tcp.desegment_tcp_streams:FALSE", "-r", path, "-Y", "not icmp and not icmpv6 and (%s)" % wanted,
                           "-T", "fields", "-e", "frame.number"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return len(done.stdout.split())


def counting(checks, binary, folder, name):
    """tshark's count of each protocol's packets against the report's."""
    place = os.path.join(folder, "counted-" + name)
    subprocess.run([binary, "run", "scenarios/%s.json" % name, "--quiet", "--report", "--set", "/outputs/capture=true", "--out", place], check=True)
    with open(os.path.join(place, "report.html"), encoding="utf-8") as file:
        data = json.loads(file.read().split('id="data">')[1].split("</script>")[0])
    capture = os.path.join(place, "capture.pcapng")
    counts = {row["name"]: row for row in data["protocols"]}
    for protocol, (dissector, ports) in PROTOCOLS.items():
        told = counts.get(protocol, {"packets": 0, "messages": 0})
        at = " or ".join("tcp.port == %d or udp.port == %d" % (port, port) for port in ports)
        checks.equal("%s: packets of %s" % (name, protocol), told["packets"], tshark(capture, at))
        again = "tcp.len > 0 and (%s) and not %s and tcp.analysis.flags" % (at, dissector)
        checks.equal("%s: packets with content of %s" % (name, protocol), told["messages"], tshark(capture, "%s or (%s)" % (dissector, again)))
    total = sum(row["packets"] for row in counts.values()) - counts.get("icmp", {"packets": 0})["packets"]
    checks.equal("%s: packets" % name, total, tshark(capture, "ip or ipv6"))


def main():
    binary, pictures = os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    if pictures:
        os.makedirs(pictures, exist_ok=True)
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        for name in COUNTED:
            checks.attempt(counting.__name__, counting, binary, folder, name)
        mail = {"at": "0s", "from": "alice@crepes.fr", "to": "bob@hamburger.edu", "subject": HOSTILE, "body": [HOSTILE]}
        browser = Browser(folder)
        # what a browser asks for by itself when it starts
        browser.open("about:blank")
        browser.log("performance")
        try:
            for name, settings in (("ketchup", ["/workload/0=" + json.dumps(mail)]), ("a-day-of-mail", []), ("outage-queue", ["/expect=[]"])):
                report = Report(binary, folder, browser, name, *settings)
                checks.attempt(views.__name__, views, report, pictures, name)
                for part in (timeline, filters, messages):
                    checks.attempt(part.__name__, part, report)
                if name == "ketchup":
                    checks.attempt(hostile.__name__, hostile, report)
        finally:
            browser.close()
    print("report: %d checks, %d failed" % (checks.count, checks.failed))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
