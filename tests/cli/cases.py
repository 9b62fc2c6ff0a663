#!/usr/bin/env python3
"""Runs the cases of tests/cli/*.json against the built programs.

usage: cases.py PROGRAM_DIRECTORY FILE.json...

A file is a JSON array of cases:

    name        what is shown, one line
    arguments   the command line; the first word is a program of PROGRAM_DIRECTORY
    stdin       text, default empty
    env         variables over a clean environment (PATH, HOME and XDG_CONFIG_HOME point to the
                case's own directory)
    files       {path: text}; made in the case's own directory, which is the working directory
    before      command lines that are run first, with the same surroundings, and must succeed
    stdout      exact text, or {"regex": "..."} that the whole output must match (. matches newlines)
    stderr      the same
    returncode  default 0
    timeout     seconds, default 30

What is left out is not checked; stderr of a case that expects 0 must be empty unless it is given.
Texts and arguments may use ${M8_TEST_...} variables; a case whose variable is unset is skipped,
and fails when CI is set.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def expand(value, missing):
    """Replaces ${M8_TEST_...} in texts, also inside lists and maps; collects those that are unset."""
    if isinstance(value, str):
        def look_up(match):
            if match[1] not in os.environ:
                missing.add(match[1])
            return os.environ.get(match[1], "")
        return re.sub(r"\$\{(M8_TEST_\w+)\}", look_up, value)
    if isinstance(value, list):
        return [expand(item, missing) for item in value]
    if isinstance(value, dict):
        return {key: expand(item, missing) for key, item in value.items()}
    return value


def matches(expected, actual):
    if isinstance(expected, dict):
        return re.fullmatch(expected["regex"], actual, re.DOTALL) is not None
    return expected == actual


def run_case(case, programs, folder):
    """Gives the list of complaints."""
    for name, text in case.get("files", {}).items():
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_CONFIG_HOME": folder + "/config",
                   "LC_ALL": "C.UTF-8", **case.get("env", {})}
    def run(line, stdin):
        program, *arguments = line
        return subprocess.run([str(programs / program), *arguments], cwd=folder, env=environment,
                              input=stdin.encode(), capture_output=True,
                              timeout=case.get("timeout", 30), check=False)

    try:
        for line in case.get("before", []):
            if (first := run(line, "")).returncode != 0:
                return [f"before: {' '.join(line)}: returncode {first.returncode}",
                        first.stderr.decode(errors="replace")]
        done = run(case["arguments"], case.get("stdin", ""))
    except subprocess.TimeoutExpired as late:
        return [f"still running after {late.timeout} s"]
    complaints = []
    if done.returncode != case.get("returncode", 0):
        complaints.append(f"returncode {done.returncode}, expected {case.get('returncode', 0)}")
    expected_stderr = case.get("stderr", "" if case.get("returncode", 0) == 0 else None)
    for stream, expected in (("stdout", case.get("stdout")), ("stderr", expected_stderr)):
        actual = getattr(done, stream).decode(errors="replace")
        if expected is not None and not matches(expected, actual):
            complaints.append(f"{stream} is\n{actual}\n--- expected\n{expected}")
    if complaints and "stderr" not in complaints[-1]:
        complaints.append("stderr: " + done.stderr.decode(errors="replace"))
    return complaints


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    failed = run = skipped = 0
    for path in sys.argv[2:]:
        for raw in json.loads(pathlib.Path(path).read_text()):
            missing = set()
            case = expand(raw, missing)
            if missing and not os.environ.get("CI"):
                print(f"skipped: {case['name']}: {', '.join(sorted(missing))} is not set")
                skipped += 1
                continue
            run += 1
            with tempfile.TemporaryDirectory(prefix="m8-case-") as folder:
                complaints = run_case(case, programs, folder)
            if complaints:
                failed += 1
                print(f"FAILED: {case['name']}: {' '.join(case['arguments'])}")
                for complaint in complaints:
                    print("  " + complaint.replace("\n", "\n  "))
    print(f"{run} cases, {failed} failed, {skipped} skipped")
    return 1 if failed or run + skipped == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
