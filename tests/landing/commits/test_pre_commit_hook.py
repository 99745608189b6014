"""The repository's own pre-commit hook, where it is to be run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repositories import MakeRepo, git
from tests.support.runs import by_path, repair

UNUSED = "import os\nx = 1\n"


def install(root: Path, script: str, *, folder: str = ".git/hooks") -> None:
    """A pre-commit hook in the repository."""
    hook = root / folder / "pre-commit"
    hook.parent.mkdir(parents=True, exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


def test_the_hook_sees_all_that_is_to_land_once(make_repo: MakeRepo) -> None:
    """It runs once, in a tree with everything staged, and not in the user's checkout."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    log = root.parent / "log"
    install(root, f"git diff --cached --name-only >> {log}; pwd >> {log}")
    assert len(repair(root, run_hooks=True).landed) == 2
    *names, place = log.read_text().splitlines()
    assert names == ["a.py", "b.py"]
    assert place != str(root)


def test_what_the_hook_refuses_does_not_land(make_repo: MakeRepo) -> None:
    """The culprit is found and kept out with what the hook said; the rest lands."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED, "c.py": UNUSED})
    install(root, "if git diff --cached --name-only | grep -q b.py; then echo not b.py >&2; exit 1; fi")
    landing = repair(root, run_hooks=True)
    assert sorted(entry.path for entry in landing.landed) == ["a.py", "c.py"]
    assert by_path(landing)["b.py"].reason == "the pre-commit hook refused it: not b.py"
    assert git(root, "status", "--porcelain") == ""


def test_a_hook_that_edits_is_a_refusal(make_repo: MakeRepo) -> None:
    """What it would have changed was not proven."""
    root = make_repo({"a.py": UNUSED})
    install(root, "echo '# edited' >> a.py")
    assert by_path(repair(root, run_hooks=True))["a.py"].reason == "the pre-commit hook changed a.py"


@pytest.mark.parametrize("folder", [".git/hooks", "own-hooks"])
def test_the_hook_is_where_git_looks_for_it(make_repo: MakeRepo, folder: str) -> None:
    """core.hooksPath is honoured; without the setting no hook is run."""
    root = make_repo({"a.py": UNUSED})
    install(root, "exit 1", folder=folder)
    if folder != ".git/hooks":
        git(root, "config", "core.hooksPath", folder)
    assert not repair(root, run_hooks=True).landed
    assert len(repair(root).landed) == 1
