"""Secrets of a distributed run: who does the work has them, whoever looks on has not."""
import contextlib
import http.server
import pathlib
import threading
import unittest

from support import Case, records

SECRET = "s3cret-of-the-test"
TEMPLATE = """id: page
info: {name: Page, author: m8, severity: info}
http:
  - method: GET
    path: ["{{BaseURL}}/"]
    matchers: [{type: status, status: [200]}]
"""


def command_lines():
    """Of all processes of this machine."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.headers_seen.append(self.headers.get("Authorization"))
        self.server.files_seen.append(self.headers.get("file"))
        # Its program waits for the answer, so it is there to be looked at.
        self.server.told += [line for line in command_lines() if SECRET.encode() in line]
        self.server.programs += [line for line in command_lines() if b"--as-job=" in line]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Secrets(Case):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.headers_seen, self.server.files_seen = [], []
        self.server.told, self.server.programs = [], []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.shutdown)
        (self.folder / "t").mkdir()
        self.write("t/page.yaml", TEMPLATE)

    def scan(self, *more):
        done = self.run_program("num8", "scan", "-u", f"http://127.0.0.1:{self.server.server_port}",
                                "-t", "t", "-j", "-nh", "--distributed", "--store", "sqlite:s.db",
                                *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(records(done.stdout)), 1, done.stderr)

    def test_a_header_with_a_login_does_not_show(self):
        self.write("config.yaml", 'header: ["Authorization: Bearer %s", "X-More: ${HOME}, $${x}"]\n'
                   % SECRET)
        self.scan("--config", "config.yaml")
        self.assertIn(f"Bearer {SECRET}", self.server.headers_seen)
        self.assertGreater(len(self.server.programs), 0)
        self.assertEqual(self.server.told, [])

    def test_a_header_named_file_is_no_reference_to_one(self):
        self.scan("-H", f"Authorization: Bearer {SECRET}", "-H", "file: notes")
        self.assertIn(f"Bearer {SECRET}", self.server.headers_seen)
        self.assertIn("notes", self.server.files_seen)


if __name__ == "__main__":
    unittest.main()
