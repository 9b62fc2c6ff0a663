"""--max-memory is a promise: big bodies are received one after another before it is broken, and
nothing is lost by that."""
import contextlib
import http.server
import json
import re
import select
import socket
import threading
import unittest

from support import SECONDS, Case, Lab, records

MEGABYTE = 1 << 20
BODY = b"x" * (8 * MEGABYTE) + b"needle"
HOSTS = [f"127.0.1.{i}" for i in range(1, 33)]
TEMPLATES = 4
TEMPLATE = """id: needle-{0}
info: {{name: n, author: a, severity: info}}
http:
  - path: ['{{{{BaseURL}}}}/{0}']
    max-size: 16777216
    matchers: [{{type: word, words: [needle]}}]
"""


class BigPages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(BODY)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


class Names(threading.Thread):
    """A resolver that waits a moment for more questions before it answers: how many came together
    is how many were in flight. wN.example.test is there for every even N."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.counts = []
        self.start()

    def run(self):
        with contextlib.suppress(OSError, ValueError):
            while True:
                questions = [self.socket.recvfrom(2000)]
                while select.select([self.socket], [], [], 0.02)[0]:
                    questions.append(self.socket.recvfrom(2000))
                asked = [self.name(bytes_) for bytes_, _ in questions]
                self.counts.append(sum(name.endswith("example.test") for name in asked))
                for question, name in zip(questions, asked):
                    self.answer(*question, name)

    @staticmethod
    def name(query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        return ".".join(labels)

    def answer(self, query, to, name):
        end = query.index(b"\0", 12) + 5
        known = name == "example.test" or re.fullmatch(r"w\d*[02468]\.example\.test", name)
        record = known and query[end - 4:end - 2] == b"\0\1"
        head = query[:2] + (b"\x81\x80" if known else b"\x81\x83")
        head += b"\0\1" + (b"\0\1" if record else b"\0\0") + b"\0\0\0\0"
        data = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if record else b""
        self.socket.sendto(head + query[12:end] + data, to)


class Memory(Case):
    def scan(self, port, *arguments):
        """Findings, summary, what was said."""
        folder = self.folder / "templates"
        folder.mkdir(exist_ok=True)
        for i in range(TEMPLATES):
            (folder / f"{i}.yaml").write_text(TEMPLATE.format(i))
        targets = self.write("targets", "".join(f"http://{host}:{port}\n" for host in HOSTS))
        done = self.run_program("num8", "scan", "-t", folder, "-l", targets, "--jsonl", "--rate", 0,
                                "--no-store", "--summary", "sum", *arguments)
        found = sorted(one["matched-at"] for one in records(done.stdout))
        return done, found, records((self.folder / "sum").read_text())[0]

    def test_a_scan_of_big_pages_stays_below_it_and_finds_the_same(self):
        with Server(("0.0.0.0", 0), BigPages) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            port = server.server_address[1]
            free, all_found, wide = self.scan(port)
            self.assertEqual(free.returncode, 0, free.stderr)
            self.assertEqual(len(all_found), len(HOSTS) * TEMPLATES)
            for megabytes in (150, 80):
                with self.subTest(limit=megabytes):
                    done, found, summary = self.scan(port, "--max-memory", f"{megabytes}M")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(found, all_found)
                    self.assertLess(summary["peak_rss_bytes"], megabytes * MEGABYTE)
                    self.assertLess(summary["peak_rss_bytes"], wide["peak_rss_bytes"])
                    self.assertGreater(summary["counts"]["memory.shortages"], 0)
                    self.assertIn("memory limit", done.stderr)
            server.shutdown()

    def test_names_are_tried_one_by_one_while_memory_is_short(self):
        words = self.write("words", "".join(f"w{i}\n" for i in range(80)))
        names = self.write("names", "".join(f"w{i}.example.test\n" for i in range(80)))
        for arguments in (("resolve", "-l", names),
                          ("enum", "-d", "example.test", "-w", words, "--no-passive", "--no-store")):
            with self.subTest(command=arguments[0]):
                def run(*limit):
                    resolver = Names()
                    done = self.run_program("asmm8", *arguments, "-r", resolver.address, "--summary",
                                            "sum", *limit)
                    resolver.socket.close()
                    self.assertEqual(done.returncode, 0, done.stderr)
                    return resolver.counts, sorted(done.stdout.splitlines()), records(
                        (self.folder / "sum").read_text())[0]["peak_rss_bytes"]
                wide, all_names, peak = run()
                self.assertGreater(max(wide), 1)
                self.assertGreaterEqual(len(all_names), 40)
                # Short from the beginning on (80 % of it are in use), and yet enough (97 %).
                narrow, found, _ = run("--max-memory", int(peak * 1.12))
                # The first lot is under way before the memory is looked at.
                self.assertEqual(max(narrow[len(narrow) // 2:]), 1)
                self.assertEqual(found, all_names)

    def test_what_a_run_holds_is_shown_while_it_runs_and_after_it(self):
        with Lab() as lab:
            scan = ["scan", *lab.scan_arguments(), "-u", f"http://git.{lab.zone}:{lab.port}",
                    "-u", f"http://admin.{lab.zone}:{lab.port}", "--store", "sqlite:s.db",
                    "--summary", "sum", "--progress", "json"]
            done = self.run_program("num8", *scan)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        self.assertGreaterEqual(len(lines), 1)
        summary = records((self.folder / "sum").read_text())[0]
        for shown in (lines[-1], summary):
            for name, most in (("threads", 49), ("resident_bytes", 100 * MEGABYTE),
                               ("open_files", 1000)):
                self.assertGreater(shown[name], 0)
                self.assertLessEqual(shown[name], most)
        self.assertEqual(lines[-1]["tasks"], 0)  # all was done
        self.assertGreaterEqual(summary["peak_threads"], lines[-1]["threads"])
        shown = self.run_program("m8", "runs", "show", "last", "--store", "sqlite:s.db").stdout
        self.assertRegex(shown, r"(?m)^peak memory +\d+")
        self.assertRegex(shown, rf"(?m)^peak threads +{summary['peak_threads']}$")


if __name__ == "__main__":
    unittest.main()
