"""asmm8 enum | num8 scan on the lab: what was planted is found, and nothing else."""
import contextlib
import sqlite3
import subprocess
import unittest

from support import SECONDS, TEMPLATES, Case, Lab, clean_environment, command, records


def expected_names(plan, apex):
    """The names that resolve and lie one label below apex, or are it."""
    def near(name):
        return name == apex or (name.endswith("." + apex) and
                                "." not in name[:-len(apex) - 1])
    return {name["name"] for name in plan if name["kind"] != "dead" and near(name["name"])}


def expected_findings(plan):
    return {(name["name"], template) for name in plan for template in name["findings"]}


def found(lines):
    """(host name, template id) of each finding."""
    return {(event["host"].split("://")[-1].split("/")[0].split(":")[0], event["template-id"])
            for event in lines}


def read_store(path):
    """The identifying columns of each table, in order."""
    tables = {"domain": "name", "hostname": "hostname", "endpoint": "url", "run": "id",
              "issue": "host, template_id, matcher"}
    with contextlib.closing(sqlite3.connect(path)) as database:
        return {table: database.execute(f"SELECT {what} FROM {table} ORDER BY {what}").fetchall()
                for table, what in tables.items()}


class Chain(Case):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab())
        cls.plan = cls.lab.plan()

    def enum(self, *arguments):
        done = self.run_program("asmm8", "enum", "-r", self.lab.dns, "-q", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        names = done.stdout.split()
        self.assertEqual(len(names), len(set(names)), "a name came twice")
        return set(names)

    def scan(self, *arguments, stdin):
        done = self.run_program("num8", "scan", *self.lab.scan_arguments(), "-q", "--jsonl",
                                *arguments, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        return records(done.stdout)

    def test_enum_finds_exactly_the_names_that_live(self):
        self.assertEqual(self.enum("-d", self.lab.zone), expected_names(self.plan, self.lab.zone))

    def test_a_wildcard_does_not_flood(self):
        apex = "dev." + self.lab.zone
        self.assertEqual(self.enum("-d", apex), {apex, "api." + apex})

    def test_a_word_list_of_ones_own(self):
        words = self.write("words", "www\nnothing-here\ngit\n\n# a comment\nWWW\npromo\neast\nlabs\n")
        self.assertEqual(self.enum("-d", self.lab.zone, "-w", words) - {self.lab.zone},
                         {f"www.{self.lab.zone}", f"git.{self.lab.zone}"})

    def test_the_pipe_finds_exactly_what_was_planted(self):
        enum = self.start_program("asmm8", "enum", "-d", self.lab.zone, "-r", self.lab.dns, "-q")
        scan = subprocess.run(
            command("num8", "scan", *self.lab.scan_arguments(), "-q", "--jsonl"),
            stdin=enum.stdout, capture_output=True, text=True, timeout=2 * SECONDS,
            cwd=self.folder, env=clean_environment(self.folder))
        self.assertEqual(scan.returncode, 0, scan.stderr)
        self.assertEqual(enum.wait(SECONDS), 0)
        self.assertEqual(found(records(scan.stdout)), expected_findings(self.plan))

    def test_the_clean_hosts_are_clean(self):
        clean = [name["name"] for name in self.plan
                 if name["kind"] == "site" and not name["findings"]]
        self.assertIn("secure." + self.lab.zone, clean)
        self.assertEqual(self.scan(stdin="\n".join(clean)), [])

    def test_findings_are_stored_once_however_often_they_are_seen(self):
        store = self.folder / "store.db"
        targets = f"git.{self.lab.zone}\nshop.{self.lab.zone}\n"
        stored = []
        for _ in range(2):
            events = self.scan("--store", store, stdin=targets)
            stored.append(read_store(store))
        self.assertEqual({template for _, template in found(events)},
                         {"git-config-exposed", "git-head-exposed", "cookie-without-httponly",
                          "missing-security-headers", "reflected-parameter"})
        self.assertEqual(set(stored[0]["issue"]),
                         {(event["host"], event["template-id"],
                           event.get("matcher-name") or event.get("extractor-name", ""))
                          for event in events})
        self.assertEqual(stored[0]["issue"], stored[1]["issue"])
        self.assertEqual(stored[0]["endpoint"], stored[1]["endpoint"])
        self.assertEqual([len(content["run"]) for content in stored], [1, 2])

    def test_names_are_stored_too(self):
        store = self.folder / "store.db"
        names = self.enum("-d", self.lab.zone, "--store", store)
        self.enum("-d", self.lab.zone, "--store", store)
        stored = read_store(store)
        self.assertEqual({name for name, in stored["hostname"]}, names)
        self.assertEqual(stored["domain"], [(self.lab.zone,)])
        self.assertEqual(len(stored["run"]), 2)

    def test_losses_do_not_lose_names(self):
        with Lab("--loss", 20) as lossy:
            done = self.run_program("asmm8", "enum", "-d", lossy.zone, "-r", lossy.dns, "-q")
        self.assertEqual(done.returncode, 0, done.stderr)
        missing = expected_names(self.plan, self.lab.zone) - set(done.stdout.split())
        self.assertEqual(missing, set())

    def test_every_template_can_be_run(self):
        done = self.run_program("num8", "scan", "--validate", "-t", TEMPLATES)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
