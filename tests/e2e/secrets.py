"""A secret on the command line is masked in all that is kept or shown."""
import contextlib
import sqlite3
import unittest

from support import TEMPLATES, Case, Lab

SECRET = "hunter2"
LOGIN = f"user:{SECRET}@127.0.0.1:1"  # nobody listens there


class Secrets(Case):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab())

    def assert_hidden(self, *texts):
        for text in texts:
            self.assertNotIn(SECRET, text)

    def kept(self):
        """What the store keeps of the runs. (The requests of findings are evidence.)"""
        with contextlib.closing(sqlite3.connect(self.folder / "s.db")) as database:
            lines = [row[0] for row in database.execute("SELECT arguments FROM run ORDER BY id")]
            text = str(list(database.execute("SELECT * FROM run, journal")))
        return lines, text

    def shown(self):
        shown = ""
        for arguments in (("list",), ("list", "--jsonl"), ("show", "last"),
                          ("show", "last", "--jsonl")):
            done = self.run_program("m8", "runs", *arguments, "--store", "sqlite:s.db")
            self.assertEqual(done.returncode, 0, done.stderr)
            shown += done.stdout
        return shown

    def test_runs_are_recorded_without_them(self):
        url = f"http://git.{self.lab.zone}:{self.lab.port}"
        scan = ["scan", "-v", "-t", TEMPLATES, "-u", url, "-r", self.lab.dns, "--summary", "sum",
                "--store", "sqlite:s.db", "-H", f"Authorization: Bearer {SECRET}",
                "-H", f"Cookie: id={SECRET}", "-V", f"api_key={SECRET}",
                "--metrics-file", "page", "--cache-url", f"redis://{LOGIN}"]
        services = [*scan, f"-http-proxy=http://{LOGIN}"]
        enum = ["enum", "-v", "-d", self.lab.zone, "-r", self.lab.dns, "--no-passive", "--summary",
                "sum", "--store", "sqlite:s.db", "--http-proxy", f"http://{LOGIN}",
                "--metrics-file", "page"]
        for program, arguments in (("num8", scan), ("num8", services), ("asmm8", enum)):
            with self.subTest(program=program, arguments=len(arguments)):
                done = self.run_program(program, *arguments)
                self.assertEqual(done.returncode, 0, done.stderr)
                summary = (self.folder / "sum").read_text()
                self.assertIn("***", summary)
                lines, text = self.kept()
                self.assertIn("***", lines[-1])
                page = (self.folder / "page").read_text()
                self.assertIn("m8_build_info", page)
                self.assert_hidden(done.stdout, done.stderr, summary, text, page, self.shown())

    def test_errors_do_not_tell_them(self):
        store = f"postgres://{LOGIN}/db"
        for program, *arguments in (
                ("num8", "scan", "-u", "http://127.0.0.1:1", "-t", TEMPLATES, "--store", store),
                ("num8", "scan", "-u", "http://127.0.0.1:1", "-t", TEMPLATES, "--store",
                 store + f"?password={SECRET}"),
                ("num8", "scan", "-u", "http://127.0.0.1:1", "--proxy", f"nonsense://{LOGIN}"),
                ("num8", "scan", "-u", "http://127.0.0.1:1", "--proxy", f"http://{LOGIN}"),
                ("num8", "scan", "--proxi", f"http://{LOGIN}"),
                ("num8", "scan", "--threads", f"http://{LOGIN}"),
                ("num8", "scan", "-l", f"http://{LOGIN}"),
                ("asmm8", "enum", "-d", "a.test", "--store", store),
                ("asmm8", "enum", "-d", "a.test", "--http-proxy", f"nonsense://{LOGIN}"),
                ("asmm8", "enum", "-d", f"http://{LOGIN}"),
                ("m8", "runs", "list", "--store", store),
                ("m8", "db", "status", f"http://{LOGIN}"),
                ("m8", "runs", "list", "--store", f"nonsense://{LOGIN}")):
            with self.subTest(arguments=arguments):
                done = self.run_program(program, *arguments)
                self.assertIn(done.returncode, (1, 2), done.stdout)
                self.assertNotEqual(done.stderr, "")
                self.assert_hidden(done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
