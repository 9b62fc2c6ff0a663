#!/usr/bin/env python3
"""m8 queue against a real RabbitMQ: what is declared, told, listed, sent again, and refused."""
import json
import pathlib
import subprocess
import tempfile
import time
import unittest

from rabbitmq import RabbitMQ, free_ports
from support import SECONDS, Case, command


class Queue(Case):
    @classmethod
    def setUpClass(cls):
        cls.keys = cls.enterClassContext(Certificate())
        cls.tls_port, = free_ports(1)
        folder = cls.keys.folder
        cls.broker = cls.enterClassContext(RabbitMQ(
            f"listeners.ssl.1 = 127.0.0.1:{cls.tls_port}\n"
            f"ssl_options.cacertfile = {folder}/cert.pem\n"
            f"ssl_options.certfile = {folder}/cert.pem\n"
            f"ssl_options.keyfile = {folder}/key.pem\n"))

    def m8(self, *arguments, url=None, code=0):
        done = subprocess.run(
            command("m8", "queue", *arguments), capture_output=True, text=True, timeout=SECONDS,
            env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin",
                 "M8_QUEUE_URL": self.broker.url() if url is None else url})
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def publish(self, queue, properties):
        self.broker.control(
            "eval", 'rabbit_basic:publish(rabbit_misc:r(<<"/">>, exchange, <<>>), '
            f'<<"{queue}">>, [{{delivery_mode, 2}}, {properties}], <<"body">>).')

    def health(self):
        done = subprocess.run(
            command("m8", "health", "--check", "rabbitmq", "--timeout", "30s", "--json"),
            capture_output=True, text=True, timeout=SECONDS,
            env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "M8_QUEUE_PREFIX": "well",
                 "M8_QUEUE_URL": self.broker.url()})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_health_asks_it(self):
        said = self.health()
        self.assertEqual({name: check["status"] for name, check in said["checks"].items()},
                         {"rabbitmq": "healthy"})
        self.assertEqual(said["metrics"]["queue_depth"], {})
        self.m8("declare", "--queue-prefix", "well")
        self.publish("well.work.0", '{message_id, <<"one">>}')
        deadline = time.monotonic() + SECONDS  # the broker counts a little later
        while self.health()["metrics"]["queue_depth"]["well.work.0"] != 1:
            self.assertLess(time.monotonic(), deadline)

    def test_status_makes_nothing(self):
        out = self.m8("status", "--queue-prefix", "nothing").stdout
        self.assertIn("RabbitMQ", out)
        self.assertRegex(out, r"nothing\.work\.0 +missing")
        self.assertFalse([name for name in self.broker.queues() if name.startswith("nothing")])

    def test_declared_as_configured(self):
        self.m8("declare", "--queue-prefix", "plain")
        lines = self.broker.control("list_queues", "--no-table-headers", "name", "durable",
                                    "arguments").splitlines()
        found = {line.split("\t")[0]: line for line in lines}
        work = found["plain.work.0"]
        self.assertIn("true", work)
        for argument in ('{"x-max-length",10000}', '{"x-max-length-bytes",104857600}',
                         '{"x-message-ttl",3600000}', '{"x-overflow","reject-publish"}',
                         '{"x-dead-letter-exchange","plain.dead-letter"}'):
            self.assertIn(argument, work)
        exchanges = self.broker.control("list_exchanges", "--no-table-headers", "name", "type",
                                        "durable", "arguments")
        self.assertIn('plain.work\tdirect\ttrue\t[{"alternate-exchange","plain.unrouted"}]',
                      exchanges)
        self.m8("declare", "--queue-prefix", "plain")  # again: it is there
        self.assertIn("0", self.m8("status", "--queue-prefix", "plain").stdout)

    def test_the_guides_settings(self):
        self.m8("declare", "--queue-prefix", "guide", "--queue-overflow", "drop-head")
        self.assertIn('{"x-overflow","drop-head"}',
                      self.broker.control("list_queues", "name", "arguments"))

    def test_declared_otherwise(self):
        self.m8("declare", "--queue-prefix", "other", "--queue-max-length", 2,
                "--queue-message-ttl", 0)
        words = ("queue 'other.work.0': x-max-length is 2, 10000 was asked for; "
                 "queue 'other.work.0': x-message-ttl is none, 3600000 was asked for")
        self.assertIn(words, self.m8("declare", "--queue-prefix", "other", code=1).stderr)
        self.assertIn("x-max-length is 2, 10000 was asked for",
                      self.m8("status", "--queue-prefix", "other", code=1).stdout)
        records = self.m8("status", "--queue-prefix", "other", "--jsonl", code=1).stdout
        by_name = {record["queue"]: record for record in map(json.loads, records.splitlines())}
        self.assertEqual(len(by_name["other.work.0"]["differences"]), 2)
        self.assertEqual(by_name["other.dead-letter"]["differences"], [])

    def test_dead_letters_are_listed_and_sent_again(self):
        self.m8("declare", "--queue-prefix", "dead")
        self.publish("dead.work.0", '{message_id, <<"late">>}, {expiration, <<"1">>}')
        self.publish("dead.work.0", '{message_id, <<"fine">>}')
        letters = []
        while not letters:
            out = self.m8("dlq", "list", "--queue-prefix", "dead", "--jsonl").stdout
            letters = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([letter["id"] for letter in letters], ["late"])
        death = letters[0]["deaths"][0]
        self.assertEqual((death["reason"], death["queue"], death["key"], death["count"]),
                         ("expired", "dead.work.0", "dead.work.0", 1))
        self.assertEqual(self.m8("dlq", "replay", "--queue-prefix", "dead", "--reason",
                                 "rejected").stdout, "0 sent again\n")
        self.assertEqual(self.m8("dlq", "replay", "--queue-prefix", "dead", "--id", "late").stdout,
                         "1 sent again\n")
        self.assertEqual(self.m8("dlq", "list", "--queue-prefix", "dead").stdout, "")
        self.assertEqual(self.broker.queues()["dead.work.0"], 2)
        self.assertEqual(self.m8("desired", "--queue-prefix", "dead", "--interval", "10ms",
                                 "--concurrency", 1).stdout, "2\n")

    def test_purge_asks(self):
        self.m8("declare", "--queue-prefix", "purge")
        self.publish("purge.work.0", '{message_id, <<"x">>}')
        self.assertIn("--yes", self.m8("purge", "purge.work.0", code=2).stderr)
        self.assertEqual(self.m8("purge", "purge.work.0", "--yes").stdout,
                         "purge.work.0: 1 messages dropped\n")
        self.assertIn("queue 'none' does not exist",
                      self.m8("purge", "none", "--yes", code=1).stderr)

    def test_one_clear_line(self):
        for url, words in (
                (self.broker.url(login="guest:s3cret"), "login refused: wrong user or password"),
                (self.broker.url("none"), "vhost 'none' does not exist"),
                ("amqp://guest:s3cret@127.0.0.1:1/", "refused"),
                (f"amqp://guest:s3cret@127.0.0.1:{self.broker.port}/a/b", "write %2f")):
            done = self.m8("status", url=url, code=2 if "%2f" in words else 1)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertNotIn("s3cret", done.stderr)
        self.assertIn("--queue-url", self.m8("status", url="", code=2).stderr)

    def test_tls_is_verified(self):
        url = f"amqps://guest:guest@localhost:{self.tls_port}/"
        trusted = ("--queue-ca-file", self.keys.folder / "cert.pem")
        self.assertIn("RabbitMQ", self.m8("status", *trusted, url=url).stdout)
        self.assertIn("certificate", self.m8("status", url=url, code=1).stderr)
        elsewhere = url.replace("localhost", "127.0.0.2")  # not in the certificate
        self.m8("status", *trusted, url=elsewhere, code=1)


class Certificate:
    """key.pem and cert.pem for localhost, self-signed."""

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory(prefix="m8-e2e-")
        self.folder = pathlib.Path(self.place.name)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
             self.folder / "key.pem", "-out", self.folder / "cert.pem"],
            check=True, capture_output=True)
        return self

    def __exit__(self, *_):
        self.place.cleanup()


if __name__ == "__main__":
    unittest.main()
