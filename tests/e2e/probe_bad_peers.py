"""asmm8 probe among servers that reset, drip, lie, and flood: each costs its own record only."""
import contextlib
import gzip
import json
import os
import resource
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import unittest

from support import SECONDS, Case, clean_environment, command, records

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n<title>ok</title>\n"
MEGABYTE = 1 << 20


def ok(*headers, body=b""):
    return b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(peer):
    for byte in ok(b"X: " + b"y" * 100_000):
        peer.send(bytes([byte]))
        time.sleep(0.05)


def without_end(peer):
    peer.sendall(ok(b"Content-Type: text/html"))
    while True:
        peer.sendall(b"<p>" * 20_000)


def headers_without_end(peer):
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        peer.sendall(b"X-Y: " + b"z" * 1000 + b"\r\n")


# What is sent after a request, or who talks instead; and the status that is made of it.
PEERS = {
    "reset": (reset, None),
    "drips": (drip, None),
    "closes": (b"", None),
    "garbage": (os.urandom(4000), None),
    "no status": (b"HTTP/1.1 abc OK\r\n\r\n", None),
    "ssh": (b"SSH-2.0-OpenSSH_9.2p1\r\n", None),
    "smtp": (b"220 mail ESMTP\r\n500 what\r\n", None),
    "promises too much": (ok(b"Content-Length: 1000", body=b"<title>a</title>"), 200),
    "promises too little": (ok(b"Content-Length: 5", body=b"12345" * 100), 200),
    "negative length": (ok(b"Content-Length: -1", body=b"x"), None),
    "two lengths": (ok(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"), None),
    "chunk of 2^64": (ok(b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\nx"), 200),
    "line without end": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * (4 * MEGABYTE), None),
    "headers without end": (headers_without_end, None),
    "body without end": (without_end, 200),
    "bomb": (ok(b"Content-Encoding: gzip", b"Content-Type: text/html",
                body=gzip.compress(bytes(256 * MEGABYTE), 9)), 200),
    "broken gzip": (ok(b"Content-Encoding: gzip", b"Content-Length: 7", body=b"\x1f\x8bxxxxx"), 200),
    "zero bytes": (ok(b"Content-Length: 5", b"X\0Y: \0", body=b"<\0t\0>"), 200),
    "redirects to itself": (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 302),
    "good": (PAGE, 200),
}


class Peer:
    """One server on a port of its own, for a with statement."""

    def __init__(self, what):
        self.what = what
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        with contextlib.suppress(OSError, ssl.SSLError), peer:
            while True:
                peer.settimeout(SECONDS)
                if not peer.recv(65536):
                    return
                if callable(self.what):
                    return self.what(peer)
                peer.sendall(self.what)
                # Nothing of it is lost if more was asked meanwhile.
                return peer.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.close()


class BadPeers(Case):
    def peer(self, what):
        peer = Peer(what)
        self.addCleanup(peer.close)
        return peer

    def test_each_costs_its_own_record_only(self):
        ports = {str(self.peer(what).port): name for name, (what, _) in PEERS.items()}
        targets = "".join(f"http://127.0.0.1:{port}\n" for port in ports)
        begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = self.run_program("asmm8", "probe", "-q", "--jsonl", "-probe", "-fr", "-favicon",
                                "-hash", "sha256", "-timeout", 2, "-rl", 0, stdin=targets)
        self.assertLess(time.monotonic() - begin, SECONDS / 2)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(after.ru_utime - before.ru_utime, 10)
        found = {ports[record["port"]]: record for record in records(done.stdout)}
        self.assertEqual(found.keys(), PEERS.keys())
        told = {name: None if record["failed"] else record["status_code"]
                for name, record in found.items()}
        self.assertEqual(told, {name: status for name, (_, status) in PEERS.items()})
        for name, record in found.items():
            self.assertEqual(bool(record.get("error")), record["failed"], name)
        self.assertEqual(found["good"]["title"], "ok")

    def test_their_bytes_do_not_fill_the_memory(self):
        flood = [self.peer(PEERS[name][0]) for name in ("body without end", "bomb") for _ in "1234"]
        summary = self.folder / "summary"
        done = self.run_program("asmm8", "probe", "-q", "-timeout", 5, "-rl", 0, "--no-store",
                                "--summary", summary,
                                stdin="".join(f"http://127.0.0.1:{peer.port}\n" for peer in flood))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), len(flood))
        self.assertLess(json.loads(summary.read_text())["peak_rss_bytes"], 150 * MEGABYTE)

    def test_a_port_that_talks_tls_badly(self):
        alert = self.peer(b"\x15\3\3\0\2\2\x28")
        plain = self.peer(PAGE)
        done = self.run_program("asmm8", "probe", "-q", "-timeout", 2, "-rl", 0,
                                f"https://127.0.0.1:{alert.port}", f"https://127.0.0.1:{plain.port}")
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def certificate(self, *dates):
        """Self-signed for a.test; with dates (YYMMDDHHMMSSZ) of its beginning and end."""
        (self.folder / "ca").mkdir(exist_ok=True)
        (self.folder / "ca" / "index").write_text("")
        (self.folder / "ca" / "serial").write_text("01\n")
        config = self.write("ca.conf", f"""
[ca]
default_ca = it
[it]
dir = {self.folder}/ca
new_certs_dir = $dir
database = $dir/index
serial = $dir/serial
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:a.test
""")
        key, request, cert = (self.folder / name for name in ("key.pem", "req.pem", "cert.pem"))
        for arguments in (["req", "-new", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=a.test",
                           "-keyout", key, "-out", request],
                          ["ca", "-batch", "-notext", "-selfsign", "-config", config, "-keyfile", key,
                           "-in", request, "-out", cert, "-startdate", dates[0], "-enddate", dates[1]]):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
        return cert, key

    def test_a_certificate_is_told_as_it_is(self):
        cert, key = self.certificate("200101000000Z", "210101000000Z")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def serve():
                with contextlib.suppress(OSError, ssl.SSLError):
                    with context.wrap_socket(listener.accept()[0], server_side=True) as peer:
                        peer.recv(65536)
                        peer.sendall(PAGE)
            threading.Thread(target=serve, daemon=True).start()
            done = self.run_program("asmm8", "probe", "-q", "--jsonl", "-tls-grab",
                                    f"https://127.0.0.1:{listener.getsockname()[1]}")
        tls = records(done.stdout)[0]["tls"]
        self.assertEqual((tls["self_signed"], tls["mismatched"], tls["expired"]), (True, True, True))
        self.assertEqual((tls["subject_cn"], tls["subject_an"]), ("a.test", ["a.test"]))
        self.assertEqual(tls["not_after"], "2021-01-01T00:00:00.000Z")

    def slow_run(self, *more, **options):
        """A run that has probed a good host and waits for a silent one."""
        silent, good = self.peer(lambda peer: time.sleep(SECONDS)), self.peer(PAGE)
        return self.start_program("asmm8", "probe", "-q", "-timeout", SECONDS, *more,
                                  f"http://127.0.0.1:{good.port}", f"http://127.0.0.1:{silent.port}",
                                  **options)

    def test_a_signal_ends_with_130_and_whole_lines(self):
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            store = f"sqlite:{self.folder}/{signal_number}.db"
            run = self.slow_run("--jsonl", "--store", store)
            line = run.stdout.readline()
            run.send_signal(signal_number)
            rest, errors = run.communicate(timeout=SECONDS)
            self.assertEqual(run.returncode, 130, errors)
            self.assertEqual((json.loads(line)["title"], rest), ("ok", ""))
            runs = self.run_program("m8", "runs", "list", "--jsonl", "--store", store).stdout
            self.assertEqual(records(runs)[0]["status"], "interrupted")

    def test_a_full_disk_is_named(self):
        good = self.peer(PAGE)
        done = self.run_program("asmm8", "probe", "-q", "--no-store", "-o", "/dev/full",
                                f"http://127.0.0.1:{good.port}")
        self.assert_one_error(done, 1, "/dev/full", "no space left")
        self.assertEqual(done.stdout, f"http://127.0.0.1:{good.port}\n")

    def test_a_closed_stdout_ends_quietly_with_0(self):
        good = self.peer(PAGE)
        targets = "".join(f"http://127.0.0.1:{good.port}/{number}\n" for number in range(5000))
        reading, writing = os.pipe()
        with open(reading, "rb") as reader:
            run = subprocess.Popen(command("asmm8", "probe", "-rl", "0", "--no-store", "-q"),
                                   stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE,
                                   text=True, env=clean_environment(self.folder))
            os.close(writing)
            threading.Thread(target=self.feed, args=(run, targets), daemon=True).start()
            reader.readline()
        errors = run.stderr.read()
        self.assertEqual((run.wait(SECONDS), errors), (0, ""))
        run.stderr.close()

    @staticmethod
    def feed(run, targets):
        with contextlib.suppress(OSError):
            run.stdin.write(targets)
            run.stdin.close()


if __name__ == "__main__":
    unittest.main()
