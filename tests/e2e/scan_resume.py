"""A scan that was killed goes on: nothing is lost, and only what was in flight is done again."""
import collections
import contextlib
import http.server
import json
import signal
import threading
import unittest

from support import SECONDS, Case, records

TEMPLATES = 120
RATE = 60


class Site(http.server.BaseHTTPRequestHandler):
    """Answers every path with "hit", and counts."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with self.server.lock:
            self.server.asked[self.path] += 1
            total = sum(self.server.asked.values())
        if total == self.server.alarm_at:
            self.server.alarm.set()
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        with contextlib.suppress(OSError):  # killed
            self.wfile.write(b"hit")

    def log_message(self, *_):
        pass


class Resume(Case):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        self.server.lock, self.server.alarm = threading.Lock(), threading.Event()
        self.server.asked, self.server.alarm_at = collections.Counter(), 0
        self.server.handle_error = lambda *_: None  # clients are killed
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.write_hit_templates(TEMPLATES)
        port = self.server.server_port
        self.write("targets", f"http://127.0.0.1:{port}/a\nhttp://127.0.0.1:{port}/b\n")
        self.arguments = ["scan", "-l", "targets", "-t", "t", "-rl", RATE, "-j", "-o", "out",
                          "--store", "sqlite:s.db"]

    def kill_after(self, requests):
        self.server.alarm.clear()
        self.server.alarm_at = sum(self.server.asked.values()) + requests
        scan = self.start_program("num8", *self.arguments)
        self.assertTrue(self.server.alarm.wait(SECONDS))
        scan.send_signal(signal.SIGKILL)
        scan.communicate(timeout=SECONDS)

    def test_kill_9_loses_nothing_and_repeats_what_was_in_flight(self):
        self.arguments += ["-je", "all.json", "-se", "all.sarif", "-jle", "all.jsonl"]
        self.kill_after(90)
        self.arguments += ["--resume", "1"]
        self.kill_after(70)
        done = self.run_program("num8", *self.arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("done earlier: ", done.stderr)
        found = {event["matched-at"] for event in records((self.folder / "out").read_text())}
        self.assertEqual(len(found), 2 * TEMPLATES)
        self.assert_exports_have(found)
        asked = self.server.asked
        self.assertEqual(len(asked), 2 * TEMPLATES)
        # Two kills: each repeats at most what half a second and the places hold.
        self.assertLessEqual(sum(asked.values()), 2 * TEMPLATES + 2 * (RATE + 50))
        again = self.run_program("num8", *self.arguments)
        self.assertEqual(again.returncode, 2, again.stderr)
        self.assertIn("run 1 is done: there is nothing left to do", again.stderr)

    def assert_exports_have(self, found):
        array = json.loads((self.folder / "all.json").read_text())
        self.assertEqual({event["matched-at"] for event in array}, found)
        for event in array:
            self.assertEqual((event["info"]["name"], event["type"]), ("t", "http"))
        lines = records((self.folder / "all.jsonl").read_text())
        self.assertEqual({event["matched-at"] for event in lines}, found)
        run = json.loads((self.folder / "all.sarif").read_text())["runs"][0]
        fingerprints = {result["partialFingerprints"]["finding/v1"] for result in run["results"]}
        self.assertEqual(len(fingerprints), len(found))
        self.assertEqual(len(run["tool"]["driver"]["rules"]), TEMPLATES)

    def test_a_document_of_o_is_whole_after_an_interruption(self):
        self.arguments += ["--format", "json"]
        self.server.alarm_at = 40
        scan = self.start_program("num8", *self.arguments)
        self.assertTrue(self.server.alarm.wait(SECONDS))
        scan.send_signal(signal.SIGINT)
        scan.communicate(timeout=SECONDS)
        earlier = json.loads((self.folder / "out").read_text())
        self.assertGreater(len(earlier), 0)
        self.run_program("num8", "issue", "set", "1", "--to", "false-positive", "--store",
                         "sqlite:s.db")
        done = self.run_program("num8", *self.arguments, "-rl", 0, "--resume", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {event["matched-at"] for event in json.loads((self.folder / "out").read_text())}
        self.assertEqual(len(found), 2 * TEMPLATES - 1)  # the false positive is no news

    def test_an_interrupted_scan_says_how_it_goes_on(self):
        self.server.alarm_at = 30
        scan = self.start_program("num8", *self.arguments)
        self.assertTrue(self.server.alarm.wait(SECONDS))
        scan.send_signal(signal.SIGINT)
        _, errors = scan.communicate(timeout=SECONDS)
        self.assertEqual(scan.returncode, 130)
        self.assertIn("go on with: num8 scan -l targets -t t", errors)
        self.assertIn("--resume 1\n", errors)
        self.write("t/t0.yaml", (self.folder / "t/t0.yaml").read_text() + "# changed\n")
        done = self.run_program("num8", *self.arguments, "--resume", "1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("run 1 had other templates", done.stderr)

    def test_piped_targets_can_not_be_read_again(self):
        done = self.run_program("num8", "scan", "-t", "t", "--store", "sqlite:s.db", "-silent",
                                "--resume", "1", stdin=f"http://127.0.0.1:{self.server.server_port}\n")
        self.assert_one_error(done, 2, "can't be read again")


if __name__ == "__main__":
    unittest.main()
