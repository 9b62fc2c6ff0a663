"""What may be lost on the way, or come at a bad time: it is made good, or told in words."""
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import unittest

import fleet
import postgres
import rabbitmq
from support import SECONDS, Lab, clean_environment, command, records

FAKE_TIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@unittest.skipUnless(rabbitmq.installed() and postgres.programs(), "no RabbitMQ or PostgreSQL")
class Losses(fleet.Services):
    def submitter(self, *more, **options):
        return self.start_program(
            "num8", *self.arguments("--distributed", *self.shared, "--summary", "sum.json", *more),
            **options)

    def result(self, submitter, code=0):
        out, errors = submitter.communicate(timeout=SECONDS)
        self.assertEqual(submitter.returncode, code, errors + self.log())
        return sorted(map(fleet.key_of, records(out)))

    def letters(self):
        return self.broker.queues().get(f"{self.schema}.dead-letter", 0)

    def count(self, name):
        return json.loads((self.folder / "sum.json").read_text())["counts"][name]

    def stop(self, worker):
        worker.send_signal(signal.SIGTERM)
        self.assertEqual(worker.wait(SECONDS), 0, self.log())

    def test_what_expired_while_nobody_worked_is_published_again(self):
        with Lab("--hosts", 8) as lab:
            self.templates(2)
            self.targets(lab, 8)
            expected = self.local()
            (self.folder / "worker.log").touch()
            short = ["--queue-message-ttl", "1s"]
            submitter = self.submitter(*short)
            self.wait_for("an expired job", lambda: self.letters() > 0)
            worker = self.start_worker(*short)
            self.assertEqual(self.result(submitter), expected)
            self.assertGreater(self.count("jobs.published_again"), 0)
            self.assertEqual(self.letters(), 0)
            self.stop(worker)

    def test_what_no_queue_took_is_published_again(self):
        with Lab("--hosts", 8) as lab:
            self.templates(2)
            self.targets(lab, 8)
            expected = self.local()
            (self.folder / "worker.log").touch()
            lines = (self.folder / "targets").read_text().splitlines(keepends=True)
            submitter = self.start_program(
                "num8", "scan", "-t", "t", "-j", "-rl", "0", "--distributed", *self.shared,
                "--summary", "sum.json", stdin=subprocess.PIPE)
            # The first job is out; its queue goes, and those that follow find none.
            submitter.stdin.write(lines[0])
            submitter.stdin.flush()
            self.wait_for("a first job", lambda: self.waiting() > 0)
            self.broker.control("delete_queue", f"{self.schema}.work.0")
            submitter.stdin.write("".join(lines[1:]))
            submitter.stdin.flush()
            self.wait_for("jobs that no queue takes", lambda: self.broker.queues().get(
                f"{self.schema}.unrouted", 0) > 0)
            worker = self.start_worker()
            self.assertEqual(self.result(submitter), expected)
            self.assertGreater(self.count("jobs.published_again"), 0)
            self.assertEqual(self.broker.queues()[f"{self.schema}.unrouted"], 0)
            self.stop(worker)

    def test_a_job_of_a_newer_version_is_given_up_where_only_older_ones_work(self):
        with Lab("--hosts", 3) as lab:
            self.templates(1)
            self.targets(lab, 3)
            (self.folder / "worker.log").touch()
            submitter = self.submitter()
            self.wait_for("a job", lambda: self.waiting() > 0)
            body = json.dumps({"m8_job": 99, "run": 1, "number": 0, "what": "is to come"})
            digest = hashlib.sha256(body.encode()).hexdigest()
            self.sql(f"UPDATE fleet_job SET digest = '{digest}' WHERE run = 1 AND number = 0")
            self.broker.control("eval", fleet.publish_expression(
                f"{self.schema}.work.0", body, '{message_id, <<"1.0">>}'))
            worker = self.start_worker("--max-attempts", 2)
            _, errors = submitter.communicate(timeout=SECONDS)
            self.assertEqual(submitter.returncode, 4, errors + self.log())
            self.assertIn("job 0: format 99 is newer than this worker's", errors)
            # Beside the message that was the job's before.
            self.wait_for("dead letters", lambda: self.letters() == 2)
            letters = self.run_program("m8", "queue", "dlq", "list", "--jsonl", *self.shared)
            self.assertIn("format 99 is newer", letters.stdout)
            self.stop(worker)

    def test_after_the_drain_time_jobs_go_back_and_another_does_them(self):
        with Lab("--hosts", 4, "--latency", "500ms") as lab:
            self.templates(6)
            self.targets(lab, 4)
            expected = self.local("-c", "6")
            first = self.start_worker("-c", 1, "--drain-timeout", 0)
            submitter = self.submitter("-c", "1")
            self.wait_for("a job that is under way", lambda: self.started() > 0)
            self.stop(first)
            self.assertIn("1 given back", self.log())
            self.assertEqual(self.started(), 0)
            second = self.start_worker()
            self.assertEqual(self.result(submitter), expected)
            self.stop(second)

    def test_a_shared_folder_stands_in_for_the_store(self):
        with Lab("--hosts", 4) as lab:
            self.templates(2)
            self.targets(lab, 4)
            expected = self.local()
            (self.folder / "share").mkdir()
            share = ["--share", self.folder / "share"]
            worker = self.start_worker(*share)
            self.assertEqual(self.result(self.submitter(*share)), expected)
            self.assertEqual(len(list((self.folder / "share").glob("*.tar.zst"))), 1)
            self.assertEqual(self.sql("SELECT count(*) FROM fleet_bundle"), "0")
            self.stop(worker)

    def test_two_runs_on_the_same_hosts_at_once(self):
        with Lab("--hosts", 12, "--latency", "20ms") as lab:
            self.templates(4)
            self.targets(lab, 12)
            expected = self.local()
            workers = [self.start_worker() for _ in range(2)]
            both = [self.submitter("-bs", "4") for _ in range(2)]
            for submitter in both:
                self.assertEqual(self.result(submitter), expected)
            self.assertEqual(self.sql("SELECT count(*) FROM fleet_host"), "0")
            self.assertEqual(self.sql("SELECT count(*), count(DISTINCT signature) FROM issue"),
                             f"{len(expected)}|{len(expected)}")
            for worker in workers:
                self.stop(worker)

    def test_a_worker_that_stood_still_gives_its_work_up(self):
        with Lab("--hosts", 6, "--latency", "200ms") as lab:
            self.templates(5)
            self.targets(lab, 6)
            expected = self.local("-c", "5")
            frozen = self.start_worker("-c", 1, "--dead-after", "3s")
            submitter = self.submitter("-c", "1")
            self.wait_for("a job that is under way", lambda: self.started() > 0)
            frozen.send_signal(signal.SIGSTOP)
            name = self.sql("SELECT id FROM fleet_worker")
            other = self.start_worker("--dead-after", "3s")
            self.wait_for("the death of the first", lambda: self.sql(
                f"SELECT count(*) FROM fleet_worker WHERE id = '{name}'") == "0")
            frozen.send_signal(signal.SIGCONT)
            self.assertEqual(self.result(submitter), expected)
            self.wait_for("its word", lambda: "out of touch with the store" in self.log())
            for worker in (frozen, other):
                self.stop(worker)

    @unittest.skipUnless(FAKE_TIME.exists(), "no libfaketime")
    def test_clocks_that_jump_change_nothing(self):
        with Lab("--hosts", 10, "--latency", "50ms") as lab:
            self.templates(5)
            self.targets(lab, 10)
            expected = self.local()
            jump = self.write("clock", "-30d\n")
            environment = clean_environment(self.folder) | {
                "LD_PRELOAD": str(FAKE_TIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_NO_CACHE": "1", "FAKETIME_TIMESTAMP_FILE": str(jump)}
            with open(self.folder / "worker.log", "ab") as log:
                worker = subprocess.Popen(command("m8", "worker", *self.shared), stderr=log,
                                          env=environment, cwd=self.folder,
                                          stdin=subprocess.DEVNULL)
            self.addCleanup(self.end, worker)
            self.wait_for("a worker", lambda: "places" in self.log())
            submitter = self.submitter("-c", "1")
            self.wait_for("a job that is under way", lambda: self.started() > 0)
            self.write("clock.new", "+400d\n")
            os.replace(self.folder / "clock.new", jump)
            self.assertEqual(self.result(submitter), expected)
            self.assertEqual(self.count("jobs.started_again"), 0)
            self.stop(worker)


if __name__ == "__main__":
    unittest.main()
