"""What the end-to-end tests share: the programs, a lab of their own, and one way to run things.

M8_BINARY_DIR holds the programs, M8_SOURCE_DIR the source; ctest sets both.
"""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("M8_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
BINARIES = pathlib.Path(os.environ.get("M8_BINARY_DIR", SOURCE / "build" / "release"))
TEMPLATES = SOURCE / "examples" / "templates"
SECONDS = 60  # before a program counts as hanging


def command(program, *arguments):
    return [str(BINARIES / program), *map(str, arguments)]


def clean_environment(home):
    """Nothing of the user's settings: PATH, and a home of the test's own."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CONFIG_HOME": f"{home}/config",
            "XDG_DATA_HOME": f"{home}/data", "XDG_CACHE_HOME": f"{home}/cache",
            "TMPDIR": str(home), "LC_ALL": "C.UTF-8"}


class Lab:
    """`m8 lab` on free ports, for a with statement."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="m8-e2e-")
        ready = pathlib.Path(self.folder.name, "ready.json")
        self.process = subprocess.Popen(
            command("m8", "lab", "--port", 0, "--dns-port", 0, "--ready-file", ready,
                    *self.arguments),
            stdout=subprocess.DEVNULL, env=clean_environment(self.folder.name))
        deadline = time.monotonic() + SECONDS
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError("the lab did not start")
            time.sleep(0.01)
        said = json.loads(ready.read_text())
        self.zone, self.dns, self.port = said["zone"], said["dns"], said["port"]
        self.resolvers = said.get("resolvers", [])
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS)
        self.folder.cleanup()

    def plan(self):
        """The names of the lab: a list of {name, kind, findings, ...}."""
        lines = subprocess.run(command("m8", "lab", "--plan", *self.arguments), check=True,
                               capture_output=True, text=True, timeout=SECONDS).stdout
        return [json.loads(line) for line in lines.splitlines()]

    def scan_arguments(self):
        return ["-t", TEMPLATES, "-r", self.dns, "--ports", self.port, "--rate", 0]


class Case(unittest.TestCase):
    """A test with a directory of its own, which is also $HOME of what it runs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="m8-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def write_hit_templates(self, count):
        """Folder t: templates t0, t1, ..., each of which asks for its own path and finds "hit"."""
        (self.folder / "t").mkdir()
        for i in range(count):
            self.write(f"t/t{i}.yaml", f"""id: t{i}
info: {{name: t, author: a, severity: info}}
http:
  - path: ["{{{{BaseURL}}}}/t{i}"]
    matchers: [{{type: word, words: [hit]}}]
""")

    def run_program(self, program, *arguments, stdin="", **options):
        return subprocess.run(command(program, *arguments), input=stdin, text=True,
                              capture_output=True, timeout=SECONDS, cwd=self.folder,
                              env=clean_environment(self.folder), **options)

    def start_program(self, program, *arguments, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE, "text": True, **options}
        process = subprocess.Popen(command(program, *arguments), cwd=self.folder,
                                   env=clean_environment(self.folder), **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
        process.wait()

    def assert_one_error(self, done, code, *words):
        """The documented exit code, and exactly one line on stderr that names what and where."""
        self.assertEqual(done.returncode, code, done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(str(word), lines[0])


def records(text):
    return [json.loads(line) for line in text.splitlines()]
