#!/usr/bin/env python3
"""The inventory over several runs: what is new, changed, gone and returned, against a server whose
zone changes between them; and runs that are killed and go on."""
import json
import random
import signal
import subprocess
import time
import unittest

from support import SECONDS, Case, Lab, records
from zone import Zone


class Inventory(Case):
    def setUp(self):
        super().setUp()
        self.zone = Zone(**{"z.test": "192.0.2.1", "www.z.test": "192.0.2.2",
                            "api.z.test": "192.0.2.3", "dev.z.test": "192.0.2.4"})
        self.addCleanup(self.zone.close)
        self.words = self.write("words", "www\napi\ndev\nnone\n")

    def enumerate(self, *more, code=0, domain=("-d", "z.test"), words=None):
        """Asks the zone's server; code: the exit code it has to end with, or several."""
        done = self.run_program("asmm8", "enum", *domain, "-r", self.zone.address, "-q", "--rate",
                                0, "-w", words or self.words, *more)
        self.assertIn(done.returncode, code if isinstance(code, tuple) else (code,), done.stderr)
        return done

    def diff(self, since, *more, code=0):
        done = self.run_program("asmm8", "host", "diff", "--since", since, "--jsonl", "-q", *more)
        self.assertEqual(done.returncode, code, done.stderr)
        return {one["hostname"]: one for one in records(done.stdout)}

    def kinds(self, since):
        return {name: one["change"] for name, one in self.diff(since).items()}

    def hosts(self, *more):
        return records(self.run_program("asmm8", "host", "list", "--jsonl", *more).stdout)

    def test_new_changed_gone_and_returned(self):
        self.enumerate()
        self.assertEqual(set(self.kinds(1)), {"z.test", "www.z.test", "api.z.test", "dev.z.test"})
        del self.zone.hosts["dev.z.test"]
        self.zone.hosts.update({"www.z.test": "192.0.2.9", "none.z.test": "192.0.2.5"})
        # Not a word of this run: known names are asked for again all the same.
        none = self.write("only-none", "none\n")
        shown = self.enumerate(words=none).stdout.splitlines()
        self.assertNotIn("dev.z.test", shown)
        self.assertEqual(self.kinds(2), {"www.z.test": "changed", "none.z.test": "new",
                                         "dev.z.test": "gone"})
        self.assertEqual(self.diff(2)["www.z.test"]["was"]["a"], ["192.0.2.2"])
        self.assertEqual({one["hostname"] for one in self.hosts() if not one["live"]}, {"dev.z.test"})
        self.zone.hosts["dev.z.test"] = "192.0.2.4"
        self.enumerate(words=none)
        self.assertEqual(self.kinds(3), {"dev.z.test": "returned"})
        self.assertEqual(self.kinds(2), {"www.z.test": "changed", "none.z.test": "new"})
        self.diff(3, "--fail-on", "new,gone")
        self.diff(3, "--fail-on", "returned", code=3)
        self.assertEqual(self.diff(3, "--kind", "new"), {})
        self.assertEqual([one["hostname"] for one in self.hosts("--new-since", "2")], ["none.z.test"])

    def test_sources_are_joined_and_asking_again_is_none(self):
        self.enumerate()
        self.enumerate()
        www = next(one for one in self.hosts() if one["hostname"] == "www.z.test")
        self.assertEqual(www["sources"], ["bruteforce"])
        self.assertLess(www["first_seen"], www["last_seen"])

    def test_a_name_without_an_answer_is_not_gone(self):
        self.enumerate()
        self.zone.silent.add("www.z.test")
        self.enumerate("--retry", 1, "--dns-timeout", "100ms")
        self.assertEqual(self.kinds(2), {})

    def test_a_dead_resolver_makes_nothing_gone(self):
        self.enumerate()
        self.zone.close()
        self.enumerate("--retry", 1, "--dns-timeout", "100ms", code=(1, 4))
        self.assertEqual(self.kinds(2), {})
        self.assertTrue(all(one["live"] for one in self.hosts()))

    def test_dead_hosts_do_not_revive(self):
        self.enumerate()
        for name in ("www.z.test", "api.z.test"):
            del self.zone.hosts[name]
        self.enumerate()
        self.enumerate()
        self.assertEqual(self.kinds(3), {})
        self.assertEqual({one["hostname"] for one in self.hosts("--live")}, {"z.test", "dev.z.test"})

    def test_only_new_names_are_printed(self):
        self.assertEqual(len(self.enumerate("--only-new").stdout.splitlines()), 4)
        self.assertEqual(self.enumerate("--only-new").stdout, "")
        self.zone.hosts["none.z.test"] = "192.0.2.8"
        out = self.folder / "out"
        self.assertEqual(self.enumerate("--only-new", "-o", out).stdout, "none.z.test\n")
        self.assertEqual(out.read_text(), "none.z.test\n")

    def test_new_names_are_queued_as_one_message(self):
        def messages():
            done = self.run_program("m8", "notify", "list", "--jsonl", check=True)
            return [json.loads(one["body"]) for one in reversed(records(done.stdout))]
        self.zone.hosts.update({f"h{i}.z.test": "192.0.2.7" for i in range(30)})
        words = self.write("many", "".join(f"h{i}\n" for i in range(30)))
        self.enumerate("--notify", "webhook", words=words)
        first, = messages()
        self.assertEqual(first["counts"], {"new host": 31})
        self.assertEqual((len(first["items"]), first["more"]), (20, 11))
        self.enumerate("--notify", "webhook", words=words)
        self.assertEqual(len(messages()), 1)
        self.enumerate("--notify", "webhook")
        second = messages()[1]
        self.assertEqual({one["name"] for one in second["items"]},
                         {"www.z.test", "api.z.test", "dev.z.test"})
        self.enumerate("--notify", "webhook", "--no-store", code=2)

    def test_stored_domains(self):
        self.run_program("m8", "db", "migrate", check=True)
        done = self.run_program("asmm8", "enum", "--stored", "-r", self.zone.address)
        self.assert_one_error(done, 1, "no domain is enabled", "asmm8 domain add")
        for name in ("y.test", "www.y.test", "x.test"):
            self.zone.hosts[name] = "192.0.2.7"
        self.run_program("asmm8", "domain", "add", "y.test", "z.test", check=True)
        self.run_program("asmm8", "domain", "add", "--disabled", "x.test", check=True)
        shown = set(self.enumerate("--stored", domain=()).stdout.split())
        self.assertEqual(shown, {"z.test", "www.z.test", "api.z.test", "dev.z.test", "y.test", "www.y.test"})
        # Asked for by name, a disabled domain is enumerated, and stays disabled.
        self.enumerate(domain=("-d", "x.test"))
        listed = records(self.run_program("asmm8", "domain", "list", "--jsonl").stdout)
        self.assertEqual({one["domain"]: one["enabled"] for one in listed},
                         {"x.test": False, "y.test": True, "z.test": True})

    def test_runs_are_listed_shown_and_compared(self):
        self.enumerate()
        self.enumerate()
        runs = records(self.run_program("m8", "runs", "list", "--jsonl").stdout)
        self.assertEqual([(one["run"], one["status"]) for one in runs], [(2, "done"), (1, "done")])
        self.assertEqual(runs[0]["counts"]["found"], 4)
        shown = self.run_program("m8", "runs", "show", "1").stdout
        for words in ("peak memory", "peak threads", "CPU time", "found", "-d z.test"):
            self.assertIn(words, shown)
        self.assertRegex(self.run_program("m8", "runs", "diff", "1", "2").stdout, r"found +4 +4\n")

    def test_resume_refuses_what_is_not_the_same_run(self):
        self.enumerate()
        done = self.enumerate("--resume", 1, code=2)
        self.assertIn("run 1 is done", done.stderr)
        self.assertIn("no run 9", self.enumerate("--resume", 9, code=1).stderr)
        done = self.enumerate("--resume", 1, "--no-store", code=2)
        self.assertIn("--resume", done.stderr)

    def test_a_newer_store_is_left_alone(self):
        import sqlite3
        self.enumerate()
        path = self.folder / "data/m8/m8.db"
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 99")
        for arguments in (("asmm8", "host", "list"), ("asmm8", "domain", "list"), ("m8", "runs", "list"),
                          ("asmm8", "host", "diff", "--since", "1"), ("m8", "db", "migrate"),
                          ("m8", "db", "prune", "--keep", "1d"), ("m8", "notify", "list")):
            self.assert_one_error(self.run_program(*arguments), 1, "schema (99) is newer")
        status = self.run_program("m8", "db", "status")
        self.assertIn("newer than this program", status.stdout)


class KilledInEveryStage(Case):
    """Words, masks, recursion and permutations, each stopped in its middle, by kill -9 and Ctrl-C."""

    RATE = 250

    def setUp(self):
        super().setUp()
        hosts = ["z.test", "www.z.test", "mail.z.test", "a.eu.z.test", "db-fra-01.z.test",
                 "db-ams-01.z.test", "srv7.z.test"]
        # Of a mask, of recursion, of numbers, of words of the config, of learned words.
        hosts += ["m42.z.test", "www.eu.z.test", "mail.eu.z.test", "srv8.z.test", "srv9.z.test",
                  "www-new.z.test", "old-mail.z.test", "db-www-01.z.test", "mail-db.z.test"]
        self.zone = Zone(**{host: "192.0.2.1" for host in hosts})
        self.addCleanup(self.zone.close)
        self.hosts = set(hosts)
        self.write("words", "www\nmail\na.eu\ndb-fra-01\ndb-ams-01\nsrv7\n" +
                   "".join(f"junk-{number}\n" for number in range(300)))
        words = ", ".join(["new", "old", *(f"p{number}x" for number in range(25))])
        self.write("patterns", "patterns: ['{{step}}.{{suffix}}', '{{sub}}-{{word}}.{{suffix}}', "
                   "'{{word}}-{{sub}}.{{suffix}}']\npayloads:\n  word: [" + words + "]\n")

    def begin(self, *more):
        return self.start_program(
            "asmm8", "enum", "-d", "z.test", "-r", self.zone.address, "-q", "-w", "words", "--mask",
            "m?d?d", "--recurse", "--permute", "--permute-config", "patterns", "--permute-min-rate",
            0, "--rate", f"{self.RATE}/s", "-t", 20, "-o", "out", *more)

    def check(self, stops):
        self.assertEqual(set((self.folder / "out").read_text().split()), self.hosts)
        stored = self.run_program("asmm8", "host", "list", "--names").stdout.split()
        self.assertEqual(sorted(stored), sorted(self.hosts))
        runs = records(self.run_program("m8", "runs", "list", "--jsonl").stdout)
        self.assertEqual([one["status"] for one in runs], ["done"])
        # Denied once means asked once: again is what was in flight, or ended since the last half second.
        junk = [count for name, count in self.zone.asked.items() if name not in self.hosts
                and count > 1 and not self.is_control(name)]
        self.assertLessEqual(sum(junk) - len(junk), stops * self.RATE)
        left = self.folder / "data/m8/tried"
        self.assertEqual(list(left.iterdir()), [])

    @staticmethod
    def is_control(name):
        return len(name.split(".")[0]) == 16

    def test_at_any_moment(self):
        chance, stops, more = random.Random(5), 0, ()
        for attempt in range(40):
            process = self.begin(*more)
            try:
                process.wait(chance.uniform(0.3, 1.6))
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL if attempt % 3 else signal.SIGINT)
                _, said = process.communicate(timeout=SECONDS)
                stops += 1
                if attempt % 3 == 0 and process.returncode == 130:
                    self.assertRegex(said, r"go on with: asmm8 enum .* --resume 1\n")
            if records(self.run_program("m8", "runs", "list", "--jsonl").stdout):
                more = ("--resume", 1)
        else:
            self.begin(*more).wait(SECONDS)
        self.assertGreater(stops, 3)
        self.check(stops)

    def test_what_changed_is_told(self):
        process = self.begin()
        while not self.zone.asked.get("junk-9.z.test"):
            time.sleep(0.01)
        process.kill()
        process.wait(SECONDS)
        with (self.folder / "words").open("a") as words:
            words.write("more\n")
        process = self.begin("--resume", 1, "--exclude", "x.z.test")
        _, said = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 2)
        self.assertIn("run 1 had other words, exclusions: enum -d z.test", said)


class Killed(Case):
    """asmm8 enum against the lab, killed again and again."""

    def setUp(self):
        super().setUp()
        self.lab = Lab("--latency", "2ms")
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__)
        suffix = "." + self.lab.zone
        whole = self.run_program("asmm8", "enum", "-d", self.lab.zone, "-r", self.lab.dns, "-q",
                                 "--no-store", "-w", self.words(3000))
        self.assertEqual(whole.returncode, 0, whole.stderr)
        self.expected = set(whole.stdout.split())
        self.assertTrue(all(name == self.lab.zone or name.endswith(suffix) for name in self.expected))

    def words(self, extra):
        suffix = "." + self.lab.zone
        named = [one["name"].removesuffix(suffix) for one in self.lab.plan()
                 if one["name"].endswith(suffix)]
        words = named + [f"junk-{number}" for number in range(extra)]
        random.Random(3).shuffle(words)
        return self.write("words", "\n".join(words) + "\n")

    def begin(self, *more):
        return self.start_program("asmm8", "enum", "-d", self.lab.zone, "-r", self.lab.dns, "-q",
                                  "-w", self.folder / "words", "--rate", "2000/s", "-t", 50,
                                  "-o", self.folder / "out", *more)

    def check_whole(self):
        self.assertEqual(set((self.folder / "out").read_text().split()), self.expected)
        stored = self.run_program("asmm8", "host", "list", "--names").stdout.split()
        self.assertEqual(set(stored), self.expected)
        self.assertEqual(len(stored), len(self.expected))

    def test_kill_9_at_any_moment_loses_nothing(self):
        chance = random.Random(11)
        more, kills = (), 0
        for _ in range(60):
            process = self.begin(*more)
            try:
                process.wait(chance.uniform(0.05, 0.9))
                break
            except Exception:  # still running
                process.kill()
                process.wait(SECONDS)
                kills += 1
            runs = records(self.run_program("m8", "runs", "list", "--jsonl").stdout)
            if runs:
                self.assertEqual(len(runs), 1)
                more = ("--resume", runs[0]["run"])
        else:
            self.begin(*more).wait(SECONDS)
        self.assertGreater(kills, 1)
        self.check_whole()
        runs = records(self.run_program("m8", "runs", "list", "--jsonl").stdout)
        self.assertEqual([one["status"] for one in runs], ["done"])

    def test_ctrl_c_prints_how_to_go_on(self):
        process = self.begin()
        out = self.folder / "out"
        deadline = time.monotonic() + SECONDS
        while not (out.exists() and out.read_text()) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 130, said)
        self.assertRegex(said, r"go on with: asmm8 enum .* --resume 1\n")
        shown = self.run_program("m8", "runs", "show", "last").stdout
        self.assertIn("--resume 1", shown)
        self.assertIn("interrupted", shown)
        other = self.run_program("asmm8", "enum", "-d", "other.test", "-r", self.lab.dns, "-q",
                                 "-w", self.folder / "words", "--resume", 1)
        self.assert_one_error(other, 2, "run 1", "other domains")
        again = self.begin("--resume", 1)
        again.communicate(timeout=SECONDS)
        self.assertEqual(again.returncode, 0)
        self.check_whole()


if __name__ == "__main__":
    unittest.main()
