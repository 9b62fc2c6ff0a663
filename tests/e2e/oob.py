"""num8 scan with m8 oob: a target that calls back is found by what it did, and both survive strangers."""
import http.client
import http.server
import json
import pathlib
import shutil
import signal
import smtplib
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from support import SECONDS, Case, clean_environment, command, records

TEMPLATE = """id: {name}
info: {{name: Calls back, author: us, severity: high}}
http:
  - method: GET
    path: ["{{{{BaseURL}}}}/{how}?u={{{{interactsh-url}}}}"]
    matchers-condition: and
    matchers:
      - {{type: word, part: interactsh_protocol, words: [{protocol}]}}
      - {{type: word, part: interactsh_request, words: ["{words}"]}}
      - {{type: status, status: [200]}}
    extractors:
      - {{type: regex, part: interactsh_ip, regex: ['[0-9.]+']}}
"""


def endpoint(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


class OobServer:
    """`m8 oob` on free ports, for a with statement."""

    def __init__(self, *arguments, **variables):
        self.arguments, self.variables = arguments, variables

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="m8-e2e-")
        ready = pathlib.Path(self.folder.name, "ready.json")
        self.process = subprocess.Popen(
            command("m8", "oob", "--dns-port", 0, "--http-port", 0, "--https-port", 0,
                    "--smtp-port", 0, "--ready-file", ready, *self.arguments),
            stdout=subprocess.PIPE, text=True,
            env={**clean_environment(self.folder.name), **self.variables})
        deadline = time.monotonic() + SECONDS
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError("the server did not start")
            time.sleep(0.01)
        said = json.loads(ready.read_text())
        self.dns, self.http, self.smtp = (endpoint(said[name]) for name in ("dns", "http", "smtp"))
        self.https = endpoint(said["https"]) if "https" in said else None
        self.url = "http://" + said["http"]
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends it; what it said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=SECONDS)
        self.folder.cleanup()
        return said

    def request(self, method, target, body=None, headers=None):
        connection = http.client.HTTPConnection(*self.http, timeout=SECONDS)
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def dns_query(name, kind=1):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)


def ask_udp(server, query):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(SECONDS)
        sock.sendto(query, server.dns)
        return sock.recv(4096)


def ask_tcp(server, query):
    with socket.create_connection(server.dns, timeout=SECONDS) as sock:
        sock.sendall(struct.pack(">H", len(query)) + query)
        return sock.makefile("rb").read(2 + 12)[2:]


class CallingTarget:
    """A web server that uses the URL it is given, in the way its path says."""

    def __init__(self, oob):
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                host = urllib.parse.parse_qs(parts.query).get("u", [""])[0]
                target.paths.append(parts.path)
                if parts.path == "/mute":  # calls, and never answers
                    target.call("dns", host)
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")
                self.wfile.flush()
                # Behind the answer: the interaction comes late.
                target.call(parts.path.strip("/"), host)

            def log_message(self, *_):
                pass

        self.oob, self.paths = oob, []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def call(self, how, host):
        if how == "dns":
            ask_udp(self.oob, dns_query("data." + host, 16))
        elif how == "tcp":
            ask_tcp(self.oob, dns_query(host.upper()))
        elif how == "http":
            self.oob.request("POST", "/from-target?x=1", "body=1", {"Host": host})
        elif how == "smtp":
            with smtplib.SMTP(*self.oob.smtp, timeout=SECONDS) as mail:
                mail.sendmail("a@target.test", [f"root@{host}"], "Subject: from target\n\nhello")


class Oob(Case):
    def template(self, how, protocol, words):
        name = f"calls-by-{how}"
        text = TEMPLATE.format(name=name, how=how, protocol=protocol, words=words)
        return self.write(f"{name}.yaml", text)

    def scan(self, target, *arguments, returncode=0):
        done = self.run_program("num8", "scan", "-u", target.url, "-t", self.folder, "--rate", 0,
                                "-j", "--interactions-poll-duration", "100ms",
                                "--interactions-cooldown-period", "2", "--retries", 0, *arguments)
        self.assertEqual(done.returncode, returncode, done.stderr)
        return {event["template-id"]: event for event in records(done.stdout)}, done.stderr

    def test_what_calls_back_is_found(self):
        self.template("dns", "dns", "data.")
        self.template("tcp", "dns", "question section")
        self.template("http", "http", "POST /from-target?x=1 HTTP/1.1")
        self.template("smtp", "smtp", "Subject: from target")
        self.template("nothing", "dns", "x")
        mute = TEMPLATE.replace("      - {{type: status, status: [200]}}\n", "")
        self.write("mute.yaml", mute.format(name="calls-by-mute", how="mute", protocol="dns",
                                            words="{{interactsh-id}}"))
        with OobServer() as oob, CallingTarget(oob) as target:
            found, _ = self.scan(target, "-iserver", oob.url)
            status, _ = oob.request("GET", "/poll?id=9m4e2mr0ui3e8a215n4g&secret=x")
            self.assertEqual(status, 400)
            # A request without an answer goes out again if its connection was not new.
            self.assertRegex(oob.stop(), "[34] DNS, 1 HTTP and 1 SMTP")
        self.assertEqual(set(found), {f"calls-by-{how}" for how in
                                      ("dns", "tcp", "http", "smtp", "mute")})
        for event in found.values():
            interaction = event["interaction"]
            self.assertEqual(interaction["remote-address"], "127.0.0.1")
            self.assertRegex(interaction["unique-id"], "^[0-9a-v]{20}[a-z0-9]{13}$")
            self.assertIn(interaction["unique-id"], event["request"])
            self.assertEqual(event["extracted-results"], ["127.0.0.1"])
            self.assertRegex(interaction["timestamp"], r"^\d{4}-\d\d-\d\dT")
        by_dns = found["calls-by-dns"]["interaction"]
        self.assertEqual((by_dns["protocol"], by_dns["q-type"]), ("dns", "TXT"))
        self.assertEqual(by_dns["full-id"].split(".")[0], "data")
        self.assertEqual(found["calls-by-smtp"]["interaction"]["smtp-from"], "a@target.test")
        self.assertIn("body=1", found["calls-by-http"]["interaction"]["raw-request"])
        self.assertNotIn("response", found["calls-by-mute"])

    def test_without_a_server_the_rest_runs(self):
        self.template("dns", "dns", "data.")
        self.write("plain.yaml", "id: plain\ninfo: {name: p, author: u, severity: info}\n"
                   "http: [{path: ['{{BaseURL}}/x'], matchers: [{type: status, status: [200]}]}]\n")
        with OobServer("--token", "right") as oob, CallingTarget(oob) as target:
            garbage = target.url  # answers "ok" to everything
            closed = "http://127.0.0.1:1"
            for server, why in ((closed, "127.0.0.1"), (garbage, "not an interaction server"),
                                (oob.url, "invalid token provided for interactsh server")):
                with self.subTest(server=server):
                    found, said = self.scan(target, "-iserver", server, "-itoken", "wrong",
                                            returncode=4)
                    self.assertEqual(set(found), {"plain"})
                    line = [line for line in said.splitlines() if "no interaction server" in line]
                    self.assertEqual(len(line), 1, said)
                    self.assertIn(why, line[0])
                    self.assertIn("calls-by-dns", line[0])
                    self.assertNotIn("wrong", said)
            found, _ = self.scan(target, "-iserver", oob.url, "-itoken", "right")
            self.assertEqual(set(found), {"plain", "calls-by-dns"})
            before = target.paths.count("/dns")
            found, _ = self.scan(target, "-ni")
            self.assertEqual(set(found), {"plain"})
            self.assertEqual(target.paths.count("/dns"), before)

    def test_nobody_is_asked_unless_a_template_needs_it(self):
        self.write("plain.yaml", "id: plain\ninfo: {name: p, author: u, severity: info}\n"
                   "http: [{path: ['{{BaseURL}}/x'], matchers: [{type: status, status: [200]}]}]\n")
        with OobServer() as oob, CallingTarget(oob) as target:
            _, said = self.scan(target, "-iserver", "http://127.0.0.1:1")
            self.assertNotIn("interaction server", said)

    def test_https_names_its_protocol(self):
        if shutil.which("openssl") is None:
            self.skipTest("no openssl")
        pem = self.folder / "pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=oob.test", "-keyout", pem, "-out", self.folder / "cert"],
                       check=True, capture_output=True)
        with OobServer("--certificate", self.folder / "cert", "--key", pem) as oob:
            context = ssl.create_default_context(cafile=str(self.folder / "cert"))
            context.check_hostname = False
            connection = http.client.HTTPSConnection(*oob.https, context=context, timeout=SECONDS)
            name = "9m4e2mr0ui3e8a215n4gyyyyyyyyyyyyy"
            connection.request("GET", "/a.json", headers={"Host": name + ".oob.test"})
            answer = connection.getresponse()
            self.assertEqual(json.loads(answer.read()), {"data": name[::-1]})
            self.assertTrue(answer.getheader("X-Interactsh-Version"))
            connection.close()
            self.assertIn("1 HTTP", oob.stop())

    def test_strangers_do_no_harm(self):
        with OobServer("--request-bytes", 4096) as oob:
            for query in (b"", b"\0", b"\xff" * 600, dns_query("a.oob.test")[:-1],
                          b"\0\0\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.sendto(query, oob.dns)
            refused = ask_udp(oob, dns_query("example.com"))
            self.assertEqual(refused[3] & 15, 5)
            with socket.create_connection(oob.dns, timeout=SECONDS) as sock:
                sock.sendall(b"\xff\xff" + b"x" * 70000)  # one message of garbage, no answer
            with socket.create_connection(oob.smtp, timeout=SECONDS) as sock:
                lines = sock.makefile("rb")
                self.assertTrue(lines.readline().startswith(b"220 mail.oob.test"))
                sock.sendall(b"A" * 5000)
                self.assertTrue(lines.readline().startswith(b"500"))
                self.assertEqual(lines.read(), b"")  # it hangs up
            self.assertEqual(oob.request("POST", "/x", b"b" * 300_000)[0], 413)
            with socket.create_connection(oob.http, timeout=SECONDS) as sock:
                try:
                    sock.sendall(b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"y" * 100_000)
                    answer = sock.recv(100)
                except (BrokenPipeError, ConnectionResetError):
                    answer = b"HTTP/1.1 431"
            self.assertRegex(answer, b"^HTTP/1.1 4(00|13|14|31)")
            for body in (b"", b"[]", b"{", b'{"correlation-id":"x"}', b"{" * 10_000):
                status, said = oob.request("POST", "/register", body)
                self.assertEqual(status, 400, said)
            # Slow ones: many that say nothing, and the server still answers.
            slow = [socket.create_connection(address, timeout=SECONDS)
                    for address in (oob.http, oob.smtp, oob.dns) for _ in range(50)]
            self.assertEqual(oob.request("GET", "/")[0], 200)
            self.assertEqual(ask_udp(oob, dns_query("a.oob.test"))[7], 1)
            self.assertEqual(ask_tcp(oob, dns_query("a.oob.test"))[7], 1)
            for sock in slow:
                sock.close()
            self.assertIn("ready", oob.stop())
            self.assertEqual(oob.process.returncode, 0)

    def test_an_address_may_not_flood(self):
        with OobServer("--rate-host", 5) as oob:
            answers = [oob.request("GET", f"/{n}")[0] for n in range(50)]
            self.assertIn(429, answers)
            self.assertIn(200, answers)

    def test_an_interrupted_scan_says_good_bye(self):
        self.template("dns", "dns", "data.")
        with OobServer() as oob, CallingTarget(oob) as target:
            scan = subprocess.Popen(
                command("num8", "scan", "-u", target.url, "-t", self.folder, "-iserver", oob.url,
                        "--interactions-poll-duration", "60", "--interactions-cooldown-period",
                        "60"),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env=clean_environment(self.folder))
            deadline = time.monotonic() + SECONDS
            while "/dns" not in target.paths and time.monotonic() < deadline:
                time.sleep(0.01)
            scan.send_signal(signal.SIGINT)
            began = time.monotonic()
            scan.communicate(timeout=SECONDS)
            self.assertEqual(scan.returncode, 130)
            self.assertLess(time.monotonic() - began, 30)


if __name__ == "__main__":
    unittest.main()
