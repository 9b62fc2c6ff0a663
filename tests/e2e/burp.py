#!/usr/bin/env python3
"""Burp, as a server of recorded replies that checks each request byte for byte."""
import base64
import json
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import unittest

import support


class Recorded:
    """Takes the expected requests in order, and answers each."""

    def __init__(self, *exchanges):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.exchanges, self.wrong, self.seen = list(exchanges), [], 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                while self.answer(connection):
                    pass

    def answer(self, connection):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)
            if not byte:
                return False
            head += byte
        length = re.search(rb"Content-Length: (\d+)", head)
        body = b""
        while length and len(body) < int(length[1]):
            body += connection.recv(4096)
        wanted, status, headers, reply = self.exchanges[min(self.seen, len(self.exchanges) - 1)]
        self.seen += 1
        wanted = wanted.replace("PORT", str(self.port))
        got = re.sub(rb"m8/[0-9.]+\S*", b"m8/VERSION", head + body).decode()
        if got != wanted:
            self.wrong.append((got, wanted))
        reply = reply.encode()
        connection.sendall((f"HTTP/1.1 {status} X\r\nContent-Length: {len(reply)}\r\n{headers}\r\n"
                            ).encode() + reply)
        return True


def get(target):
    return (f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAccept: */*\r\n"
            "Accept-Encoding: deflate, gzip, br, zstd\r\nUser-Agent: m8/VERSION\r\n\r\n")


def message(url, status=200, headers=("Content-Type: text/html; charset=utf-8",), **more):
    return {"url": url, "statusCode": status, "responseHeaders": list(headers), **more}


class Burp(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.store = "sqlite:" + str(pathlib.Path(self.folder, "m8.db"))

    def num8(self, *arguments, code=0, **environment):
        done = subprocess.run(support.command("num8", *arguments), text=True, capture_output=True,
                              timeout=support.SECONDS, stdin=subprocess.DEVNULL,
                              env={**support.clean_environment(self.folder), **environment})
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("s3cret", done.stdout + done.stderr)
        self.said = done.stderr
        return done.stdout

    def test_site_map(self):
        parameters = [{"name": "b", "type": "PARAM_BODY"}, {"name": "a", "type": "PARAM_URL"},
                      {"name": "a", "type": "PARAM_URL"}, {"name": "c", "type": "PARAM_COOKIE"}]
        site = {"messages": [
            message("https://a.com:443/x?a=1", method="POST", parameters=parameters),
            message("https://a.com/x?a=1", method="POST", parameters=parameters),  # the same
            message("http://a.com:8080/y"),
            message("http://a.com/missing", status=404),
            message("http://a.com/style", headers=["X: y", "content-type:  Text/CSS; charset=utf-8"]),
            message("http://a.com/silent", headers=[]),
            message("no url"), {}, 7]}
        burp = Recorded((get("/burp/target/sitemap?urlPrefix=https%3A%2F%2Fa.com%2F%3Fq%3D1%26r%20x"),
                         200, "", json.dumps(site)))
        out = self.num8("burp", "sitemap", "-q", "--jsonl", "--burp-api",
                        f"http://127.0.0.1:{burp.port}", "https://a.com/?q=1&r x")
        self.assertEqual(burp.wrong, [])
        self.assertEqual([json.loads(line) for line in out.splitlines()],
                         [{"url": "https://a.com/x?a=1", "method": "POST", "parameters": ["a", "b"]},
                          {"url": "http://a.com:8080/y", "method": "GET", "parameters": []}])

    def test_site_map_that_is_none(self):
        for status, body in ((200, "{}"), (200, "nothing"), (500, "")):
            burp = Recorded((get("/burp/target/sitemap?urlPrefix=x"), status, "", body))
            self.num8("burp", "sitemap", "--burp-api", f"http://127.0.0.1:{burp.port}", "x", code=1,
                      M8_HTTP_RETRIES="0")

    def test_a_scan(self):
        segment = lambda text: [{"type": "DataSegment", "data": base64.b64encode(text).decode()}]
        issue = {"name": "SQL injection", "type_index": 1049088, "origin": "https://a.com",
                 "path": "/login", "severity": "high", "confidence": "certain",
                 "description": "<p>Bad.</p>",
                 "evidence": [{"type": "FirstOrderEvidence", "request_response": {
                     "request": segment(b"GET /login HTTP/1.1\r\n\r\n"),
                     "response": segment(b"HTTP/1.1 500 X\r\n\r\n")}}]}
        body = '{"urls":["https://a.com/","https://b.com/"]}'
        post = ("POST /s3cret/v0.1/scan HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n"
                "Accept: */*\r\nAccept-Encoding: deflate, gzip, br, zstd\r\n"
                "Content-Type: application/json\r\nUser-Agent: m8/VERSION\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}")
        burp = Recorded(
            (post, 201, "Location: 12\r\n", ""),
            (get("/s3cret/v0.1/scan/12"), 200, "", json.dumps({"scan_status": "crawling"})),
            (get("/s3cret/v0.1/scan/12"), 200, "", json.dumps(
                {"scan_status": "auditing",
                 "issue_events": [{"id": "0", "type": "issue_found", "issue": issue},
                                  {"id": 4, "type": "issue_found", "issue": {"name": "odd"}}]})),
            # One that tells of what was before, too.
            (get("/s3cret/v0.1/scan/12?after=4"), 200, "", json.dumps(
                {"scan_status": "succeeded",
                 "issue_events": [{"id": "0", "type": "issue_found", "issue": issue}]})))
        self.num8("burp", "scan", "--burp-api", f"http://127.0.0.1:{burp.port}", "--poll", "1ms",
                  "--store", self.store, "https://a.com/", "https://b.com/", M8_BURP_KEY="s3cret")
        self.assertEqual(burp.wrong, [])
        self.assertIn("succeeded, 1 issues", self.said)
        stored = json.loads(self.num8("issue", "export", "--store", self.store))
        self.assertEqual(stored["template-id"], "burp-00100200")
        self.assertEqual(stored["info"]["severity"], "high")
        self.assertEqual(stored["matched-at"], "https://a.com/login")
        self.assertEqual(stored["request"], "GET /login HTTP/1.1\r\n\r\n")

    def test_a_scan_that_is_refused_or_fails(self):
        burp = Recorded(("", 401, "", ""))
        self.num8("burp", "scan", "--burp-api", f"http://127.0.0.1:{burp.port}", "--store",
                  self.store, "http://a.com/", code=1)
        burp = Recorded(("", 201, "Location: 1\r\n", ""), ("", 200, "", '{"scan_status":"failed"}'))
        self.num8("burp", "scan", "--burp-api", f"http://127.0.0.1:{burp.port}", "--poll", "1ms",
                  "--store", self.store, "http://a.com/", code=4)


if __name__ == "__main__":
    unittest.main()
