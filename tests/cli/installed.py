#!/usr/bin/env python3
"""Installs into a temporary prefix and checks that every part is in its place and runs.

usage: installed.py BUILD_DIRECTORY PROGRAM...
"""
import pathlib
import subprocess
import sys
import tempfile


def expected(programs):
    """Paths below the prefix."""
    paths = []
    for program in programs:
        paths += [f"bin/{program}", f"share/man/man1/{program}.1",
                  f"share/bash-completion/completions/{program}",
                  f"share/zsh/vendor-completions/_{program}",
                  f"share/fish/vendor_completions.d/{program}.fish"]
    return paths + ["share/man/man5/m8-records.5", "share/man/man7/m8-compatibility.7",
                    "share/m8/examples/templates"]


def main():
    build, *programs = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="m8-install-") as prefix:
        subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True,
                       stdout=subprocess.DEVNULL)
        missing = [path for path in expected(programs) if not pathlib.Path(prefix, path).exists()]
        for path in missing:
            print(f"not installed: {path}")
        for program in programs:
            says = subprocess.run([f"{prefix}/bin/{program}", "--version"], check=True,
                                  capture_output=True, text=True).stdout
            if not says.startswith(program + " "):
                missing.append(program)
                print(f"{program} --version says {says!r}")
    print(f"{len(expected(programs))} paths, {len(missing)} wrong")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
