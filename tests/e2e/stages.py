"""The stages of asmm8 enum: what each finds, what its names say of it, and why it ended."""
import unittest

from inventory import Zone
from support import Case, records


class Stages(Case):
    def setUp(self):
        super().setUp()
        hosts = ["z.test", "www.z.test", "a.eu.z.test", "db-fra-01.z.test", "db-ams-01.z.test"]
        self.zone = Zone(**{host: "192.0.2.1" for host in hosts})
        self.addCleanup(self.zone.close)
        self.words = self.write("words", "www\na.eu\ndb-fra-01\ndb-ams-01\n")

    def enum(self, *more):
        """{name: sources}, and the counts of the summary."""
        # One at a time: else two stages may have the same name under way.
        done = self.run_program("asmm8", "enum", "-v", "-d", "z.test", "-r", self.zone.address, "-w",
                                self.words, "--jsonl", "--summary", "summary", "--rate", 0, "-t", 1,
                                "--no-store", *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said = done.stderr
        counts = records((self.folder / "summary").read_text())[0]["counts"]
        return {one["hostname"].removesuffix(".z.test"): one["sources"]
                for one in records(done.stdout)}, counts

    def test_each_name_says_where_it_comes_from(self):
        for label in ("m7", "www.eu", "www-dev", "db-fra-02", "db-www-01"):
            self.zone.hosts[f"{label}.z.test"] = "192.0.2.9"
        names, counts = self.enum("--mask", "m?d", "--recurse", "--permute", "--permute-min-rate", 0)
        self.assertEqual(names, {
            "z.test": ["input"], "www": ["bruteforce"], "a.eu": ["bruteforce"],
            "db-fra-01": ["bruteforce"], "db-ams-01": ["bruteforce"], "m7": ["mask"],
            "www.eu": ["recursion"], "www-dev": ["permute"], "db-fra-02": ["permute"],
            "db-www-01": ["permute"]})
        self.assertEqual((counts["permute.found"], counts["recursion.zones"]), (3, 1))
        self.assertEqual((counts["permute.ended_by_budget"], counts["permute.ended_by_min_rate"]), (0, 0))
        self.assertIn("3 found: all were tried", self.said)

    def test_permutations_end_with_their_budget(self):
        _, counts = self.enum("--permute", "--permute-budget", 100)
        self.assertEqual((counts["permute.made"], counts["permute.ended_by_budget"]), (100, 1))
        self.assertIn("the budget of 100 is used up", self.said)

    def test_permutations_end_when_little_is_found(self):
        _, counts = self.enum("--permute")
        self.assertEqual(counts["permute.ended_by_min_rate"], 1)
        self.assertLess(counts["permute.made"], 2200)
        self.assertIn("of the last 2000 tried 0 were found", self.said)

    def test_recursion_has_a_depth(self):
        self.zone.hosts["a.b.c.d.z.test"] = "192.0.2.9"
        self.words.write_text("www\na.b.c.d\n")
        self.enum("--recurse", "--recurse-depth", 2)
        self.assertIn("www.d.z.test", self.zone.asked)
        self.assertIn("www.c.d.z.test", self.zone.asked)
        self.assertNotIn("www.b.c.d.z.test", self.zone.asked)

    def test_nothing_is_asked_twice(self):
        self.enum("--recurse", "--permute", "--permute-min-rate", 0)
        twice = {name: count for name, count in self.zone.asked.items()
                 if count > 1 and name not in self.zone.hosts}
        # Empty non-terminals answer both types, and questions for name servers come besides.
        self.assertLessEqual(set(twice), {"eu.z.test"})


if __name__ == "__main__":
    unittest.main()
