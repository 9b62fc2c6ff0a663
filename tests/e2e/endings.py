"""How a run ends before its work does: signals and closed pipes. Nothing already found is lost."""
import contextlib
import json
import os
import signal
import sqlite3
import unittest

from support import SECONDS, TEMPLATES, Case, Lab


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
                scan = self.slow_scan("--store", store)
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
