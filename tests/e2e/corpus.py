"""What tests on the corpus of $M8_TEST_DATA share: its templates, and how a scan is compared."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

from support import SOURCE

DATA = pathlib.Path(os.environ.get("M8_TEST_DATA", SOURCE.parent / "shared" / "data"))
TOOLS = DATA.parent / "tools"


def need(*paths):
    """Skips what the data is missing for: it lies outside the project."""
    for path in paths:
        if not path.exists():
            raise unittest.SkipTest(f"no {path.name} beside the project")


def unpack_templates(folder):
    """The folder of the corpus."""
    need(DATA / "nuclei-templates.tar.xz")
    subprocess.run(["tar", "-xJf", DATA / "nuclei-templates.tar.xz", "-C", folder], check=True)
    return next(path for path in pathlib.Path(folder).iterdir() if path.name.startswith("nuclei"))


def scan_flags(root):
    """As the reference engine was run: everything over http but a few with long word lists. Some
    templates name hosts of their own: nothing but loopback is contacted."""
    scope = root.parent / "scope.txt"
    scope.write_text("127.0.0.0/8\n")
    excluded = (DATA / "positive-lab-excluded.txt").read_text().split()
    return ["-t", "http", "-ud", root, "-et", ",".join(str(root / path) for path in excluded),
            "--no-interactsh", "--no-mhe", "--allow", "all", "--rate", 0, "--timeout", 10,
            "--scope", scope, "--no-store", "--jsonl"]


def compare(expected, findings, *arguments):
    """The counts expected, missing, different and extra, and what the comparison said."""
    done = subprocess.run([sys.executable, TOOLS / "compare_findings.py", "--show", "100", expected,
                           findings, *arguments], capture_output=True, text=True)
    counts = re.findall(r"(expected|missing|different|extra) (\d+)", done.stdout.splitlines()[-1])
    return {name: int(count) for name, count in counts}, done.stdout
