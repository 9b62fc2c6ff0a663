"""Service files and the page about fleets: units verify and are hardened, and every command of ours in
them is one that the programs have, with flags that it takes."""
import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from support import BINARIES, SECONDS, SOURCE

EXAMPLES = SOURCE / "examples"
PROGRAMS = ("m8", "num8", "asmm8")
# systemd-analyze's exposure, times ten: 0 is none, 100 is everything.
MOST_EXPOSED = 25
MAY_BIND_LOW_PORTS = {"m8-oob.service": 35}


def need(program, test):
    """In CI a missing program is a failure, not a skip."""
    missing = shutil.which(program) is None and not os.environ.get("CI")
    return unittest.skipIf(missing, f"{program} is not installed")(test)


@functools.cache
def help_of(program, *words):
    """--help-all of a command; nothing if there is none."""
    done = subprocess.run([BINARIES / program, *words, "--help-all"], capture_output=True, text=True,
                          timeout=SECONDS)
    named = re.search(rf"^usage: {program} {' '.join(words)}\b", done.stdout, re.M | re.I)
    return done.stdout if done.returncode == 0 and named else None


def split(line):
    """Words of a shell line, its operators apart, comments left out."""
    lexer = shlex.shlex(line.replace("$(", " ; "), posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    return list(lexer)


def commands_of(line):
    """What a shell line calls of ours: lists of words."""
    words, found = split(line), []
    for i, word in enumerate(words):
        if pathlib.PurePath(word).name not in PROGRAMS:
            continue
        # Where a command may stand; what a container is to run follows the image's name.
        in_image = words[:2] == ["podman", "run"] and words[i - 1] == "m8"
        if not in_image and i > 0 and not set(words[i - 1]) <= set("();<>|&"):
            continue
        call = [pathlib.PurePath(word).name]
        for after in words[i + 1:]:
            if set(after) <= set("();<>|&"):
                break
            call.append(after)
        if len(call) > 1:
            found.append(call)
    return found


def wrong_with(call):
    """Why a command line can't be right, or nothing."""
    program, rest = call[0], call[1:]
    words = [word for word in rest[:3] if re.fullmatch(r"[a-z][a-z-]*", word)]
    for count in range(len(words), 0, -1):
        text = help_of(program, *rest[:count]) if rest[:count] == words[:count] else None
        if text is None:
            continue
        known = set(re.findall(r"(?<![\w-])(--?[A-Za-z0-9][A-Za-z0-9-]*)", text))
        for word in rest[count:]:
            flag = word.split("=")[0]
            if re.fullmatch(r"--?[A-Za-z][A-Za-z0-9-]*", flag) and flag not in known:
                return f"{' '.join(call)}: no flag {flag}"
        return None
    if rest[0].startswith("-"):
        return None  # --version, --help
    return f"{' '.join(call)}: no such command"


def page_lines(text):
    """Lines of the page's shell blocks, continued ones joined."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        yield from block.replace("\\\n", " ").splitlines()


def unit_lines(text):
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("ExecStart="):
            yield line.removeprefix("ExecStart=")


class Commands(unittest.TestCase):
    def check(self, lines, least):
        calls = [call for line in lines for call in commands_of(line)]
        self.assertGreaterEqual(len(calls), least)
        self.assertEqual([wrong for call in calls if (wrong := wrong_with(call))], [])

    def test_of_the_page(self):
        text = (EXAMPLES / "fleet.md").read_text()
        self.check(page_lines(text), 12)
        inline = re.findall(r"`((?:m8|num8|asmm8) [^`]+)`", text)
        self.check(inline, 2)

    def test_of_units(self):
        for unit in sorted((EXAMPLES / "systemd").glob("*.service")):
            with self.subTest(unit=unit.name):
                self.check(unit_lines(unit.read_text()), 1)

    def test_of_cron(self):
        lines = [line for line in (EXAMPLES / "cron" / "m8").read_text().splitlines()
                 if re.match(r"[0-9*]", line)]
        # Five fields and the user.
        self.check([line.split(None, 6)[6] for line in lines], 4)

    def test_a_wrong_command_is_found(self):
        for line in ("m8 nonsense", "num8 scan --no-such-flag", "m8 cache stat"):
            with self.subTest(line=line):
                self.assertIsNotNone(wrong_with(commands_of(line)[0]))
        self.assertIsNone(wrong_with(commands_of("echo x | num8 scan -t a -j")[0]))

    def test_files_and_variables_of_the_page_exist(self):
        text = (EXAMPLES / "fleet.md").read_text()
        for path in re.findall(r"(?<![\w/])examples/[\w./*-]+", text):
            with self.subTest(path=path):
                self.assertTrue(list(SOURCE.glob(path.rstrip("/."))), path)
        manual = "".join(path.read_text() for path in (SOURCE / "man").glob("*.[157]"))
        for name in set(re.findall(r"\bM8_[A-Z_]+", text)):
            flag = "--" + name.removeprefix("M8_").lower().replace("_", "-")
            self.assertTrue(flag in manual.replace("\\-", "-"), f"{name}: no flag {flag}")


@functools.partial(need, "systemd-analyze")
class Units(unittest.TestCase):
    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True,
                              timeout=SECONDS)

    def test_verify(self):
        with tempfile.TemporaryDirectory(prefix="m8-e2e-") as folder:
            paths = []
            for unit in sorted((EXAMPLES / "systemd").iterdir()):
                paths.append(pathlib.Path(folder, unit.name))
                # Where the programs are here; what a distribution has is not looked for.
                text = re.sub(r"^ExecStart=/usr/bin/", f"ExecStart={BINARIES}/", unit.read_text(),
                              flags=re.M)
                paths[-1].write_text(text)
            done = self.analyze("verify", "--man=no", *map(str, paths))
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_exposure(self):
        units = sorted((EXAMPLES / "systemd").glob("*.service"))
        self.assertGreaterEqual(len(units), 4)
        for unit in units:
            with self.subTest(unit=unit.name):
                most = MAY_BIND_LOW_PORTS.get(unit.name, MOST_EXPOSED)
                done = self.analyze("security", "--offline=true", f"--threshold={most}", str(unit))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


@functools.partial(need, "dpkg")
class Container(unittest.TestCase):
    def test_its_last_stage_has_every_library_and_no_build_tools(self):
        text = (EXAMPLES / "Containerfile").read_text()
        last = text[text.rindex("\nFROM "):]
        installed = set(last.split())
        for tool in ("g++", "gcc", "cmake", "ninja", "-dev"):
            self.assertNotIn(tool, last.replace("-dev packages", ""))
        self.assertRegex(last, r"(?m)^USER m8$")
        needed = set()
        for program in PROGRAMS:
            dump = subprocess.run(["objdump", "-p", BINARIES / program], capture_output=True,
                                  text=True, timeout=SECONDS, check=True).stdout
            needed |= set(re.findall(r"NEEDED\s+(\S+)", dump))
        for name in sorted(needed):
            found = subprocess.run(["dpkg", "-S", f"*/{name}"], capture_output=True, text=True,
                                   timeout=SECONDS).stdout
            packages = {line.split(":")[0] for line in found.splitlines()}
            with self.subTest(library=name):
                part_of_all = packages & {"libc6", "libstdc++6", "libgcc-s1"}
                self.assertTrue(part_of_all or packages & installed, f"{name}: {packages}")


if __name__ == "__main__":
    unittest.main()
