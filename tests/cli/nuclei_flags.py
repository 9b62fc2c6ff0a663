#!/usr/bin/env python3
"""num8 scan knows every flag of nuclei: it takes it, or refuses it by name.

usage: nuclei_flags.py PROGRAM_DIRECTORY

The flags are in nuclei_flags.tsv. A flag is taken if `num8 scan -FLAG [VALUE] --help` gives the help,
for that comes after the names were understood and before values are looked at.
"""
import os
import pathlib
import re
import subprocess
import sys

# Core flags of what is out of scope by decision: code on this machine, browsers, local files.
OUT_OF_SCOPE = {"code", "headless", "file"}
# Taken once their part of the program is there.
LATER = {"update-templates"}
# Of the others, those that published command lines use (section 12).
WANTED = {"json-export", "jsonl-export", "markdown-export", "sarif-export", "system-resolvers",
          "exclude-hosts", "type", "exclude-type", "template-condition", "new-templates", "profile",
          "matcher-status", "omit-raw", "omit-template", "redact"}


def verdict(program, name, has_value):
    arguments = [f"-{name}", "1"] if has_value else [f"-{name}"]
    done = subprocess.run([program, "scan", *arguments, "--help"], capture_output=True, text=True,
                          timeout=30, stdin=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, check=False)
    if done.returncode == 0:
        return "taken"
    if done.returncode == 2 and re.fullmatch(
            rf"num8: -{name} is not supported: [^\n]{{10,}}\n", done.stderr):
        return "refused"
    return f"neither: {done.returncode}: {done.stderr.strip() or done.stdout[:100]}"


def main():
    program = pathlib.Path(sys.argv[1], "num8")
    table = pathlib.Path(__file__).with_suffix(".tsv").read_text().splitlines()
    complaints, counts = [], {"taken": 0, "refused": 0}
    for line in table:
        if line.startswith("#"):
            continue
        names, has_value, mark = line.split("\t")
        names = names.split(",")
        # -version and -help do something else and leave.
        verdicts = {name: verdict(program, name, bool(has_value)) for name in names}
        for name, found in verdicts.items():
            if found not in counts:
                complaints.append(f"-{name}: {found}")
        first = verdicts[names[0]]
        if len(set(verdicts.values())) > 1:
            complaints.append(f"-{names[0]}: its names differ: {verdicts}")
        wanted = names[0] in WANTED or (mark == "C" and names[0] not in OUT_OF_SCOPE | LATER)
        if wanted and first != "taken":
            complaints.append(f"-{names[0]}: is not taken")
        counts[first] = counts.get(first, 0) + 1
    print("\n".join(complaints))
    print(f"{counts['taken']} flags taken, {counts['refused']} refused by name")
    return 1 if complaints or counts["taken"] < 80 else 0


if __name__ == "__main__":
    sys.exit(main())
