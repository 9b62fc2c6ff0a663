"""asmm8 enum with passive sources: a service on loopback in place of the real ones, the lab's zone."""
import http.server
import json
import signal
import threading
import unittest

import support


class Service(http.server.ThreadingHTTPServer):
    """Answers every path with what the test says; keeps what it was asked."""

    def __init__(self, status, body, headers=()):
        self.asked = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked.append((self.path, dict(self.headers)))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Endless(Service):
    """Writes lines until nobody reads them."""

    def __init__(self):
        super().__init__(200, b"")

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                try:
                    while True:
                        self.wfile.write(b"filler.elsewhere.test,192.0.2.1\n" * 2000)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self.RequestHandlerClass = Handler


class Silent(Service):
    """Takes a request and says nothing."""

    def __init__(self):
        super().__init__(200, b"")
        self.reached, self.over = threading.Event(), threading.Event()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                service.reached.set()
                service.over.wait(support.SECONDS)

            def log_message(self, *_):
                pass

        self.RequestHandlerClass = Handler

    def __exit__(self, *arguments):
        self.over.set()
        super().__exit__(*arguments)


def names(*found):
    return json.dumps(list(found)).encode()


class Sources(support.Case):
    @classmethod
    def setUpClass(cls):
        cls.lab = support.Lab().__enter__()
        cls.addClassCleanup(cls.lab.__exit__)
        cls.real = next(entry["name"] for entry in cls.lab.plan() if entry["kind"] == "site")

    def enum(self, *arguments, **options):
        words = self.write("words", "nothing-here\n")
        return self.run_program("asmm8", "enum", "-d", self.lab.zone, "-r", self.lab.dns, "-w",
                                words, "--no-store", "--source-cache", 0, *arguments, **options)

    def test_names_of_a_source_are_proven(self):
        made_up = f"made-up.{self.lab.zone}"
        with Service(200, names(self.real, made_up, "elsewhere.test")) as service:
            done = self.enum("-s", "anubis", "--source-url", f"anubis={service.url}", "--jsonl",
                             "--summary", self.folder / "summary.json")
            self.assertEqual(service.asked[0][0], f"/anubis/subdomains/{self.lab.zone}")
            self.assertRegex(service.asked[0][1]["User-Agent"], "^m8/")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {record["hostname"]: record for record in support.records(done.stdout)}
        self.assertEqual(found[self.real]["sources"], ["anubis"])
        self.assertNotIn(made_up, found)
        summary = json.loads((self.folder / "summary.json").read_text())
        ended = summary["sources"][0]
        self.assertEqual((ended["source"], ended["state"], ended["names"], ended["requests"]),
                         ("anubis", "ok", 2, 1))

    def test_passive_only_proves_nothing(self):
        made_up = f"made-up.{self.lab.zone}"
        with Service(200, names(made_up, made_up.upper())) as service:
            both = f"anubis={service.url},subdomaincenter={service.url}"
            done = self.enum("-s", "anubis,subdomaincenter", "--source-url", both, "-cs",
                             "--passive-only", "--jsonl")
            self.assertEqual(done.returncode, 0, done.stderr)
            record, = support.records(done.stdout)
            self.assertEqual(record["hostname"], made_up)
            self.assertEqual(record["sources"], ["anubis", "subdomaincenter"])
            self.assertIs(record["proven"], False)
            plain = self.enum("-s", "anubis,subdomaincenter", "--source-url", both, "-cs",
                              "--no-resolve")
            self.assertEqual(plain.stdout, f"{made_up},[anubis,subdomaincenter]\n")

    def test_a_named_source_that_fails_is_told(self):
        with Service(429, b"", [("Retry-After", "86400")]) as service:
            done = self.enum("-s", "anubis", "--source-url", f"anubis={service.url}", "-q")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("1 of 1 sources failed: anubis", done.stderr)
        listed = self.run_program("asmm8", "sources", "--jsonl")
        last = {record["source"]: record for record in support.records(listed.stdout)}
        self.assertEqual(last["anubis"]["last"]["state"], "limited")
        self.assertNotIn("last", last["crtsh"])

    def test_half_of_the_sources_may_fail(self):
        with Service(200, names(self.real)) as good, Service(501, b"") as bad:
            urls = [f"anubis={good.url},subdomaincenter={bad.url}", f"columbus={bad.url}"]
            config = self.write("sources.yaml", "".join(
                f"{one.replace('=', ': {url: ')}}}\n" for one in ",".join(urls).split(",")))
            done = self.enum("-pc", config, "-q")
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("2 of 3 sources failed: columbus, subdomaincenter", done.stderr)
            self.assertIn(self.real, done.stdout)
            done = self.enum("-pc", config, "-q", "--max-failed-sources", 70)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_keys_come_from_file_and_environment_and_are_shown_nowhere(self):
        with Service(403, b"") as service:
            config = self.write("providers.yaml", "chaos:\n  - s3cr3t-key\n")
            done = self.enum("-pc", config, "-s", "chaos", "--source-url", f"chaos={service.url}",
                             "-v", "--summary", "-")
        self.assertEqual(service.asked[0][1]["Authorization"], "s3cr3t-key")
        self.assertEqual(done.returncode, 4)
        self.assertIn('"state":"auth"', done.stderr)
        self.assertNotIn("s3cr3t", done.stdout + done.stderr)

    def test_the_practice_zone_is_told_to_nobody(self):
        done = self.enum("-v", "--summary", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn('"sources"', done.stderr)

    def test_an_endless_reply_is_cut(self):
        with Endless() as service:
            done = self.enum("-s", "hackertarget", "--source-url", f"hackertarget={service.url}",
                             "--summary", "-", "-q")
        self.assertEqual(done.returncode, 0, done.stderr)
        summary = json.loads(done.stderr)
        self.assertEqual(summary["sources"][0]["state"], "partial")
        self.assertLess(summary["peak_rss_bytes"], 150 << 20)

    def test_interrupted_while_a_source_does_not_answer(self):
        with Service(200, names(self.real)) as good, Silent() as silent:
            process = self.start_program(
                "asmm8", "enum", "-d", self.lab.zone, "-r", self.lab.dns, "--no-store", "-s",
                "anubis,columbus", "--source-url", f"anubis={good.url},columbus={silent.url}", "-q",
                "--source-cache", 0)
            self.assertEqual(process.stdout.readline().strip()[-len(self.lab.zone):], self.lab.zone)
            silent.reached.wait(support.SECONDS)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=support.SECONDS)
        self.assertEqual(process.returncode, 130)

    def test_a_kept_answer_is_used(self):
        arguments = ["-s", "anubis", "--source-cache", "1h", "--summary", "-", "-q"]
        with Service(200, names(self.real)) as service:
            for _ in range(2):
                done = self.enum("--source-url", f"anubis={service.url}", *arguments)
                self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(service.asked), 1)
        self.assertIn('"cached":true', done.stderr)
        self.assertIn(self.real, done.stdout)


if __name__ == "__main__":
    unittest.main()
