"""docs/operations.md: its `sh` blocks are executed in order in one shell; those marked `outside` are printed, and are few."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import world

PASSWORD = "guide-Pa55word"
PAGE = os.path.join(world.ROOT, "docs/operations.md")


def blocks():
    """(line, marks, text) of every `sh` block."""
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    for match in re.finditer(r"^```sh([^\n]*)\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, match.start()) + 1, match.group(1).split(), match.group(2)


def commands(text):
    """Lines that start a command: not the insides of here documents."""
    text = re.sub(r"<<'(\w+)'\n.*?^\1$", "", text, flags=re.M | re.S)
    return [line for line in text.splitlines() if line.strip() and not line.startswith((" ", "#"))]


class Guide(unittest.TestCase):
    def test_every_command_of_the_operations_guide_works(self):
        world.hosts(["postgres"])
        postgres = world.Postgres(PASSWORD, PASSWORD, "scratch")
        home = tempfile.mkdtemp(prefix="civic-os-guide-")
        os.chmod(home, 0o755)
        os.mkdir(os.path.join(home, "bin"))
        os.symlink(world.RELEASE, os.path.join(home, "bin/civic-os"))
        script, executed, outside = ["set -euo pipefail"], 0, []
        for line, marks, text in blocks():
            if "outside" in marks:
                outside += commands(text)
                continue
            script += [f"echo '── docs/operations.md line {line}' >&2", text]
            executed += len(commands(text))
        environment = {"PATH": f"{home}/bin:{world.PGBIN}:{os.environ['PATH']}", "HOME": home, "XDG_DATA_HOME": f"{home}/data", "LC_ALL": "C.UTF-8",
                       "ADMIN_URL": f"postgres://postgres:{PASSWORD}@127.0.0.1:5432/postgres"}
        try:
            # Job control, as in the shell that the reader types into.
            done = subprocess.run(["bash", "-m", "-c", "\n".join(script)], env=environment, capture_output=True, text=True, timeout=600, check=False)
        finally:
            postgres.close()
            shutil.rmtree(home, ignore_errors=True)
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-60:])
        self.assertEqual(done.returncode, 0, tail)
        print("not executed:", *outside, sep="\n  ")
        self.assertGreater(executed, 40)
        self.assertLessEqual(len(outside), (executed + len(outside)) * 0.1, "at most a tenth stays out")

    def test_links_of_the_page_lead_somewhere(self):
        with open(PAGE, encoding="utf-8") as file:
            text = file.read()
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            if not target.startswith("http"):
                self.assertTrue(os.path.exists(os.path.join(os.path.dirname(PAGE), target)), target)
