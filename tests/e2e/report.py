#!/usr/bin/env python3
"""The HTML report in a headless browser: complete, readable without scripts, accessible, and nothing
that a server sent does anything."""
import html.parser
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import sarif
import support

EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'\"&"
VOID = {"meta", "input", "br", "img", "rect", "line", "link"}


class Page(html.parser.HTMLParser):
    """Elements in order, each (tag, attributes); complains of what is not nested."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.wrong = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.store = "sqlite:" + str(pathlib.Path(cls.folder.name, "m8.db"))
        lines = []
        for i, severity in enumerate(("critical", "high", "medium", "low", "info", "unknown")):
            for host in ("a.com", "b.com"):
                lines.append({
                    "template-id": f"t{i}", "host": host, "url": f"http://{host}",
                    "info": {"name": f"Flaw {i}", "severity": severity, "description": EVIL,
                             "reference": ["https://example.org/x", "javascript:alert(1)"]},
                    "matched-at": f"http://{host}/{i}?token=s3cret",
                    "request": "GET /?token=s3cret HTTP/1.1\r\nCookie: sid=s3cret\r\n\r\n",
                    "response": "HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cret; Path=/\r\n\r\n\u001b[2J" + "x" * 20000,
                    "timestamp": f"2026-06-0{i + 1}T12:00:00Z"})
        lines.append({"template-id": EVIL, "host": EVIL, "info": {"name": EVIL, "severity": "low"},
                      "matched-at": EVIL, "extracted-results": [EVIL], "response": EVIL,
                      "m8": {"status": "verified"}})
        cls.run_program("issue", "import", "-q", stdin="\n".join(map(json.dumps, lines)))
        cls.path = pathlib.Path(cls.folder.name, "report.html")
        cls.run_program("report", "-o", str(cls.path))
        cls.text = cls.path.read_text()
        cls.page = Page(cls.text)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def run_program(cls, *arguments, stdin=""):
        done = subprocess.run([*support.command("num8", *arguments), "--store", cls.store],
                              input=stdin, text=True, capture_output=True, timeout=support.SECONDS,
                              env=support.clean_environment(cls.folder.name))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def test_all_issues_are_there_the_gravest_first(self):
        severities = re.findall(r'<details class="issue (\w+) ', self.text)
        self.assertEqual(len(severities), 13)
        order = ["critical", "high", "medium", "low", "info", "unknown"]
        self.assertEqual(severities, sorted(severities, key=order.index))

    def test_sarif_is_what_the_schema_says(self):
        log = json.loads(self.run_program("report", "--format", "sarif"))
        self.assertEqual(sarif.errors_of(log), [])
        self.assertEqual(len(log["runs"][0]["results"]), 13)
        # The check sees what is wrong.
        log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = "a b"
        log["runs"][0]["results"][1]["level"] = "grave"
        self.assertGreaterEqual(len(sarif.errors_of(log)), 2)

    def test_no_secret_is_handed_over(self):
        for form in ("html", "markdown", "csv", "sarif"):
            text = self.run_program("report", "--format", form)
            self.assertFalse("s3cret" in text, form)
        self.assertTrue("Cookie: ***" in self.text)
        self.assertTrue("s3cret" in self.run_program("report", "--no-redact"))

    def test_self_contained_without_scripts(self):
        for tag in ("script", "img", "iframe", "link", "object"):
            self.assertEqual(self.page.all(tag), [], tag)
        self.assertNotIn("javascript:alert(1)\"", self.text)
        self.assertIn("default-src 'none'", self.text)
        self.assertNotIn("\x1b", self.text)

    def test_accessible(self):
        page = self.page
        self.assertEqual(page.wrong, [])
        self.assertEqual(page.open, [])
        self.assertEqual(page.all("html")[0].get("lang"), "en")
        self.assertEqual(len(page.all("h1")), 1)
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
        for before, after in zip(levels, levels[1:]):
            self.assertLessEqual(after, before + 1)
        for attributes in page.all("th"):
            self.assertIn(attributes.get("scope"), ("col", "row"))
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        self.assertEqual(len(ids), len(set(ids)))
        for attributes in page.all("svg"):
            self.assertEqual(attributes.get("role"), "img")
            self.assertIn(attributes["aria-labelledby"], ids)
        for attributes in page.all("section"):
            self.assertIn(attributes["aria-labelledby"], ids)
        self.assertEqual(len(page.all("table")), len(page.all("caption")))
        self.assertEqual(len(page.all("input")), len(page.all("label")))
        # Colours of texts on what lies beneath them: at least 4.5 to 1.
        def luminance(colour):
            parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
            parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

        def contrast(one, other):
            light, dark = sorted((luminance(one), luminance(other)), reverse=True)
            return (light + 0.05) / (dark + 0.05)
        for text, ground in (("#1b1f24", "#f4f6f8"), ("#4a535e", "#f4f6f8"), ("#0b57a4", "#ffffff"),
                             ("#1b1f24", "#f0a59b"), ("#ffffff", "#b42318"), ("#ffffff", "#96540a"),
                             ("#ffffff", "#1f6f43"), ("#ffffff", "#2b5f91"), ("#ffffff", "#59636e")):
            self.assertGreaterEqual(contrast(text, ground), 4.5, (text, ground))
            self.assertTrue(ground == "#ffffff" or ground in self.text)

    def browser(self, *arguments):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            self.skipTest("no headless browser")
        done = subprocess.run(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             f"--user-data-dir={self.folder.name}/browser", "--window-size=1280,1600", *arguments,
             self.path.as_uri()], capture_output=True, timeout=support.SECONDS,
            env={**support.clean_environment(self.folder.name), "DISPLAY": ""})
        return done.stdout.decode(errors="replace")

    def test_a_browser_shows_it_and_runs_nothing(self):
        dumped = self.browser("--dump-dom")
        self.assertIn("<title>Security report</title>", dumped)
        self.assertEqual(len(re.findall(r'<details class="issue ', dumped)), 13)
        # What was text stays text: the browser has no element of it.
        self.assertEqual(len(re.findall(r"<(script|img)\b", dumped)), 0)

    def test_it_prints(self):
        pdf = pathlib.Path(self.folder.name, "report.pdf")
        self.browser(f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
        self.assertTrue(pdf.read_bytes().startswith(b"%PDF"))


if __name__ == "__main__":
    unittest.main()
