"""How a run ends before its work does: signals and closed pipes. Nothing already found is lost."""
import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time
import unittest

from support import SECONDS, TEMPLATES, Case, Lab, records


class Endings(Case):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab("--latency", "50ms"))

    def slow_scan(self, *arguments, **options):
        """A scan that takes minutes and finds something at once."""
        sites = [name["name"] for name in self.lab.plan() if name["kind"] == "site"]
        targets = self.write("targets", "".join(f"http://{name}:{self.lab.port}\n"
                                                for name in sites))
        return self.start_program("num8", "scan", "-t", TEMPLATES, "-l", targets, "-r",
                                  self.lab.dns, "--rate", "20/s", "--jsonl", *arguments, **options)

    def test_a_signal_ends_with_130_and_whole_lines(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                store = self.folder / f"store-{int(number)}.db"
                scan = self.slow_scan("--store", f"sqlite:{store}")
                first = scan.stdout.readline()
                scan.send_signal(number)
                rest, _ = scan.communicate(timeout=SECONDS)
                self.assertEqual(scan.returncode, 130)
                events = [json.loads(line) for line in (first + rest).splitlines()]
                self.assertGreaterEqual(len(events), 1)
                with contextlib.closing(sqlite3.connect(store)) as database:
                    stored = database.execute("SELECT count(*) FROM issue").fetchone()[0]
                self.assertGreaterEqual(stored, 1)

    def test_a_second_signal_ends_at_once(self):
        scan = self.slow_scan()
        scan.stdout.readline()
        scan.send_signal(signal.SIGINT)
        scan.send_signal(signal.SIGINT)
        scan.communicate(timeout=SECONDS)
        self.assertEqual(scan.returncode, 130)

    def test_enum_ends_with_130(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                words = self.write("words", "www\n" + "".join(f"w{i}\n" for i in range(100000)))
                enum = self.start_program("asmm8", "enum", "-d", self.lab.zone, "-r", self.lab.dns,
                                          "-w", words, "--rate", "50/s")
                enum.stdout.readline()
                enum.send_signal(number)
                enum.communicate(timeout=SECONDS)
                self.assertEqual(enum.returncode, 130)

    def test_a_deadline_ends_a_scan_with_4_and_keeps_what_is_done(self):
        trace, summary = self.folder / "trace", self.folder / "summary"
        scan = self.slow_scan("--deadline", "1s", "--trace-jobs", trace, "--summary", summary,
                              "--bulk-size", "2")
        output, errors = scan.communicate(timeout=SECONDS)
        self.assertEqual(scan.returncode, 4, errors)
        self.assertRegex(errors, r"deadline reached: [1-9]\d* of \d+ targets not done, "
                                 "and the input was not read to its end")
        self.assertGreaterEqual(len(records(output)), 1)
        jobs = records(trace.read_text())
        self.assertEqual(list(jobs[0]), ["job", "endpoint", "output", "error", "duration_ms",
                                         "worker", "timestamp"])
        self.assertLessEqual({job["worker"] for job in jobs}, {0, 1})
        self.assertIn("interrupted", {job["error"] for job in jobs})
        self.assertEqual(records(summary.read_text())[0]["status"], "incomplete")

    def test_a_deadline_ends_enum_and_resolve_with_4(self):
        words = self.write("words", "www\n" + "".join(f"w{i}\n" for i in range(100000)))
        names = self.write("names", "".join(f"w{i}.{self.lab.zone}\n" for i in range(100000)))
        for arguments in (("enum", "-d", self.lab.zone, "-w", words), ("resolve", "-l", names)):
            with self.subTest(command=arguments[0]):
                done = self.run_program("asmm8", *arguments, "-r", self.lab.dns, "--rate", "50/s",
                                        "--deadline", "1s", "--summary", "summary")
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertRegex(done.stderr, r"deadline reached: \d+ of \d+ names not done")
                summary = records((self.folder / "summary").read_text())[0]
                self.assertEqual(summary["status"], "incomplete")

    def test_memory_that_is_not_there_ends_with_4(self):
        scan = self.slow_scan("--max-memory", "1M")
        _, errors = scan.communicate(timeout=SECONDS)
        self.assertEqual(scan.returncode, 4, errors)
        self.assertIn("memory limit of 1 MB reached", errors)

    def test_a_signal_at_any_moment_leaves_no_process_file_or_connection(self):
        """Stopped at the n-th line of its log or its results, whichever n."""
        before = self.lab_connections()
        for number in range(1, 13):
            with self.subTest(lines=number):
                scan = self.slow_scan("--store", f"sqlite:{self.folder}/store.db", "--rate", "200/s",
                                      "-v", stderr=subprocess.STDOUT)
                for _ in range(number):
                    scan.stdout.readline()
                scan.send_signal(signal.SIGTERM if number % 2 else signal.SIGINT)
                scan.communicate(timeout=SECONDS)
                self.assertIn(scan.returncode, (0, 130))
                left = [path.name for path in self.folder.rglob("*") if path.is_file()
                        and path.name not in ("targets", "store.db", "templates.cache")]
                self.assertEqual(left, [])
        deadline = time.monotonic() + SECONDS
        while self.lab_connections() > before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertLessEqual(self.lab_connections(), before)

    def lab_connections(self):
        """Sockets that the lab has open."""
        folder = pathlib.Path(f"/proc/{self.lab.process.pid}/fd")
        open_now = 0
        for link in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since it was listed
                open_now += os.readlink(link).startswith("socket:")
        return open_now

    def test_a_closed_pipe_ends_quietly_with_0(self):
        read, write = os.pipe()
        os.close(read)
        for program, *arguments in (
                ("num8", "scan", "-t", TEMPLATES, "-u",
                 f"http://git.{self.lab.zone}:{self.lab.port}"),
                ("asmm8", "enum", "-d", self.lab.zone),
                ("asmm8", "resolve", f"www.{self.lab.zone}")):
            with self.subTest(program=program):
                done = self.start_program(program, *arguments, "-q", "-r", self.lab.dns,
                                          stdout=write)
                _, errors = done.communicate(timeout=SECONDS)
                self.assertEqual((done.returncode, errors), (0, ""))
        os.close(write)

    def test_with_a_file_the_run_goes_on_without_stdout(self):
        read, write = os.pipe()
        os.close(read)
        output = self.folder / "findings.jsonl"
        scan = self.start_program(
            "num8", "scan", "-t", TEMPLATES, "-q", "--jsonl", "-o", output, "-r", self.lab.dns,
            "-u", f"http://git.{self.lab.zone}:{self.lab.port}", stdout=write)
        os.close(write)
        _, errors = scan.communicate(timeout=SECONDS)
        self.assertEqual((scan.returncode, errors), (0, ""))
        self.assertEqual(len(output.read_text().splitlines()), 2)


if __name__ == "__main__":
    unittest.main()
