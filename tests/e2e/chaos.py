"""Workers, broker, database and cache are killed under a run: all of it is done, once, and right.

The short form is for every test run; chaos_long.py has the full numbers.
"""
import contextlib
import random
import shutil
import signal
import subprocess
import threading
import time
import unittest

import fleet
import postgres
import rabbitmq
from support import Lab, clean_environment, command, records


class Database(postgres.Postgres):
    """Comes back where it was."""

    def restart(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(postgres.SECONDS)
        self.process = subprocess.Popen(
            postgres.as_postgres(postgres.programs() / "postgres", "-D", self.home / "data", "-h",
                                 "127.0.0.1", "-p", self.port, "-k", "", "-c",
                                 f"max_connections={self.connections}"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


class Redis:
    """For a with statement; nothing if there is none."""

    def __enter__(self):
        self.process, self.url = None, ""
        if shutil.which("redis-server"):
            port = postgres.free_port()
            self.process = subprocess.Popen(
                ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "",
                 "--appendonly", "no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.url = f"redis://127.0.0.1:{port}"
        return self

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def __exit__(self, *_):
        self.kill()


class Chaos(fleet.Scans):
    targets_count, kills, broker_restarts, database_restarts = 240, 4, 1, 1
    workers_count, patience, latency = 4, 120, "100ms"
    job = ["-c", "2", "-bs", "10"]
    worker_flags = ["-c", 1]
    between = 0  # seconds from one blow to the next

    def setUp(self):
        super().setUp()
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.broker = stack.enter_context(rabbitmq.RabbitMQ())
        self.database = stack.enter_context(Database(connections=60))
        self.redis = stack.enter_context(Redis())
        self.lab = stack.enter_context(Lab("--hosts", self.targets_count, "--latency",
                                           self.latency))
        self.shared = ["--store", self.database.url(), "--queue-url", self.broker.url()]
        self.over = threading.Event()
        self.workers = []
        self.addCleanup(self.end_workers)

    def end_workers(self):
        for worker in self.workers:
            worker.kill()
            worker.wait()

    def worker(self):
        with open(self.folder / "workers.log", "ab") as log:
            return subprocess.Popen(command("m8", "worker", *self.shared, *self.worker_flags),
                                    cwd=self.folder, env=clean_environment(self.folder),
                                    stdin=subprocess.DEVNULL, stderr=log)

    def under_way(self):
        done = self.database.sql("SELECT count(*) FROM fleet_job WHERE state = 1")
        return int(done.stdout or 0) if done.returncode == 0 else 0

    def events(self, submitter):
        """What is done to them, in a fixed order at moments when work is under way."""
        draw = random.Random(8)
        events = (["kill"] * self.kills + ["broker"] * self.broker_restarts
                  + ["database"] * self.database_restarts + ["redis"])
        draw.shuffle(events)
        for event in events:
            deadline = time.monotonic() + self.patience
            while submitter.poll() is None and self.under_way() < 2 and time.monotonic() < deadline:
                time.sleep(0.02)
            if submitter.poll() is not None:
                return
            if event == "kill":
                # In turn, as somebody would who has something against workers and not one job.
                victim = self.happened.count("kill") % len(self.workers)
                self.workers[victim].kill()
                self.workers[victim].wait()
                self.workers[victim] = self.worker()
            elif event == "broker":
                self.broker.kill()
                self.broker.start()
            elif event == "database":
                self.database.restart()
            else:
                self.redis.kill()
            self.happened.append(event)
            self.over.wait(self.between)

    def state(self):
        """For who has to find out why it takes so long."""
        return "\n".join([
            str(self.happened), str(self.broker.queues()),
            self.database.sql("SELECT number, state, attempts, deaths, alone, worker, reason"
                              " FROM fleet_job WHERE state <> 4 LIMIT 20").stdout,
            self.database.sql("SELECT * FROM fleet_worker").stdout,
            (self.folder / "workers.log").read_text()[-5000:]])

    def test_everything_is_done_once_and_right(self):
        self.templates(8)
        self.targets(self.lab, self.targets_count)
        local = subprocess.run(
            command("num8", *self.arguments("--store", "sqlite:local.db", "-bs", "200", "-o",
                                            "local.out")),
            cwd=self.folder, env=clean_environment(self.folder), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=self.patience, text=True)
        self.assertEqual(local.returncode, 0, local.stderr)
        expected = sorted(map(fleet.key_of, records((self.folder / "local.out").read_text())))
        self.assertEqual(len(expected), 8 * self.targets_count)

        self.happened = []
        self.workers += [self.worker() for _ in range(self.workers_count)]
        with open(self.folder / "errors", "wb") as errors:
            submitter = subprocess.Popen(
                command("num8", *self.arguments("--distributed", *self.shared, *self.job, "-o",
                                                "out")),
                cwd=self.folder, env=clean_environment(self.folder), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=errors)
        self.addCleanup(submitter.wait)
        self.addCleanup(submitter.kill)
        # On this thread: PostgreSQL ends with the one that started it.
        self.events(submitter)
        try:
            submitter.wait(self.patience)
        except subprocess.TimeoutExpired:
            self.fail(self.state())
        errors = (self.folder / "errors").read_text()
        log = (self.folder / "workers.log").read_text()
        self.assertEqual(submitter.returncode, 0, errors + log)
        found = sorted(map(fleet.key_of, records((self.folder / "out").read_text())))
        self.assertEqual(found, expected)  # as often as without chaos: once
        self.assertEqual(self.happened.count("kill"), self.kills, self.happened)
        self.assertEqual(self.happened.count("broker"), self.broker_restarts)
        self.assertEqual(self.happened.count("database"), self.database_restarts)
        rows = self.database.sql("SELECT count(*), count(DISTINCT signature) FROM issue").stdout
        self.assertEqual(rows.strip(), f"{len(expected)}|{len(expected)}")
        self.assertEqual(self.database.sql("SELECT count(*) FROM fleet_job").stdout.strip(), "0")
        self.assertEqual(self.broker.queues().get("m8.dead-letter"), 0)


if __name__ == "__main__":
    if rabbitmq.installed() and postgres.programs():
        unittest.main()
