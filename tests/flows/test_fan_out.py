"""The files of a run on the embedded server, more of them than are mapped at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repositories import MakeRepo, git

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import sys
from stomper import bundle
from stomper.state import paths
bundle.activate()
from stomper.server import embedded
embedded.prepare(paths.home())
from flows import fix_repository
fix_repository.SHARD = 2
state = fix_repository.fix_repository(sys.argv[1], checks={"test_validation": "none"}, return_state=True)
print(state.name, state.message)
"""


@pytest.mark.slow
def test_more_files_than_are_mapped_at_once(make_repo: MakeRepo, fenced: Path) -> None:
    """None is left out, and the commits are in the order of the files."""
    names = [f"m{number}.py" for number in range(5)]
    root = make_repo(dict.fromkeys(names, "import os\n"))
    env = {**os.environ, "PREFECT_HOME": str(fenced / "prefect")}
    argv = (sys.executable, "-c", SCRIPT, str(root))
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.startswith("Completed "), done.stdout + done.stderr
    assert "5 error(s) fixed in 5 file(s)" in done.stdout
    changed = git(root, "log", "--reverse", "--format=", "--name-only", "-5").split()
    assert changed == names
