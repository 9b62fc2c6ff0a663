"""What is kept between runs: answers of sources, targets that did not change, names; in files and in
a real Redis, which is killed, stopped and replaced by others while programs use it."""
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from support import SECONDS, Case, Lab

TEMPLATE = """id: home
info: {name: n, author: a, severity: info}
http:
  - path: ['{{BaseURL}}/a', '{{BaseURL}}/b']
    matchers:
      - {type: word, words: [yes]}
"""


class Site:
    """A page that stays as it is until somebody changes it, for a with statement."""

    def __enter__(self):
        site = self
        self.page, self.paths = "yes, as ever", []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.paths.append(self.path)
                body = site.page.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Redis:
    """A Redis of the test's own, for a with statement."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="m8-e2e-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.socket = pathlib.Path(self.folder.name, "redis.sock")
        self.start()
        return self

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "",
             "--dir", self.folder.name, "--unixsocket", str(self.socket)],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + SECONDS
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("redis-server did not start")
            time.sleep(0.01)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)

    def __exit__(self, *_):
        self.kill()
        self.folder.cleanup()


def need_redis(test):
    """In CI a missing server is a failure, not a skip."""
    missing = shutil.which("redis-server") is None and not os.environ.get("CI")
    return unittest.skipIf(missing, "redis-server is not installed")(test)


class Cache(Case):
    def setUp(self):
        super().setUp()
        self.template = self.write("home.yaml", TEMPLATE)

    def scan(self, site, *arguments, targets=None, **options):
        done = self.run_program("num8", "scan", "-t", self.template, "-r", "127.0.0.1:9",
                                "--no-store", "-j", "--skip-unchanged",
                                *(targets or ["-u", site.url]), *arguments, **options)
        return done

    def assert_scanned(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 2, done.stderr)

    def assert_skipped(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertIn("1 unchanged since it was last scanned in full", done.stderr)

    def test_a_target_that_did_not_change_is_left_out(self):
        with Site() as site:
            self.assert_scanned(self.scan(site))
            site.paths.clear()
            summary = self.folder / "summary"
            skipped = self.scan(site, "-v", "--summary", summary)
            self.assert_skipped(skipped)
            self.assertIn(f"skipped target={site.url}", skipped.stderr)
            self.assertIn('"targets.skipped.unchanged', summary.read_text())
            self.assertEqual(site.paths, ["/"])
            site.page = "yes, but another"
            self.assert_scanned(self.scan(site))
            self.assert_skipped(self.scan(site))

    def test_other_templates_variables_and_headers_are_another_scan(self):
        with Site() as site:
            self.assert_scanned(self.scan(site))
            self.assert_scanned(self.scan(site, "-V", "a=b"))
            self.assert_scanned(self.scan(site, "-H", "X: y"))
            self.assert_skipped(self.scan(site, "-H", "X: y"))
            self.template.write_text(TEMPLATE.replace("words: [yes]", "words: [yes, 'as ever']"))
            self.assert_scanned(self.scan(site))

    def test_a_bare_host_is_left_out_too(self):
        with Site() as site:
            bare = ["-u", site.url.removeprefix("http://")]
            self.assert_scanned(self.scan(site, targets=bare))
            self.assert_skipped(self.scan(site, targets=bare))

    def test_a_scan_that_was_not_whole_is_not_remembered(self):
        with Site() as site:
            self.template.write_text(TEMPLATE.replace("'{{BaseURL}}/b'",
                                                      "'http://127.0.0.1:1/b'"))
            self.scan(site)
            site.paths.clear()
            self.scan(site)
            self.assertIn("/a", site.paths)

    def test_no_place_to_remember_is_one_line(self):
        with Site() as site:
            environment = {"PATH": os.environ["PATH"]}
            from support import command
            done = subprocess.run(
                command("num8", "scan", "-t", self.template, "-u", site.url, "--no-store",
                        "--skip-unchanged"),
                capture_output=True, text=True, timeout=SECONDS, env=environment)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("no place to remember targets", done.stderr)

    def test_stats_list_and_purge_of_files(self):
        with Site() as site:
            self.scan(site)
            self.scan(site)
        stats = json.loads(self.run_program("m8", "cache", "stats", "-j").stdout)
        targets = [one for one in stats["caches"] if one["name"] == "targets"]
        self.assertEqual([(one["entries"], one["hits"], one["misses"]) for one in targets],
                         [(1, 1, 1)])
        self.assertEqual(targets[0]["hit_ratio"], 0.5)
        self.assertIn("50.0 %", self.run_program("m8", "cache", "stats").stdout)
        listed = self.run_program("m8", "cache", "list", "targets").stdout
        self.assertIn(site.url, listed)
        self.assertEqual(self.run_program("m8", "cache", "list", "answers").stdout, "")
        for arguments in ([], ["--all", "targets"], ["targets", "--key", "a", "--tag", "b"]):
            self.assert_one_error(self.run_program("m8", "cache", "purge", *arguments), 2)
        for what in ("purge", "list"):
            self.assert_one_error(self.run_program("m8", "cache", what, "target"), 2,
                                  "'target'", "answers, targets, dns, templates")
        none = self.run_program("m8", "cache", "purge", "targets", "--prefix", "https://")
        self.assertIn(" 0 purged", none.stdout)
        one = self.run_program("m8", "cache", "purge", "targets", "--key", site.url)
        self.assertIn(" 1 purged", one.stdout)
        self.assertEqual(self.run_program("m8", "cache", "list").stdout, "")
        with Site() as site:
            self.scan(site)
        everything = self.run_program("m8", "cache", "purge", "--all", "-j")
        self.assertEqual(json.loads(everything.stdout), {"purged": 1})

    def test_tls_is_refused_in_one_line_without_the_password(self):
        for program, command in (("m8", ["cache", "stats"]), ("num8", ["scan", "-u", "127.0.0.1"]),
                                 ("asmm8", ["probe", "127.0.0.1"])):
            with self.subTest(program=program):
                done = self.run_program(program, *command, "--cache-url",
                                        "rediss://user:s3cret@127.0.0.1:1",
                                        *(["-t", self.template] if program == "num8" else []))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("no TLS", done.stderr)
                self.assertNotIn("s3cret", done.stderr)


@need_redis
class WithRedis(Cache):
    """The same with a Redis, and what only a Redis can do."""

    @classmethod
    def setUpClass(cls):
        cls.redis = cls.enterClassContext(Redis())

    def setUp(self):
        super().setUp()
        subprocess.run(["redis-cli", "-p", str(self.redis.port), "FLUSHALL"], check=True,
                       capture_output=True)

    def run_program(self, program, *arguments, **options):
        url = [] if "--cache-url" in arguments else ["--cache-url", self.redis.url]
        # A machine that does ten things at once is no slow Redis.
        patient = ["--cache-timeout", "5s", "--cache-connect-timeout", "5s"]
        return super().run_program(program, *arguments, *url, *patient, **options)

    def test_another_machine_knows_it_too(self):
        with Site() as site:
            self.assert_scanned(self.scan(site))
            self.folder = self.folder / "another"
            self.folder.mkdir()
            self.assert_skipped(self.scan(site, "--cache-url", f"unix:{self.redis.socket}"))

    def test_names_are_looked_up_once_for_all(self):
        with Lab() as lab:
            site = next(name["name"] for name in lab.plan() if name["kind"] == "site")

            def probe(*arguments):
                return self.run_program("asmm8", "probe", "-u", f"http://{site}:{lab.port}",
                                        "-r", lab.dns, "--no-store", *arguments)

            first = probe()
            self.assertEqual(first.returncode, 0, first.stderr)
            self.assertIn(site, first.stdout)
            self.assertEqual(probe().stdout, first.stdout)
            listed = self.run_program("m8", "cache", "list", "dns").stdout
            self.assertIn(site, listed)
        stats = json.loads(self.run_program("m8", "cache", "stats", "-j").stdout)
        dns = next(one for one in stats["caches"] if one["name"] == "dns")
        self.assertEqual((dns["hits"], dns["misses"]), (1, 1))

    def health(self, *arguments):
        done = self.run_program("m8", "health", "--check", "redis", "--timeout", "30s", "--json",
                                *arguments)
        return done.returncode, json.loads(done.stdout)["checks"]["redis"]["status"]

    def test_health_asks_it(self):
        self.assertEqual(self.health(), (0, "healthy"))
        with Redis() as gone:
            gone.kill()
            self.assertEqual(self.health("--cache-url", gone.url), (1, "unhealthy"))

    def test_what_was_found_in_it_is_counted(self):
        with Site() as site:
            for result in ("miss", "hit"):
                self.scan(site, "--metrics-file", self.folder / "page")
                self.assertRegex((self.folder / "page").read_text(),
                                 f'm8_cache_requests_total{{cache="[a-z]+",result="{result}"}} [1-9]')

    def slow_scan(self, site):
        """Ten targets, of which one is scanned at a time, slowly."""
        targets = self.write("targets", "".join(f"{site.url}/{i}\n" for i in range(10)))
        return self.start_program("num8", "scan", "-t", self.template, "--no-store", "-j",
                                  "--skip-unchanged", "-l", targets, "-bs", "1", "--rate", "20/s",
                                  "--cache-url", self.redis.url)

    def assert_all_found(self, scan):
        output, errors = scan.communicate(timeout=SECONDS)
        self.assertEqual(scan.returncode, 0, errors)
        self.assertEqual(len(output.splitlines()), 19, errors)  # the first was read before
        self.assertRegex(errors, "redis://127.0.0.1:.*: going on without it")

    def test_a_redis_that_is_killed_while_a_scan_runs_changes_nothing(self):
        with Redis() as self.redis, Site() as site:
            scan = self.slow_scan(site)
            self.assertTrue(scan.stdout.readline())
            self.redis.kill()
            self.assert_all_found(scan)
            self.redis.start()

    def test_nor_does_one_that_stops_answering(self):
        with Redis() as self.redis, Site() as site:
            scan = self.slow_scan(site)
            self.assertTrue(scan.stdout.readline())
            self.redis.process.send_signal(signal.SIGSTOP)
            self.assert_all_found(scan)
            self.redis.process.send_signal(signal.SIGCONT)

    def test_nor_does_a_stranger_at_its_port(self):
        with Site() as stranger, Site() as site:
            url = stranger.url.replace("http:", "redis:")
            self.assert_scanned(self.scan(site, "--cache-url", url))
            self.assert_scanned(self.scan(site, "--cache-url", url))

    def test_a_redis_that_is_not_there_is_told_by_name(self):
        done = self.run_program("m8", "cache", "list", "--cache-url",
                                "redis://user:s3cret@127.0.0.1:1/0")
        self.assert_one_error_of(done, "redis://127.0.0.1:1/0", "refused")

    def assert_one_error_of(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stderr)
        for word in words:
            self.assertRegex(done.stderr, re.escape(word))
        self.assertNotIn("s3cret", done.stderr)


if __name__ == "__main__":
    unittest.main()
