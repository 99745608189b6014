"""The hooks for pre-commit, run by the real pre-commit; only what it would install from the repository is there already."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.repositories import MakeRepo, git, write

HOOKS = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
BIN = Path(sys.executable).parent
CLEAN, UNUSED = "x = 1\n", "import os\n"

pytestmark = pytest.mark.slow


def hooks() -> list[dict[str, Any]]:
    """The hooks as a repository with a copy of them would have them, started by the Stomper of these tests."""
    listed: list[dict[str, Any]] = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    return [{**hook, "language": "system", "entry": f"{BIN}/{hook['entry']}"} for hook in listed]


@pytest.fixture
def root(make_repo: MakeRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with pre-commit installed in it."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    config = yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks()}]})
    root = make_repo({"a.py": CLEAN, "b.py": CLEAN, ".pre-commit-config.yaml": config})
    subprocess.run((BIN / "pre-commit", "install"), cwd=root, check=True, capture_output=True)
    return root


def run(root: Path, *arguments: str) -> tuple[int, str]:
    """The exit code of a program of git's or pre-commit's, and what it said."""
    done = subprocess.run(arguments, cwd=root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def commits(root: Path, *arguments: str) -> bool:
    """Whether `git commit` with *arguments* is let through; where it is not, because of an F401."""
    code, said = run(root, "git", "commit", "-m", "more", *arguments)
    assert code == 0 or "F401" in said
    return code == 0


def pre_commit(root: Path, *arguments: str) -> tuple[int, str]:
    """The same of `pre-commit run`."""
    return run(root, str(BIN / "pre-commit"), "run", *arguments)


def test_all_files_fails_on_committed_errors(root: Path) -> None:
    """Nothing is staged, and nothing has changed: it is what a pipeline runs. So with the files between two commits."""
    assert pre_commit(root, "--all-files")[0] == 0
    write(root, {"bad.py": UNUSED})
    git(root, "add", "bad.py")
    git(root, "commit", "--quiet", "--no-verify", "-m", "bad")
    for arguments in (("--all-files",), ("--from-ref", "HEAD~1", "--to-ref", "HEAD"), ("--files", "bad.py")):
        code, said = pre_commit(root, *arguments)
        assert code == 1
        assert "F401" in said
    assert pre_commit(root, "--files", "a.py")[0] == 0


def test_errors_that_a_commit_would_hold_refuse_it(root: Path) -> None:
    """Staged, by `-a` and by name; what is staged beside a named file is none of that commit."""
    write(root, {"a.py": UNUSED})
    assert not commits(root, "-a")
    assert not commits(root, "a.py")
    git(root, "add", "a.py")
    assert not commits(root)
    write(root, {"b.py": "x = 2\n"})
    assert commits(root, "b.py")
    assert git(root, "status", "--porcelain") == "M  a.py"


def test_what_is_not_staged_is_put_aside(root: Path) -> None:
    """pre-commit takes it away and brings it back: an error that is mended only in the checkout is found, one that is only
    there is not."""
    write(root, {"a.py": UNUSED})
    git(root, "add", "a.py")
    write(root, {"a.py": CLEAN})
    assert not commits(root)
    assert (root / "a.py").read_text() == CLEAN
    write(root, {"a.py": "x = 2\n"})
    git(root, "add", "a.py")
    write(root, {"a.py": UNUSED})
    assert commits(root)
    assert (root / "a.py").read_text() == UNUSED
    assert git(root, "show", "HEAD:a.py") == "x = 2"


def test_names_come_in_batches(root: Path) -> None:
    """More names than fit into a command: the error is in one batch alone, and the whole fails."""
    long = "a_rather_long_name_of_a_folder_that_fills_the_command_line" * 3
    write(root, {f"{long}/{long}/{n}.py": CLEAN for n in range(500)} | {f"{long}/{long}/zz.py": UNUSED})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--no-verify", "-m", "many")
    code, said = pre_commit(root, "--all-files")
    assert code == 1
    assert said.count("nothing to fix") == 1
    assert said.count("zz.py") >= 1


def test_fixes_are_kept_as_patches(root: Path) -> None:
    """At the stage `manual`, for staged and committed files alike; nothing in the checkout changes."""
    write(root, {"a.py": f"{UNUSED}x = 1\n"})
    git(root, "add", "a.py")
    before = git(root, "status", "--porcelain")
    code, said = pre_commit(root, "--hook-stage", "manual", "--verbose", "stomper-fix", "--all-files")
    assert code == 0
    assert "git apply" in said
    assert git(root, "status", "--porcelain") == before
