#!/usr/bin/env python3
"""News through webhooks, mail and commands: shapes, what is down for a while, what leads elsewhere."""
import base64
import http.server
import json
import pathlib
import socket
import socketserver
import subprocess
import tempfile
import threading
import unittest

import support


class Hook(http.server.BaseHTTPRequestHandler):
    """Answers with the statuses that the test put down, then 200."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", self.server.elsewhere)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Mailbox(socketserver.StreamRequestHandler):
    """An SMTP server that takes everything."""

    def handle(self):
        say = lambda text: self.wfile.write((text + "\r\n").encode())
        say("220 here")
        for line in self.rfile:
            self.server.lines.append(line.decode().rstrip())
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                say("354 go on")
                text = b""
                for data in self.rfile:
                    if data == b".\r\n":
                        break
                    text += data
                self.server.mails.append(text.decode())
            if word == b"QUIT":
                say("221 bye")
                return
            say(self.server.answer if word == b"RCPT" else "250 ok")


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Notify(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.store = "sqlite:" + str(pathlib.Path(self.folder.name, "m8.db"))
        self.hook = serve(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook))
        self.addCleanup(self.hook.server_close)
        self.addCleanup(self.hook.shutdown)
        self.hook.got, self.hook.answers, self.hook.elsewhere = [], [], "http://127.0.0.1:1/x"
        self.url = f"http://127.0.0.1:{self.hook.server_port}/hook?token=s3cret"
        self.add("first", "info")

    def run_program(self, program, *arguments, code=0, stdin="", **environment):
        done = subprocess.run(
            [*support.command(program, *arguments), "--store", self.store], input=stdin, text=True,
            capture_output=True, timeout=support.SECONDS,
            env={**support.clean_environment(self.folder.name), **environment})
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("s3cret", done.stdout + done.stderr)
        return done.stdout + done.stderr

    def add(self, template, severity, where="http://a.com/x?token=s3cret&page=1", **more):
        line = json.dumps({"template-id": template, "info": {"name": template, "severity": severity},
                           "host": "a.com", "url": "http://a.com", "matched-at": where, **more})
        self.run_program("num8", "issue", "import", "-q", stdin=line)

    def send(self, *arguments, code=0, **environment):
        return self.run_program("m8", "notify", "send", *arguments, code=code, **environment)

    def messages(self):
        return [json.loads(line)
                for line in self.run_program("m8", "notify", "list", "--jsonl").splitlines()]

    def start(self, **environment):
        """The first call tells nothing; news are from here on."""
        self.send(**{"M8_WEBHOOK": self.url, **environment})
        self.assertEqual(self.hook.got, [])

    def test_only_what_is_new_is_told_and_once(self):
        self.start()
        self.add("grave", "critical")
        self.add("small", "info")
        self.add("decoy", "high", m8={"status": "false-positive"})
        self.send(M8_WEBHOOK=self.url)
        self.send(M8_WEBHOOK=self.url)
        self.assertEqual(len(self.hook.got), 1)
        headers, body = self.hook.got[0]
        told = json.loads(body)
        self.assertEqual(told["counts"], {"new issue": 1})
        self.assertEqual([item["template-id"] for item in told["items"]], ["grave"])
        self.assertIn("token=***", told["items"][0]["name"])
        self.assertIn("page=1", told["items"][0]["name"])
        self.assertNotIn("s3cret", body.decode())
        self.assertTrue(headers["Idempotency-Key"].startswith("m8-webhook-"))
        self.assertEqual([one["state"] for one in self.messages()], ["sent"])

    def test_shapes_and_the_cap(self):
        for shape, text_of in (
                ("slack", lambda told: told["text"]), ("discord", lambda told: told["content"]),
                ("teams", lambda told: "\n".join(
                    block["text"] for block in told["attachments"][0]["content"]["body"]))):
            with self.subTest(shape=shape):
                self.hook.got.clear()
                self.start()
                for i in range(30):
                    self.add(f"{shape}-{i:02}", "high", where=f"http://a.com/<{i}>")
                self.add(f"{shape}-worst", "critical")
                self.send("--shape", shape, "--cap", "5", M8_WEBHOOK=self.url)
                self.assertEqual(len(self.hook.got), 1)
                text = text_of(json.loads(self.hook.got[0][1]))
                lines = text.strip().splitlines()
                self.assertRegex(lines[0], r"^m8: 31 new issues since ")
                self.assertIn("[critical]", lines[1])
                self.assertEqual(lines[-1], "... and 26 more")
                if shape == "slack":
                    self.assertNotIn("<", text)

    def test_down_for_a_while_nothing_is_lost(self):
        self.start()
        self.add("grave", "critical")
        self.hook.answers = [500, 429]
        said = self.send("--backoff", "0s", code=0, M8_WEBHOOK=self.url)
        self.assertIn("answered 500", said)
        self.assertEqual(len(self.hook.got), 3)
        self.assertEqual(len({body for _, body in self.hook.got}), 1)
        message, = self.messages()
        self.assertEqual((message["state"], message["attempts"]), ("sent", 3))

    def test_waits_its_time_and_is_given_up_at_last(self):
        self.start()
        self.add("grave", "critical")
        self.hook.answers = [503] * 9
        self.send("--backoff", "1h", code=4, M8_WEBHOOK=self.url)
        self.send("--backoff", "1h", code=0, M8_WEBHOOK=self.url)  # it is not due
        self.assertEqual(len(self.hook.got), 1)
        self.assertEqual(self.messages()[0]["state"], "waiting")

    def test_a_redirect_is_not_followed(self):
        elsewhere = serve(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook))
        self.addCleanup(elsewhere.server_close)
        self.addCleanup(elsewhere.shutdown)
        elsewhere.got, elsewhere.answers = [], []
        self.hook.elsewhere = f"http://127.0.0.1:{elsewhere.server_port}/"
        self.start()
        for status in (301, 302, 307, 308):
            self.add(f"grave-{status}", "critical")
            self.hook.answers = [status]
            said = self.send(code=4, M8_WEBHOOK=self.url)
            self.assertIn("redirects to 127.0.0.1: not followed, given up", said)
        self.assertEqual(elsewhere.got, [])
        self.assertEqual({one["state"] for one in self.messages()}, {"failed"})

    def test_a_scan_queues_what_is_new(self):
        site = serve(http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler))
        self.addCleanup(site.server_close)
        self.addCleanup(site.shutdown)
        for severity in ("high", "info"):
            pathlib.Path(self.folder.name, f"{severity}.yaml").write_text(
                f"id: found-{severity}\ninfo: {{name: n, author: a, severity: {severity}}}\nhttp:\n"
                "  - method: GET\n    path: ['{{BaseURL}}/none']\n    matchers:\n"
                "      - type: status\n        status: [404]\n")
        scan = ["scan", "-u", f"http://127.0.0.1:{site.server_port}", "-t", self.folder.name, "-silent",
                "--notify", "slack,mail"]
        self.run_program("num8", *scan)
        self.run_program("num8", *scan)  # nothing is new now
        messages = {message["channel"]: message for message in self.messages()}
        self.assertEqual(sorted(messages), ["mail", "webhook"])
        self.assertEqual(len(self.messages()), 2)
        text = json.loads(messages["webhook"]["body"])["text"]
        self.assertIn("1 new issue since", text)
        self.assertIn("found-high", text)
        self.send(M8_WEBHOOK=self.url)
        self.assertEqual([json.loads(body)["text"] for _, body in self.hook.got], [text])
        for name in ("one", "two"):
            pathlib.Path(self.folder.name, f"{name}.yaml").write_text(
                pathlib.Path(self.folder.name, "info.yaml").read_text().replace("found-info", f"found-{name}"))
        self.run_program("num8", *scan[:-1], "command", "--notify-at-least", "info", "--notify-cap", "1")
        news = json.loads(next(one["body"] for one in self.messages() if one["channel"] == "command"))
        self.assertEqual((len(news["items"]), news["more"]), (1, 1))

    def test_a_receiver_that_hangs(self):
        """Is given up in time; the message waits for a later call."""
        self.start()
        self.add("grave", "critical")
        with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, never answers
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/?token=s3cret"
            said = self.send("--http-timeout", "300ms", "--backoff", "1h", code=4, M8_WEBHOOK=url)
        self.assertIn("message 1:", said)
        message, = self.messages()
        self.assertEqual((message["state"], message["attempts"]), ("waiting", 1))

    def test_nobody_there(self):
        self.start()
        self.add("grave", "critical")
        gone = http.server.HTTPServer(("127.0.0.1", 0), Hook)
        port = gone.server_port
        gone.server_close()
        self.send(code=4, M8_WEBHOOK=f"http://127.0.0.1:{port}/?token=s3cret")
        self.assertEqual(self.messages()[0]["state"], "waiting")

    def test_mail(self):
        mailbox = serve(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox))
        self.addCleanup(mailbox.server_close)
        self.addCleanup(mailbox.shutdown)
        mailbox.lines, mailbox.mails, mailbox.answer = [], [], "250 ok"
        port = mailbox.server_address[1]
        arguments = ["--mail-to", "a@example.com,b@example.com", "--mail-from", "m8@example.com",
                     "--smtp", f"smtp://127.0.0.1:{port}"]
        self.send(*arguments)
        self.add("grave", "critical", where="http://a.com/\r\nBcc: x@example.com")
        self.send(*arguments)
        mail, = mailbox.mails
        head, body = mail.split("\r\n\r\n", 1)
        self.assertIn("To: a@example.com, b@example.com", head)
        self.assertRegex(head, r"Subject: m8: 1 new issue since ")
        self.assertNotIn("Bcc", head)
        text = base64.b64decode(body).decode()
        self.assertIn("[critical] issue grave", text)
        self.assertEqual([line for line in mailbox.lines if line.startswith("RCPT")],
                         ["RCPT TO:<a@example.com>", "RCPT TO:<b@example.com>"])
        mailbox.answer = "550 no"
        self.add("graver", "critical")
        self.assertIn("given up", self.send(*arguments, code=4))
        self.assertIn("not an address", self.send("--mail-to", "a@b\nRCPT TO:<x@y>", code=2))

    def test_a_command(self):
        out = pathlib.Path(self.folder.name, "told")
        self.send("--command", f"cat > {out}")
        self.add("grave", "critical")
        self.send("--command", f"cat > {out}")
        self.assertEqual(json.loads(out.read_text())["counts"], {"new issue": 1})
        self.add("graver", "critical")
        self.assertIn("the command ended with 3", self.send("--command", "exit 3", code=4))

    def test_bad_usage(self):
        self.assertIn("nobody to tell", self.send(code=2))
        self.assertIn("not an http(s) URL", self.send(code=2, M8_WEBHOOK="ftp://x/s3cret"))


if __name__ == "__main__":
    unittest.main()
