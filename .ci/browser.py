"""A headless Chromium, driven over WebDriver (W3C) by Python's own HTTP client."""

import base64
import http.client
import json
import os
import socket
import subprocess

from livebed import until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1000,1200"]


class Browser:
    """One session of a headless Chromium with an empty profile."""

    def __init__(self, folder):
        self.downloads = os.path.join(folder, "downloads")
        os.mkdir(self.downloads)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        log = open(os.path.join(folder, "chromedriver.log"), "w")
        self.driver = subprocess.Popen(["chromedriver", "--port=%d" % self.port], stdout=log, stderr=log)
        until("chromedriver", self._ready)
        options = OPTIONS + ["--user-data-dir=" + os.path.join(folder, "profile")]
        prefs = {"download.default_directory": self.downloads, "download.prompt_for_download": False}
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"alwaysMatch": {"browserName": "chrome", "goog:loggingPrefs": logs,
                                  "goog:chromeOptions": {"args": options, "prefs": prefs}}}
        self.session = self._call("POST", "/session", {"capabilities": wanted})["sessionId"]

    def _ready(self):
        try:
            return self._call("GET", "/status", None)["ready"]
        except OSError:
            return False

    def _call(self, method, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        value = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError("%s: %s" % (value["error"], value["message"][:300]))
        return value

    def do(self, method, path, body=None):
        return self._call(method, "/session/%s%s" % (self.session, path), {} if method == "POST" and body is None else body)

    def close(self):
        try:
            self.do("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()

    def devtools(self, command, **params):
        """A command of the browser's own protocol."""
        return self.do("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def size(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def log(self, kind):
        """What was logged since this was last asked: of the console, or of requests."""
        return [entry["message"] for entry in self.do("POST", "/se/log", {"type": kind})]

    def open(self, url):
        self.do("POST", "/url", {"url": url})

    def all(self, selector):
        found = self.do("POST", "/elements", {"using": "css selector", "value": selector})
        return [one[ELEMENT] for one in found]

    def one(self, selector):
        return until(selector, lambda: self.all(selector))[0]

    def text(self, selector):
        return self.do("GET", "/element/%s/text" % self.one(selector))

    def value(self, selector):
        return self.do("GET", "/element/%s/property/value" % self.one(selector))

    def attribute(self, selector, name):
        return self.do("GET", "/element/%s/attribute/%s" % (self.one(selector), name))

    def click(self, selector):
        self.do("POST", "/element/%s/click" % self.one(selector))

    def follow(self, text):
        found = until("the link " + text, lambda: self.do("POST", "/elements", {"using": "link text", "value": text}))
        self.do("POST", "/element/%s/click" % found[0][ELEMENT])

    def type(self, selector, text):
        self.do("POST", "/element/%s/value" % self.one(selector), {"text": text})

    def title(self):
        return self.do("GET", "/title")

    def script(self, text):
        """What the test itself asks of the page."""
        return self.do("POST", "/execute/sync", {"script": text, "args": []})

    def alerts(self):
        try:
            return self.do("GET", "/alert/text")
        except RuntimeError:
            return None


def picture(browser, pictures, name):
    if pictures:
        with open(os.path.join(pictures, name + ".png"), "wb") as file:
            file.write(base64.b64decode(browser.do("GET", "/screenshot")))
