"""A headless Chromium, spoken to through a pipe: what a page shows, what it complains of, how it looks."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

SECONDS = 60


def installed():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One tab, for a with statement. `complaints` has errors of its console, of scripts and of loading."""

    def __init__(self, width=1280, height=1000):
        self.size, self.complaints, self.number, self.loads, self.rest = (width, height), [], 0, 0, b""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="m8-e2e-", ignore_cleanup_errors=True)
        reads, self.to = os.pipe()
        self.source, writes = os.pipe()

        def pipe():  # it reads from 3 and writes to 4
            ends = [os.dup(reads), os.dup(writes)]
            ends = [os.dup2(end, place, inheritable=True) for end, place in zip(ends, (3, 4))]

        environment = {"PATH": os.environ["PATH"], "HOME": self.folder.name, "DISPLAY": ""}
        self.process = subprocess.Popen(
            [installed(), "--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
             f"--user-data-dir={self.folder.name}", f"--window-size={self.size[0]},{self.size[1]}",
             "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment, preexec_fn=pipe, close_fds=False)
        os.close(reads)
        os.close(writes)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        os.close(self.source)
        self.folder.cleanup()

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.source, 1 << 16)
            if not part:
                raise AssertionError("the browser ended")
            self.rest += part
        text, _, self.rest = self.rest.partition(b"\0")
        return json.loads(text)

    def note(self, event):
        values = event.get("params", {})
        self.loads += event.get("method") == "Page.loadEventFired"
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(values["exceptionDetails"]))
        if event.get("method") == "Runtime.consoleAPICalled" and values["type"] in ("error", "assert"):
            self.complaints.append(json.dumps(values["args"]))
        if event.get("method") == "Log.entryAdded" and values["entry"]["level"] == "error":
            self.complaints.append(values["entry"]["text"] + " " + values["entry"].get("url", ""))

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") != self.number:
                self.note(answer)
                continue
            if "error" in answer:
                raise AssertionError(f"{method}: {answer['error']}")
            return answer["result"]

    def go(self, url):
        before = self.loads
        self.call("Page.navigate", url=url)
        while self.loads == before:
            self.note(self.message())

    def value(self, expression):
        """What the page's own expression comes to."""
        said = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise AssertionError(f"{expression}: {said['exceptionDetails']}")
        return said["result"].get("value")

    def until(self, expression):
        """Waits until it is true, and gives it."""
        deadline = time.monotonic() + SECONDS
        while not (found := self.value(expression)):
            if time.monotonic() > deadline:
                raise AssertionError(f"never: {expression}\n" + self.value("document.body.innerText"))
            time.sleep(0.05)
        return found

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **text)

    def picture(self):
        """The whole page, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])
