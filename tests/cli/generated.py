#!/usr/bin/env python3
"""Compares man/*.1 and completions/* with what the programs print; --write writes them instead.

usage: generated.py [--write] PROGRAM_DIRECTORY PROGRAM...
"""
import difflib
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def committed(program):
    """Where each kind of document lies."""
    return {"man": ROOT / "man" / f"{program}.1",
            "bash": ROOT / "completions" / program,
            "zsh": ROOT / "completions" / f"_{program}",
            "fish": ROOT / "completions" / f"{program}.fish"}


def main():
    arguments = [a for a in sys.argv[1:] if a != "--write"]
    write = "--write" in sys.argv
    folder, *programs = arguments
    stale = 0
    for program in programs:
        for kind, path in committed(program).items():
            text = subprocess.run([f"{folder}/{program}", "--generate", kind], check=True,
                                  capture_output=True, text=True).stdout
            old = path.read_text() if path.exists() else ""
            if write and text != old:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
                print(f"wrote {path.relative_to(ROOT)}")
            elif text != old:
                stale += 1
                name = str(path.relative_to(ROOT))
                sys.stdout.writelines(difflib.unified_diff(
                    old.splitlines(True), text.splitlines(True), name, f"{program} prints", n=0))
    if stale:
        print(f"{stale} files are stale: cmake --build <build directory> --target generate")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
