"""Input that is wrong: one line on stderr that names what and where, and the documented code."""
import contextlib
import os
import shutil
import sqlite3
import subprocess
import unittest

from support import (SECONDS, TEMPLATES, Case, Lab, clean_environment, command, records)

GOOD = "git-config-exposed"
NOBODY_HOME = "http://127.0.0.1:1"
BIG_HOSTS = 90
ANY_PAGE = """
id: any-page
info: {name: any page, author: m8, severity: info}
http:
  - {method: GET, path: ["{{BaseURL}}/"], matchers: [{type: status, status: [200]}]}
"""


class BadInput(Case):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab())

    def scan(self, *arguments, stdin=""):
        return self.run_program("num8", "scan", "-q", "-r", self.lab.dns, *arguments, stdin=stdin)

    def resolve(self, *arguments, stdin=""):
        return self.run_program("asmm8", "resolve", "-q", "-r", self.lab.dns, *arguments,
                                stdin=stdin)

    def enum(self, *arguments, stdin=""):
        return self.run_program("asmm8", "enum", "-q", "-r", self.lab.dns, *arguments, stdin=stdin)

    def git_target(self):
        return f"http://git.{self.lab.zone}:{self.lab.port}"

    def test_a_broken_template_is_named_and_the_others_run(self):
        folder = self.folder / "templates"
        folder.mkdir()
        shutil.copy(TEMPLATES / f"{GOOD}.yaml", folder)
        (folder / "broken.yaml").write_text("id: broken\ninfo:\n  name: [unclosed\n")
        done = self.run_program("num8", "scan", "-r", self.lab.dns, "--jsonl", "-t", folder, "-u",
                                self.git_target())
        self.assertIn("broken.yaml", done.stderr)
        self.assertEqual([event["template-id"] for event in records(done.stdout)], [GOOD])

    def test_nothing_but_a_broken_template_is_an_error(self):
        broken = self.write("broken.yaml", "id: broken\ninfo:\n  name: [unclosed\n")
        done = self.run_program("num8", "scan", "-t", broken, "-u", NOBODY_HOME)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("broken.yaml", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_directory_in_place_of_a_file(self):
        for run, flag in ((self.scan, "-l"), (self.resolve, "-l"), (self.enum, "-w")):
            more = {self.scan: ["-t", TEMPLATES], self.resolve: [],
                    self.enum: ["-d", self.lab.zone]}[run]
            with self.subTest(run=run.__name__):
                done = run(flag, self.folder, *more)
                self.assert_one_error(done, 1, self.folder, "directory")

    def test_a_file_that_is_not_there(self):
        none = self.folder / "none"
        for run, arguments in ((self.scan, ["-t", TEMPLATES, "-l", none]),
                               (self.scan, ["-t", none, "-u", NOBODY_HOME]),
                               (self.resolve, ["-l", none]),
                               (self.enum, ["-d", self.lab.zone, "-w", none])):
            with self.subTest(arguments=arguments):
                self.assert_one_error(run(*arguments), 1, none)

    def test_an_unreadable_file(self):
        secret = self.write("secret", "www\n")
        secret.chmod(0)
        for program, *arguments in (("asmm8", "resolve", "-r", self.lab.dns, "-l", secret),
                                    ("num8", "scan", "-t", TEMPLATES, "-l", secret)):
            with self.subTest(program=program):
                done = subprocess.run(
                    [*self.without_root(), *command(program, *arguments, "-q")],
                    capture_output=True, text=True, timeout=SECONDS, cwd=self.folder,
                    env=clean_environment(self.folder))
                self.assert_one_error(done, 1, secret, "ermission denied")

    @staticmethod
    def without_root():
        """A prefix that takes root's right to read everything away."""
        if os.geteuid() != 0:
            return []
        return ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]

    def test_an_empty_list_is_no_work_and_no_error(self):
        empty = self.write("empty", "")
        for run, arguments in ((self.scan, ["-t", TEMPLATES, "-l", empty]),
                               (self.resolve, ["-l", empty]),
                               (self.enum, ["-d", self.lab.zone, "-w", empty])):
            with self.subTest(arguments=arguments):
                done = run(*arguments)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_names_that_are_too_long_are_named_and_skipped(self):
        long_name = ".".join(["x" * 60] * 5)
        names = self.write("names", f"{long_name}\nwww.{self.lab.zone}\n{'y' * 64}.test\n")
        done = self.run_program("asmm8", "resolve", "-r", self.lab.dns, "-l", names)
        self.assertIn(f"www.{self.lab.zone}", done.stdout)
        self.assertNotIn(long_name, done.stdout)
        self.assertIn("253", done.stderr)

    def test_a_target_that_is_too_long_is_named_and_skipped(self):
        targets = "{}\n{}\n".format(".".join(["x" * 60] * 5), self.git_target())
        done = self.run_program("num8", "scan", "-r", self.lab.dns, "--jsonl", "-t",
                                TEMPLATES / f"{GOOD}.yaml", stdin=targets)
        self.assertEqual(len(records(done.stdout)), 1)
        self.assertIn("xxxx", done.stderr)

    def test_unknown_flags_and_commands_are_2(self):
        for program, *arguments in (("num8", "scam"), ("num8", "scan", "--no-such-flag"),
                                    ("asmm8", "resolve", "--rate-limit", "many")):
            with self.subTest(arguments=arguments):
                done = self.run_program(program, *arguments, stdin="")
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_a_stdout_that_takes_nothing_is_named(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            scan = self.start_program("num8", "scan", "-q", "--no-store", "-t", TEMPLATES, "-r",
                                      self.lab.dns, "-u", self.git_target(), stdout=full)
            _, errors = scan.communicate(timeout=SECONDS)
        self.assertEqual((scan.returncode, errors), (1, "num8: stdout: no space left on device\n"))

    def scan_on_a_small_disk(self, kilobytes, *arguments):
        """Scans with a store on a tmpfs of its own; what it held is then in the folder `kept`."""
        if os.geteuid() != 0:
            self.skipTest("needs root to mount a small tmpfs")
        small, kept = self.folder / "small", self.folder / "kept"
        for folder in (small, kept):
            folder.mkdir()
        scan = command("num8", "scan", "--jsonl", "--store", small / "store.db", *arguments)
        # Gone with its mount namespace, so what is left of the store has to be taken out.
        return subprocess.run(
            ["unshare", "-m", "sh", "-c",
             'mount -t tmpfs -o size="$1" tmpfs "$2" || exit; small=$2 kept=$3; shift 3; '
             '"$@"; code=$?; cp "$small"/store.db "$small"/store.db-wal "$kept" 2>/dev/null; '
             'exit $code', "sh", f"{kilobytes}k", small, kept, *scan],
            capture_output=True, text=True, timeout=SECONDS, cwd=self.folder,
            env=clean_environment(self.folder))

    def test_a_disk_without_room_for_a_database_is_named(self):
        done = self.scan_on_a_small_disk(16, "-q", "-r", self.lab.dns, "-t", TEMPLATES, "--rate", 0,
                                         "-u", self.git_target())
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("store.db", done.stderr)

    def test_a_disk_that_fills_up_loses_nothing_that_was_written_before(self):
        page = self.write("page.yaml", ANY_PAGE)
        with Lab("--hosts", BIG_HOSTS, "--body", 20000) as lab:
            targets = self.write("targets", "".join(f"http://127.81.0.{i}:{lab.port}\n"
                                                    for i in range(1, BIG_HOSTS + 1)))
            # Three batches, one a second; the disk has room for two of them at most.
            done = self.scan_on_a_small_disk(3000, "-q", "-r", lab.dns, "-t", page, "-l", targets,
                                             "--rate", BIG_HOSTS // 3)
        self.assert_one_error(done, 1, "store.db", "disk is full", "free space and run again")
        printed = {event["url"] for event in records(done.stdout)}
        self.assertEqual(len(printed), BIG_HOSTS, "stdout has all findings")
        with contextlib.closing(sqlite3.connect(self.folder / "kept" / "store.db")) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            stored = database.execute("SELECT matched_at FROM issue").fetchall()
        self.assertTrue(0 < len(stored) < BIG_HOSTS, f"{len(stored)} stored")
        self.assertLessEqual({url.rstrip("/") for url, in stored}, printed)


if __name__ == "__main__":
    unittest.main()
