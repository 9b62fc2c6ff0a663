"""A RabbitMQ of a test's own, with its epmd: to be killed, restarted, blocked and looked into."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SECONDS = 60
PROGRAMS = pathlib.Path("/usr/lib/rabbitmq/bin")  # the wrappers of PATH change the user


def installed():
    return (PROGRAMS / "rabbitmq-server").exists()


def free_ports(count):
    taken = [socket.socket() for _ in range(count)]
    try:
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]
    finally:
        for one in taken:
            one.close()


class RabbitMQ:
    """For a with statement. User and password are guest. Takes some ten seconds to start."""

    def __init__(self, config=""):
        self.config, self.node, self.epmd = config, None, None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="m8-rmq-"))
        self.port, distribution, epmd = free_ports(3)
        here = self.folder
        (here / "plugins").write_text("[].\n")
        (here / "rabbitmq.conf").write_text(self.config + "\n")
        self.environment = os.environ | {
            "HOME": str(here), "ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"m8-{self.port}@localhost", "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": f"{here}/data", "RABBITMQ_LOG_BASE": f"{here}/log",
            "RABBITMQ_PID_FILE": f"{here}/pid", "RABBITMQ_ENABLED_PLUGINS_FILE": f"{here}/plugins",
            "RABBITMQ_CONFIG_FILE": f"{here}/rabbitmq",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the node: signals reach it
        }
        self.epmd = subprocess.Popen(["epmd", "-address", "127.0.0.1", "-port", str(epmd)],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill()
        self.epmd.kill()
        self.epmd.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, vhost="", login="guest:guest"):
        return f"amqp://{login}@127.0.0.1:{self.port}/{vhost}"

    def start(self):
        """Starts it, also again after kill() or stop(), and waits until it takes connections."""
        with open(self.folder / "node.log", "ab") as log:
            self.node = subprocess.Popen([PROGRAMS / "rabbitmq-server"], env=self.environment,
                                         stdout=log, stderr=log, cwd="/")
        deadline = time.monotonic() + SECONDS
        while not self.answers():
            if self.node.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "node.log").read_text()[-2000:])
            time.sleep(0.1)

    def answers(self):
        """Whether it begins to speak AMQP."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                return probe.recv(1) == b"\x01"
        except OSError:
            return False

    def kill(self):
        """As if the machine had lost power."""
        if self.node:
            self.node.kill()
            self.node.wait()
        self.node = None

    def stop(self):
        self.node.send_signal(signal.SIGTERM)
        self.node.wait(SECONDS)
        self.node = None

    def control(self, *arguments):
        """rabbitmqctl; its output."""
        return subprocess.run([PROGRAMS / "rabbitmqctl", "-q", *arguments], env=self.environment,
                              check=True, capture_output=True, text=True, timeout=SECONDS).stdout

    def queues(self):
        """{name: messages}"""
        lines = self.control("list_queues", "--no-table-headers", "name", "messages").splitlines()
        return {name: int(count) for name, count in (line.split("\t") for line in lines)}
