"""asmm8 probe against real servers: nginx with TLS where there is one, and 1,928 known pages.

The pages and what the reference probe says of them are data outside the project ($M8_TEST_DATA).
Each page has a loopback address of its own, served by this process byte by byte as the table has it.
"""
import asyncio
import base64
import contextlib
import csv
import json
import lzma
import os
import pathlib
import sqlite3
import subprocess
import threading
import unittest

from support import SECONDS, SOURCE, Case, clean_environment, command, records

DATA = pathlib.Path(os.environ.get("M8_TEST_DATA", SOURCE.parent / "shared" / "data"))
PAGES, EXPECTED = DATA / "tech-lab.jsonl.xz", DATA / "tech-lab-pages.tsv.xz"
FINGERPRINTS = DATA / "wappalyzer-fingerprints.json.xz"
AGREEMENT = 0.99
# Why single pages differ although both go by the same list.
CAUSES = {
    "Kibana": "two headers match and one has the version: the reference walks a map, and which of "
              "them counts changes from run to run",
    "SunOS": "the same",
    "Quixchat": "its pattern repeats what is repeated, with bounds Go's regexp refuses",
    "Java": 'implied as "Java\\;confidence:99", which the reference takes for a name and drops',
}


class Server:
    """Raw replies, each on an address of its own and one port, for a with statement."""

    def __init__(self, replies):
        self.replies = replies  # address -> bytes

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.port, self.servers = 0, []
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,))
        self.thread.start()
        ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    async def serve(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            address = writer.get_extra_info("sockname")[0]
            writer.write(self.replies[address])
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def listen(self):
        for address in self.replies:
            server = await asyncio.start_server(self.serve, address, self.port)
            self.servers.append(server)
            self.port = server.sockets[0].getsockname()[1]

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.listen())
        ready.set()
        self.loop.run_forever()
        for server in self.servers:
            server.close()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


class HostServer(Server):
    """Answers any number of requests of a connection, each by its Host header."""

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                host = head.split(b"Host: ")[1].split(b"\r\n")[0].split(b":")[0].decode()
                writer.write(self.replies["127.0.0.1"](host))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def http_reply(body, *headers, status="200 OK"):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def page_address(world):
    return f"127.0.{8 + (world - 1) // 250}.{(world - 1) % 250 + 1}"


def reply_of(page):
    body = base64.b64decode(page["body"])
    lines = [f"HTTP/1.1 {page['status']} OK"] + [f"{name}: {value}" for name, value in page["headers"]]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def expected_rows():
    with lzma.open(EXPECTED, "rt") as table:
        rows = [line.rstrip("\n").split("\t") for line in table if not line.startswith("#")]
    return {int(row[0]): row for row in rows}


def bare(technologies):
    return {one.split(":")[0] for one in technologies}


class KnownPages(Case):
    @classmethod
    def setUpClass(cls):
        if not PAGES.exists():
            raise unittest.SkipTest(f"no test data at {DATA}")

    def probe(self, fingerprints):
        with lzma.open(PAGES, "rt") as table:
            pages = [json.loads(line) for line in table]
        prints = self.write("fingerprints.json", json.dumps(fingerprints))
        with Server({page_address(page["world"]): reply_of(page) for page in pages}) as server:
            targets = "".join(f"http://{address}:{server.port}\n" for address in server.replies)
            done = self.run_program("asmm8", "probe", "-q", "--jsonl", "-rl", 0, "--tech-file",
                                    prints, "-hash", "mmh3,sha256,simhash", stdin=targets)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {record["host"]: record for record in records(done.stdout)}
        self.assertEqual(len(found), len(pages))
        return found

    def test_they_are_told_as_the_reference_tells_them(self):
        expected = expected_rows()
        fingerprints, left_out = self.list_of_the_reference(expected)
        found = self.probe(fingerprints)
        for world, row in expected.items():
            record = found[page_address(world)]
            told = [str(record["status_code"]), record.get("title", ""),
                    record.get("webserver", ""), record["content_type"],
                    str(record["content_length"]), str(record["words"]), str(record["lines"]),
                    record["hash"]["body_mmh3"], record["hash"]["body_sha256"],
                    record["hash"]["body_simhash"]]
            self.assertEqual(told, row[1:11], f"page {world}")
        print(f"{len(left_out)} fingerprints left out, which the reference's list lacks:",
              ", ".join(sorted(left_out)))
        self.compare_technologies(found, {world: set(json.loads(row[11]))
                                          for world, row in expected.items()})

    def list_of_the_reference(self, expected):
        """The file without what the reference, whose list is older, does not know: a fingerprint
        that it names on no page, not even on the one that was made to show it. 69 of the 70 that
        make a difference are missing in wappalyzergo v0.2.64 too (PostgreSQL is implied by one of
        them); with its list in place of the file 1,919 pages are equal."""
        fingerprints = json.loads(lzma.decompress(FINGERPRINTS.read_bytes()))
        named = set().union(*(bare(json.loads(row[11])) for row in expected.values()))
        found = self.probe(fingerprints)
        same = sum(set(found[page_address(world)].get("tech", [])) == set(json.loads(row[11]))
                   for world, row in expected.items())
        print(f"technologies equal on {same} of {len(expected)} pages with the whole file")
        shown = set().union(*(bare(record.get("tech", [])) for record in found.values()))
        left_out = (shown - named - CAUSES.keys()) & fingerprints["apps"].keys()
        for name in left_out:
            del fingerprints["apps"][name]
        return fingerprints, left_out

    def compare_technologies(self, found, expected):
        same, unexplained = 0, []
        for world, theirs in expected.items():
            ours = set(found[page_address(world)].get("tech", []))
            if ours == theirs:
                same += 1
                continue
            names = bare(ours ^ theirs)
            causes = {CAUSES[name] for name in names if name in CAUSES}
            print(f"page {world}: {sorted(ours)} for {sorted(theirs)}: {'; '.join(causes)}")
            if not names <= CAUSES.keys():
                unexplained.append((world, sorted(ours), sorted(theirs)))
        print(f"technologies equal on {same} of {len(expected)} pages")
        self.assertEqual(unexplained, [])
        self.assertGreaterEqual(same, AGREEMENT * len(expected))


class Probe(Case):
    def stored(self, folder):
        with contextlib.closing(sqlite3.connect(folder / "m8.db")) as base:
            return base.execute("SELECT url, hostname, status, title, server, live FROM endpoint"
                                " ORDER BY url").fetchall()

    def test_what_is_live_is_stored(self):
        page = b"HTTP/1.1 200 OK\r\nServer: x/1\r\nContent-Length: 18\r\n\r\n<title>Hi</title>\n"
        store = ("--store", f"sqlite:{self.folder}/m8.db")
        with Server({"127.0.0.1": page, "127.0.0.2": page}) as server:
            urls = [f"http://127.0.0.{host}:{server.port}" for host in (1, 2)]
            done = self.run_program("asmm8", "probe", "-q", *store, "-fc", 200, *urls, "127.0.0.1:1")
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            rows = [(url, url[7:16], 200, "Hi", "x/1", 1) for url in urls]
            self.assertEqual(self.stored(self.folder), rows)
            self.run_program("asmm8", "probe", "-q", *store, urls[0])
            self.assertEqual(self.stored(self.folder), rows)
            self.run_program("asmm8", "probe", "-q", "--no-store", urls[0])
        runs = self.run_program("m8", "runs", "list", *store).stdout
        self.assertEqual(runs.count("asmm8 probe"), 2, runs)

    def test_another_host_header_and_requests_sent_at_once(self):
        own = {"127.0.0.1": lambda host: http_reply("own" if host == "127.0.0.1" else "default")}
        same = {"127.0.0.1": lambda host: http_reply("same")}
        for replies, shown in ((own, " [pipeline] [vhost]\n"), (same, " [pipeline]\n")):
            with HostServer(replies) as server:
                url = f"http://127.0.0.1:{server.port}"
                done = self.run_program("asmm8", "probe", "-q", "-vhost", "-pipeline", url)
                self.assertEqual(done.stdout, url + shown, done.stderr)
        with Server({"127.0.0.1": http_reply("once", "Connection: close")}) as server:
            url = f"http://127.0.0.1:{server.port}"
            done = self.run_program("asmm8", "probe", "-q", "-jsonl", "-vhost", "-pipeline", url)
            record, = records(done.stdout)
            self.assertNotIn("pipeline", record)
            self.assertNotIn("vhost", record)

    def test_websockets_are_told(self):
        replies = {"127.0.0.1": http_reply("", "Upgrade: websocket", status="426 Upgrade Required"),
                   "127.0.0.2": http_reply('0{"sid":"x","upgrades":["websocket"]}'),
                   "127.0.0.3": http_reply("neither")}
        with Server(replies) as server:
            urls = [f"http://{address}:{server.port}" for address in replies]
            done = self.run_program("asmm8", "probe", "-q", "-websocket", *urls)
        self.assertEqual(sorted(done.stdout.splitlines()),
                         sorted([urls[0] + " [websocket]", urls[1] + " [websocket]", urls[2]]))

    def test_conditions_of_the_template_language(self):
        replies = {"127.0.0.1": http_reply("<title>Log in</title>", "Content-Type: text/html"),
                   "127.0.0.2": http_reply("nothing", status="404 Not Found")}
        with Server(replies) as server:
            urls = [f"http://{address}:{server.port}" for address in replies]
            for flags, wanted in ((["-mdc", 'status_code == 200 && contains(body, "Log")'], urls[:1]),
                                  (["-fdc", 'contains(tolower(title), "log in")'], urls[1:]),
                                  (["-mdc", "content_length < 10"], urls[1:]),
                                  (["-mdc", "no_such_key == 1"], [])):
                with self.subTest(flags=flags):
                    done = self.run_program("asmm8", "probe", "-q", *flags, *urls)
                    self.assertEqual(done.stdout.splitlines(), wanted, done.stderr)
        done = self.run_program("asmm8", "probe", "-mdc", "(1", "127.0.0.1:1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--match-condition", done.stderr)

    def test_csv_has_the_columns_of_httpx(self):
        reply = http_reply('<title>a,"b"</title>', "Content-Type: text/html", "Server: =x/1")
        with Server({"127.0.0.1": reply}) as server:
            done = self.run_program("asmm8", "probe", "-q", "-csv", "-o", "out.csv",
                                    f"http://127.0.0.1:{server.port}")
        row, = csv.DictReader(done.stdout.splitlines())
        self.assertEqual((row["title"], row["webserver"], row["status_code"], row["a"]),
                         ('a,"b"', "'=x/1", "200", '["127.0.0.1"]'))
        self.assertEqual((self.folder / "out.csv").read_text(), done.stdout)
        self.assertTrue(done.stdout.startswith("timestamp,link_request,extract_regex,cdn_name,"))

    def test_exchanges_are_kept_in_files(self):
        with Server({"127.0.0.1": http_reply("the body", "X-Kept: yes")}) as server:
            url = f"http://127.0.0.1:{server.port}"
            done = self.run_program("asmm8", "probe", "-q", "-jsonl", "-srd", "kept", url)
        record, = records(done.stdout)
        self.assertNotIn("request", record)
        path = self.folder / "kept" / "response" / f"127.0.0.1_{server.port}"
        kept = pathlib.Path(record["stored_response_path"])
        self.assertEqual(kept.parent.resolve(), path.resolve())
        text = kept.read_bytes().decode()
        self.assertTrue(text.startswith("GET / HTTP/1.1\r\n"), text)
        self.assertIn("X-Kept: yes\r\n\r\nthe body\n\n\n" + url, text)
        index = (self.folder / "kept" / "response" / "index.txt").read_text()
        self.assertEqual(index, f"{kept} {record['url']} (200)\n")
        (self.folder / "file").write_text("")
        done = self.run_program("asmm8", "probe", "-q", "-srd", "file", url)
        self.assertEqual(done.returncode, 1)
        self.assertIn("file", done.stderr)

    def test_names_of_content_policies_are_probed_too(self):
        reply = http_reply("x", "Content-Security-Policy: img-src *.cdn.invalid https://a.invalid")
        with Server({"127.0.0.1": reply}) as server:
            url = f"http://127.0.0.1:{server.port}"
            done = self.run_program("asmm8", "probe", "-q", "-csp-probe", "-probe", "-r",
                                    "127.0.0.1:1", "-timeout", "1", url)
        lines = sorted(line.split(" ")[0] for line in done.stdout.splitlines())
        self.assertEqual([line.split("://")[1] for line in lines],
                         [f"127.0.0.1:{server.port}", "a.invalid", "cdn.invalid"])

    def test_nothing_listens_is_a_result(self):
        done = self.run_program("asmm8", "probe", "-q", "127.0.0.1:1")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_rubbish_among_targets_is_named(self):
        done = self.run_program("asmm8", "probe", stdin="http://\n127.0.0.1:1\n{\"a\":\n")
        self.assertEqual(done.returncode, 0)
        self.assertIn("stdin:1", done.stderr)
        self.assertIn("stdin:3", done.stderr)

    def test_a_rubbish_fingerprint_file_is_an_error(self):
        rubbish = self.write("prints.json", "{\"apps\": [")
        done = self.run_program("asmm8", "probe", "-td", "--tech-file", rubbish, "127.0.0.1:1")
        self.assertEqual(done.returncode, 2)
        self.assertIn(str(rubbish), done.stderr)

    def test_pictures_need_a_browser(self):
        done = subprocess.run(command("asmm8", "probe", "-ss", self.folder / "shots", "127.0.0.1:1"),
                              text=True, capture_output=True, timeout=SECONDS,
                              env={**clean_environment(self.folder), "PATH": str(self.folder)})
        self.assert_one_error(done, 1, "Chromium")

    def test_outside_the_scope_nothing_is_asked(self):
        scope = self.write("scope", "10.0.0.0/8\n")
        with Server({"127.0.0.1": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) as server:
            target = f"127.0.0.1:{server.port}"
            self.assertEqual(self.run_program("asmm8", "probe", "-q", target).stdout,
                             f"http://{target}\n")
            self.assertEqual(
                self.run_program("asmm8", "probe", "-q", "--scope", scope, target).stdout, "")

    def test_columns_and_filters(self):
        page = b"HTTP/1.1 404 Gone\r\nServer: x\r\nContent-Length: 20\r\n\r\n<title>Lost</title> "
        with Server({"127.0.0.1": page}) as server:
            target = f"http://127.0.0.1:{server.port}"
            def probe(*flags):
                return self.run_program("asmm8", "probe", "-q", *flags, target).stdout
            self.assertEqual(probe("-sc", "-title", "-server", "-cl"),
                             f"{target} [404] [20] [Lost] [x]\n")
            for wanted in (["-mc", "200,400-499"], ["-fc", "200"], ["-ms", "Lost"], ["-mr", "L.st"],
                           ["-ml", "20"], ["-mlc", "1"], ["-fe", "none"]):
                self.assertEqual(probe(*wanted), target + "\n", wanted)
            for unwanted in (["-mc", "200"], ["-fc", "404"], ["-fs", "Lost"], ["-ms", "Found"],
                             ["-fl", "20"], ["-mwc", "7"], ["-mfc", "1"]):
                self.assertEqual(probe(*unwanted), "", unwanted)


    def test_more_of_an_answer(self):
        pages = {"127.0.0.1": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:%d/b\r\n"
                              b"Content-Length: 0\r\n\r\n",
                 "127.0.0.2": b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\nkey=a1 key=b2 key=a1\r\n"}
        with Server(pages) as server:
            pages["127.0.0.1"] = pages["127.0.0.1"] % server.port
            first, last = (f"http://127.0.0.{host}:{server.port}" for host in (1, 2))
            def probe(*flags):
                return self.run_program("asmm8", "probe", "-q", "-nfs", "-random-agent", *flags)
            record = records(probe("-fr", "-include-chain", "-er", "key=..", "-json", first).stdout)[0]
            self.assertEqual(record["extracts"], ["key=a1", "key=b2"])
            self.assertEqual([(hop["request-url"], hop["status_code"], hop.get("location"))
                              for hop in record["chain"]],
                             [(first, 302, last + "/b"), (last + "/b", 200, None)])
            self.assertIn("302 Found", record["chain"][0]["response"])
            self.assertEqual(probe("-method", "-x", "PUT", "-er", "key=.1", last).stdout,
                             f"{last} [PUT] [key=a1]\n")
            self.assertEqual(probe("-sd", "-rlm", 60_000, last, last).stdout, f"{last}\n" * 2)
            self.assertEqual(probe(last, last).stdout, f"{last}\n")
            cdns = self.write("cdns.json", '{"cdn": {"ours": ["127.0.0.2/32"]}}')
            for flags, shown in ((["-mcdn", "ours"], f"{last} [ours]\n"), (["-fcdn", "ours"], "")):
                self.assertEqual(probe("-cdn", "-cdn-file", cdns, *flags, last).stdout, shown)

    def test_through_a_proxy(self):
        with Server({"127.0.0.1": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied"}) as server:
            done = self.run_program("asmm8", "probe", "-q", "-cl", "-http-proxy",
                                    f"http://127.0.0.1:{server.port}", "http://site.test/")
            self.assertEqual((done.returncode, done.stdout), (0, "http://site.test/ [7]\n"), done.stderr)
        done = self.run_program("asmm8", "probe", "-q", "-proxy", "http://u:s3cret@127.0.0.1:1",
                                "http://site.test/")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("s3cret", done.stderr)


if __name__ == "__main__":
    unittest.main()
