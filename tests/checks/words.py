#!/usr/bin/env python3
"""Words that must not be in the repository: unfinished business, paths of somebody's machine, and
file names that say nothing."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# In text of our own. Data (templates, corpora, word lists) is other people's words.
TEXT = {".cc", ".h", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".sql", ".1", ".5", ".7", ""}
DATA = ("tests/fuzz/corpus/", "tests/data/", "examples/templates/")
WORDS = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "unfinished business"),
    (re.compile(r"(?<![\w.])/((home|Users)/(?!u\b)|work/|root/)\w+|/tmp/helper"), "a path of one machine"),
    (re.compile(r"\b(lorem ipsum|not implemented yet)\b", re.IGNORECASE), "a placeholder"),
]
NAMES = re.compile(r"(^|_)(utils?|managers?|helpers?|misc|common_utils)(_|\.|$)")


def tracked():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
                             "--exclude-standard"], check=True, capture_output=True).stdout
    return [name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def main():
    complaints, files = [], tracked()
    for name in files:
        path = ROOT / name
        if NAMES.search(path.name):
            complaints.append(f"{name}: a name that says nothing")
        if path == pathlib.Path(__file__).resolve() or name.startswith(DATA):
            continue
        if path.suffix not in TEXT:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for pattern, what in WORDS:
                if match := pattern.search(line):
                    complaints.append(f"{name}:{number}: {what}: {match[0]}")
    print("\n".join(complaints))
    print(f"{len(files)} files, {len(complaints)} complaints")
    return 1 if complaints or not files else 0


if __name__ == "__main__":
    sys.exit(main())
