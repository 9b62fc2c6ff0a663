"""A DNS server for tests whose records change while they run."""
import socket
import struct
import threading


class Zone:
    """An authoritative server on loopback whose records (name -> address) may change at any time."""

    def __init__(self, **hosts):
        self.hosts, self.silent, self.asked = hosts, set(), {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                wire, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            if (answer := self.answer(wire)) is not None and self.socket.fileno() >= 0:
                self.socket.sendto(answer, peer)

    def answer(self, wire):
        labels, at = [], 12
        while wire[at]:
            labels.append(wire[at + 1:at + 1 + wire[at]].decode().lower())
            at += 1 + wire[at]
        question, kind = wire[12:at + 5], struct.unpack(">H", wire[at + 1:at + 3])[0]
        name = ".".join(labels)
        self.asked[name] = self.asked.get(name, 0) + 1
        if name in self.silent:
            return None
        address = self.address_of(name)
        found = address is not None and kind == 1
        head = wire[:2] + struct.pack(">HHHHH", 0x8580 | (0 if address else 3), 1, found, 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address) if found else b""
        return head + question + record

    def address_of(self, name):
        """None: there is no such name."""
        return self.hosts.get(name)

    def close(self):
        self.socket.close()
