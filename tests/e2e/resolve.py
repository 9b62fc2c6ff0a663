"""asmm8 resolve on the practice target: what its records say, and what resolvers and users do to it."""
import signal
import unittest

from support import SECONDS, Case, Lab, records


class Resolve(Case):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(
            Lab("--names", 100000, "--more-resolver", "none", "--more-resolver", "loss=30",
                "--more-resolver", "lie=100,honest=200"))

    def resolve(self, *arguments, names=(), **options):
        return self.run_program("asmm8", "resolve", "-r", self.lab.dns, *arguments,
                                stdin="".join(f"{name}\n" for name in names), **options)

    def numbered(self, count):
        return [f"h{i:07}.{self.lab.zone}" for i in range(count)]

    def counts(self):
        return records((self.folder / "summary").read_text())[0]["counts"]

    def test_records_have_the_keys_of_dnsx(self):
        zone = self.lab.zone
        names = [f"blog.{zone}", f"none.{zone}", f"a.none.{zone}", "bad..name", "x" * 64 + ".test"]
        done = self.resolve("-q", "-json", "-t", 1, names=names)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = {record["host"]: record for record in records(done.stdout)}
        blog = said[names[0]]
        self.assertEqual(blog["all"][0], f"blog.{zone}.\t300\tIN\tCNAME\tpress.{zone}.")
        self.assertEqual(list(blog), ["host", "ttl", "resolver", "a", "cname", "all",
                                      "has_internal_ips", "internal_ips", "status_code",
                                      "timestamp"])
        self.assertEqual((said[names[1]]["status_code"], said[names[1]]["status_code_raw"]),
                         ("NXDOMAIN", 3))
        self.assertEqual((said[names[2]]["status_code"], said[names[2]]["denied_above"]),
                         ("NXDOMAIN", f"none.{zone}"))
        for name in names[3:]:
            self.assertIn("malformed name", said[name]["error"])
        self.assertNotIn("all", records(self.resolve("-json", "-or", names=names[:1]).stdout)[0])

    def test_raw_answers_are_whole_messages(self):
        zone = self.lab.zone
        names = [f"mail.{zone}", f"none.{zone}"]
        shown = self.resolve("-q", "-raw", "-t", 1, names=names).stdout
        self.assertIn(f"\n;; QUESTION SECTION:\n;mail.{zone}.\tIN\t A\n", shown)
        self.assertIn(";; opcode: QUERY, status: NXDOMAIN, id: ", shown)
        self.assertIn(f"\n;; AUTHORITY SECTION:\n{zone}.\t300\tIN\tSOA\tns1.{zone}. ", shown)
        found, _ = records(self.resolve("-q", "-json", "-raw", "-a", "-mx", "-t", 1,
                                        names=names).stdout)
        # One message for each question, one after the other.
        self.assertEqual(found["raw"].count(";; QUESTION SECTION:"), 2)
        self.assertIn(f"\n;; ANSWER SECTION:\n{names[0]}.\t300\tIN\tA\t", found["raw"])
        self.assertEqual(list(found).index("raw"), list(found).index("all") + 1)

    def test_below_a_denied_name_nothing_is_asked_unless_told_to(self):
        names = [f"none.{self.lab.zone}"] + [f"n{i}.none.{self.lab.zone}" for i in range(50)]
        for flags, queries in (([], 1), (["--no-cut"], 51)):
            with self.subTest(flags=flags):
                self.resolve("-t", 1, "--summary", "summary", *flags, names=names)
                counts = self.counts()
                self.assertEqual((counts["queries"], counts["nxdomain"]), (queries, 51))
                self.assertEqual(counts["below_nxdomain"], 51 - queries)

    def test_every_type_is_asked(self):
        done = self.resolve("-json", "-mx", "-txt", "-soa", "-ns", names=[self.lab.zone])
        record, = records(done.stdout)
        self.assertEqual(record["mx"], [f"mail.{self.lab.zone}"])
        self.assertEqual(record["txt"], ["v=spf1 mx -all"])
        self.assertEqual(record["ns"], [f"ns1.{self.lab.zone}"])
        self.assertEqual(record["soa"][0]["mailbox"], f"hostmaster.{self.lab.zone}")
        self.assertIn(f"{self.lab.zone}.\t300\tIN\tMX\t10 mail.{self.lab.zone}.", record["all"])
        self.assertTrue(any(f"\tSOA\tns1.{self.lab.zone}. hostmaster.{self.lab.zone}. " in text
                            for text in record["all"]), record["all"])
        done = self.resolve("-srv", "-resp", names=[f"_sip._tcp.{self.lab.zone}"])
        self.assertEqual(done.stdout, f"_sip._tcp.{self.lab.zone} [SRV] [sip.{self.lab.zone}]\n")

    def test_lossy_resolvers_and_one_that_turns_liar_spoil_no_name(self):
        names = self.numbered(20000)
        resolvers = ",".join([self.lab.dns, *self.lab.resolvers])
        done = self.run_program("asmm8", "resolve", "-q", "--jsonl", "-r", resolvers, "--retry", 8,
                                "--summary", "summary", "-t", 500,
                                stdin="".join(f"{name}\n" for name in names))
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {record["host"]: record.get("a") for record in records(done.stdout)}
        right = {name: [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"] for i, name in enumerate(names)}
        self.assertEqual(found, right)
        self.assertEqual(self.counts()["liars"], 1)
        self.assertGreater(self.counts()["doubted"], 0)

    def test_rubbish_in_the_file_of_resolvers_is_named_by_line(self):
        some = self.write("some", f"# ours\n{self.lab.dns}\nnonsense\n300.1.1.1\n")
        done = self.run_program("asmm8", "resolve", "-r", some, f"www.{self.lab.zone}")
        self.assertEqual((done.returncode, done.stdout), (0, f"www.{self.lab.zone}\n"))
        self.assertIn(f"{some}:3: nonsense", done.stderr)
        self.assertIn(f"{some}:4: 300.1.1.1", done.stderr)
        for text in ("nonsense\n300.1.1.1\n", "", "# nobody\n"):
            with self.subTest(text=text):
                none = self.write("none", text)
                done = self.run_program("asmm8", "resolve", "-q", "-r", none, "www.test")
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn(f"resolvers: none in '{none}'", done.stderr.splitlines()[-1])

    def test_dead_resolvers_end_it_with_one_line(self):
        names = [f"n{i}.test" for i in range(5000)]
        for dead in ("127.0.0.1:1", "127.0.0.1:1,127.0.0.2:1"):
            with self.subTest(dead=dead):
                done = self.run_program("asmm8", "resolve", "-q", "-r", dead,
                                        stdin="".join(f"{name}\n" for name in names))
                self.assert_one_error(done, 1, "no resolver answers", "127.0.0.1:1")

    def test_a_signal_ends_with_130_and_whole_lines(self):
        names = self.write("names", "".join(f"{name}\n" for name in self.numbered(100000)))
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                run = self.start_program("asmm8", "resolve", "-q", "--jsonl", "-r", self.lab.dns,
                                         "--rate", "200/s", "-l", names)
                first = run.stdout.readline()
                run.send_signal(number)
                rest = run.stdout.read()
                self.assertEqual(run.wait(SECONDS), 130)
                for record in records(first + rest):
                    self.assertEqual(record["status_code"], "NOERROR")

    def test_a_full_disk_is_told(self):
        names = self.write("names", "".join(f"{name}\n" for name in self.numbered(5000)))
        with open("/dev/full", "w", encoding="utf-8") as full:
            run = self.start_program("asmm8", "resolve", "-q", "--jsonl", "-r", self.lab.dns, "-l",
                                     names, stdout=full)
            _, errors = run.communicate(timeout=SECONDS)
        self.assertEqual((run.returncode, len(errors.splitlines())), (1, 1), errors)
        self.assertIn("no space left", errors.lower())

    def test_a_reader_that_leaves_ends_it_with_0(self):
        names = self.write("names", "".join(f"{name}\n" for name in self.numbered(100000)))
        run = self.start_program("asmm8", "resolve", "-q", "-r", self.lab.dns, "-l", names)
        run.stdout.readline()
        run.stdout.close()
        self.assertEqual((run.wait(SECONDS), run.stderr.read()), (0, ""))


if __name__ == "__main__":
    unittest.main()
