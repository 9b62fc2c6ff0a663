#!/usr/bin/env python3
"""`asmm8 permute` with alterx's file makes exactly what alterx makes, at most 1 % of it twice.

usage: permute_peer.py PROGRAM_DIRECTORY; data in $M8_TEST_DATA/permute
"""
import lzma
import os
import pathlib
import subprocess
import sys

data = pathlib.Path(os.environ.get("M8_TEST_DATA", "")) / "permute"
if not os.environ.get("M8_TEST_DATA") or not data.is_dir():
    sys.exit("M8_TEST_DATA names no data" if os.environ.get("CI") else 77)
done = subprocess.run([pathlib.Path(sys.argv[1]) / "asmm8", "permute", "-ac",
                       data / "patterns.yaml", "-l", data / "names.txt"],
                      stdout=subprocess.PIPE, text=True, timeout=60, check=True)
ours = done.stdout.splitlines()
expected = set(lzma.open(data / "expected.txt.xz", "rt").read().split())
assert set(ours) == expected, sorted(set(ours) ^ expected)[:10]
assert len(ours) <= len(expected) * 1.01, (len(ours), len(expected))
print(f"{len(ours)} lines, {len(expected)} candidates as expected")
