"""The replay lab: 42 worlds that answer the corpus as its templates hope, and what the reference
engine finds there. At most 0.5 % of it may differ; man/m8-compatibility.7 says what does, and why.

Needs $M8_TEST_DATA with the tools beside it, and Go; takes a minute and a half of two cores.
"""
import lzma
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from corpus import DATA, TOOLS, compare, need, scan_flags, unpack_templates
from support import SECONDS, Case, command

PORT = 18080  # one of the expected findings names it
ALLOWED = 0.005


class Replay(Case):
    @classmethod
    def setUpClass(cls):
        need(TOOLS / "replay_lab", TOOLS / "compare_findings.py", DATA / "positive-lab.jsonl.xz")
        if not shutil.which("go"):
            raise unittest.SkipTest("no Go compiler")
        folder = tempfile.TemporaryDirectory(prefix="m8-replay-")
        cls.addClassCleanup(folder.cleanup)
        cls.lab_folder = pathlib.Path(folder.name)
        subprocess.run(["go", "build", "-o", cls.lab_folder / "replay_lab", "."], check=True,
                       cwd=TOOLS / "replay_lab")
        cls.templates = unpack_templates(cls.lab_folder)
        cls.targets = cls.lab_folder / "targets.txt"
        cls.start_lab()

    @classmethod
    def start_lab(cls):
        lab = subprocess.Popen([cls.lab_folder / "replay_lab", "-port", str(PORT), "-targets",
                                cls.targets], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        cls.addClassCleanup(lab.wait)
        cls.addClassCleanup(lab.kill)
        with lzma.open(DATA / "positive-lab.jsonl.xz") as table:
            shutil.copyfileobj(table, lab.stdin)
        lab.stdin.close()
        deadline = time.monotonic() + SECONDS
        while not cls.targets.exists() or not cls.targets.read_text().endswith("\n"):
            if lab.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the replay lab did not start")
            time.sleep(0.05)

    def test_findings_agree_with_the_reference(self):
        findings = self.folder / "findings.jsonl"
        done = subprocess.run(
            command("num8", "scan", "-q", "-l", self.targets, "-o", findings,
                    *scan_flags(self.templates)),
            cwd=self.templates, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            timeout=1200)
        self.assertIn(done.returncode, (0, 4), done.stderr)
        counts, said = compare(DATA / "positive-lab-findings.tsv.xz", findings)
        off = counts["missing"] + counts["different"] + counts["extra"]
        print(said.splitlines()[-1])
        self.assertGreater(counts["expected"], 5000)
        self.assertLessEqual(off / counts["expected"], ALLOWED, said)


if __name__ == "__main__":
    unittest.main()
