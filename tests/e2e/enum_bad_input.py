"""asmm8 enum when what it is given is wrong, when the world ends early, and when somebody does."""
import os
import signal
import subprocess
import time
import unittest

from inventory import Zone
from sources import Service, Silent
from support import SECONDS, Case, clean_environment, command, records


class Enum(Case):
    def setUp(self):
        super().setUp()
        hosts = ["z.test", "www.z.test", "mail.z.test", "a.eu.z.test", "xn--bcher-kva.test"]
        self.zone = Zone(**{host: "192.0.2.1" for host in hosts})
        self.addCleanup(self.zone.close)
        self.words = self.write("words", "www\nmail\na.eu\n")

    def arguments(self, *more, domain="z.test"):
        return ("enum", "-d", domain, "-r", self.zone.address, "-q", "-w", self.words, *more)

    def enum(self, *more, domain="z.test", **options):
        return self.run_program("asmm8", *self.arguments(*more, domain=domain), **options)

    def test_a_domain_that_does_not_exist_is_named(self):
        done = self.run_program("asmm8", "enum", "-d", "nothing.test", "-r", self.zone.address)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("name=nothing.test failed: no such domain", done.stderr)
        # Hardly a word is tried below what is not there.
        self.assertLess(len([name for name in self.zone.asked if name.endswith("nothing.test")]), 520)

    def test_names_of_all_scripts(self):
        done = self.enum(domain="Bücher.test")
        self.assertEqual((done.returncode, done.stdout), (0, "xn--bcher-kva.test\n"), done.stderr)
        self.assert_one_error(self.enum(domain="💩.test"), 2, "'💩.test'", "disallowed character")
        # Its registries know it in this form.
        self.zone.hosts["xn--ls8h.test"] = "192.0.2.1"
        self.assertEqual(self.enum(domain="xn--ls8h.test").stdout, "xn--ls8h.test\n")
        for bad in ("x..y", "a b.test", "-", "x" * 64 + ".test", ".".join(["x" * 60] * 5)):
            with self.subTest(domain=bad):
                done = self.run_program("asmm8", "enum", "-r", self.zone.address, f"-d={bad}")
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)

    def test_resolvers_that_are_none(self):
        empty = self.write("empty", "# nobody\n\n")
        done = self.run_program("asmm8", "enum", "-q", "-d", "z.test", "-r", empty)
        self.assert_one_error(done, 2, "none in", "empty")
        done = self.run_program("asmm8", "enum", "-q", "-d", "z.test", "-r", "127.0.0.1:1,127.0.0.2:1")
        self.assert_one_error(done, 1, "no resolver answers", "127.0.0.1:1")

    def test_masks_and_patterns_that_are_none(self):
        for mask in ("web?", "web?u"):
            self.assert_one_error(self.enum("--mask", mask), 2, "--mask")
        for text, why in (("patterns: ['{{word']", "{{ without }}"), ("x: [", "line"),
                          ("patterns: ['{{none}}.{{root}}']", "nothing gives none"),
                          ("payloads: {word: [a]}", "no patterns")):
            config = self.write("config", text)
            self.assert_one_error(self.enum("--permute", "--permute-config", config), 2, why)

    def test_words_of_stdin(self):
        for words in ("www\n", "# none\r\nWWW.\r\n\r\n" + "y" * 3000000 + "\nwww\xff\n"):
            done = self.enum("-w", "-", stdin=words)
            self.assertEqual(sorted(done.stdout.split()), ["www.z.test", "z.test"], done.stderr)
        done = self.run_program("asmm8", "enum", "-q", "-w", "-", "-r", self.zone.address, stdin="z.test\n")
        self.assert_one_error(done, 2, "-w -", "stdin")

    def test_switches_with_a_value(self):
        done = self.enum("-permute=false", "-oJ=true", "-silent", "-all=true", "-cs=0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(records(done.stdout)), 4)
        self.assertFalse(any(name.startswith("www-") for name in self.zone.asked))

    def test_a_source_that_sends_a_page_costs_nobody_else(self):
        with Service(200, b"<html><body>are you human?</body></html>") as page, \
                Service(200, b'["mail.z.test"]') as good:
            done = self.enum("-s", "anubis,columbus", "--source-url", f"anubis={good.url}",
                             "--source-url", f"columbus={page.url}", "--source-cache", 0,
                             "--summary", "summary")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("incomplete: 1 of 2 sources failed: columbus", done.stderr)
        self.assertEqual(len(done.stdout.split()), 4)
        summary = records((self.folder / "summary").read_text())[0]
        self.assertEqual(summary["status"], "incomplete")
        self.assertEqual({one["source"]: one["state"] for one in summary["sources"]},
                         {"anubis": "ok", "columbus": "down"})
        runs = records(self.run_program("m8", "runs", "list", "--jsonl").stdout)
        self.assertEqual(runs[0]["status"], "incomplete")

    def interrupt(self, begun, *more):
        """Ctrl-C once something of the stage was asked; what was found is there, and how to go on."""
        process = self.start_program("asmm8", *self.arguments("--rate", "300/s", "-o", "out", *more))
        deadline = time.monotonic() + SECONDS
        while not any(map(begun, list(self.zone.asked))):
            self.assertIsNone(process.poll(), "it ended before")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 130, said)
        self.assertRegex(said, r"go on with: asmm8 enum .* --resume 1\n")
        self.assertEqual((self.folder / "out").read_text(), out)
        stored = self.run_program("asmm8", "host", "list", "--names").stdout.split()
        self.assertEqual(sorted(stored), sorted(out.split()))
        return set(out.split())

    def test_ctrl_c_while_a_source_says_nothing(self):
        with Silent() as service:
            found = self.interrupt(lambda name: name == "a.eu.z.test" and service.reached.wait(SECONDS),
                                   "-s", "anubis", "--source-url", f"anubis={service.url}")
        self.assertIn("z.test", found)

    def test_ctrl_c_among_words(self):
        self.words = self.write("words", "www\n" + "".join(f"w{i}\n" for i in range(100000)))
        self.assertIn("z.test", self.interrupt(lambda name: name.startswith("w99.")))

    def test_ctrl_c_among_masks(self):
        found = self.interrupt(lambda name: name.startswith("m0007"), "--mask", "m?d?d?d?d?d")
        self.assertGreaterEqual(found, {"z.test", "www.z.test", "mail.z.test"})

    def test_ctrl_c_among_permutations(self):
        found = self.interrupt(lambda name: name.startswith(("www-", "mail-")), "--permute",
                               "--permute-min-rate", 0)
        self.assertGreaterEqual(found, {"z.test", "www.z.test", "mail.z.test"})

    def test_ctrl_c_in_recursion(self):
        self.words = self.write("words", "www\na.eu\n" + "".join(f"w{i}\n" for i in range(500)))
        found = self.interrupt(lambda name: name.startswith("w4.eu."), "--recurse")
        self.assertGreaterEqual(found, {"z.test", "www.z.test", "a.eu.z.test"})

    def test_ctrl_c_while_words_are_read(self):
        process = self.start_program("asmm8", *self.arguments("-w", "-"), stdin=subprocess.PIPE)
        process.stdin.write("www\n")
        process.stdin.flush()
        time_out = time.monotonic() + SECONDS
        while not self.reads_stdin(process) and time.monotonic() < time_out:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
        self.assertEqual(process.returncode, 130)
        self.assertEqual([path for path in self.folder.iterdir() if path.name.startswith("m8-")], [])

    def reads_stdin(self, process):
        """Its file for the words is there, and the one on the other side is empty."""
        return any(path.name.startswith(f"m8-{process.pid}-") for path in self.folder.iterdir())

    def on_a_small_disk(self, kilobytes, *more):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount a small tmpfs")
        small = self.folder / "small"
        small.mkdir()
        hosts = {f"host-{i}-{'x' * 40}.z.test": "192.0.2.1" for i in range(2500)}
        self.zone.hosts.update(hosts)
        self.words = self.write("words", "".join(name.removesuffix(".z.test") + "\n" for name in hosts))
        program = command("asmm8", *self.arguments("--rate", "4000/s", "-t", 20, *more))
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size="$1" tmpfs "$2" || exit; shift 2; "$@"',
             "sh", f"{kilobytes}k", small, *program],
            capture_output=True, text=True, timeout=SECONDS, cwd=self.folder,
            env=clean_environment(self.folder))
        self.assertEqual(len(done.stdout.split()), len(hosts) + 1, "stdout has all names")
        return done

    def test_a_disk_that_is_full_for_the_lines(self):
        done = self.on_a_small_disk(200, "--jsonl", "--no-store", "-o", "small/out")
        self.assert_one_error(done, 1, "small/out", "no space left")

    def test_a_disk_that_is_full_for_the_store(self):
        done = self.on_a_small_disk(2000, "--store", "small/store.db")
        self.assert_one_error(done, 1, "store.db", "disk is full")

    def test_a_stdout_that_takes_nothing_is_named(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            process = self.start_program("asmm8", *self.arguments(), stdout=full)
            _, errors = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, errors),
                         (1, "asmm8 enum: stdout: no space left on device\n"))

    def test_a_reader_that_leaves_and_a_file_that_stays(self):
        read, write = os.pipe()
        os.close(read)
        process = self.start_program("asmm8", *self.arguments("-o", "out"), stdout=write)
        os.close(write)
        _, errors = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, errors), (0, ""))
        self.assertEqual(len((self.folder / "out").read_text().split()), 4)


if __name__ == "__main__":
    unittest.main()
