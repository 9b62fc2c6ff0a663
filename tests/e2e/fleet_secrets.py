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
        # Its program waits for the answer, so it is there to be looked at.
        self.server.told += [line for line in command_lines() if SECRET.encode() in line]
        self.server.programs += [line for line in command_lines() if b"--as-job=" in line]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Secrets(Case):
    def test_a_header_with_a_login_does_not_show(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.headers_seen, server.told, server.programs = [], [], []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        (self.folder / "t").mkdir()
        self.write("t/page.yaml", TEMPLATE)
        self.write("config.yaml", 'header: ["Authorization: Bearer %s", "X-More: ${HOME}, $${x}"]\n'
                   % SECRET)
        done = self.run_program("num8", "scan", "-u", f"http://127.0.0.1:{server.server_port}",
                                "-t", "t", "-j", "-nh", "--distributed", "--store", "sqlite:s.db",
                                "--config", "config.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(records(done.stdout)), 1, done.stderr)
        self.assertIn(f"Bearer {SECRET}", server.headers_seen)
        self.assertGreater(len(server.programs), 0)
        self.assertEqual(server.told, [])


if __name__ == "__main__":
    unittest.main()
