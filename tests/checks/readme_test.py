#!/usr/bin/env python3
"""readme.py itself: what it runs, what it leaves out, and what it calls a failure."""
import contextlib
import io
import os
import pathlib
import select
import tempfile
import unittest

import readme

SAMPLE = """# Title

```
false: only text
```

```sh
echo "$HOME" > here
test -s here
```

```sh norun
false
```

```console
$ false
```

```sh run
test ! -e here
```
"""


class Readme(unittest.TestCase):
    def check(self, text):
        with tempfile.TemporaryDirectory(prefix="m8-readme-") as folder, \
                contextlib.redirect_stdout(io.StringIO()) as output:
            path = pathlib.Path(folder, "sample.md")
            path.write_text(text)
            return readme.check(path, folder), output.getvalue()

    def test_it_takes_the_sh_blocks_that_are_not_marked_norun(self):
        self.assertEqual([line for line, _ in readme.blocks(SAMPLE)], [8, 21])

    def test_each_block_runs_in_a_directory_of_its_own(self):
        self.assertEqual(self.check(SAMPLE), (0, "sample.md: 2 blocks, 0 failed\n"))

    def test_a_command_that_fails_is_named_with_its_line_and_output(self):
        for commands in ("echo said; false; true", "echo said; false | true",
                         "echo said; echo $unset", "echo said; no-such-program"):
            with self.subTest(commands=commands):
                code, output = self.check(f"text\n```sh\n{commands}\n```\n")
                self.assertEqual(code, 1)
                self.assertIn("sample.md:3: exit code", output)
                self.assertIn("---\nsaid\n", output)

    def test_a_readme_without_a_block_is_a_failure(self):
        self.assertEqual(self.check("# Title\n")[0], 1)

    def test_what_a_block_leaves_running_is_ended(self):
        with tempfile.TemporaryDirectory(prefix="m8-readme-") as folder:
            pipe = pathlib.Path(folder, "pipe")
            os.mkfifo(pipe)
            reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            self.addCleanup(os.close, reader)
            code, _ = self.check(f"```sh\nexec 3>{pipe}\nsleep 600 &\n```\n")
        self.assertEqual(code, 0)
        poll = select.poll()
        poll.register(reader, 0)
        self.assertEqual(poll.poll(10000), [(reader, select.POLLHUP)], "somebody holds the pipe")


if __name__ == "__main__":
    unittest.main()
