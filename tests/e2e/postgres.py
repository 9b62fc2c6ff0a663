"""A PostgreSQL server of a test's own: to be killed, filled, copied and locked up."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SECONDS = 60


def programs():
    """The newest directory of the server's programs; None if it is not installed."""
    found = [path for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin")
             if (path / "postgres").exists()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def as_postgres(*arguments):
    """The server refuses to be root."""
    if os.geteuid() != 0:
        return [str(argument) for argument in arguments]
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig",
            "QUIT", *map(str, arguments)]


class Postgres:
    """For a with statement. User and password are m8."""

    def __init__(self, connections=20, primary=None):
        self.connections, self.primary, self.process = connections, primary, None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="m8-pg-")
        os.chmod(self.folder, 0o711)
        self.home = pathlib.Path(self.folder, "home")
        self.home.mkdir(mode=0o700)
        password = self.home / "password"
        password.write_text("m8\n")
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            for path in (self.home, password):
                os.chown(path, user.pw_uid, user.pw_gid)
        if self.primary:
            self.run("pg_basebackup", "-D", self.home / "data", "-R", "-X", "stream", "-c", "fast",
                     "-d", self.primary.url())
        else:
            self.run("initdb", "-D", self.home / "data", "-U", "m8", "-A", "scram-sha-256",
                     f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *arguments):
        subprocess.run(as_postgres(programs() / program, *arguments), check=True, timeout=SECONDS,
                       capture_output=True, cwd="/")

    def start(self):
        for _ in range(3):  # somebody else may take the port
            self.port = free_port()
            self.process = subprocess.Popen(
                as_postgres(programs() / "postgres", "-D", self.home / "data", "-h", "127.0.0.1",
                            "-p", self.port, "-k", "", "-c",
                            f"max_connections={self.connections}"),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
            deadline = time.monotonic() + SECONDS
            while self.process.poll() is None and time.monotonic() < deadline:
                if self.sql("SELECT 1").returncode == 0:
                    return
                time.sleep(0.05)
            self.kill()
        raise AssertionError("PostgreSQL did not start")

    def kill(self):
        """As a crash: nothing is written any more."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(SECONDS)

    def url(self, user="m8:m8", database="postgres", options=""):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}{options}"

    def sql(self, text, **options):
        return subprocess.run(["psql", "-qAt", "-c", text, self.url()], text=True,
                              capture_output=True, timeout=SECONDS, **options)
