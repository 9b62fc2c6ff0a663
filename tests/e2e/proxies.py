"""num8 through real proxies (microsocks, tinyproxy), which tests/run.sh starts, to nginx.

Without them the tests are skipped and say so; with CI=true they fail.
"""
import json
import socket
import subprocess
import time
import unittest

from real_servers import PAGE, server
from support import SECONDS, Case, clean_environment, command, records

LOGIN = "m8:s3cret@"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for_port(port):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise AssertionError(f"nothing listens on {port}")


class Proxies(Case):
    @classmethod
    def setUpClass(cls):
        cls.urls = [server("M8_TEST_NGINX_HTTP"), server("M8_TEST_NGINX_HTTPS")]
        cls.open_socks = server("M8_TEST_SOCKS_OPEN")
        cls.socks = server("M8_TEST_SOCKS")
        cls.http = server("M8_TEST_HTTP_PROXY")

    def scan(self, url, *arguments, quiet=True):
        """What the program said and the counts of its run."""
        summary = self.folder / "summary.json"
        summary.unlink(missing_ok=True)
        template = self.write("page.yaml", PAGE)
        done = self.run_program("num8", "scan", *["-q"][:quiet], "--jsonl", "--no-store", "--rate", 0,
                                "--summary", summary, "-t", template, "-u", url, *arguments)
        counts = json.loads(summary.read_text())["counts"] if summary.exists() else {}
        return done, counts

    def test_every_kind_of_proxy_leads_to_the_page(self):
        for proxy in (f"socks5://{self.open_socks}", f"socks5h://{LOGIN}{self.socks}",
                      f"socks5://{LOGIN}{self.socks}", f"http://{LOGIN}{self.http}"):
            for url in self.urls:
                with self.subTest(proxy=proxy, url=url):
                    done, counts = self.scan(url, "-p", proxy)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertEqual(sorted(one["matched-at"] for one in records(done.stdout)),
                                     [f"{url}/", f"{url}/page.html"])
                    self.assertEqual(counts["proxy.connects"], counts["connections"])
                    self.assertGreater(counts["proxy.connects"], 0)
                    self.assertEqual(counts["proxy.errors"], 0)
                    self.assertNotIn("s3cret", done.stdout)

    def test_a_name_is_looked_up_by_the_proxy(self):
        port = self.urls[0].rsplit(":", 1)[1]
        done, _ = self.scan(f"http://localhost:{port}", "-p", f"socks5h://{self.open_socks}")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(records(done.stdout)), 2)

    def test_a_file_of_proxies_of_which_one_lives(self):
        proxies = self.write("proxies.txt", f"socks5://127.0.0.1:1\nhttp://{LOGIN}{self.http}\n")
        done, counts = self.scan(self.urls[0], "--proxy", proxies)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(records(done.stdout)), 2)
        self.assertGreater(counts["proxy.connects"], 0)

    def test_a_wrong_password_is_told_without_it(self):
        plain, tls = self.urls
        for proxy, name, url in (
                (f"socks5://m8:wr0ng@{self.socks}", f"socks5://{self.socks}", plain),
                (f"http://{self.http}", f"http://{self.http}", plain),
                (f"http://m8:wr0ng@{self.http}", f"http://{self.http}", tls)):
            with self.subTest(proxy=proxy):
                done, counts = self.scan(url, "-p", proxy, quiet=False)
                self.assertEqual((done.returncode, done.stdout), (4, ""))
                self.assertIn(f"lost at the proxy {name}", done.stderr)
                self.assertNotIn("wr0ng", done.stderr)
                self.assertGreater(counts["proxy.errors"], 0)

    def test_a_proxy_that_is_not_there_ends_the_scan_before_it_begins(self):
        done, _ = self.scan(self.urls[0], "-p", "socks5://m8:s3cret@127.0.0.1:1")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no proxy can be reached: socks5://127.0.0.1:1: ", done.stderr)
        self.assertNotIn("s3cret", done.stderr)

    def test_a_proxy_that_dies_is_told_and_what_was_found_is_kept(self):
        port = free_port()
        proxy = subprocess.Popen(["microsocks", "-i", "127.0.0.1", "-p", str(port)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(proxy.wait, SECONDS)
        self.addCleanup(proxy.kill)
        wait_for_port(port)
        paths = ", ".join(f'"{{{{BaseURL}}}}/page.html?{i}"' for i in range(200))
        template = self.write("many.yaml", PAGE.replace("path: [", f"path: [{paths}, "))
        scan = subprocess.Popen(
            command("num8", "scan", "--jsonl", "--no-store", "--rate", "50/s", "-t", template,
                    "-u", self.urls[0], "-p", f"socks5://127.0.0.1:{port}"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=clean_environment(self.folder))
        first = scan.stdout.readline()
        proxy.kill()
        rest, said = scan.communicate(timeout=SECONDS)
        self.assertEqual(scan.returncode, 4, said)
        self.assertIn(f"lost at the proxy socks5://127.0.0.1:{port}", said)
        self.assertTrue(all("matched-at" in one for one in records(first + rest)))

    def test_what_is_no_proxy_is_bad_usage(self):
        done, _ = self.scan(self.urls[0], "-p", "gopher://x:s3cret@127.0.0.1:1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--proxy: ", done.stderr)
        self.assertNotIn("s3cret", done.stderr)

    def test_the_scope_holds_behind_a_proxy(self):
        scope = self.write("scope.txt", "example.com\n")
        done, counts = self.scan(self.urls[0], "-p", f"socks5://{self.open_socks}", "--scope", scope)
        self.assertEqual(done.stdout, "")
        self.assertEqual(counts["proxy.connects"], 0)


if __name__ == "__main__":
    unittest.main()
