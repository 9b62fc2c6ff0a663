"""PostgreSQL as the store when it does not do as it should: one line, the documented code."""
import os
import subprocess
import time
import unittest

from postgres import Postgres, programs
from support import SECONDS, Case, Lab, records


def need_postgres():
    if programs() is None:
        if os.environ.get("CI") == "true":
            raise AssertionError("no PostgreSQL server is installed")
        raise unittest.SkipTest("no PostgreSQL server is installed")


class Databases(Case):
    @classmethod
    def setUpClass(cls):
        need_postgres()
        cls.server = cls.enterClassContext(Postgres(connections=12))

    def list_domains(self, url):
        return self.run_program("asmm8", "domain", "list", "--store", url)

    def add_domain(self, url, name="example.com"):
        return self.run_program("asmm8", "domain", "add", name, "--store", url)

    def schema_url(self, name, more=""):
        self.server.sql(f"CREATE SCHEMA {name}")
        return self.server.url(options=f"?options=-csearch_path%3D{name}{more}")

    def test_who_may_not_enter(self):
        for user, database, words in (
                ("m8:s3cret", "postgres", "check user and password of store.url"),
                ("nobody:s3cret", "postgres", "check user and password of store.url"),
                ("m8:m8", "none", "create it (createdb)")):
            with self.subTest(user=user, database=database):
                done = self.add_domain(self.server.url(user, database))
                self.assert_one_error(done, 1, "failed to ping database", words)
                self.assertNotIn("s3cret", done.stderr)

    def test_a_server_that_is_down(self):
        done = self.add_domain("postgresql://m8:s3cret@127.0.0.1:1/m8")
        self.assert_one_error(done, 1, "postgresql://127.0.0.1:1/m8", "Connection refused")
        self.assertNotIn("s3cret", done.stderr)

    def test_a_newer_schema(self):
        url = self.schema_url("newer")
        self.assertEqual(self.add_domain(url).returncode, 0)
        self.server.sql("INSERT INTO newer.m8_schema (version) VALUES (99)")
        self.assert_one_error(self.add_domain(url), 1, "schema (99) is newer")
        status = self.run_program("m8", "db", "status", "--store", url)
        self.assertIn("newer than this program", status.stdout)

    def test_no_connection_left(self):
        """Programs of others hold all of them; when they let go, it works again."""
        url = self.schema_url("crowded")
        self.assertEqual(self.add_domain(url).returncode, 0)
        others = []
        deadline = time.monotonic() + SECONDS
        done = self.list_domains(url)
        while done.returncode == 0 and time.monotonic() < deadline:
            others.append(self.start_other())
            done = self.list_domains(url)
        self.assert_one_error(done, 1, "lower store.max_open or raise the server's "
                                       "max_connections")
        for other in others:
            self.end(other)
        while done.returncode != 0 and time.monotonic() < deadline:
            done = self.list_domains(url)
        self.assertIn("example.com", done.stdout)

    def start_other(self):
        other = subprocess.Popen(["psql", self.server.url()], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, other)
        other.stdin.write(b"\\echo connected\n")
        other.stdin.flush()
        other.stdout.readline()  # nothing if there was no connection left
        return other

    def test_a_read_only_database(self):
        url = self.schema_url("read_only")
        locked = self.server.url(
            options="?options=-csearch_path%3Dread_only%20-cdefault_transaction_read_only%3Don")
        self.assert_one_error(self.add_domain(locked), 1, "read-only, store on another")
        self.assertEqual(self.add_domain(url).returncode, 0)
        self.assertIn("example.com", self.list_domains(locked).stdout)
        self.assert_one_error(self.add_domain(locked, "other.org"), 1,
                              "read-only, store on another")

    def test_a_standby_is_read_and_refuses_to_be_written_to(self):
        url = self.schema_url("replicated")
        self.assertEqual(self.add_domain(url).returncode, 0)
        with Postgres(connections=12, primary=self.server) as standby:
            copy = standby.url(options="?options=-csearch_path%3Dreplicated")
            self.assertIn("example.com", self.list_domains(copy).stdout)
            self.assert_one_error(self.add_domain(copy, "other.org"), 1,
                                  "read-only, store on another")
            fresh = standby.url(options="?options=-csearch_path%3Dpg_temp")
            self.assert_one_error(self.add_domain(fresh), 1, "read-only")
            status = self.run_program("m8", "db", "status", "--store", copy)
            self.assertIn("up to date", status.stdout)


class Runs(Case):
    def test_a_run_looks_at_the_pool_and_remembers_what_it_did(self):
        """-v logs open and idle connections now and then; the run's record has the most."""
        need_postgres()
        with Lab() as lab, Postgres() as server:
            words = self.write("words", "www\n" + "".join(f"w{i}\n" for i in range(300)))
            enum = self.run_program("asmm8", "enum", "-d", lab.zone, "-r", lab.dns, "-w", words,
                                    "--no-passive", "--rate", "200/s", "-v",
                                    "--store-sample-interval", "100ms", "--store", server.url())
            self.assertEqual(enum.returncode, 0, enum.stderr)
            self.assertRegex(enum.stderr, r"pool open=\d+ idle=\d+ in_use=\d+ waits=0")
            shown = self.run_program("m8", "runs", "show", "1", "--store", server.url(), "--jsonl")
            counts = records(shown.stdout)[0]["counts"]
            self.assertGreaterEqual(counts["db_connections"], 1)
            self.assertEqual(counts["db_waits"], 0)


class Killed(Case):
    def test_in_the_middle_of_a_run(self):
        """What was found is on stdout all the same, the loss is said; the next run stores it."""
        need_postgres()
        with Lab() as lab, Postgres() as server:
            words = self.write("words", "www\n" + "".join(f"w{i}\n" for i in range(600)))
            arguments = ["asmm8", "enum", "-d", lab.zone, "-r", lab.dns, "-w", words, "--jsonl",
                         "--no-passive", "--rate", "200/s", "--store", server.url()]
            enum = self.start_program(*arguments)
            first = enum.stdout.readline()
            server.kill()
            rest, errors = enum.communicate(timeout=SECONDS)
            self.assertEqual(enum.returncode, 1, errors)
            self.assertIn("failed to process batch", errors)
            self.assertIn(f"postgresql://127.0.0.1:{server.port}/postgres", errors)
            found = {record["hostname"] for record in records(first + rest)}
            self.assertIn(f"www.{lab.zone}", found)
            server.start()  # perhaps on another port
            arguments[-1] = server.url()
            again = self.run_program(*arguments)
            self.assertEqual(again.returncode, 0, again.stderr)
            stored = self.run_program("asmm8", "host", "list", "--names", "--store", server.url())
            self.assertLessEqual(found, set(stored.stdout.splitlines()))


if __name__ == "__main__":
    unittest.main()
