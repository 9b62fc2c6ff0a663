#!/usr/bin/env python3
"""Runs the commands of README.md: every line of a block that starts with ```sh run.

usage: readme.py PROGRAM_DIRECTORY

The lines of one block share a temporary working directory and one shell, which stops at the first
that fails. A block may take 120 seconds.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```sh run\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    environment = dict(os.environ, PATH=f"{pathlib.Path(sys.argv[1]).resolve()}:{os.environ['PATH']}")
    failed = 0
    for block in blocks:
        with tempfile.TemporaryDirectory(prefix="m8-readme-") as folder:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=folder, timeout=120,
                                  env=dict(environment, HOME=folder, M8_ROOT=str(ROOT)),
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            failed += 1
            print(f"FAILED with {done.returncode}:\n{block}{done.stdout}{done.stderr}")
    print(f"{len(blocks)} blocks, {failed} failed")
    return 1 if failed or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
