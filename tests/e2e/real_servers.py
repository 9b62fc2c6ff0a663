"""The programs against NSD and nginx, which tests/run.sh starts (tests/support/servers.sh).

Without them the tests are skipped and say so; with CI=true they fail.
"""
import json
import os
import time
import unittest

from probe import Server
from support import TEMPLATES, Case, Lab, records

PAGE = """
id: test-page
info: {name: test page, author: m8, severity: info}
http:
  - method: GET
    path: ["{{BaseURL}}/", "{{BaseURL}}/page.html", "{{BaseURL}}/none.html"]
    matchers-condition: and
    matchers:
      - {type: status, status: [200]}
      - {type: word, part: body, words: ["<title>M8 test page</title>"]}
      - {type: word, part: header, words: ["Server: nginx"]}
"""


def server(variable):
    """Where the server answers."""
    address = os.environ.get(variable)
    if address:
        return address
    missing = f"{variable} is not set: run tests/run.sh"
    if os.environ.get("CI") == "true":
        raise AssertionError(missing)
    raise unittest.SkipTest(missing)


class Nsd(Case):
    @classmethod
    def setUpClass(cls):
        cls.nsd = server("M8_TEST_NSD")

    def resolve(self, *arguments):
        """What is said of each name: {name without the zone: record}."""
        done = self.run_program("asmm8", "resolve", "-q", "--jsonl", "-r", self.nsd, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return {record["host"].removesuffix(".m8.test"): record for record in records(done.stdout)}

    def assert_answer(self, record, code, **lists):
        self.assertEqual(record["status_code"], code)
        for kind in ("a", "aaaa", "cname"):
            self.assertEqual(record.get(kind), lists.get(kind), record)

    def test_addresses_of_both_families(self):
        self.assert_answer(self.resolve("www.m8.test")["www"], "NOERROR", a=["127.0.0.1"])
        self.assert_answer(self.resolve("--aaaa", "www.m8.test")["www"], "NOERROR", aaaa=["::1"])

    def test_a_name_is_probed_at_each_of_its_addresses(self):
        page = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
        with Server({f"127.0.1.{i}": page for i in (3, 7, 200)}) as pages:
            done = self.run_program("asmm8", "probe", "-q", "--jsonl", "-pa", "-r", self.nsd,
                                    f"http://many.m8.test:{pages.port}/x")
        found = records(done.stdout)
        self.assertEqual(sorted(record["host_ip"] for record in found),
                         ["127.0.1.200", "127.0.1.3", "127.0.1.7"])
        self.assertEqual({record["url"] for record in found},
                         {f"http://many.m8.test:{pages.port}/x"})

    def test_a_chain_of_aliases_is_told_in_order(self):
        aliases = ["alias.m8.test", "www.m8.test"]
        self.assert_answer(self.resolve("chain.m8.test")["chain"], "NOERROR", a=["127.0.0.1"],
                           cname=aliases)
        self.assert_answer(self.resolve("--aaaa", "chain.m8.test")["chain"], "NOERROR",
                           aaaa=["::1"], cname=aliases)
        self.assert_answer(self.resolve("--cname", "chain.m8.test")["chain"], "NOERROR",
                           cname=aliases[:1])

    def test_no_name_and_no_address_are_told_apart(self):
        answers = self.resolve("none.m8.test", "empty.m8.test", "dangling.m8.test")
        self.assert_answer(answers["none"], "NXDOMAIN")
        self.assert_answer(answers["empty"], "NOERROR")
        self.assert_answer(answers["dangling"], "NXDOMAIN", cname=["gone.m8.test"])

    def test_an_answer_too_large_for_udp_comes_whole(self):
        addresses = self.resolve("many.m8.test")["many"]["a"]
        self.assertEqual(sorted(addresses), sorted(f"127.0.1.{i}" for i in range(1, 201)))

    def test_enum_finds_what_the_words_name(self):
        words = self.write("words", "www\napi\nmail\nalias\nchain\ndangling\nempty\nnone\nmany\n")
        done = self.run_program("asmm8", "enum", "-q", "-d", "m8.test", "-r", self.nsd, "-w", words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        names = ["m8.test"] + [f"{word}.m8.test"
                               for word in ("alias", "api", "chain", "mail", "many", "www")]
        self.assertEqual(sorted(done.stdout.split()), sorted(names))

    def test_enum_sees_the_wildcard(self):
        words = self.write("words", "".join(f"w{i}\n" for i in range(100)))
        done = self.run_program("asmm8", "enum", "-q", "-d", "wild.m8.test", "-r", self.nsd, "-w",
                                words)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


class Encrypted(Case):
    """DNS over TLS and over HTTPS, through dnsdist."""

    @classmethod
    def setUpClass(cls):
        cls.nsd = server("M8_TEST_NSD")
        cls.dot, cls.doh = server("M8_TEST_DOT"), server("M8_TEST_DOH")
        cls.certificate = server("M8_TEST_DNSDIST_CERTIFICATE")

    def resolve(self, resolvers, names, *arguments):
        return self.run_program("asmm8", "resolve", "--jsonl", "-r", ",".join(resolvers),
                                "--resolver-ca", self.certificate, "--summary", "summary",
                                *arguments, stdin="".join(f"{name}.m8.test\n" for name in names))

    def counts(self):
        return records((self.folder / "summary").read_text())[0]["counts"]

    def assert_all_right(self, done, names):
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {record["host"]: record.get("a") for record in records(done.stdout)}
        self.assertEqual(found, {f"{name}.m8.test": ["127.0.0.9"] for name in names})

    def test_every_name_comes_back_and_denials_are_told(self):
        names = [f"n{i}.wild" for i in range(1000)]
        for resolver in (self.dot, self.doh):
            with self.subTest(resolver=resolver):
                self.assert_all_right(self.resolve([resolver], names), names)
                self.assertEqual(self.counts()["queries"], 1000)
                done = self.resolve([resolver], ["none", "many"])
                none, many = sorted(records(done.stdout), key=lambda record: "a" in record)
                self.assertEqual((none["status_code"], none["resolver"]), ("NXDOMAIN", [resolver]))
                self.assertEqual(len(many["a"]), 200)

    def test_a_certificate_that_nobody_signed_is_refused(self):
        for resolver in (self.dot, self.doh):
            with self.subTest(resolver=resolver):
                done = self.run_program("asmm8", "resolve", "-q", "-r", resolver, "--retry", 1,
                                        "www.m8.test")
                self.assertEqual((done.returncode, done.stdout), (4, ""), done.stderr)

    def test_they_are_checked_and_a_liar_among_them_is_caught(self):
        names = [f"n{i}.wild" for i in range(2000)]
        with Lab("--zone", "m8.test", "--lie", 100) as liar:
            done = self.resolve([self.dot, liar.dns, self.doh, self.nsd], names)
        self.assert_all_right(done, names)
        counts = self.counts()
        self.assertEqual(counts["liars"], 1)
        self.assertGreaterEqual(counts["canaries"], 4 * 16)

    def test_a_dead_one_costs_no_name(self):
        names = [f"n{i}.wild" for i in range(500)]
        for dead in ("tls://127.0.0.1:1", "https://127.0.0.1:1/dns-query"):
            with self.subTest(dead=dead):
                done = self.resolve([dead, self.dot, self.nsd], names, "--retry", 4)
                self.assert_all_right(done, names)

    def test_a_rate_holds_for_them(self):
        names = [f"n{i}.wild" for i in range(60)]
        begin = time.monotonic()
        self.assert_all_right(self.resolve([self.doh], names, "--rate", "100/s"), names)
        self.assertGreaterEqual(time.monotonic() - begin, 0.4)


class Nginx(Case):
    @classmethod
    def setUpClass(cls):
        cls.urls = [server("M8_TEST_NGINX_HTTP"), server("M8_TEST_NGINX_HTTPS")]

    def scan(self, url, templates):
        """The findings and the counts of the run."""
        summary = self.folder / "summary.json"
        done = self.run_program("num8", "scan", "-q", "--jsonl", "--no-store", "--rate", 0,
                                "--summary", summary, "-t", templates, "-u", url)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return records(done.stdout), json.loads(summary.read_text())

    def test_the_page_is_found_and_the_missing_one_is_not(self):
        template = self.write("page.yaml", PAGE)
        for url in self.urls:
            with self.subTest(url=url):
                findings, _ = self.scan(url, template)
                self.assertEqual(sorted(finding["matched-at"] for finding in findings),
                                 [f"{url}/", f"{url}/page.html"])

    def test_names_of_certificates_are_probed_and_requests_may_be_sent_at_once(self):
        done = self.run_program("asmm8", "probe", "-q", "--jsonl", "-tls-probe", "-probe",
                                "-pipeline", self.urls[1])
        known, more = sorted(records(done.stdout), key=lambda record: record["host"])
        self.assertEqual((known["tls"]["subject_an"][0], more["host"]), ("localhost", "localhost"))
        self.assertTrue(known["pipeline"])

    def test_shipped_templates_share_connections(self):
        for url in self.urls:
            with self.subTest(url=url):
                findings, summary = self.scan(url, TEMPLATES)
                self.assertEqual({finding["template-id"] for finding in findings},
                                 {"missing-security-headers", "server-version-header"})
                counts = summary["counts"]
                self.assertEqual(counts["connections"] + counts["connections.reused"],
                                 counts["requests"])
                self.assertGreater(counts["connections.reused"], counts["requests"] // 4)


if __name__ == "__main__":
    unittest.main()
