"""Runs that workers do: the same results as without them, whatever happens to the workers."""
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time
import unittest

import postgres
import rabbitmq
from support import SECONDS, Case, Lab, clean_environment, command, records

TEMPLATE = """id: page-{0}
info: {{name: Page {0}, author: m8, severity: {1}, tags: fleet}}
http:
  - method: GET
    path: ["{{{{BaseURL}}}}/page-{0}"]
    extractors: [{{type: regex, name: length, regex: ["."]}}]
    matchers: [{{type: status, status: [200, 404]}}]
"""


def key_of(event):
    return (event["template-id"], event["matched-at"], event.get("matcher-name"),
            event["template-path"], tuple(event.get("extracted-results", [])),
            event["info"]["severity"])


class Scans(Case):
    """What scans have in common: templates, targets and the store's URL."""

    def templates(self, count=4):
        (self.folder / "t").mkdir()
        for i in range(count):
            self.write(f"t/page-{i}.yaml", TEMPLATE.format(i, "high" if i == 1 else "info"))

    def targets(self, lab, count):
        lines = [f"http://127.81.{i // 250}.{1 + i % 250}:{lab.port}" for i in range(count)]
        self.write("targets", "\n".join(lines) + "\n")

    def arguments(self, *more):
        return ["scan", "-l", "targets", "-t", "t", "-j", "-rl", "0", *more]

    def local(self, *more):
        done = self.run_program("num8", *self.arguments("--store", "sqlite:local.db", *more))
        self.assertEqual(done.returncode, 0, done.stderr)
        return sorted(map(key_of, records(done.stdout)))


class WithoutBroker(Scans):
    def test_one_process_does_its_own_jobs(self):
        with Lab("--hosts", 60) as lab:
            self.templates()
            self.targets(lab, 60)
            expected = self.local()
            self.assertEqual(len(expected), 240)
            done = self.run_program(
                "num8", *self.arguments("--distributed", "--store", "sqlite:s.db", "--summary",
                                        "sum.json", "--fail-on", "high"))
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertEqual(sorted(map(key_of, records(done.stdout))), expected)
            summary = json.loads((self.folder / "sum.json").read_text())
            self.assertEqual(summary["counts"]["targets.done"], 60)
            self.assertEqual(summary["counts"]["findings"], 240)
            self.assertEqual(summary["counts"]["requests"], 240)
            self.assertGreater(summary["counts"]["jobs"], 1)
            self.assertEqual(summary["counts"]["jobs.given_up"], 0)
            # The store has them once each, and nothing of the jobs is left.
            with contextlib.closing(sqlite3.connect(self.folder / "s.db")) as store:
                for table, rows in (("issue", 240), ("fleet_job", 0), ("fleet_worker", 0)):
                    count = store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                    self.assertEqual(count, rows, table)

    def test_an_enumeration_in_parts_finds_the_same_names(self):
        with Lab() as lab:
            for stages in ([], ["--recurse", "--learn"]):
                names = []
                for more in ([], ["--distributed", "--summary", "sum.json"]):
                    done = self.run_program(
                        "asmm8", "enum", "-d", lab.zone, "-r", lab.dns, "--no-passive", "--rate",
                        "400/s", "--store", f"sqlite:{len(stages)}{len(names)}.db", *stages, *more)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    names.append(sorted(done.stdout.splitlines()))
                self.assertGreater(len(names[0]), 100)
                self.assertEqual(names[0], names[1])
                summary = json.loads((self.folder / "sum.json").read_text())
                self.assertGreater(summary["counts"]["jobs"], 1)

    def test_sorted_findings_come_in_the_same_order_as_without_workers(self):
        with Lab("--hosts", 40) as lab:
            self.templates(2)
            self.targets(lab, 40)
            texts = []
            for more in ([], ["--distributed"]):
                done = self.run_program("num8", *self.arguments(
                    "--sorted", "--store", f"sqlite:{len(texts)}.db", *more))
                self.assertEqual(done.returncode, 0, done.stderr)
                texts.append([key_of(event) for event in records(done.stdout)])
            self.assertEqual(texts[0], texts[1])

    def test_progress_counts_the_requests_of_all_jobs(self):
        with Lab("--hosts", 30) as lab:
            self.templates()
            self.targets(lab, 30)
            done = self.run_program("num8", *self.arguments(
                "--distributed", "--store", "sqlite:s.db", "--progress", "json"))
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = [json.loads(line) for line in done.stderr.splitlines()
                     if line.startswith('{"elapsed"')]
            self.assertEqual((lines[-1]["done"], lines[-1]["total"]), (120, 120))
            self.assertEqual(lines[-1]["found"], 120)
            self.assertEqual(sorted(lines, key=lambda line: line["done"]), lines)

    def test_what_watches_a_scan_is_told_of_the_jobs_too(self):
        with Lab("--hosts", 20) as lab:
            self.templates(3)
            self.targets(lab, 20)
            seen = []
            for more in ([], ["--distributed"]):
                number = len(seen)
                done = self.run_program("num8", *self.arguments(
                    "--store", f"sqlite:{number}.db", "--audit", f"audit.{number}",
                    "--trace-jobs", f"trace.{number}", "-H", "X-Key: s3cret", *more))
                self.assertEqual(done.returncode, 0, done.stderr)
                audit = records((self.folder / f"audit.{number}").read_text())
                trace = records((self.folder / f"trace.{number}").read_text())
                self.assertEqual({line["run"] for line in audit}, {1})
                self.assertEqual(sorted(line["job"] for line in trace),
                                 list(range(1, len(trace) + 1)))
                seen.append((
                    sorted((line["template"], line["target"], line["url"], line["status"])
                           for line in audit if "template" in line),
                    {line["endpoint"] for line in trace},
                    sum(line["output"]["findings"] for line in trace)))
            self.assertEqual(len(seen[0][0]), 60)
            self.assertEqual(seen[0], seen[1])

    def test_templates_are_chosen_by_what_a_target_runs(self):
        with Lab() as lab:
            self.write("names", "".join(
                site["name"] + "\n" for site in lab.plan() if site["kind"] == "site"))
            found = []
            for more in ([], ["--distributed"], ["--distributed", "-as"], ["-as"]):
                done = self.run_program("num8", "scan", "-l", "names", *lab.scan_arguments(), "-j",
                                        "--store", f"sqlite:{len(found)}.db", *more)
                self.assertEqual(done.returncode, 0, done.stderr)
                found.append(sorted((event["template-id"], event["host"])
                                    for event in records(done.stdout)))
            self.assertEqual(found[0], found[1])
            self.assertEqual(found[2], found[3])
            self.assertGreater(len(found[2]), 0)
            self.assertLess(len(found[2]), len(found[0]))

    def test_what_workers_found_is_news_once(self):
        with Lab("--hosts", 4) as lab:
            self.templates(2)
            self.targets(lab, 4)
            scan = self.arguments("--distributed", "--store", "sqlite:s.db", "--notify", "webhook")
            names = ["enum", "-d", lab.zone, "-r", lab.dns, "--no-passive", "--rate", "400/s", "-q",
                     "--distributed", "--store", "sqlite:s.db", "--notify", "webhook"]
            for program, arguments, kind in (("num8", scan, "new issue"), ("asmm8", names, "new host")):
                for _ in range(2):
                    done = self.run_program(program, *arguments)
                    self.assertEqual(done.returncode, 0, done.stderr)
                listed = self.run_program("m8", "notify", "list", "--jsonl", "--store", "sqlite:s.db")
                news = [json.loads(one["body"])["counts"] for one in records(listed.stdout)]
                self.assertEqual([kind in counts for counts in news].count(True), 1, news)

    def test_a_run_whose_jobs_would_take_too_long_is_refused_in_words(self):
        self.templates(8)
        self.write("targets", "http://127.0.0.1:1\n")
        done = self.run_program("num8", *self.arguments("--distributed", "--store", "sqlite:s.db",
                                                        "--sorted", "--rate-host", "1/m", "-q"))
        self.assert_one_error(done, 2, "a job would take 8 minutes, and may take 5", "--sorted")
        self.write("words", "".join(f"word{i}\n" for i in range(4000)))
        done = self.run_program(
            "asmm8", "enum", "-d", "lab.test", "-r", "127.0.0.1:1", "--no-passive", "-w", "words",
            "--rate", "10/s", "--distributed", "--store", "sqlite:s.db", "--permute", "-q")
        self.assert_one_error(done, 2, "may take 5", "--permute")

    def test_a_list_from_stdin_travels(self):
        with Lab() as lab:
            names = []
            for more in ([], ["--distributed", "--summary", "sum.json"]):
                done = self.run_program(
                    "asmm8", "enum", "-d", lab.zone, "-r", lab.dns, "--no-passive", "-w", "-",
                    "--rate", "1000/s", "--store", f"sqlite:{len(names)}.db", *more,
                    stdin="\n".join(one["name"].removesuffix("." + lab.zone)
                                    for one in lab.plan()[:40])
                    + "".join(f"\nnobody-{i}" for i in range(2000)) + "\n")
                self.assertEqual(done.returncode, 0, done.stderr)
                names.append(sorted(done.stdout.splitlines()))
            self.assertGreater(len(names[0]), 5)
            self.assertEqual(names[0], names[1])
            # Its length is known, so it is cut.
            summary = json.loads((self.folder / "sum.json").read_text())
            self.assertGreater(summary["counts"]["jobs"], 1)

    def test_what_can_not_travel_is_refused_before_anything_is_done(self):
        self.templates(1)
        self.write("targets", "http://127.0.0.1:1\n")
        for more in (["--debug"], ["--allow-local-file-access"], ["--store-resp"],
                     ["--enable-self-contained"], ["--explain"]):
            done = self.run_program("num8", *self.arguments("--distributed", "--store",
                                                            "sqlite:s.db", *more))
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(f"{more[0]} can't be used with --distributed", done.stderr)
        done = self.run_program("num8", *self.arguments("--distributed", "--no-store"))
        self.assert_one_error(done, 2, "--no-store")


class Services(Scans):
    """One broker and one database for all tests of a class."""
    number = 0

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.broker = stack.enter_context(rabbitmq.RabbitMQ())
        cls.database = stack.enter_context(postgres.Postgres(connections=60))

    def setUp(self):
        super().setUp()
        Services.number += 1
        schema = f"fleet_{Services.number}"
        self.assertEqual(self.database.sql(f"CREATE SCHEMA {schema}").returncode, 0)
        self.store = self.database.url(options=f"?options=-csearch_path%3D{schema}")
        self.shared = ["--store", self.store, "--queue-url", self.broker.url(),
                       "--queue-prefix", schema]
        self.schema = schema

    def sql(self, text):
        done = self.database.sql(f"SET search_path TO {self.schema}; {text}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def start_worker(self, *more):
        with open(self.folder / "worker.log", "ab") as log:
            return self.start_program("m8", "worker", *self.shared, *more, stderr=log)

    def log(self):
        return (self.folder / "worker.log").read_text()

    def scan(self, *more, **options):
        return self.run_program("num8", *self.arguments("--distributed", *self.shared, *more),
                                **options)

    def wait_for(self, what, condition):
        deadline = time.monotonic() + SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, what + "\n" + self.log())
            time.sleep(0.02)

    def waiting(self):
        return sum(messages for name, messages in self.broker.queues().items()
                   if name.startswith(self.schema + "."))

    def started(self):
        if not self.sql("SELECT to_regclass('fleet_job')"):
            return 0
        return int(self.sql("SELECT count(*) FROM fleet_job WHERE state = 1"))

    def job_rows(self, state):
        return int(self.sql(f"SELECT count(*) FROM fleet_job WHERE state = {state}"))


@unittest.skipUnless(rabbitmq.installed() and postgres.programs(), "no RabbitMQ or PostgreSQL")
class Fleet(Services):
    """The same results, and what becomes of jobs that fail."""

    def test_two_workers_find_what_one_process_finds(self):
        with Lab("--hosts", 100) as lab:
            self.templates()
            self.targets(lab, 100)
            expected = self.local()
            page = self.folder / "page"
            workers = [self.start_worker("--metrics-file", page), self.start_worker()]
            self.wait_for("workers", lambda: self.log().count("places") == 2)
            done = self.scan()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(map(key_of, records(done.stdout))), expected)
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                self.assertEqual(worker.wait(SECONDS), 0)
            for series in ('messages_total{queue="[a-z0-9_]+\\.work\\.0",event="acked"} [1-9]',
                           r'consumers{queue="[a-z0-9_]+\.work\.0"} [0-9]'):
                self.assertRegex(page.read_text(), "m8_queue_" + series)
            self.assertEqual(self.sql("SELECT count(*) FROM fleet_worker"), "0")
            self.assertEqual(self.sql("SELECT count(*) FROM fleet_job"), "0")
            self.assertEqual(self.sql("SELECT count(*) FROM issue"), "400")
            self.assertEqual(self.waiting(), 0)

    def test_a_killed_workers_jobs_are_done_by_another(self):
        with Lab("--hosts", 40, "--latency", "50ms") as lab:
            self.templates(6)
            self.targets(lab, 40)
            expected = self.local()
            first = self.start_worker()
            scan = self.start_program("num8", *self.arguments("--distributed", *self.shared))
            self.wait_for("a job that is under way", lambda: self.started() > 0)
            first.kill()
            self.start_worker()
            out, errors = scan.communicate(timeout=SECONDS)
            self.assertEqual(scan.returncode, 0, errors)
            self.assertEqual(sorted(map(key_of, records(out))), expected)

    def test_cancel_ends_the_work_within_seconds(self):
        with Lab("--hosts", 20, "--latency", "1s") as lab:
            self.templates(8)
            self.targets(lab, 20)
            self.start_worker()
            scan = self.start_program("num8", *self.arguments("--distributed", "-c", "1",
                                                              *self.shared))
            self.wait_for("a job that is under way", lambda: self.started() > 0)
            cancelled = self.run_program("m8", "runs", "cancel", "1", "--store", self.store)
            self.assertEqual(cancelled.returncode, 0, cancelled.stderr)
            begun = time.monotonic()
            _, errors = scan.communicate(timeout=SECONDS)
            self.assertLess(time.monotonic() - begun, 15)
            self.assertNotEqual(scan.returncode, 0)
            self.assertIn("cancelled", errors)
            self.assertEqual(self.started(), 0)

    def test_an_interrupted_run_is_gone_on_with(self):
        with Lab("--hosts", 20, "--latency", "200ms") as lab:
            self.templates(8)
            self.targets(lab, 20)
            expected = self.local()
            self.start_worker()
            arguments = self.arguments("--distributed", "-c", "1", *self.shared)
            scan = self.start_program("num8", *arguments)
            self.wait_for("a job that is under way", lambda: self.started() > 0)
            scan.send_signal(signal.SIGINT)
            first, errors = scan.communicate(timeout=SECONDS)
            self.assertEqual(scan.returncode, 130, errors)
            self.wait_for("the end of what was under way", lambda: self.started() == 0)
            done = self.run_program("num8", *arguments, "--resume", "1")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(map(key_of, records(first) + records(done.stdout))), expected)

    def test_a_job_whose_program_always_dies_is_given_up_and_the_run_ends(self):
        with Lab("--hosts", 5) as lab:
            self.templates(1)
            self.targets(lab, 5)
            self.start_worker("--job-memory", "1M", "--max-attempts", "2")
            done = self.scan()
            self.assertNotEqual(done.returncode, 0, done.stderr)
            self.assertEqual(records(done.stdout), [])
            given_up = int(self.sql("SELECT count(*) FROM fleet_job WHERE state = 3"))
            self.assertGreater(given_up, 0)
            self.wait_for("dead letters", lambda: self.broker.queues().get(
                f"{self.schema}.dead-letter") == given_up)
            letters = self.run_program("m8", "queue", "dlq", "list", "--jsonl", *self.shared)
            self.assertEqual(letters.returncode, 0, letters.stderr)
            whys = [letter["why"] for letter in records(letters.stdout)]
            self.assertEqual(len(whys), given_up)
            for why in whys:
                self.assertIn("its program", why)

    def test_what_is_no_job_of_ours_becomes_a_dead_letter_and_the_rest_goes_on(self):
        with Lab("--hosts", 5) as lab:
            self.templates(1)
            self.targets(lab, 5)
            expected = self.local()
            self.start_worker()
            self.wait_for("a worker", lambda: "places" in self.log())
            queue = f"{self.schema}.work.0"
            for body in ("hello", '{"m8_job":1}', json.dumps(
                    {"m8_job": 1, "run": 7, "number": 0, "program": "sh", "command": "-c",
                     "arguments": ["rm"], "input": [], "hosts": []})):
                self.broker.control("eval", publish_expression(queue, body))
            done = self.scan()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(map(key_of, records(done.stdout))), expected)
            self.wait_for("dead letters", lambda: self.broker.queues().get(
                f"{self.schema}.dead-letter") == 3)
            self.assertIn("no job of ours", self.log())
            self.assertIn("no job that the store knows", self.log())

    def test_a_worker_has_a_scope_of_its_own(self):
        with Lab("--hosts", 6) as lab:
            self.templates(1)
            self.targets(lab, 6)
            self.write("scope", "127.81.0.1\n127.81.0.2\n")
            self.start_worker("--scope", self.folder / "scope")
            done = self.scan()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(records(done.stdout)), 2)
            self.assertIn("outside the scope", done.stderr)

    def test_a_consumer_holds_no_more_than_its_prefetch(self):
        worker = self.start_worker("-c", 12, "--queue-prefetch", 5)
        self.wait_for("a worker", lambda: "places" in self.log())
        listed = lambda: sorted(
            line.split("\t")[1] for line in self.broker.control(
                "list_consumers", "--no-table-headers", "queue_name", "prefetch_count").splitlines()
            if line.startswith(f"{self.schema}.work.0"))
        self.wait_for("its consumers", lambda: listed() == ["2", "5", "5"])
        desired = self.run_program("m8", "queue", "desired", "--concurrency", 12, "--queue-prefetch",
                                   5, "--interval", "10ms", *self.shared[2:])
        self.assertEqual((desired.returncode, desired.stdout), (0, "0\n"), desired.stderr)
        worker.send_signal(signal.SIGTERM)
        self.assertEqual(worker.wait(SECONDS), 0, self.log())

    def test_autoscale_starts_workers_when_there_is_work(self):
        with Lab("--hosts", 30) as lab:
            self.templates(2)
            self.targets(lab, 30)
            page = self.folder / "page.prom"
            supervisor = self.start_worker("--autoscale", "0..3", "-c", "1", "--metrics-file",
                                           page, "--metrics-listen", 0)
            self.wait_for("its page", page.exists)
            first = page.read_text()
            done = self.scan()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(records(done.stdout)), 60)
            supervisor.send_signal(signal.SIGTERM)
            self.assertEqual(supervisor.wait(SECONDS), 0, self.log())
            self.assertEqual(self.sql("SELECT count(*) FROM fleet_worker"), "0")
            # One page for Prometheus; each worker has a file of its own.
            self.assertEqual(self.log().count("metrics at http://"), 1, self.log())
            # The queue's depth from the first page on, which is written when the supervisor begins.
            self.assertRegex(first, r'm8_queue_depth\{queue="[a-z0-9_]+\.work\.0"\} 0\n')
            self.assertIn("m8_build_info", page.read_text())
            self.assertIn("m8_queue_messages_total", (self.folder / "page-1.prom").read_text())

    def test_a_larger_machine_has_more_jobs_at_once(self):
        with Lab("--hosts", 16, "--latency", "1s") as lab:
            self.templates(8)
            self.targets(lab, 16)
            workers = [self.start_worker("-c", 1), self.start_worker("-c", 3)]
            self.wait_for("workers", lambda: self.log().count("places") == 2)
            scan = self.start_program("num8", *self.arguments("--distributed", "-c", "1", "-bs",
                                                              "1", *self.shared))
            by_worker = ("SELECT string_agg(n::text, ' ' ORDER BY n) FROM (SELECT count(*) n"
                         " FROM fleet_job WHERE state = 1 GROUP BY worker) s")
            self.wait_for("all places", lambda: self.started() == 4 and
                          self.sql(by_worker) == "1 3")
            for program in (scan, *workers):
                program.kill()


def publish_expression(queue, body, properties=""):
    """Erlang: a message as somebody else would send it."""
    text = "<<" + ",".join(str(byte) for byte in body.encode()) + ">>"
    return (f'X = rabbit_misc:r(<<"/">>, exchange, <<"">>), '
            f'rabbit_basic:publish(X, <<"{queue}">>, [{properties}], {text}).')


if __name__ == "__main__":
    unittest.main()
