"""asmm8 probe -jarm against OpenSSL servers of several settings, and against JARM computed anew here.

The hellos and the fingerprint below follow the published description (Salesforce, 2020), written
independently of the C++.
"""
import contextlib
import hashlib
import os
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
import unittest

from support import SECONDS, Case, records

CIPHERS = [int(text, 16) for text in """
    0016 0033 0067 c09e c0a2 009e 0039 006b c09f c0a3 009f 0045 00be 0088 00c4 009a c008 c009 c023
    c0ac c0ae c02b c00a c024 c0ad c0af c02c c072 c073 cca9 1302 1301 cc14 c007 c012 c013 c027 c02f
    c014 c028 c030 c060 c061 c076 c077 cca8 1305 1304 1303 cc13 c011 000a 002f 003c c09c c0a0 009c
    0035 003d c09d c0a1 009d 0041 00ba 0084 00c0 0007 0004 0005""".split()]
ALPN = ["http/0.9", "http/1.0", "http/1.1", "spdy/1", "spdy/2", "spdy/3", "h2", "h2c", "hq"]
RARE = [name for name in ALPN if name not in ("http/1.1", "h2")]
# A cipher's number in the fingerprint is its place here, from 1: those of TLS 1.3 come last.
PLACES = sorted(CIPHERS, key=lambda cipher: (cipher >> 8 == 0x13, cipher))
# version, ciphers, their order, GREASE, ALPN, highest supported version, order of extensions
HELLOS = [
    (0x0303, CIPHERS, "forward", False, ALPN, 0x0303, "reverse"),
    (0x0303, CIPHERS, "reverse", False, ALPN, 0x0303, "forward"),
    (0x0303, CIPHERS, "top half", False, ALPN, None, "forward"),
    (0x0303, CIPHERS, "bottom half", False, RARE, None, "forward"),
    (0x0303, CIPHERS, "middle out", True, RARE, None, "reverse"),
    (0x0302, CIPHERS, "forward", False, ALPN, None, "forward"),
    (0x0304, CIPHERS, "forward", False, ALPN, 0x0304, "reverse"),
    (0x0304, CIPHERS, "reverse", False, ALPN, 0x0304, "forward"),
    (0x0304, [c for c in CIPHERS if c >> 8 != 0x13], "forward", False, ALPN, 0x0304, "forward"),
    (0x0304, CIPHERS, "middle out", True, ALPN, 0x0304, "reverse"),
]
HOST = "127.0.0.1"
GREASE = b"\xfa\xfa"  # one of sixteen, in the place of random bytes


def ordered(items, order):
    middle, odd = divmod(len(items), 2)
    if order == "reverse":
        return items[::-1]
    if order == "bottom half":
        return items[middle + odd:]
    if order == "top half":
        return items[middle:middle + odd] + items[:middle][::-1]
    if order == "middle out":
        above, below = items[middle + odd:], items[:middle][::-1]
        return items[middle:middle + odd] + [x for pair in zip(above, below) for x in pair]
    return items


def two(*numbers):
    return b"".join(struct.pack(">H", number) for number in numbers)


def sized(body):
    return two(len(body)) + body


def extension(kind, body=b""):
    return two(kind) + sized(body)


def hello(host, number):
    """The record, with zeros for what is random."""
    version, ciphers, order, grease, alpn, highest, turn = HELLOS[number]
    parts = GREASE + two(0) if grease else b""
    parts += extension(0, sized(b"\0" + sized(host.encode())))
    parts += extension(23) + extension(1, b"\1") + extension(0xff01, b"\0")
    parts += extension(10, sized(two(0x1d, 0x17, 0x18, 0x19))) + extension(11, b"\1\0") + extension(35)
    parts += extension(16, sized(b"".join(
        bytes([len(name)]) + name.encode() for name in ordered(alpn, turn))))
    parts += extension(13, sized(two(0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601, 0x201)))
    share = (GREASE + b"\0\1\0" if grease else b"") + two(0x1d, 32) + bytes(32)
    parts += extension(51, sized(share)) + extension(45, b"\1\1")
    if highest:
        offered = ordered(list(range(0x0301, highest + 1)), turn)
        listed = (GREASE if grease else b"") + two(*offered)
        parts += extension(43, bytes([len(listed)]) + listed)
    body = two(min(version, 0x0303)) + bytes(32) + b"\x20" + bytes(32)
    body += sized((GREASE if grease else b"") + two(*ordered(ciphers, order))) + b"\1\0" + sized(parts)
    outer = 0x0301 if version == 0x0304 else version
    return b"\x16" + two(outer) + sized(b"\1\0" + sized(body))


def without_random(record, number):
    """A hello as hello() gives it: random bytes are zero, GREASE is the same everywhere."""
    blank = bytearray(record)
    blank[11:43] = bytes(32)
    blank[44:76] = bytes(32)
    template = hello(HOST, number)
    at = template.find(two(0x1d, 32) + bytes(32))
    blank[at + 4:at + 36] = bytes(32)
    if HELLOS[number][3]:
        for at in [place.start() for place in re.finditer(re.escape(GREASE), template)]:
            if blank[at] & 0x0f == 0x0a and blank[at] == blank[at + 1]:
                blank[at:at + 2] = GREASE
    return bytes(blank)


def described(answer):
    if len(answer) < 46 or answer[0] != 22 or answer[5] != 2:
        return ["", "", "", ""]
    after = 44 + answer[43]
    cipher, version = answer[after:after + 2].hex(), answer[9:11].hex()
    length = struct.unpack(">H", answer[3:5])[0]
    if after - 2 >= length or answer[after + 3:after + 4] == b"\x0b":
        return [cipher, version, "", ""]
    at, end = after + 5, after + 5 + struct.unpack(">H", answer[after + 3:after + 5])[0]
    kinds, alpn = [], ""
    while at + 4 <= end:
        kind, size = answer[at:at + 2], struct.unpack(">H", answer[at + 2:at + 4])[0]
        kinds.append(kind.hex())
        if kind == b"\0\x10":
            alpn = answer[at + 7:at + 4 + size].decode()
        at += 4 + size
    return [cipher, version, alpn, "-".join(kinds)]


def fingerprint(answers):
    all_told = [described(answer) for answer in answers]
    if not any(any(told) for told in all_told):
        return "0" * 62
    fuzzy, rest = "", ""
    for cipher, version, alpn, kinds in all_told:
        place = PLACES.index(int(cipher, 16)) + 1 if cipher else 0
        fuzzy += f"{place:02x}" + ("abcdef"[int(version[3])] if version else "0")
        rest += alpn + kinds
    return fuzzy + hashlib.sha256(rest.encode()).hexdigest()[:32]


def ask(port, number):
    with socket.create_connection(("127.0.0.1", port), SECONDS) as peer:
        peer.settimeout(SECONDS)
        record = bytearray(hello(HOST, number))
        at = bytes(record).find(two(0x1d, 32) + bytes(32))
        record[at + 4:at + 36] = os.urandom(32)  # a key of zeros is refused
        peer.sendall(record)
        try:
            return peer.recv(1484)
        except ConnectionError:
            return b""


class Jarm(Case):
    @classmethod
    def setUpClass(cls):
        if subprocess.run(["openssl", "version"], capture_output=True).returncode != 0:
            raise unittest.SkipTest("no openssl")

    def certificate(self):
        key, cert = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2",
                        "-subj", "/CN=a.test", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        return key, cert

    @contextlib.contextmanager
    def server(self, *settings):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        key, cert = self.certificate()
        process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www",
                                    "-key", key, "-cert", cert, *settings], cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + SECONDS
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                self.assertLess(time.monotonic(), deadline)
            yield port
        finally:
            process.kill()
            process.wait()

    def jarm_of(self, target):
        done = self.run_program("asmm8", "probe", "-q", "--jsonl", "-jarm", target)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = records(done.stdout)
        self.assertEqual(len(found), 1, done.stderr)
        return found[0].get("jarm_hash", "")

    def test_servers_of_several_settings(self):
        told = set()
        for settings in ([], ["-tls1_2"], ["-tls1_3"], ["-alpn", "h2,http/1.1"],
                         ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
                         ["-no_ticket", "-cipher", "ALL:@SECLEVEL=0", "-serverpref"]):
            with self.subTest(settings), self.server(*settings) as port:
                expected = fingerprint([ask(port, number) for number in range(10)])
                self.assertEqual(self.jarm_of(f"https://{HOST}:{port}"), expected)
                self.assertNotEqual(expected, "0" * 62)
                told.add(expected)
        self.assertGreaterEqual(len(told), 4)

    def test_each_hello_byte_by_byte(self):
        key, cert = self.certificate()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        hellos = []
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def serve():
                peer, _ = listener.accept()
                with context.wrap_socket(peer, server_side=True) as tls:
                    tls.recv(65536)
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                for _ in HELLOS:
                    with listener.accept()[0] as peer:
                        hellos.append(peer.recv(65536))
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            jarm = self.jarm_of(f"https://{HOST}:{listener.getsockname()[1]}")
            thread.join(SECONDS)
        self.assertEqual(len(hellos), len(HELLOS))
        for number, record in enumerate(hellos):
            self.assertEqual(without_random(record, number), hello(HOST, number), number)
        # Nobody greets back: a server without TLS, as far as JARM knows.
        self.assertEqual(jarm, "0" * 62)


if __name__ == "__main__":
    unittest.main()
