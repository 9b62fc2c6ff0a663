#!/usr/bin/env python3
"""The life of issues over real scans: found, judged, gone, found again, and what random paths don't do."""
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading

import support

PAGES = {"/flaw": b"a flaw is here", "/": b"home"}
MODE = {"flaw": True, "silent": False}


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        if MODE["silent"] and path == "/flaw":
            self.close_connection = True
            return
        known = path.startswith("/up/") or (path in PAGES and (MODE["flaw"] or path != "/flaw"))
        body = (PAGES.get(path, b"uploaded") if known else b"nothing")
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


TEMPLATES = {
    "flaw.yaml": """id: flaw
info: {name: Flaw, author: a, severity: high}
http:
  - method: GET
    path: ["{{BaseURL}}/flaw?x=1"]
    matchers:
      - type: word
        words: ["a flaw is here"]
""",
    "upload.yaml": """id: upload
info: {name: Upload, author: a, severity: medium}
variables:
  file: "{{rand_base(9)}}"
http:
  - method: GET
    path: ["{{BaseURL}}/up/{{file}}.php"]
    matchers:
      - type: word
        words: ["uploaded"]
""",
    "randstr.yaml": """id: randstr
info: {name: Random, author: a, severity: low}
http:
  - method: GET
    path: ["{{BaseURL}}/up/{{randstr}}/x"]
    matchers:
      - type: word
        words: ["uploaded"]
""",
}


class Case:
    def __init__(self, folder):
        self.store = "sqlite:" + str(pathlib.Path(folder, "store.db"))
        self.templates = pathlib.Path(folder, "templates")
        self.templates.mkdir()
        for name, text in TEMPLATES.items():
            (self.templates / name).write_text(text)

    def run(self, *arguments, expect=0, stdin=""):
        done = subprocess.run([*support.command("num8", *arguments), "--store", self.store], input=stdin, text=True,
                              capture_output=True, timeout=120)
        assert done.returncode == expect, (arguments, done.returncode, done.stderr)
        return done.stdout

    def scan(self, url):
        self.run("scan", "-u", url, "-t", str(self.templates), "-q")

    def issues(self, *filters):
        lines = self.run("issue", "list", "--jsonl", *filters).splitlines()
        return {line["template-id"]: line for line in map(json.loads, lines)}

    def history(self, issue):
        lines = self.run("issue", "history", "--jsonl", str(issue["issue"])).splitlines()
        return [(line["now"]["status"], line["author"], line["note"])
                for line in map(json.loads, lines)]


def check(case, url):
    case.scan(url)
    first = case.issues()
    assert sorted(first) == ["flaw", "randstr", "upload"], first
    case.scan(url)
    again = case.issues()
    # A path that is drawn anew in each run is the same issue.
    assert {name: one["issue"] for name, one in again.items()} == \
        {name: one["issue"] for name, one in first.items()}, (first, again)

    case.run("issue", "set", "-q", "--to", "FP", "--author", "eve", "--note", "a decoy",
             str(first["upload"]["issue"]))
    # No answer is not gone.
    MODE["silent"] = True
    case.scan(url)
    MODE["silent"] = False
    assert case.issues()["flaw"]["gone_since"] is None

    MODE["flaw"] = False
    case.scan(url)
    gone = case.issues()["flaw"]
    assert gone["status"] == "remediated" and gone["gone_since"], gone
    difference = case.run("issue", "diff", "--since", "last", "--jsonl", "-q", "--fail-on", "gone",
                          expect=3)
    assert [json.loads(line)["change"] for line in difference.splitlines()] == ["gone"], difference

    MODE["flaw"] = True
    case.scan(url)
    back = case.issues()
    assert back["flaw"]["status"] == "unreviewed" and back["flaw"]["gone_since"] is None
    assert back["upload"]["status"] == "false-positive"
    assert case.history(back["flaw"]) == [("remediated", "m8", "no longer found"),
                                          ("unreviewed", "m8", "found again")]
    assert case.history(back["upload"]) == [("false-positive", "eve", "a decoy")]
    assert set(case.issues("--status", "FP")) == {"upload"}


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        check(Case(folder), f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    print("issues: ok")


if __name__ == "__main__":
    main()
