"""asmm8 enum --probe: virtual hosts behind a wildcard, told apart by what they show."""
import collections
import contextlib
import http.server
import json
import signal
import threading
import time
import unittest

from support import SECONDS, Case, records
from zone import Zone


class WildcardZone(Zone):
    """Every name under z.test leads to 127.0.0.1, and names below those too; so does q.test, where
    only what it lists exists."""

    def __init__(self, listed):
        self.listed = listed
        super().__init__()

    def address_of(self, name):
        return "127.0.0.1" if name.endswith("z.test") or name in self.listed else None


class Hosts(http.server.BaseHTTPRequestHandler):
    """shop is a site of its own; the rest is parked. slow waits for the event."""
    asked = collections.Counter()
    go_on = threading.Event()

    def do_GET(self):
        host = self.headers["Host"].split(":")[0]
        self.asked[host] += 1
        if host.startswith("slow"):
            self.go_on.wait(SECONDS)
        shop = host.startswith("shop.")
        body = (b"<title>Shop</title>" if shop else b"<title>parked</title>" + host.encode())
        self.send_response(200)
        if shop:
            self.send_header("Content-Security-Policy", "img-src https://img.q.test")
        self.send_header("Content-Length", str(len(body)))
        with contextlib.suppress(OSError):  # a run that was killed
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class EnumProbe(Case):
    def setUp(self):
        super().setUp()
        self.zone = WildcardZone({"q.test", "shop.q.test", "img.q.test", "slow.q.test"})
        self.addCleanup(self.zone.close)
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hosts)
        self.web.daemon_threads = True
        self.addCleanup(self.web.server_close)
        self.addCleanup(self.web.shutdown)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        Hosts.asked.clear()
        Hosts.go_on.clear()

    def arguments(self, domain, words, *more):
        return ("asmm8", "enum", "-d", domain, "-r", self.zone.address, "-q", "--rate", 0, "-w",
                self.write("words", "".join(word + "\n" for word in words)), "--jsonl", "--probe",
                "--probe-rate", 0, "--ports", f"http:{self.web.server_address[1]}", *more)

    def enumerate(self, *arguments):
        done = self.run_program(*self.arguments(*arguments))
        self.assertEqual(done.returncode, 0, done.stderr)
        return {record["hostname"]: record for record in records(done.stdout)}

    def test_a_wildcard_is_told_from_a_site_of_its_own(self):
        summary = self.folder / "summary"
        found = self.enumerate("z.test", ["www", "shop", "mail"], "--no-store", "--summary", summary)
        self.assertEqual(set(found), {"z.test", "shop.z.test"})
        shop = found["shop.z.test"]
        self.assertEqual((shop["wildcard"], shop["tie_break"]), ("shared", "title"))
        self.assertEqual([(seen["title"], seen["status_code"]) for seen in shop["probe"]],
                         [("Shop", 200)])
        counts = json.loads(summary.read_text())["counts"]
        self.assertEqual((counts["probe.compared"], counts["probe.distinct"],
                          counts["probe.like_wildcard"]), (3, 1, 2))

    def test_names_are_asked_once_and_what_they_mention_is_learned(self):
        found = self.enumerate("q.test", ["shop", "none"], "--no-store")
        self.assertEqual(set(found), {"q.test", "shop.q.test"})
        self.assertEqual(Hosts.asked, {"q.test": 1, "shop.q.test": 1})
        found = self.enumerate("q.test", ["shop", "none"], "--no-store", "--learn")
        self.assertEqual(set(found), {"q.test", "shop.q.test", "img.q.test"})
        self.assertEqual(found["img.q.test"]["sources"], ["csp"])
        self.assertEqual(found["img.q.test"]["probe"][0]["title"], "parked")

    def test_what_was_killed_while_it_was_asked_goes_on(self):
        store = ("--store", f"sqlite:{self.folder}/m8.db")
        words = ["slow", "shop"]
        run = self.start_program(*self.arguments("q.test", words, *store))
        deadline = time.monotonic() + SECONDS
        while not Hosts.asked["slow.q.test"] or not Hosts.asked["shop.q.test"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        run.wait(SECONDS)
        Hosts.go_on.set()
        found = self.enumerate("q.test", words, *store, "--resume", 1)
        self.assertIn("slow.q.test", found)
        stored = self.run_program("asmm8", "host", "list", "--jsonl", *store).stdout
        self.assertEqual({record["hostname"] for record in records(stored)},
                         {"q.test", "shop.q.test", "slow.q.test"})

    def test_an_interrupted_run_keeps_what_was_found(self):
        run = self.start_program(*self.arguments("q.test", ["slow", "shop"], "--no-store"))
        deadline = time.monotonic() + SECONDS
        while not Hosts.asked["slow.q.test"] or not Hosts.asked["shop.q.test"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        out, errors = run.communicate(timeout=SECONDS)
        Hosts.go_on.set()
        self.assertEqual(run.returncode, 130, errors)
        self.assertEqual({record["hostname"] for record in records(out)},
                         {"q.test", "shop.q.test", "slow.q.test"})


if __name__ == "__main__":
    unittest.main()
