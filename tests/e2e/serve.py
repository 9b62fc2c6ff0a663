#!/usr/bin/env python3
"""m8 serve: tokens, scans over the API, the document against every route, and clients that mean ill."""
import gzip
import http.client
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from support import Case, Lab, TEMPLATES

SECONDS = 60


class Service(Case):
    """A test with a server of its own."""

    def start(self, *arguments, scope="admin"):
        if not hasattr(self, "token"):
            self.token = self.add_token("first", scope)
        ready = self.folder / "serve.json"
        ready.unlink(missing_ok=True)
        if not {"-r", "--resolvers"} & set(arguments):  # those of this machine are not for tests to ask
            (self.folder / "nobody.txt").write_text("127.0.0.1:1\n")
            arguments += ("--resolvers", self.folder / "nobody.txt")
        self.process = self.start_program("m8", "serve", "--port", 0, "--ready-file", ready, *arguments)
        deadline = time.monotonic() + SECONDS
        while not ready.exists():
            self.assertIsNone(self.process.poll(), "the server ended")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        said = json.loads(ready.read_text())
        self.port = int(said["url"].rstrip("/").rsplit(":", 1)[1])
        self.pid = said["pid"]

    def add_token(self, name, scope):
        return self.run_program("m8", "token", "add", "-q", "--scope", scope, name).stdout.strip()

    def ask(self, method, path, body=None, token=None, **headers):
        """Status, headers and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        self.addCleanup(connection.close)
        token = self.token if token is None else token
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            given["Authorization"] = f"Bearer {token}"
        if body is not None:
            given.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.request(method, path, body, given)
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def json(self, method, path, body=None, status=200, **more):
        got, _, text = self.ask(method, path, body, **more)
        self.assertEqual(got, status, text)
        return json.loads(text)

    def until_over(self, scan):
        deadline = time.monotonic() + SECONDS
        while True:
            found = self.json("GET", f"/api/v1/scans/{scan}")
            if found["state"] not in ("queued", "running"):
                return found
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)


class Scans(Service):
    def test_a_scan_is_asked_for_watched_and_found_in_the_store(self):
        with Lab() as lab:
            self.start("-t", TEMPLATES, "-r", lab.dns, "--ports", lab.port, "--rate", 0)
            names = [site["name"] for site in lab.plan() if site["kind"] == "site"]
            expected = {(site["name"], finding) for site in lab.plan() if site["kind"] == "site"
                        for finding in site["findings"]}
            said = self.json("POST", "/api/v1/scans", {"targets": names}, status=202)
            self.assertEqual([scan["target"] for scan in said["scans"]], sorted(names))
            for scan in said["scans"]:
                over = self.until_over(scan["id"])
                self.assertEqual(over["state"], "done", over)
                wanted = sum(name == over["target"] for name, _ in expected)
                self.assertGreaterEqual(over["found"], wanted, over)
                run = self.json("GET", f"/api/v1/runs/{over['run']}")
                self.assertEqual(run["status"], "done")
            issues = self.json("GET", "/api/v1/issues?limit=1000")["items"]
            self.assertEqual({(issue["host"], issue["template"]) for issue in issues}, expected)
            # The guides' body, and the events of a scan, the last of which ends the stream.
            again = self.json("POST", "/scan", {"target": names[0], "scan_type": "vuln"}, status=202)
            status, headers, text = self.ask("GET", f"/api/v1/scans/{again['run_id']}/events")
            self.assertEqual(status, 200)
            self.assertEqual(headers["Content-Type"], "text/event-stream")
            blocks = [block.split("\n") for block in text.decode().split("\n\n") if "data: " in block]
            states = [json.loads(line[6:])["state"] for block in blocks for line in block
                      if line.startswith("data: ") and '"state"' in line]
            self.assertEqual(states[-1], "done")

    def test_a_running_scan_is_cancelled_and_a_restart_takes_up_what_waits(self):
        # Nobody answers there: the scan lasts until it is ended.
        silent = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.addCleanup(silent.close)
        target = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        self.start("-t", TEMPLATES)
        scan = self.json("POST", "/api/v1/scans", {"target": target}, status=202)["id"]
        waits = self.json("POST", "/api/v1/scans", {"target": target, "tags": ["exposure"]},
                          status=202)["id"]
        deadline = time.monotonic() + SECONDS
        while self.json("GET", f"/api/v1/scans/{scan}")["state"] != "running":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        began = time.monotonic()
        self.assertEqual(self.json("DELETE", f"/api/v1/scans/{scan}")["state"], "cancelled")
        while self.json("GET", f"/api/v1/scans/{waits}")["state"] != "running":
            self.assertLess(time.monotonic(), began + SECONDS, "the cancelled scan still runs")
            time.sleep(0.02)
        self.assertEqual(self.json("GET", f"/api/v1/scans/{scan}")["state"], "cancelled")
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(SECONDS), 0)
        self.start("-t", TEMPLATES, "--scans", 0)
        self.assertEqual(self.json("GET", "/api/v1/queue")["queued"], 1)
        merged = self.json("POST", "/api/v1/scans", {"target": target, "tags": ["exposure"]}, status=202)
        self.assertEqual((merged["id"], merged["scans"][0]["merged"]), (waits, True))

    def test_what_is_out_of_scope_is_refused(self):
        scope = self.write("scope.txt", "lab.test\n")
        self.start("--scope", scope, "--scans", 0)
        self.assertIn("out of scope", self.json("POST", "/scan", {"target": "other.test"}, 403)["error"])
        self.json("POST", "/scan", {"target": "www.lab.test"}, 202)


class Document(Service):
    """Every route of the OpenAPI document is asked, and answers as it says there."""

    def check(self, schema, value, where):
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        if value is None:
            self.assertTrue(schema.get("nullable"), f"{where}: null")
            return
        kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
                 "number": (int, float)}
        if "type" in schema:
            self.assertIsInstance(value, kinds[schema["type"]], where)
        if "enum" in schema:
            self.assertIn(value, schema["enum"], where)
        for name in schema.get("required", []):
            self.assertIn(name, value, where)
        if isinstance(value, dict):
            for name, member in value.items():
                if name in schema.get("properties", {}):
                    self.check(schema["properties"][name], member, f"{where}.{name}")
                elif isinstance(schema.get("additionalProperties"), dict):
                    self.check(schema["additionalProperties"], member, f"{where}.{name}")
                elif "properties" in schema and schema.get("additionalProperties") is not True:
                    self.fail(f"{where}.{name}: not in the document")
        if isinstance(value, list) and "items" in schema:
            for item in value:
                self.check(schema["items"], item, f"{where}[]")

    BODIES = {"NewDomain": {"name": "added.test"}, "DomainChange": {"enabled": True},
              "Judgement": {"status": "verified"}, "ScanOrder": {"target": "www.lab.test"},
              "GuideOptions": {}}
    # Two routes remove a domain: each has its own.
    OTHERS = {("DELETE", "/domain/{domain}"): {"domain": "added.test"}}

    def test_every_route(self):
        with Lab() as lab:
            self.run_program("asmm8", "enum", "-d", lab.zone, "-r", lab.dns, "-q", "--probe",
                             "--ports", lab.port)
            self.run_program("num8", "scan", "-q", "-u", f"www.{lab.zone}", *lab.scan_arguments())
        self.start("--scans", 0)
        document = self.json("GET", "/api/v1/openapi.json")
        self.schemas = document["components"]["schemas"]
        self.json("POST", "/api/v1/scans", {"target": "first.lab.test"}, status=202)
        values = {"id": "1", "domain": "lab.test", "hostname": "www.lab.test", "file": "app.js",
                  "endpoint": "http%3A%2F%2Fwww.lab.test%2F"}
        order = {"GET": 0, "POST": 1, "PATCH": 2, "PUT": 3, "DELETE": 4}
        asked = 0
        routes = [(method.upper(), path, route) for path, methods in document["paths"].items()
                  for method, route in methods.items()]
        for method, path, route in sorted(routes, key=lambda one: order[one[0]]):
            status = next(int(code) for code in route["responses"] if code != "default")
            content = route["responses"][str(status)].get("content")
            if not content and "events" in path:
                continue  # a stream: see the other tests
            body = None
            if "requestBody" in route:
                named = route["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                body = self.BODIES[named.rsplit("/", 1)[1]]
            target = path
            for name, value in {**values, **self.OTHERS.get((method, path), {})}.items():
                target = target.replace("{" + name + "}", value)
            got, headers, text = self.ask(method, target, body)
            with self.subTest(route=f"{method} {path}"):
                self.assertEqual(got, status, text)
                asked += 1
                if content:
                    self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")
                    schema = content["application/json"]["schema"]
                    self.check(schema, json.loads(text), path)
            secured = bool(route["security"])
            got, _, _ = self.ask(method, target, body, token="")
            self.assertEqual(got == 401, secured, f"{method} {path} without a token")
        self.assertGreater(asked, 30)


class Manners(Service):
    def test_compressed_and_not_sent_twice(self):
        self.start("--scans", 0)
        _, plain, text = self.ask("GET", "/api/v1/openapi.json")
        self.assertNotIn("Content-Encoding", plain)
        _, headers, packed = self.ask("GET", "/api/v1/openapi.json", Accept_Encoding="gzip")
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed), text)
        _, headers, packed = self.ask("GET", "/api/v1/openapi.json", Accept_Encoding="gzip, br")
        self.assertEqual(headers["Content-Encoding"], "br")
        self.assertLess(len(packed), len(text) / 3)
        self.assertEqual(headers["Vary"], "Accept-Encoding")
        status, _, body = self.ask("GET", "/api/v1/openapi.json", If_None_Match=plain["ETag"])
        self.assertEqual((status, body), (304, b""))

    def test_metrics_name_routes_not_paths(self):
        self.start("--scans", 0)
        for number in range(1, 30):
            self.ask("GET", f"/api/v1/runs/{number}")
            self.ask("GET", f"/nothing/{number}")
        text = self.ask("GET", "/metrics")[2].decode()
        self.assertIn('num8_http_request_duration_seconds_count{method="GET",'
                      'endpoint="/api/v1/runs/{id}",status="404"} 29', text)
        self.assertNotIn("/nothing/", text)

    def test_health_tells_strangers_little(self):
        self.start("--scans", 0)
        self.assertEqual(set(self.json("GET", "/health", token="")), {"status", "timestamp", "service"})
        self.assertIn("database", self.json("GET", "/health")["checks"])
        self.assertEqual(self.json("GET", "/ready", token="")["status"], "ready")

    def test_health_tells_who_may_read_without_a_token(self):
        self.start("--scans", 0, "--public-read")
        self.assertIn("database", self.json("GET", "/api/v1/health", token="")["checks"])
        _, _, text = self.ask("GET", "/health", token="", Host="other.example")
        self.assertNotIn("checks", json.loads(text))

    def test_not_ready_without_its_broker(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))  # does not listen: connections are refused
            self.start("--scans", 0, "--queue-url", f"amqp://guest:hidden@127.0.0.1:{silent.getsockname()[1]}/")
            ready = self.json("GET", "/ready", token="", status=503)
            self.assertEqual((ready["status"], ready["checks"]),
                             ("not ready", {"database": "healthy", "rabbitmq": "unhealthy"}))
            health = self.json("GET", "/health")
        self.assertEqual(health["status"], "degraded")
        self.assertEqual(set(health["checks"]), {"database", "rabbitmq", "nuclei", "resolvers", "disk"})
        self.assertNotIn("hidden", json.dumps(health))
        self.assertNotIn("rabbitmq", self.ask("GET", "/health", token="")[2].decode())

    def test_its_own_alerts_without_anybody_who_checks(self):
        # Each request takes longer than nothing.
        self.start("--scans", 0, "--alerts-warning-http-p95", 0, "--alerts-critical-http-p99", 0)
        deadline = time.monotonic() + SECONDS
        while True:
            found = {alert["name"]: alert for alert in self.json("GET", "/api/v1/alerts")["items"]}
            if "http_p99" in found and "http_p95" in found:
                break
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.2)
        self.assertEqual((found["http_p95"]["state"], found["http_p99"]["state"]), ("warning", "critical"))
        self.assertIn("limit 0", found["http_p99"]["message"])

    def test_refused_and_suspicious_requests_are_counted(self):
        self.start("--scans", 0, "--public-read")
        for _ in range(3):
            self.ask("GET", "/api/v1/runs/7", token="m8_wrong")
        self.ask("GET", "/dashboard/..%2f..%2fetc")
        self.ask("GET", "/api/v1/runs", token="", Host="other.example")
        text = self.ask("GET", "/metrics")[2].decode()
        for line in ('m8_failed_auth_attempts_total{endpoint="/api/v1/runs/{id}"} 3',
                     'm8_failed_auth_attempts_total{endpoint="/api/v1/runs"} 1',
                     'm8_suspicious_requests_total{type="path_traversal"} 1',
                     'm8_suspicious_requests_total{type="foreign_host"} 1',
                     'm8_suspicious_requests_total{type="long_target"} 0'):
            self.assertIn(line + "\n", text)

    def test_top_shows_it(self):
        self.start("--scans", 0)
        top = self.run_program("m8", "top", "--once", "--json")
        self.assertIn('"command":"serve"', top.stdout, top.stderr)

    def test_a_revoked_token_is_worth_nothing_soon(self):
        self.start("--scans", 0)
        other = self.add_token("other", "read")
        deadline = time.monotonic() + SECONDS
        while self.ask("GET", "/api/v1/domains", token=other)[0] != 200:  # it is new here, too
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertEqual(self.run_program("m8", "token", "revoke", "other").returncode, 0)
        while self.ask("GET", "/api/v1/domains", token=other)[0] != 401:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        stored = pathlib.Path(self.folder, "data", "m8").rglob("*")
        for path in stored:
            if path.is_file():
                self.assertNotIn(other.encode(), path.read_bytes(), path)

    def test_https(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        self.start("--scans", 0, "--certificate", self.folder / "cert.pem", "--key", self.folder / "key.pem")
        context = ssl.create_default_context(cafile=self.folder / "cert.pem")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=SECONDS)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v1/domains", headers={"Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        self.assertTrue(response.headers["Strict-Transport-Security"])

    def test_not_beyond_loopback_by_accident(self):
        for arguments, words in ((["--listen", "0.0.0.0"], ["--certificate"]),
                                 (["--listen", "0.0.0.0", "--plain-http", "--public-read"], ["loopback"])):
            done = self.run_program("m8", "serve", "--port", 0, *arguments)
            self.assert_one_error(done, 2, *words)

    def test_a_broker_and_a_cache_that_it_can_not_use_are_told_at_the_start(self):
        for flag, url, words in (("--queue-url", "kafka://u:hidden@host", "amqp://"),
                                 ("--queue-url", "amqp://u:hidden@host/a/b", "write %2f"),
                                 ("--cache-url", "rediss://u:hidden@host", "no TLS here")):
            done = self.run_program("m8", "serve", "--port", 0, flag, url)
            self.assert_one_error(done, 2, words)
            self.assertNotIn("hidden", done.stderr)


class IllWill(Service):
    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def all_of(connection):
        text = b""
        try:
            while part := connection.recv(65536):
                text += part
        except ConnectionError:
            pass
        return text

    def test_ten_megabytes_of_headers(self):
        self.start("--scans", 0)
        connection = self.connect()
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        line = b"X-Long: " + b"y" * 1000 + b"\r\n"
        try:
            for _ in range(10_000):
                connection.sendall(line)
        except (ConnectionError, TimeoutError):
            pass
        text = self.all_of(connection)
        self.assertNotIn(b" 200 ", text)
        self.assertEqual(self.json("GET", "/ready")["status"], "ready")
        resident = pathlib.Path(f"/proc/{self.pid}/status").read_text().split("VmRSS:")[1].split()[0]
        self.assertLess(int(resident), 100_000)

    def test_what_is_refused_before_any_route_is_told_why_as_json(self):
        self.start("--scans", 0)
        post = b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
        for head, status in (
                (b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 18_000 + b"\r\n", 431),
                (b"GET /" + b"y" * 18_000 + b" HTTP/1.1\r\nHost: x\r\n", 431),
                (b"GET /" + b"y" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n", 414),
                (b"GET /health HTTP/1.1\r\n", 400),
                (post + b"Content-Length: 4\r\n", 400),
                (post + b"Transfer-Encoding: gzip\r\n", 501),
                (post, 401),
                (b"BREW /health HTTP/1.1\r\nHost: x\r\n", 405),
                (b"GET /nothing HTTP/1.1\r\nHost: x\r\n", 404)):
            with self.subTest(head=head[:100], status=status):
                connection = self.connect()
                connection.sendall(head + b"Connection: close\r\n\r\n")
                answer, _, body = self.all_of(connection).partition(b"\r\n\r\n")
                self.assertEqual(int(answer.split()[1]), status)
                self.assertTrue(json.loads(body)["error"])

    def test_a_body_without_end(self):
        self.start("--scans", 0, "--body", "64K")
        status, _, text = self.ask("POST", "/api/v1/scans", b"x" * 300_000)
        self.assertEqual(status, 413)
        self.assertEqual(json.loads(text)["error"], "the body is too long")

    def test_clients_that_drip_are_cut_off_and_others_are_served(self):
        self.start("--scans", 0, "--connections", 64)
        # All but a few places, each held by a head that never ends.
        slow = [self.connect() for _ in range(50)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-")
        began = time.monotonic()
        gone = []

        def drip(connection):
            # A byte now and then, so that it is never idle.
            while time.monotonic() < began + SECONDS:
                connection.settimeout(2)
                try:
                    connection.sendall(b"a")
                    if connection.recv(4096) == b"":
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            else:
                return
            gone.append(connection)

        threads = [threading.Thread(target=drip, args=[connection]) for connection in slow]
        for thread in threads:
            thread.start()
        self.assertEqual(self.json("GET", "/ready")["status"], "ready")
        for thread in threads:
            thread.join()
        self.assertEqual(len(gone), 50)

    def test_guesses_are_slowed_down(self):
        self.start("--scans", 0)
        codes = [self.ask("GET", "/api/v1/domains", token=f"m8_{i}")[0] for i in range(70)]
        self.assertEqual(set(codes), {401, 429})
        self.assertEqual(codes[:50], [401] * 50)

    def test_paths_of_files(self):
        self.start("--scans", 0)
        for path in ("/dashboard/../../etc/passwd", "/dashboard/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
                     "/dashboard/..%5c..%5cetc", "//etc/passwd", "/dashboard//etc/passwd"):
            status, _, text = self.ask("GET", path)
            self.assertEqual(status, 404, path)
            self.assertNotIn(b"root:", text)

    def test_bytes_that_are_no_request(self):
        self.start("--scans", 0)
        for bytes_ in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\0" * 5000,
                       b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"):
            connection = self.connect()
            connection.sendall(bytes_)
            connection.shutdown(socket.SHUT_WR)
            self.assertNotIn(b" 202 Accepted", self.all_of(connection))
        self.assertEqual(self.json("GET", "/ready")["status"], "ready")


class Dashboard(Service):
    def test_the_page_asks_nobody_else_and_has_no_inline_code(self):
        self.start("--scans", 0)
        status, headers, page = self.ask("GET", "/", token="")
        self.assertEqual(status, 200)
        self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        text = page.decode()
        self.assertNotRegex(text, r"<script(?![^>]*src=)|\son\w+=|style=|https?://")
        files = [part.split('"')[0] for part in text.split('="dashboard/')[1:]]
        self.assertGreaterEqual(len(files), 5)
        for name in files:
            status, headers, body = self.ask("GET", f"/dashboard/{name}", token="")
            self.assertEqual(status, 200, name)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            outside = body.decode().replace("http://www.w3.org/2000/svg", "").replace("https://example.com", "")
            self.assertNotRegex(outside, r"https?://|innerHTML|eval\(", name)


if __name__ == "__main__":
    unittest.main()
