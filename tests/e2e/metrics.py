#!/usr/bin/env python3
"""Metrics, health, key figures and alerts, read by the programs that are made to read them."""
import fcntl
import http.server
import json
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import termios
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from support import SECONDS, SOURCE, TEMPLATES, Case, Lab, clean_environment, command, records

MONITORING = SOURCE / "examples" / "monitoring"
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def until(condition, what):
    """What \\p condition gives once it is true."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("in vain: " + what)


def table():
    """Every metric that the programs may export, by name."""
    said = subprocess.run(command("m8", "metrics", "list", "--jsonl"), check=True,
                          capture_output=True, text=True, timeout=SECONDS).stdout
    return {row["name"]: row for row in records(said)}


def panels():
    """Those of the dashboard that show something."""
    board = json.loads((MONITORING / "m8-dashboard.json").read_text())
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def panel_queries():
    return [target["expr"].replace("$job", ".*").replace("$instance", ".*")
            for panel in panels() for target in panel["targets"]]


def promtool(*arguments, **options):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True,
                          timeout=SECONDS, **options)


def samples(text):
    """{line without its value: value} of an exposition."""
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")}


class Exposition(Case):
    def check_page(self, text):
        """promtool finds nothing to say, and every name is in the table with its type and labels."""
        linted = promtool("check", "metrics", input=text)
        self.assertEqual((linted.returncode, linted.stdout, linted.stderr), (0, "", ""))
        known = table()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                self.assertEqual(known[name]["type"], kind)
        for series in samples(text):
            name, _, labels = series.partition("{")
            base = name if name in known else SUFFIX.sub("", name)
            self.assertIn(base, known)
            given = [label for label in re.findall(r'(\w+)="', labels) if label != "le"]
            self.assertEqual(given, known[base]["labels"], series)

    def test_a_scan_and_an_enumeration_leave_a_file(self):
        with Lab() as lab:
            words = self.write("words", "www\ngit\nnothing\n")
            found = self.run_program("asmm8", "enum", "-d", lab.zone, "-r", lab.dns, "--rate", 0,
                                     "-w", words,
                                     "--metrics-file", "enum.prom", "--cpu-profile", "profile")
            self.assertIn(found.returncode, (0, 4), found.stderr)
            scan = self.run_program("num8", "scan", *lab.scan_arguments(), "--metrics-file",
                                    "scan.prom", stdin=found.stdout)
            self.assertEqual(scan.returncode, 0, scan.stderr)
        enum_page = (self.folder / "enum.prom").read_text()
        scan_page = (self.folder / "scan.prom").read_text()
        for page in (enum_page, scan_page):
            self.check_page(page)
        self.check_profile()
        names = samples(enum_page)
        hosts = len(found.stdout.splitlines())
        of_zone = [value for name, value in names.items()
                   if name.startswith(f'asmm8_hostnames_found_total{{domain="{lab.zone}"')]
        self.assertGreaterEqual(sum(of_zone), hosts)
        self.assertEqual(names['asmm8_scan_duration_seconds_count{scan_type="enum",domain="'
                               + lab.zone + '"}'], 1)
        scans = samples(scan_page)
        targets = sum(value for name, value in scans.items()
                      if name.startswith('num8_scans_completed_total{scan_type="vuln"'))
        self.assertEqual(targets, hosts)
        self.assertEqual(scans['num8_scan_duration_seconds_count{scan_type="run",target_type="list"}'],
                         1)
        self.assertEqual(scans["m8_findings_total"], len(scan.stdout.splitlines()))
        self.assertGreater(scans["m8_http_requests_total"], 0)
        self.assertGreater(scans['asmm8_db_operation_duration_seconds_count{operation='
                                 '"upsert_issues"}'], 0)
        self.check_figures(lab.zone)

    def check_profile(self):
        """Text that makes a flame graph: the program, the part, functions, a count; of memory, too."""
        for name in ("profile", "profile.allocations"):
            for line in (self.folder / name).read_text().splitlines():
                self.assertRegex(line, r"^asmm8;[a-z0-9]+(;[^; ]+)+ [1-9][0-9]*$")
        # What an enumeration asks for is more than a sample takes, however fast the machine.
        self.assertRegex((self.folder / "profile.allocations").read_text(),
                         r"(?m)^asmm8;[a-z0-9]+;.*m8::")

    def check_figures(self, zone):
        """Both runs kept samples in the store."""
        done = self.run_program("m8", "metrics", "kpi", "--window", "1h", "--jsonl")
        self.assertEqual(done.returncode, 0, done.stderr)
        figures = {(one["kpi"], one["of"]): one["value"] for one in records(done.stdout)}
        self.assertGreater(figures["hostnames_per_second", ""], 0)
        self.assertGreater(figures["scans_per_minute", ""], 0)
        self.assertGreater(figures["avg_scan", "enum"], 0)
        self.assertGreater(figures["db_p95", ""], 0)
        self.assertGreater(figures["memory", ""], 1e6)
        self.assertEqual(figures["error_rate", "database"], 0)
        plain = self.run_program("m8", "metrics", "kpi", "--window", "1h")
        self.assertIn("hostnames_per_second", plain.stdout)

    @unittest.skipUnless(shutil.which("prometheus"), "no prometheus")
    def test_a_prometheus_server_scrapes_a_running_program(self):
        port, own = free_port(), free_port()
        shutil.copy(MONITORING / "m8-rules.yml", self.folder)
        self.write("prometheus.yml",
                   "global: {scrape_interval: 200ms, evaluation_interval: 200ms}\n"
                   "rule_files: [m8-rules.yml]\n"
                   "scrape_configs:\n  - job_name: m8\n    static_configs:\n"
                   f"      - targets: ['127.0.0.1:{port}']\n")
        with Lab() as lab:
            run = self.start_program("asmm8", "resolve", "-r", lab.dns, "--metrics-listen", port,
                                     stdin=subprocess.PIPE)
            page = until(lambda: self.read(f"http://127.0.0.1:{port}/metrics"), "the page")
            self.check_page(page)
            server = subprocess.Popen(
                ["prometheus", f"--config.file={self.folder}/prometheus.yml",
                 f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address=127.0.0.1:{own}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
            self.addCleanup(self.end_server, server)

            def value(query):
                said = self.read(f"http://127.0.0.1:{own}/api/v1/query?"
                                 + urllib.parse.urlencode({"query": query}))
                result = json.loads(said)["data"]["result"] if said else []
                return float(result[0]["value"][1]) if result else 0

            until(lambda: value("up") == 1, "a scrape")
            run.stdin.write("".join(f"www{i}.{lab.zone}\n" for i in range(50)))
            run.stdin.flush()
            until(lambda: value('m8_operations_total{component="dns"}') == 50, "what was counted")
            self.assertEqual(value('m8_build_info{program="asmm8"}'), 1)
            self.assertGreater(value("process_resident_memory_bytes"), 1e6)
            until(lambda: value("m8:memory:ratio") > 0, "a rule")
            for query in panel_queries():  # how vectors match is known only when they are there
                asked = urllib.parse.urlencode({"query": query})
                said = self.read(f"http://127.0.0.1:{own}/api/v1/query?{asked}")
                self.assertIn('"status":"success"', said, query)
            top = self.run_program("m8", "top", "--once", "--json")
            self.assertEqual(top.returncode, 0, top.stderr)
            self.assertIn(run.pid, [line["pid"] for line in records(top.stdout)])
            by_pid = self.run_program("m8", "metrics", "kpi", "--pid", run.pid, "--jsonl")
            by_url = self.run_program("m8", "metrics", "kpi", "--url",
                                      f"http://127.0.0.1:{port}/metrics", "--jsonl")
            for done in (by_pid, by_url):
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn('"kpi":"error_rate","of":"dns"', done.stdout)
            run.stdin.close()
            run.stdin = None
            run.communicate(timeout=SECONDS)

    def test_what_a_service_did_is_kept(self):
        ready = self.folder / "ready"
        service = self.start_program("m8", "serve", "--port", 0, "--ready-file", ready)
        url = json.loads(until(lambda: ready.exists() and ready.read_text(), "the service"))["url"]
        for _ in range(5):
            self.assertIn("healthy", self.read(url.rstrip("/") + "/health"))
        service.terminate()
        service.communicate(timeout=SECONDS)
        done = self.run_program("m8", "metrics", "kpi", "--window", "1h", "--jsonl")
        self.assertEqual(done.returncode, 0, done.stderr)
        figures = {(one["kpi"], one["of"]): one["value"] for one in records(done.stdout)}
        self.assertGreater(figures["http_p99", ""], 0)

    @staticmethod
    def end_server(server):
        server.terminate()
        server.wait()

    @staticmethod
    def read(url):
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return ""


class Examples(unittest.TestCase):
    def names_in(self, text):
        return set(re.findall(r"\b(?:m8|num8|asmm8|process)_[a-z_]+\b", text))

    def assert_known(self, names):
        known = table()
        self.assertGreater(len(names), 5)
        for name in names:
            self.assertTrue(name in known or SUFFIX.sub("", name) in known, name)

    def test_the_rules_are_good_and_ask_for_what_there_is(self):
        for arguments in (("check", "rules", "m8-rules.yml"), ("test", "rules", "m8-rules-test.yml"),
                          ("check", "config", "prometheus.yml")):
            done = promtool(*arguments, cwd=MONITORING)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        text = (MONITORING / "m8-rules.yml").read_text()
        self.assert_known(self.names_in("\n".join(
            line for line in text.splitlines() if "name: m8_" not in line)))

    def test_the_dashboard_has_the_panels_of_the_guides(self):
        board = json.loads((MONITORING / "m8-dashboard.json").read_text())
        titles = {panel["title"] for panel in board["panels"]}
        self.assertLessEqual({
            "Connection pool usage", "Query execution times", "Lock contention",
            "Scan completion times", "Hostnames discovered per scan", "Scan error rates",
            "Memory usage", "CPU utilisation", "Disk I/O", "Network I/O", "API response times",
            "Queue lengths", "Active goroutines"}, titles)
        asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
        self.assert_known(set().union(*map(self.names_in, asked)))
        recorded = set(re.findall(r"record: (\S+)", (MONITORING / "m8-rules.yml").read_text()))
        self.assertLessEqual(set(re.findall(r"m8:[a-z0-9_:]+", " ".join(asked))), recorded)

    def test_every_panel_can_be_read(self):
        """Each has a unit and says what its lines are; none lies over another."""
        taken = {}
        board = json.loads((MONITORING / "m8-dashboard.json").read_text())
        self.assertEqual(len({panel["id"] for panel in board["panels"]}), len(board["panels"]))
        for panel in board["panels"]:
            at, title = panel["gridPos"], panel["title"]
            self.assertLessEqual(at["x"] + at["w"], 24, title)
            for square in ((x, y) for x in range(at["x"], at["x"] + at["w"])
                           for y in range(at["y"], at["y"] + at["h"])):
                self.assertEqual(taken.setdefault(square, panel["id"]), panel["id"],
                                  f"{title} lies over another panel")
        for panel in panels():
            with self.subTest(panel=panel["title"]):
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                self.assertTrue(panel["options"]["legend"]["showLegend"])
                self.assertEqual(panel["datasource"]["uid"], "${datasource}")
                references = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(set(references)), len(references))
                self.assertGreaterEqual(len(references), 1)
                for target in panel["targets"]:
                    self.assertTrue(target["legendFormat"])
                    labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
                    kept = re.search(r"sum by \(([^)]*)\)", target["expr"])
                    if kept:  # a label that is summed away shows as nothing
                        self.assertLessEqual(labels, set(re.split(r",\s*", kept[1])))

    def test_every_query_of_the_dashboard_is_one(self):
        rules = {"groups": [{"name": "dashboard", "rules": [
            {"record": f"panel:{number}", "expr": query}
            for number, query in enumerate(panel_queries())]}]}
        done = promtool("check", "rules", "/dev/stdin", input=json.dumps(rules))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Health(Case):
    def templates(self):
        return ["--templates-dir", TEMPLATES]

    def test_all_is_well(self):
        with Lab() as lab:
            done = self.run_program("m8", "health", "--json", "-r", lab.dns, "--resolve-name", lab.zone,
                                    "--min-disk", 1000,
                                    *self.templates())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(list(said), ["status", "timestamp", "version", "checks", "metrics"])
        self.assertEqual(said["status"], "healthy")
        self.assertEqual(set(said["checks"]), {"database", "nuclei", "resolvers", "disk"})
        for check in said["checks"].values():
            self.assertEqual(check["status"], "healthy")
            self.assertIsInstance(check["duration"], int)
            self.assertNotIn("error", check)
        self.assertEqual(list(said["metrics"]), ["database_connections", "active_goroutines",
                                                 "memory_usage", "queue_depth"])

    def test_it_tells_of_its_connection_to_the_database(self):
        self.run_program("asmm8", "domain", "add", "lab.test")
        done = self.run_program("m8", "health", "--json", "--check", "db")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["metrics"]["database_connections"], 1)

    def test_what_is_missing_degrades(self):
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        silent.bind(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        done = self.run_program("m8", "health", "--json", "--timeout", "1s", "-r",
                                f"127.0.0.1:{silent.getsockname()[1]}", "--templates-dir",
                                self.folder / "none", "--burp-api", f"http://127.0.0.1:{free_port()}")
        self.assertEqual(done.returncode, 1, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["status"], "degraded")
        bad = {name for name, check in said["checks"].items() if check["status"] == "unhealthy"}
        self.assertLessEqual({"nuclei", "resolvers", "burpsuite"}, bad)
        self.assertIn("no answer within 1 s", said["checks"]["resolvers"]["error"])

    def test_without_its_store_or_broker_it_is_down(self):
        gone = free_port()
        for arguments, check in (
                (["--store", f"postgresql://m8:secret@127.0.0.1:{gone}/m8"], "database"),
                (["--queue-url", f"amqp://m8:secret@127.0.0.1:{gone}/"], "rabbitmq")):
            with self.subTest(check=check):
                done = self.run_program("m8", "health", "--check", check, *arguments)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn("down", done.stdout)
                self.assertNotIn("secret", done.stdout + done.stderr)

    def test_what_hangs_holds_up_nobody_and_secrets_stay(self):
        """A listener that never answers, as database, broker, cache and Burp."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        at = f"127.0.0.1:{silent.getsockname()[1]}"
        done = self.run_program(
            "m8", "health", "--json", "--timeout", "1s", "--check",
            "database,rabbitmq,redis,burpsuite,oob", "--store", f"postgresql://m8:hidden@{at}/m8",
            "--queue-url", f"amqp://m8:hidden@{at}/", "--cache-url", f"redis://:hidden@{at}",
            "--burp-api", f"http://u:hidden@{at}/hidden", "--oob-server", f"http://{at}/?t=hidden")
        self.assertEqual(done.returncode, 2, done.stderr)
        checks = json.loads(done.stdout)["checks"]
        self.assertEqual(len(checks), 5)
        for check in checks.values():
            self.assertEqual((check["status"], check["error"]),
                             ("unhealthy", "no answer within 1 s"))
            self.assertEqual(check["duration"], 10**9)
        self.assertNotIn("hidden", done.stdout + done.stderr)

    def test_what_it_cannot_check_is_3(self):
        done = self.run_program("m8", "health", "--check", "nothing")
        self.assert_one_error(done, 3, "nothing")


class Top(Case):
    def environment(self):
        return {**clean_environment(self.folder), "XDG_RUNTIME_DIR": str(self.folder),
                "TERM": "xterm"}

    def screen(self, columns, rows):
        """Lines of the first screen on a terminal of that size."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        top = subprocess.Popen(command("m8", "top"), stdin=subprocess.DEVNULL, stdout=theirs,
                               stderr=theirs, env=self.environment())
        os.close(theirs)
        said = b""
        try:
            while not re.search(rb"\x1b\[2J\x1b\[H.*?(\x1b\[H)", said, re.S):
                said += os.read(ours, 4096)
        finally:
            top.terminate()
            top.wait()
        first = re.search(rb"\x1b\[2J\x1b\[H(.*?)\x1b\[H", said, re.S)[1].decode()
        return re.sub(r"\x1b\[[JK]", "", first).splitlines()

    def test_fits_the_terminal(self):
        with Lab() as lab:
            running = [subprocess.Popen(command("asmm8", "resolve", "-r", lab.dns),
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=self.environment())
                       for _ in range(3)]
            for process in running:
                self.addCleanup(self.end, process)
            sockets = [self.folder / "m8" / f"{process.pid}.sock" for process in running]
            until(lambda: all(path.exists() for path in sockets), "the sockets")
            for columns, rows in ((80, 24), (200, 50), (60, 4)):
                with self.subTest(columns=columns, rows=rows):
                    lines = self.screen(columns, rows)
                    self.assertLessEqual(len(lines), rows)
                    self.assertLessEqual(max(map(len, lines)), columns)
                    self.assertRegex(lines[0], r"^ +PID  PROGRAM +CPU +MEMORY")
                    self.assertEqual("THREADS" in lines[0], columns == 200)
                    shown = [line for line in lines if "asmm8 resolve" in line]
                    self.assertEqual(len(shown), 3 if rows > 4 else 1, lines)
                    self.assertEqual("a taller terminal" in lines[-1], rows == 4)


class Page(http.server.BaseHTTPRequestHandler):
    """Shows the metrics that the test put down; takes messages."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.page.encode())

    def do_POST(self):
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Alerts(Case):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.server.page, self.server.got, self.server.status = "", [], 200
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def check(self, depth, *arguments):
        self.server.page = (f'm8_queue_depth{{queue="scan"}} {depth}\n'
                            "num8_db_connections_active 1\nm8_db_connections_max 25\n")
        return self.run_program("m8", "alerts", "check", "--url", self.url + "/metrics", *arguments)

    def test_told_when_it_begins_gets_worse_and_ends(self):
        hook = ["--webhook", self.url + "/hook"]
        for depth, code, messages, words in (
                (500, 0, 0, ""), (501, 1, 1, "warning: queue_depth/scan 501"),
                (600, 1, 1, "warning"), (1001, 2, 2, "critical: queue_depth/scan 1001"),
                (3, 0, 3, "fine again: queue_depth/scan"), (3, 0, 3, "")):
            with self.subTest(depth=depth):
                done = self.check(depth, *hook)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stdout)
                self.assertEqual(len(self.server.got), messages)
        self.assertEqual([alert["level"] for got in self.server.got for alert in got["alerts"]],
                         ["warning", "critical", "fine"])

    def test_what_could_not_be_sent_stays_in_the_outbox(self):
        hook = ["--webhook", self.url + "/hook"]
        self.server.status = 500
        for depth in (501, 502):  # the news are told once, however often that is tried
            done = self.check(depth, *hook)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(len(self.server.got), 1)
        listed = records(self.run_program("m8", "notify", "list", "--jsonl").stdout)
        self.assertEqual([(one["channel"], one["state"]) for one in listed],
                         [("alerts-webhook", "waiting")])
        self.server.status = 200
        self.check(3, *hook)  # no later news go before the first, whose turn comes in a minute
        self.assertEqual(len(self.server.got), 1)
        listed = records(self.run_program("m8", "notify", "list", "--jsonl").stdout)
        self.assertEqual([one["state"] for one in listed], ["waiting", "waiting"])

    def test_limits_hold_time_and_a_command(self):
        told = self.folder / "told"
        run = ["--command", f"cat >> {told}"]
        done = self.check(10, "--alerts-critical-queue-depth", 5, "--alerts-hold", "1h", *run)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("pending: queue_depth/scan", done.stdout)
        self.assertFalse(told.exists())
        done = self.check(10, "--alerts-critical-queue-depth", 5, "--jsonl", *run)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(records(done.stdout)[0]["limit"], 5)
        self.assertIn("critical: queue_depth/scan", told.read_text())

    def test_what_it_cannot_check_is_3(self):
        for arguments in (["--url", f"http://127.0.0.1:{free_port()}/"], [],
                          ["--alerts-warning-memory", "much"]):
            with self.subTest(arguments=arguments):
                done = self.run_program("m8", "alerts", "check", *arguments)
                self.assert_one_error(done, 3, "m8 alerts check")


if __name__ == "__main__":
    unittest.main(verbosity=2)
