#!/usr/bin/env python3
"""Runs the commands of README.md: every fenced block whose language is `sh`.

usage: readme.py PROGRAM_DIRECTORY [FILE]

A block is left out when `norun` follows the language (```sh norun): that is for what needs a network,
root, or minutes. Other words (```sh run) change nothing; a block without a language is only text.
Each block has a temporary directory, which is also its $HOME, and a bash that stops at the first
command that fails. PROGRAM_DIRECTORY comes first in $PATH, $M8_ROOT is the source. A block may take
120 seconds; what it leaves running in the background is ended.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 120
FENCE = re.compile(r"^( *)(`{3,})([^`\n]*)\n(.*?)^\1\2 *$", re.DOTALL | re.MULTILINE)


def blocks(text):
    """(number of its first line, commands) of each block to run."""
    for match in FENCE.finditer(text):
        language, *words = match[3].split() or [""]
        if language == "sh" and "norun" not in words:
            yield text.count("\n", 0, match.start(4)) + 1, match[4]


def environment(programs, home):
    """Nothing of the user's settings; the programs of this build before those installed."""
    return {"PATH": f"{programs}:{os.environ['PATH']}", "M8_ROOT": str(ROOT), "HOME": home,
            "TMPDIR": home, "LC_ALL": "C.UTF-8",
            **{f"XDG_{what}_HOME": f"{home}/.{what.lower()}"
               for what in ("CONFIG", "DATA", "STATE", "CACHE")}}


def run(commands, programs):
    """What went wrong, with all that was printed; empty if nothing did."""
    with tempfile.TemporaryDirectory(prefix="m8-readme-") as home, \
            tempfile.TemporaryFile("w+", errors="replace") as output:
        shell = subprocess.Popen(["bash", "-euo", "pipefail", "-c", commands], cwd=home,
                                 env=environment(programs, home), stdin=subprocess.DEVNULL,
                                 stdout=output, stderr=output, start_new_session=True)
        try:
            code = shell.wait(SECONDS)
            problem = f"exit code {code}" if code else ""
        except subprocess.TimeoutExpired:
            problem = f"not done after {SECONDS} seconds"
        end(shell)
        output.seek(0)
        return problem and f"{problem}\n{commands}---\n{output.read()}"


def end(shell):
    """Ends the shell's whole session, so that no server outlives its directory."""
    try:
        os.killpg(shell.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    shell.wait()


def check(path, programs):
    """The exit code: 0 if there were blocks and all ran well."""
    count = failed = 0
    for line, commands in blocks(path.read_text()):
        count += 1
        problem = run(commands, programs)
        if problem:
            failed += 1
            print(f"{path.name}:{line}: {problem}")
    print(f"{path.name}: {count} blocks, {failed} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(check(pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "README.md",
                   pathlib.Path(sys.argv[1]).resolve()))
