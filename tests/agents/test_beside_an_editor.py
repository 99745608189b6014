"""Somebody works in the checkout all the while that a run with an agent without a sandbox goes on: it lands all the same."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import repair

FILES = {
    "a.py": "import os\n",
    "b.py": "import os\n",
    "mine.py": "x = 1\n",
    "test_mine.py": "import mine\n",
    ".gitignore": "__pycache__\n*.log\n",
}


def work(root: Path, number: int) -> None:
    """One round of an editor's and its user's doings; none is in a file that the run repairs."""
    write(root, {"mine.py": f"x = {number}\n", ".mine.py.swp": str(number), "notes.txt": f"{number}\n", "out.log": "x"})
    write(root, {".vscode/settings.json": f'{{"x": {number}}}', "mine.py~": "x = 1\n"})
    (root / ".mine.py.swp").unlink()
    git(root, "config", "branch.main.vscode-merge-base", f"origin/{number}")
    git(root, "fetch", "--quiet", "--tags", str(root.parent / "elsewhere"), "+refs/heads/*:refs/remotes/origin/*")
    git(root.parent / "elsewhere", "tag", f"v{number}")
    git(root, "stash", "push", "--quiet", "mine.py")
    git(root, "add", "notes.txt")
    subprocess.run((sys.executable, "-m", "unittest", "-q", "test_mine"), cwd=root, check=False, capture_output=True)


@contextlib.contextmanager
def somebody_working(root: Path) -> Iterator[list[int]]:
    """Work in *root* until the block ends. The list grows with each round."""
    over, rounds = threading.Event(), list[int]()

    def go_on() -> None:
        for number in itertools.count():
            if over.is_set():
                return
            with contextlib.suppress(subprocess.CalledProcessError):  # the run has git's lock just now
                work(root, number)
            rounds.append(number)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield rounds
    finally:
        over.set()
        thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_the_landing_is_not_lost(make_repo: MakeRepo, number: int) -> None:
    """All of it lands, and what they did is told, and still there."""
    root = make_repo(FILES)
    git(root.parent, "clone", "--quiet", str(root), "elsewhere")
    script = root.parent / "agent.sh"
    script.write_text("sleep 1; sed -i '/^import os$/d' $1\n")
    agents = {"ruff": {"enabled": False}, "mine": {"kind": "command", "command": ["sh", str(script), "{file}"]}}
    with somebody_working(root) as rounds:
        landing = repair(root, agents=agents, allow_unproven=True)
    assert rounds
    assert (len(landing.landed), landing.failure) == (2, ""), number
    assert git(root, "log", "--format=%s", "main").count("\n") == 2
    assert (root / "notes.txt").exists()
    assert git(root, "stash", "list")
