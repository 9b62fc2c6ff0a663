"""Input that is wrong: one line on stderr that names what and where, and the documented code."""
import os
import pathlib
import shutil
import subprocess
import unittest

from support import (SECONDS, TEMPLATES, Case, Lab, clean_environment, command, records)

GOOD = "git-config-exposed"
NOBODY_HOME = "http://127.0.0.1:1"


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

    def test_a_full_disk_is_named_and_the_findings_are_still_printed(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount a small tmpfs")
        small = pathlib.Path(self.folder, "small")
        small.mkdir()
        scan = command("num8", "scan", "-q", "--jsonl", "-r", self.lab.dns, "-t", TEMPLATES, "--rate", 0,
                       "--store", small / "store.db", "-u", self.git_target(), "-u",
                       f"http://www.{self.lab.zone}:{self.lab.port}")
        # Room for an empty file system, not for a database; gone with its mount namespace.
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c",
             'mount -t tmpfs -o size=16k tmpfs "$1" && shift && exec "$@"', "sh", small, *scan],
            capture_output=True, text=True, timeout=SECONDS, cwd=self.folder,
            env=clean_environment(self.folder))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("store.db", done.stderr)


if __name__ == "__main__":
    unittest.main()
