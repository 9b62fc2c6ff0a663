"""num8 scan among servers that flood, drip, lie and lead away: bounded, counted, and it goes on."""
import json
import resource
import socket
import time
import unittest

from probe_bad_peers import MEGABYTE, PAGE, PEERS, Peer
from support import SECONDS, Case, records

COOKIES = b"HTTP/1.1 200 OK\r\n" + b"".join(
    b"Set-Cookie: name%d=%d; path=/\r\n" % (i, i) for i in range(10_000)) + b"Content-Length: 4\r\n\r\nokay"


def redirect(location):
    return b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"


def template(name, follow):
    """Finds the good page; asks twice, so that cookies of the first answer go into the second."""
    return f"""id: {name}
info: {{name: n, author: a, severity: info}}
http:
  - method: GET
    path: ['{{{{BaseURL}}}}/{name}', '{{{{BaseURL}}}}/{name}-2']
    {follow}: true
    max-redirects: 10
    matchers:
      - type: regex
        regex: ['<title>[o]k']
"""


class ScanBadPeers(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "t").mkdir()
        for name, follow in (("first", "host-redirects"), ("second", "redirects")):
            (self.folder / "t" / f"{name}.yaml").write_text(template(name, follow))

    def peer(self, what):
        peer = Peer(what)
        self.addCleanup(peer.close)
        return peer

    def scan(self, peers, *arguments, scheme="http"):
        summary = self.folder / "summary"
        done = self.run_program(
            "num8", "scan", "-q", "--jsonl", "--no-store", "-t", self.folder / "t", "--rate", 0,
            "--timeout", 2, "--retries", 0, "-bs", 50, "--summary", summary, *arguments,
            stdin="".join(f"{scheme}://127.0.0.1:{peer.port}\n" for peer in peers))
        self.assertIn(done.returncode, (0, 4), done.stderr)
        return records(done.stdout), json.loads(summary.read_text())

    def test_each_costs_its_own_findings_only(self):
        good = self.peer(PAGE)
        bad = [self.peer(what) for name, (what, _) in PEERS.items() if name != "good"]
        bad += [self.peer(COOKIES)]
        begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        found, summary = self.scan([*bad[:10], good, *bad[10:]])
        self.assertLess(time.monotonic() - begin, SECONDS)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_utime - before.ru_utime, 10)
        self.assertEqual(sorted((event["port"], event["template-id"]) for event in found),
                         sorted((str(good.port), name) for name in ("first", "first", "second",
                                                                    "second")))
        self.assertLess(summary["peak_rss_bytes"], 250 * MEGABYTE)
        counts = summary["counts"]
        self.assertGreater(counts["errors.timeout"], 0)
        self.assertGreater(counts["errors.protocol"], 0)
        self.assertEqual(counts["targets.done"] + counts.get("targets.skipped.host is unresponsive", 0),
                         len(bad) + 1)

    def test_a_redirect_out_of_scope_is_not_followed(self):
        away = []

        def elsewhere(peer):
            away.append(peer)
            peer.sendall(PAGE)

        other, good = self.peer(elsewhere), self.peer(PAGE)
        leading = self.peer(redirect(b"http://127.0.0.1:%d/" % other.port))
        scope = self.write("scope", f"http://127.0.0.1:{good.port}/\nhttp://127.0.0.1:{leading.port}/\n")
        found, summary = self.scan([leading, good], "--scope", scope)
        self.assertEqual(away, [])
        self.assertEqual({event["port"] for event in found}, {str(good.port)})
        self.assertGreater(summary["counts"]["refused_by_scope"], 0)

    def test_redirects_in_a_circle_end(self):
        circle = self.peer(redirect(b"/again"))
        found, summary = self.scan([circle])
        self.assertEqual(found, [])
        # Four requests, each with at most ten hops behind it; a closed connection costs one more.
        self.assertLessEqual(summary["counts"]["requests"], 2 * 4 * 11)

    def test_tls_that_is_none(self):
        peers = [self.peer(b"\x15\3\3\0\2\2\x28"), self.peer(PAGE), self.peer(b"")]
        found, summary = self.scan(peers, scheme="https")
        self.assertEqual(found, [])
        self.assertGreater(sum(count for name, count in summary["counts"].items()
                               if name.startswith("errors.")), 0)

    def test_who_stops_answering_is_named_at_the_end(self):
        answers = [PAGE]

        def once(peer):
            peer.sendall(answers.pop() if answers else b"")

        for i in range(40):
            (self.folder / "t" / f"more-{i}.yaml").write_text(template(f"more-{i}", "redirects"))
        fading = self.peer(once)
        done = self.run_program("num8", "scan", "-t", self.folder / "t", "--no-store", "--rate", 0,
                                "--retries", 0, "-c", 1, "-mhe", 3,
                                f"http://127.0.0.1:{fading.port}")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn(f"stopped answering: 127.0.0.1:{fading.port}", done.stderr)


class ScanDeadResolver(Case):
    """A resolver that is not there, and one that takes every question and never answers."""

    def setUp(self):
        super().setUp()
        (self.folder / "t.yaml").write_text(template("first", "redirects"))
        self.silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.silent.close)
        self.silent.bind(("127.0.0.1", 0))

    def scan(self, resolver_port, seconds, *targets):
        arguments = [word for target in targets for word in ("-u", target)]
        return self.run_program("num8", "scan", "--jsonl", "--no-store", "-t", "t.yaml",
                                "-timeout", seconds, "-retries", 0,
                                "-r", f"127.0.0.1:{resolver_port}", *arguments)

    def test_a_scan_that_could_ask_nobody_is_incomplete_and_says_why(self):
        closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        closed.close()
        for resolver in (port, self.silent.getsockname()[1]):
            # The silent one has not been given up when the requests have.
            done = self.scan(resolver, 2, "http://www.example.test/")
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("num8: no resolver answers: try others with -r\n", done.stderr)
            self.assertRegex(done.stderr, r"num8: incomplete: \d host names could not be looked up\n")

    def test_a_scan_that_could_not_ask_some_is_incomplete(self):
        peer = Peer(PAGE)
        self.addCleanup(peer.close)
        done = self.scan(self.silent.getsockname()[1], 10, f"http://127.0.0.1:{peer.port}",
                         "http://www.example.test/")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual([found["port"] for found in records(done.stdout)][:1], [str(peer.port)])
        self.assertRegex(done.stderr, r"num8: incomplete: \d host names could not be looked up\n")


if __name__ == "__main__":
    unittest.main()
