#!/usr/bin/env python3
"""Completes command lines in bash, zsh and fish with the committed completion files.

usage: completions.py PROGRAM...

For each program and shell: the first letters of a command give that command, and every flag with
choices that --generate knows gives those choices. What to ask is read from the fish file, which has
one line per flag; so the three files check each other. A shell that isn't installed is skipped
with a word, and fails when CI is set.
"""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "completions"
PATIENCE = 20  # seconds


def questions(program):
    """[(line, expected words)]: each command by name, each flag's choices."""
    text = (FOLDER / f"{program}.fish").read_text()
    asked = []
    for group, word in re.findall(rf"-n '__{program}_at ?([^']*)' -a (\S+) ", text):
        line = " ".join(filter(None, [program, group, word[:-1]]))
        asked.append((line, {word}))
    for command, names, choices in re.findall(
            rf"-n '__{program}_in ([^']*)' (.*?) -x -a '(\w[^']*)'", text):
        long_name = re.findall(r"-l (\S+)", names)[-1]
        asked.append((f"{program} {command} --{long_name} ", set(choices.split())))
    return asked


def ask_bash(program, line):
    words = line.split(" ")
    script = f"""source '{FOLDER}/{program}'
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _{program}; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", *words], capture_output=True,
                          text=True, timeout=PATIENCE, check=True)
    return done.stdout, done.stderr


def ask_fish(program, line):
    script = f"source '{FOLDER}/{program}.fish'; complete -C '{line}'"
    done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True,
                          timeout=PATIENCE, check=True)
    return done.stdout, done.stderr


class Zsh:
    """zsh completes only in an interactive shell: one on a pseudo-terminal, kept for all questions."""

    def __init__(self):
        child, self.terminal = pty.fork()
        if child == 0:
            os.environ.update(TERM="dumb", COLUMNS="1000", LINES="500")
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.child = child
        # Marks are written in two parts, so that the echo of a command isn't taken for them. zsh
        # prints the prompt when its editor has taken the terminal over; what comes sooner is lost.
        self.send(f"PS1='M8''> ' PROMPT_EOL_MARK=; fpath=('{FOLDER}' $fpath); "
                  "autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste; "
                  "setopt no_beep; LISTMAX=10000; echo REA''DY\n")
        self.read_until(r"READY\r.*M8> ")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def read_until(self, pattern):
        text, end = "", time.monotonic() + PATIENCE
        while not re.search(pattern, text, re.DOTALL) and time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.1)[0]:
                text += os.read(self.terminal, 65536).decode(errors="replace")
        return text

    def ask(self, line):
        # Tab completes, ^U clears the line: the answer is what came before the mark.
        self.send(line + "\t")
        self.send("\x15echo EN''D\n")
        return self.read_until(r"END\r.*M8> ")

    def close(self):
        self.send("exit\n")
        os.close(self.terminal)
        os.waitpid(self.child, 0)


def main():
    failed = asked = 0
    for shell in ("bash", "zsh", "fish"):
        if not shutil.which(shell):
            print(f"skipped: {shell} is not installed")
            failed += 1 if os.environ.get("CI") else 0
            continue
        for program in sys.argv[1:]:
            zsh = Zsh() if shell == "zsh" else None
            for line, expected in questions(program):
                asked += 1
                if zsh:
                    answer, trouble = zsh.ask(line), ""
                else:
                    answer, trouble = (ask_bash if shell == "bash" else ask_fish)(program, line)
                missing = {word for word in expected if word not in answer}
                if missing or trouble:
                    failed += 1
                    print(f"{shell}: {line!r}: missing {sorted(missing)} in {answer!r} {trouble}")
            if zsh:
                zsh.close()
    print(f"{asked} completions asked, {failed} failed")
    return 1 if failed or asked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
