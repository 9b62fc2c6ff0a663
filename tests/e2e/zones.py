"""What zones say of themselves, asked of NSD (tests/support/servers.sh): AXFR, NSEC, SRV, and names
in other records. Each name says where it comes from."""
import socket
import unittest

from real_servers import server
from support import Case, records


def six_is_there():
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


class Zones(Case):
    @classmethod
    def setUpClass(cls):
        cls.nsd = server("M8_TEST_NSD")

    def enum(self, domain, *arguments):
        """{name: sources}, and the counts of the summary."""
        words = self.write("words", "none\n")
        port = self.nsd.rsplit(":", 1)[1]
        done = self.run_program("asmm8", "enum", "-v", "-d", domain, "-r", self.nsd, "-w", words,
                                "--axfr-port", port, "--jsonl", "--summary", "summary", "--rate", 0,
                                "--no-store", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said = done.stderr
        summary = records((self.folder / "summary").read_text())[0]
        return {one["hostname"].removesuffix("." + domain): one["sources"]
                for one in records(done.stdout) if one["hostname"] != domain}, summary["counts"]

    def test_a_zone_that_is_given_away(self):
        names, counts = self.enum("open.test", "--axfr")
        self.assertEqual(set(names), {"ns", "given-away", "deep.given", "voice", "post-office",
                                      "sender-7", "cert-reports", "www", "web-backend-3"})
        self.assertEqual(set(map(tuple, names.values())), {("axfr",)})
        self.assertEqual((counts["axfr.tried"], counts["axfr.open"]), (1, 1))

    def test_a_transfer_that_is_refused_is_no_failure(self):
        names, counts = self.enum("m8.test", "--axfr")
        self.assertEqual(names, {})
        self.assertEqual((counts["axfr.tried"], counts["axfr.open"]), (1, 0))
        self.assertIn("AXFR of zone=m8.test from " + self.nsd + ": refused", self.said)

    @unittest.skipUnless(six_is_there(), "no ::1 on this machine")
    def test_a_name_server_that_gives_the_zone_away_over_ipv6_only(self):
        names, counts = self.enum("six.test", "--axfr")
        self.assertEqual(names["over-six"], ["axfr"])
        self.assertEqual((counts["axfr.tried"], counts["axfr.open"]), (2, 1))

    def test_a_name_server_outside_the_scope_is_not_asked(self):
        for rules in ("open.test\n!127.0.0.1\n", "open.test\n!ns.open.test\n"):
            with self.subTest(rules=rules):
                scope = self.write("scope", rules)
                names, counts = self.enum("open.test", "--axfr", "--scope", scope)
                self.assertEqual((names, counts["axfr.tried"]), ({}, 0))

    def test_an_nsec_chain_past_zones_below_and_through_them(self):
        names, counts = self.enum("signed.test", "--nsec")
        self.assertEqual(set(names), {"ns", "alpha", "x9-secret", "zulu", "a.b.ent",
                                      "ns.deep", "mine.deep"})
        self.assertEqual(names["x9-secret"], ["nsec"])
        self.assertEqual(counts["nsec.ended"], 0, self.said)
        self.assertEqual(counts["nsec.walked"], counts["zones"] - counts["nsec3.zones"])

    def test_nsec3_is_told(self):
        names, counts = self.enum("hidden.test", "--nsec")
        self.assertEqual((names, counts["nsec3.zones"], counts["nsec.walked"]), ({}, 1, 0))
        self.assertIn("zone=hidden.test uses NSEC3", self.said)

    def test_a_zone_that_is_not_signed(self):
        names, counts = self.enum("m8.test", "--nsec")
        self.assertEqual((names, counts["nsec3.zones"], counts["nsec.walked"]), ({}, 0, 0))

    def test_service_names(self):
        names, _ = self.enum("open.test", "--srv")
        self.assertEqual(names, {"voice": ["srv"]})

    def test_names_that_records_mention(self):
        self.write("more", "www\n")
        names, counts = self.enum("open.test", "--learn", "-w", "more")
        self.assertEqual(names, {"ns": ["learn"], "post-office": ["learn"], "sender-7": ["learn"],
                                 "cert-reports": ["learn"], "web-backend-3": ["learn"],
                                 "www": ["bruteforce"]})
        self.assertEqual(counts["learned.learn"], 5)

    def test_a_dry_run_sends_nothing(self):
        done = self.run_program("asmm8", "enum", "-d", "open.test", "-r", "127.0.0.1:1", "--deep",
                                "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("zones      axfr, nsec, srv, learn\n", done.stdout)
        self.assertIn("permute    up to 100000\n", done.stdout)


if __name__ == "__main__":
    unittest.main()
