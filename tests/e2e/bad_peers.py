"""Servers that reset, drip, or send garbage: they end, and cost nobody else a finding."""
import time
import unittest

from support import SECONDS, TEMPLATES, Case, Lab, records


class BadPeers(Case):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab("--faults"))

    def targets(self, *labels):
        return "".join(f"http://{label}.{self.lab.zone}:{self.lab.port}\n" for label in labels)

    def scan(self, *labels, arguments=()):
        return self.run_program("num8", "scan", "-t", TEMPLATES, "-r", self.lab.dns, "--rate", 0,
                                "--jsonl", "--timeout", 1, "--retries", 0, *arguments,
                                stdin=self.targets(*labels))

    def test_each_ends_in_time_and_without_findings(self):
        for label in ("reset", "drip", "garbage"):
            with self.subTest(label=label):
                begin = time.monotonic()
                done = self.scan(label)
                self.assertLess(time.monotonic() - begin, SECONDS / 2)
                self.assertIn(done.returncode, (0, 4), done.stderr)
                self.assertEqual(records(done.stdout), [])

    def test_a_resolver_that_refuses_is_lost_work(self):
        done = self.run_program("asmm8", "enum", "-d", "not-served.test", "-r", self.lab.dns)
        self.assertEqual(done.returncode, 4)
        self.assertRegex(done.stderr, r"incomplete: (\d+) of \1 names got no answer")
        self.assertEqual(done.stdout, "")

    def test_a_scan_without_resolvers_says_so(self):
        done = self.run_program("num8", "scan", "-t", TEMPLATES, "-r", "127.0.0.1:1", "-u",
                                "http://www.not-served.test/")
        self.assertEqual(done.returncode, 4)
        self.assertIn("no resolver answers", done.stderr)

    def test_good_hosts_among_them_lose_nothing(self):
        alone = self.scan("git", "api", "backup")
        among = self.scan("reset", "git", "drip", "api", "garbage", "backup", "short")
        found = [sorted((event["host"], event["template-id"]) for event in records(done.stdout))
                 for done in (alone, among)]
        self.assertEqual(len(found[0]), 7)
        # The host that promises too much sends a page: what it may show is not the matter here.
        self.assertEqual([pair for pair in found[1] if not pair[0].startswith("short.")], found[0])

    def test_bare_hosts_are_probed_through_it(self):
        bare = "".join(f"{label}.{self.lab.zone}\n" for label in ("reset", "drip", "garbage", "git"))
        done = self.run_program("num8", "scan", *self.lab.scan_arguments(), "--jsonl", "--timeout",
                                1, "--retries", 0, stdin=bare)
        self.assertEqual({event["template-id"] for event in records(done.stdout)},
                         {"git-config-exposed", "git-head-exposed"}, done.stderr)

    def test_a_closed_port_is_a_result_not_a_failure(self):
        done = self.run_program("num8", "scan", "-q", *self.lab.scan_arguments(),
                                stdin=f"mail.{self.lab.zone}\nldap.{self.lab.zone}\n")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)


if __name__ == "__main__":
    unittest.main()
