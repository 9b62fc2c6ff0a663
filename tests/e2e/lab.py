"""m8 lab as a program: it says when it is ready, and leaves in good order."""
import os
import signal
import subprocess
import time
import unittest

from support import SECONDS, Case, Lab, clean_environment, command


class LabProgram(Case):
    def start(self, *arguments):
        return self.start_program("m8", "lab", "--port", 0, "--dns-port", 0, *arguments)

    def test_says_ready_and_stops_at_a_signal_with_0(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                lab = self.start()
                for line in lab.stdout:
                    if line == "ready\n":
                        break
                lab.send_signal(number)
                rest, errors = lab.communicate(timeout=SECONDS)
                self.assertEqual(lab.returncode, 0)
                self.assertTrue(rest.startswith("stopped after 0 DNS queries"))
                self.assertEqual(errors, "")

    def test_a_port_already_taken_is_one_line(self):
        with Lab() as lab:
            taken = self.run_program("m8", "lab", "--dns-port", 0, "--port", lab.port)
            self.assert_one_error(taken, 1, "m8 lab", f":{lab.port}", "in use")
            dns_port = lab.dns.split(":")[1]
            taken = self.run_program("m8", "lab", "--port", 0, "--dns-port", dns_port)
            self.assert_one_error(taken, 1, "m8 lab", lab.dns, "in use")

    def test_a_second_lab_finds_other_ports_by_itself(self):
        for _ in range(2):
            lab = self.start_program("m8", "lab")
            self.assertIn("ready\n", iter(lab.stdout.readline, ""))

    def test_bad_usage_is_2(self):
        for arguments, word in ((["--zone", "a..b"], "a..b"), (["--loss", "101"], "--loss"),
                                (["--port", "65536"], "--port")):
            with self.subTest(arguments=arguments):
                done = self.run_program("m8", "lab", *arguments)
                self.assert_one_error(done, 2, word)

    def test_a_ready_file_that_cannot_be_written_is_named(self):
        done = self.run_program("m8", "lab", "--port", 0, "--dns-port", 0, "--ready-file",
                                self.folder / "none" / "ready")
        self.assert_one_error(done, 1, "none/ready")

    def test_serves_on_with_stdout_closed(self):
        read, write = os.pipe()
        os.close(read)
        ready = self.folder / "ready"
        lab = subprocess.Popen(
            command("m8", "lab", "--port", 0, "--dns-port", 0, "--ready-file", ready),
            stdout=write, env=clean_environment(self.folder))
        os.close(write)
        self.addCleanup(self.end, lab)
        while not ready.exists():
            self.assertIsNone(lab.poll())
            time.sleep(0.01)
        lab.terminate()
        self.assertEqual(lab.wait(SECONDS), 0)

    def test_the_plan_lists_every_kind_of_name(self):
        with Lab() as lab:
            kinds = {name["kind"] for name in lab.plan()}
        self.assertEqual(kinds, {"site", "alias", "closed", "dead"})


if __name__ == "__main__":
    unittest.main()
