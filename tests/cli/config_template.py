#!/usr/bin/env python3
"""What `m8 config init` writes is private, good, and says every default as it is.

usage: config_template.py PROGRAM_DIRECTORY
"""
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile


def run(*arguments, code=0):
    done = subprocess.run([programs / "m8", "config", *arguments], capture_output=True, text=True,
                          env={"HOME": str(home), "PATH": os.environ["PATH"]}, timeout=60)
    assert done.returncode == code, (arguments, done)
    return done.stdout


def values(*arguments):
    """{(program, command, key): (value, origin)}"""
    found = {}
    for line in run("show", "--jsonl", *arguments).splitlines():
        record = json.loads(line)
        key = record["program"], record["command"], record["key"]
        found[key] = record["value"], record["origin"]
    return found


programs = pathlib.Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    home = pathlib.Path(folder)
    before = values()
    run("init")
    path = home / ".config/m8/config.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "not private"
    run("check")
    assert values() == before, "a fresh file changes something"
    run("init", code=2)
    path.chmod(0o644)
    run("init", "--force")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "not private after --force"
    assert run("init", "-") == path.read_text()

    # With every default spelled out nothing changes but the origin.
    lines = path.read_text().splitlines()
    for i, line in enumerate(lines):
        if re.match(r" *#[a-z0-9_.-]+: ", line) and not lines[i - 1].endswith("; unset)"):
            lines[i] = line.replace("#", "", 1)
    spelled = home / "spelled.yaml"
    spelled.write_text("\n".join(lines) + "\n")
    run("check", str(spelled))
    after = values("--config", str(spelled))
    assert after.keys() == before.keys()
    for key, (value, origin) in after.items():
        assert value == before[key][0], (key, value, before[key])
    blind = {"config init", "config check", "config show"}  # they must not need a good file
    unsaid = [key for key, (value, origin) in after.items() if origin == "default" and value and key[1] not in blind]
    assert not unsaid, ("defaults that the file does not say", unsaid)
    print(f"{len(after)} values of {len({key[:2] for key in after})} commands, all defaults said")
