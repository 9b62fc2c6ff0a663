"""A host that can't bear as many templates at once as it is asked by gets fewer of them."""
import http.server
import threading
import time
import unittest

from support import Case, records

TEMPLATES = 420
TOO_MANY, BEARABLE = 20, 13
NOTICED, KEPT_TO = 130, 100  # requests
# What an answer takes: long enough for each request to have its connection; while it is strained.
USUAL_SECONDS, STRAINED_SECONDS = 0.1, 2.5


class Site(http.server.BaseHTTPRequestHandler):
    """Quick until more than TOO_MANY ask at once, then slow until not more than BEARABLE do."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        with server.lock:
            server.in_flight += 1
            server.seen.append(server.in_flight)
            if server.in_flight > TOO_MANY:
                server.strained = True
            elif server.in_flight <= BEARABLE:
                server.strained = False
            strained = server.strained
        time.sleep(STRAINED_SECONDS if strained else USUAL_SECONDS)
        with server.lock:
            server.in_flight -= 1
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"hit")

    def log_message(self, *_):
        pass


class Pacing(Case):
    def test_a_strained_host_is_asked_by_fewer_templates(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        server.lock, server.in_flight, server.seen, server.strained = threading.Lock(), 0, [], False
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.write_hit_templates(TEMPLATES)
        done = self.run_program("num8", "scan", "-u", f"http://127.0.0.1:{server.server_port}",
                                "-t", "t", "-rl", 0, "-timeout", 30, "-j", "-v", "--no-store")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(records(done.stdout)), TEMPLATES)
        # When it was too much, the answers of two windows and those in flight tell; after that it is
        # asked by half as many, and by one more after each window.
        strained_at = next(i for i, count in enumerate(server.seen) if count > TOO_MANY)
        self.assertLess(strained_at, TEMPLATES - NOTICED - KEPT_TO)
        told = server.seen[strained_at + NOTICED:]
        self.assertLessEqual(max(told[:KEPT_TO]), TOO_MANY)
        self.assertIn(" templates at once", done.stderr)


if __name__ == "__main__":
    unittest.main()
