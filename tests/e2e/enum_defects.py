"""Defects that enumeration must not have: each was one of the services that this suite replaces.

DEFECTS says which test shows that each is gone; those without a test elsewhere are shown here.
"""
import importlib
import subprocess
import unittest

import sources
from inventory import Zone
from support import SECONDS, Case, records

# Number in the list of defects (a: admitted, b: found in the code, c: capabilities): what was wrong,
# and where it is shown to be right. "room/file_test: name" is a unit test.
DEFECTS = {
    "a4 names are not validated": "enum_bad_input.Enum.test_names_of_all_scripts",
    "a5 names go to other programs unchecked": "Here.test_hostile_names_stay_text",
    "a7 an error kills the process": "enum_bad_input.Enum.test_a_source_that_sends_a_page_costs_nobody_else",
    "a8 temporary files stay": "Here.test_nothing_is_left_behind",
    "a9 no orderly end": "enum_bad_input.Enum.test_ctrl_c_among_permutations",
    "a10 one after the other, and all in memory": "Here.test_stages_do_not_wait_for_each_other",
    "a13 no tests": "Here.test_every_defect_has_its_test",
    "a18 a run that dies is lost": "inventory.KilledInEveryStage.test_at_any_moment",
    "b3 several domains at once kill it": "Here.test_many_domains_at_once",
    "b4 dead hosts revive": "inventory.Inventory.test_dead_hosts_do_not_revive",
    "b4 hosts that are known are news again": "inventory.Inventory.test_only_new_names_are_printed",
    "b4 passive names are never resolved": "sources.Sources.test_names_of_a_source_are_proven",
    "b5 scope by substring, case kept": "Here.test_the_scope_is_a_suffix_and_case_is_nothing",
    "c1 no wildcard handling": "enumerate/wildcard_test: many domains at once",
    "c2 a word list of one word": "enumerate/bruteforce_test: the built-in labels are host labels",
    "c3 records only after all stages": "Here.test_what_is_found_is_stored_while_the_run_goes_on",
    "c4 liveness only ever goes away": "inventory.Inventory.test_new_changed_gone_and_returned",
    "c5 a failed check makes all hosts dead": "inventory.Inventory.test_a_dead_resolver_makes_nothing_gone",
    "c6 news without names": "inventory.Inventory.test_new_changed_gone_and_returned",
    "c7 a failing source looks like no names": "sources.Sources.test_a_named_source_that_fails_is_told",
    "c8 permutations of everything, without limit": "enumerate/permutations_test: ends with the budget",
    "c9 no time limit": "endings.Endings.test_a_deadline_ends_enum_and_resolve_with_4",
    "c10 tools fetched at run time": "Here.test_it_starts_no_other_program",
    "c11 a disabled domain is asked for": "inventory.Inventory.test_stored_domains",
    "c12 settings that nothing reads": "enum_bad_input.Enum.test_switches_with_a_value",
}


def unit_tests(place):
    """The titles of the unit tests of a file, spaces made one."""
    text = (sources.support.SOURCE / "tests" / f"{place}.cc").read_text()
    return " ".join(text.replace('"\n', " ").replace('"', " ").split())


class Here(Case):
    def setUp(self):
        super().setUp()
        self.zone = Zone(**{"z.test": "192.0.2.1", "www.z.test": "192.0.2.2"})
        self.addCleanup(self.zone.close)
        self.words = self.write("words", "www\n")

    def arguments(self, *more):
        return ("enum", "-d", "z.test", "-r", self.zone.address, "-q", "-w", self.words, "--rate", 0,
                *more)

    def with_source(self, names, *more):
        with sources.Service(200, sources.names(*names)) as service:
            return self.run_program("asmm8", *self.arguments(
                "-s", "anubis", "--source-url", f"anubis={service.url}", "--source-cache", 0, *more))

    def hosts(self):
        return sorted(self.run_program("asmm8", "host", "list", "--names").stdout.split())

    def test_every_defect_has_its_test(self):
        for defect, place in DEFECTS.items():
            with self.subTest(defect=defect):
                if ": " in place:
                    file, title = place.split(": ")
                    self.assertIn(title, unit_tests(file))
                    continue
                *module, group, name = place.split(".")
                found = importlib.import_module(module[0]) if module else None
                group = getattr(found, group) if found else globals()[group]
                self.assertTrue(callable(getattr(group, name)))

    def test_the_scope_is_a_suffix_and_case_is_nothing(self):
        self.zone.hosts.update({"api.z.test": "192.0.2.3", "notz.test": "192.0.2.4",
                                "z.test.evil.test": "192.0.2.5"})
        done = self.with_source(["API.Z.test", "api.z.test", "*.api.z.TEST", "notz.test",
                                 "z.test.evil.test", "www.notz.test"])
        self.assertEqual(sorted(done.stdout.split()), ["api.z.test", "www.z.test", "z.test"])
        self.assertEqual(self.hosts(), ["api.z.test", "www.z.test", "z.test"])
        self.assertFalse({name for name in self.zone.asked if not f".{name}".endswith(".z.test")})

    def test_hostile_names_stay_text(self):
        trap = self.folder / "trap"
        done = self.with_source([f"$(touch {trap}).z.test", f"`touch {trap}`.z.test", "-r.z.test",
                                 f";touch {trap};.z.test", "../../../etc.z.test", "a\nb.z.test",
                                 "\u001b[31m.z.test", "%00.z.test", "x" * 70 + ".z.test", "www.z.test"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(trap.exists())
        self.assertTrue(done.stdout.replace("\n", "").isprintable(), done.stdout)
        self.assertEqual(self.hosts(), ["www.z.test", "z.test"])

    def test_many_domains_at_once(self):
        domains = [f"d{number}.test" for number in range(40)]
        self.zone.hosts.update({f"www.{domain}": "192.0.2.7" for domain in domains})
        self.zone.hosts.update({domain: "192.0.2.8" for domain in domains})
        with sources.Service(200, sources.names(*(f"www.{domain}" for domain in domains))) as service:
            done = self.run_program("asmm8", *self.arguments(
                "-d", ",".join(domains), "-s", "anubis", "--source-url", f"anubis={service.url}",
                "--jsonl", "-t", 50))
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {one["hostname"]: one["domain"] for one in records(done.stdout)}
        self.assertEqual(found, {f"{label}{domain}": domain for domain in ["z.test", *domains]
                                 for label in ("", "www.")})

    def test_stages_do_not_wait_for_each_other(self):
        """Words are tried and told while a source has said nothing yet."""
        with sources.Silent() as service:
            process = self.start_program("asmm8", *self.arguments(
                "-s", "anubis", "--source-url", f"anubis={service.url}"))
            first = {process.stdout.readline().strip() for _ in range(2)}
            self.assertEqual(first, {"z.test", "www.z.test"})
            self.assertIsNone(process.poll())
            service.over.set()
            process.communicate(timeout=SECONDS)

    def test_what_is_found_is_stored_while_the_run_goes_on(self):
        with sources.Silent() as service:
            process = self.start_program("asmm8", *self.arguments(
                "-s", "anubis", "--source-url", f"anubis={service.url}"))
            for _ in range(2):
                process.stdout.readline()
            while self.hosts() != ["www.z.test", "z.test"]:
                self.assertIsNone(process.poll())
            process.kill()
        self.assertEqual(self.hosts(), ["www.z.test", "z.test"])

    def test_nothing_is_left_behind(self):
        def left():
            return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
                    if path.is_file() and "m8.db" not in path.name}
        for kill in (False, True, False):
            process = self.start_program("asmm8", *self.arguments("-w", "-", "--permute"),
                                         stdin=subprocess.PIPE)
            if kill:
                process.kill()
                process.wait(SECONDS)
            else:
                process.communicate("www\n", timeout=SECONDS)
                self.assertEqual(left(), {"words"})

    def test_it_starts_no_other_program(self):
        """Nothing is on the path, and nothing is missed."""
        self.words.write_text("www\nmail\n")
        done = subprocess.run(
            sources.support.command("asmm8", *self.arguments("--deep", "--recurse")), text=True,
            capture_output=True, timeout=SECONDS, cwd=self.folder,
            env={**sources.support.clean_environment(self.folder), "PATH": "/nowhere"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(sorted(done.stdout.split()), ["www.z.test", "z.test"])


if __name__ == "__main__":
    unittest.main()
