#!/usr/bin/env python3
"""The life of issues over real scans: found, judged, gone, found again, and what random paths don't do."""
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading

import postgres
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
    # Shares the request of the one above.
    "same.yaml": """id: same
info: {name: Same, author: a, severity: high}
http:
  - method: GET
    path: ["{{BaseURL}}/flaw?x=1"]
    matchers:
      - type: word
        words: ["flaw is"]
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

    def run_program(self, *arguments, expect=0, stdin=""):
        store = [] if "--no-store" in arguments else ["--store", self.store]
        done = subprocess.run([*support.command("num8", *arguments), *store], input=stdin, text=True,
                              capture_output=True, timeout=120)
        assert done.returncode == expect, (arguments, done.returncode, done.stderr)
        return done

    def run(self, *arguments, **more):
        return self.run_program(*arguments, **more).stdout

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
    assert sorted(first) == ["flaw", "randstr", "same", "upload"], first
    case.scan(url)
    again = case.issues()
    # A path that is drawn anew in each run is the same issue.
    assert {name: one["issue"] for name, one in again.items()} == \
        {name: one["issue"] for name, one in first.items()}, (first, again)

    case.run("issue", "set", "-q", "--to", "FP", "--author", "eve", "--note", "a decoy",
             str(first["upload"]["issue"]))
    check_suppressed(case, url, first["upload"])
    # No answer is not gone.
    MODE["silent"] = True
    case.scan(url)
    MODE["silent"] = False
    for name in ("flaw", "same"):
        assert case.issues()[name]["gone_since"] is None, name

    MODE["flaw"] = False
    case.scan(url)
    gone = case.issues()["flaw"]
    assert gone["status"] == "remediated" and gone["gone_since"], gone
    difference = case.run("issue", "diff", "--since", "last", "--jsonl", "-q", "--fail-on", "gone",
                          expect=3)
    assert [json.loads(line)["change"] for line in difference.splitlines()] == ["gone", "gone"], difference

    MODE["flaw"] = True
    case.scan(url)
    back = case.issues()
    assert back["flaw"]["status"] == "unreviewed" and back["flaw"]["gone_since"] is None
    assert back["upload"]["status"] == "false-positive"
    assert case.history(back["flaw"]) == [("remediated", "m8", "no longer found"),
                                          ("unreviewed", "m8", "found again")]
    assert case.history(back["upload"]) == [("false-positive", "eve", "a decoy")]
    assert set(case.issues("--status", "FP")) == {"upload"}


def check_suppressed(case, url, upload):
    """A scan shows what was judged only if asked to, keeps it nevertheless, and counts it."""
    only = ["scan", "-u", url, "-t", str(case.templates / "upload.yaml"), "-silent", "--fail-on", "medium"]
    report = case.templates.parent / "report.jsonl"
    assert case.run(*only, "-jle", str(report)) == ""
    assert report.read_text() == ""
    summary = json.loads(case.run_program("scan", "-u", url, "-t", str(case.templates), "-silent",
                                          "--summary", "-").stderr)
    assert summary["counts"]["findings"] == 4 and summary["counts"]["findings.suppressed"] == 1, summary
    assert summary["counts"]["findings.high"] == 2, summary
    assert "[upload]" in case.run(*only, "--suppressed", expect=3)
    after = case.issues()["upload"]
    assert after["status"] == "false-positive" and after["last_seen"] > upload["last_seen"]
    # Without the store nobody judged anything.
    assert "[upload]" in case.run(*only, "--no-store", expect=3)


WORKFLOW = """id: flow
info: {name: Flow, author: a}
workflows:
  - template: FOLDER/gate.yaml
    subtemplates:
      - template: FOLDER/flaw.yaml
"""

GATE = """id: gate
info: {name: Gate, author: a, severity: info}
http:
  - method: GET
    path: ["{{BaseURL}}/"]
    matchers:
      - type: word
        words: ["home"]
"""

ONCE = """id: once
info: {name: Once, author: a, severity: low}
self-contained: true
http:
  - method: GET
    path: ["URL/flaw"]
    matchers:
      - type: word
        words: ["flaw is"]
"""


def check_indirect(case, url):
    """What a workflow's steps and templates without a target found is gone when these no longer find it."""
    case.store += ".indirect"
    folder = case.templates.parent
    (case.templates / "gate.yaml").write_text(GATE)
    (folder / "flow.yaml").write_text(WORKFLOW.replace("FOLDER", str(case.templates)))
    (folder / "once.yaml").write_text(ONCE.replace("URL", url))
    scans = {"flaw": ["-w", str(folder / "flow.yaml")], "once": ["-t", str(folder / "once.yaml"), "-esc"]}

    def scan():
        for arguments in scans.values():
            case.run("scan", "-u", url, "-silent", *arguments)
        return {name: bool(issue["gone_since"]) for name, issue in case.issues().items()}

    assert scan() == {"flaw": False, "once": False}, case.issues()
    MODE["silent"] = True
    assert scan() == {"flaw": False, "once": False}
    MODE["silent"], MODE["flaw"] = False, False
    assert scan() == {"flaw": True, "once": True}, case.issues()
    MODE["flaw"] = True
    assert scan() == {"flaw": False, "once": False}
    # The end of a workflow is the end of all it may run: what its gate keeps from running is gone.
    (case.templates / "gate.yaml").write_text(GATE.replace('"home"', '"elsewhere"'))
    assert scan() == {"flaw": True, "once": False}, case.issues()
    (case.templates / "gate.yaml").write_text(GATE)


def check_at_once(case, url):
    """Two scans into one store: both end well, and each issue is there once."""
    scans = [subprocess.Popen(
        [*support.command("num8", "scan", "-u", url, "-t", str(case.templates), "-q", "--store",
                          case.store)], stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [scan.wait(support.SECONDS) for scan in scans] == [0, 0]
    issues = case.issues()
    assert sorted(issues) == ["flaw", "randstr", "same", "upload"], issues


def check_killed_import(case, folder):
    """What a killed import left is whole, and the next one completes it."""
    count = 40_000
    lines = pathlib.Path(folder, "many.jsonl")
    with lines.open("w") as file:
        for i in range(count):
            file.write(json.dumps({"template-id": f"t{i}", "host": "h.com",
                                   "info": {"name": "n", "severity": "low"},
                                   "matched-at": f"http://h.com/{i}"}) + "\n")
    case.store = "sqlite:" + str(pathlib.Path(folder, "killed.db"))
    case.run("issue", "import", "-q", "/dev/null")
    importer = subprocess.Popen([*support.command("num8", "issue", "import", "-q", str(lines),
                                                  "--store", case.store)])
    while case.run("issue", "list", "--jsonl", "--limit", "1") == "":
        assert importer.poll() is None or importer.returncode == 0
    importer.kill()
    importer.wait()
    left = case.run("issue", "list", "--jsonl").count("\n")
    assert left == count or left % 2_000 == 0, left  # whole batches
    case.run("issue", "import", "-q", str(lines))
    assert case.run("issue", "list", "--jsonl").count("\n") == count


def check_killed_server(case, folder):
    """A PostgreSQL that is killed in the middle of an import keeps whole batches, and the loss is said."""
    lines = pathlib.Path(folder, "many.jsonl")
    count = lines.read_text().count("\n")
    with postgres.Postgres() as server:
        case.store = server.url()
        case.run("issue", "import", "-q", "/dev/null")
        importer = subprocess.Popen([*support.command("num8", "issue", "import", "-q", str(lines), "--store",
                                                      case.store)], stderr=subprocess.PIPE, text=True)
        while case.run("issue", "list", "--jsonl", "--limit", "1") == "":
            assert importer.poll() is None or importer.returncode == 0
        server.kill()
        errors = importer.communicate(timeout=support.SECONDS)[1]
        server.start()  # perhaps on another port
        case.store = server.url()
        left = case.run("issue", "list", "--jsonl").count("\n")
        assert left == count or left % 2_000 == 0, left
        assert importer.returncode == (0 if left == count else 1), (importer.returncode, left, errors)
        assert left == count or "127.0.0.1:" in errors, errors
        case.run("issue", "import", "-q", str(lines))
        assert case.run("issue", "list", "--jsonl").count("\n") == count


def check_bad_store(case, folder):
    """A corrupt file is named, and left as it is."""
    bad = pathlib.Path(folder, "bad.db")
    good = pathlib.Path(folder, "killed.db").read_bytes()
    bad.write_bytes(good[:8192] + b"x" * (len(good) - 8192))
    case.store = f"sqlite:{bad}"
    before = bad.read_bytes()
    done = subprocess.run([*support.command("num8", "issue", "list", "--store", case.store)],
                          capture_output=True, text=True, timeout=support.SECONDS)
    assert done.returncode == 1 and "bad.db" in done.stderr, (done.returncode, done.stderr)
    assert done.stderr.count("\n") == 1, done.stderr
    assert bad.read_bytes() == before


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        case, url = Case(folder), f"http://127.0.0.1:{server.server_port}"
        check(case, url)
        check_at_once(case, url)
        check_indirect(case, url)
        check_killed_import(case, folder)
        check_bad_store(case, folder)
        if postgres.programs():
            check_killed_server(case, folder)
    server.shutdown()
    print("issues: ok")


if __name__ == "__main__":
    main()
