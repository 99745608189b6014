"""What came while an agent ran: another run's landing is no violation, harm is, and the rest is noted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.repositories import MakeRepo, git, open_run, write
from tests.support.runs import commit, repair

UNUSED = "import os\n"


def test_another_runs_landing_is_no_violation(make_repo: MakeRepo) -> None:
    """Two landings of other runs while an agent of this one works; the user has staged and unstaged edits of his own."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED, "c.py": "x = 1\n", "d.py": "x = 1\n"})
    write(root, {"c.py": "x = 2\n", "d.py": "x = 2\n"})
    git(root, "add", "c.py")
    session = open_run(root, test_validation="none")
    try:
        with session.watch.during("agent", "z.py"):
            assert len(repair(root, include=["a.py"]).landed) == 1
            assert len(repair(root, include=["b.py"]).landed) == 1
        assert session.watch.found() == ()
    finally:
        session.close()


@pytest.mark.parametrize("how", ["commit", "back"])
def test_what_no_run_did_is_one(make_repo: MakeRepo, how: str) -> None:
    """A commit on top of another run's landing, or that landing taken back."""
    root = make_repo({"a.py": UNUSED, "c.py": "x = 1\n"})
    first = git(root, "rev-parse", "HEAD")
    if how == "back":
        repair(root)
    session = open_run(root, test_validation="none")
    try:
        with session.watch.during("agent", "z.py"):
            if how == "back":
                git(root, "reset", "--quiet", "--hard", first)
            else:
                repair(root)
            if how == "commit":
                commit(root, "c.py", "x = 2\n")
        seen = {violation.what for violation in session.watch.found()}
        assert seen == {"ref refs/heads/main"}
    finally:
        session.close()


def test_a_branch_that_a_run_made(make_repo: MakeRepo) -> None:
    """Another run's new branch is its own; one that nobody's journal knows is noted, and gone it is harm."""
    root = make_repo({"a.py": UNUSED})
    session = open_run(root, test_validation="none")
    try:
        with session.watch.during("agent", "z.py"):
            repair(root, land="branch")
        assert session.watch.found() == ()
        assert session.watch.words == []
        with session.watch.during("agent", "z.py"):
            git(root, "branch", "mine")
        assert session.watch.found() == ()
        assert "ref refs/heads/mine is new" in session.watch.words[0]
        with session.watch.during("agent", "z.py"):
            git(root, "branch", "-D", "mine")
        assert {violation.what for violation in session.watch.found()} == {"ref refs/heads/mine", "log refs/heads/mine"}
    finally:
        session.close()


def hook(root: Path) -> None:
    """A hook of the user's."""
    write(root, {".git/hooks/post-commit": "exit 0\n"})


def setting(key: str, value: str = "evil") -> Callable[[Path], object]:
    """A setting of the repository's."""
    return lambda root: git(root, "config", key, value)


def setting_of_all(root: Path) -> object:
    """One in a file that all repositories of the user include."""
    (Path.home() / "more").write_text("[alias]\n\tst = !evil\n")
    return git(root, "config", "--global", "include.path", str(Path.home() / "more"))


def ruff_config_above(root: Path) -> None:
    """Configuration that ruff finds from wherever there is none."""
    write(root.parent, {"ruff.toml": "lint.ignore = ['ALL']\n"})


HARM: dict[str, Callable[[Path], object]] = {
    "a hook": hook,
    "core.hooksPath": setting("core.hooksPath", "/evil"),
    "core.fsmonitor": setting("core.fsmonitor"),
    "a filter": setting("filter.evil.clean"),
    "an alias": setting("alias.st", "!evil"),
    "an include": setting("include.path", "evil"),
    "a setting of all repositories": setting_of_all,
    "attributes": lambda root: write(root, {".git/info/attributes": "*.py filter=evil\n"}),
    "an exclusion": lambda root: write(root, {".git/info/exclude": "conftest.py\n"}),
    "grafts": lambda root: write(root, {".git/info/grafts": ""}),
    "objects from elsewhere": lambda root: write(root, {".git/objects/info/alternates": "/evil\n"}),
    "a branch gone": lambda root: git(root, "branch", "-D", "other"),
    "a branch moved back": lambda root: git(root, "branch", "-f", "other", "HEAD^"),
    "a branch forced aside": lambda root: git(root, "update-ref", "refs/heads/other", orphan(root)),
    "a tag moved": lambda root: git(root, "tag", "--force", "v1", "HEAD^"),
    "a tag gone": lambda root: git(root, "tag", "--delete", "v1"),
    "a commit on the run's branch": lambda root: git(root, "commit", "--quiet", "--allow-empty", "-m", "mine"),
    "another branch checked out": lambda root: git(root, "switch", "--quiet", "other"),
    "a replacement": lambda root: git(root, "replace", "HEAD", "HEAD^"),
    "a log expired": lambda root: git(root, "reflog", "expire", "--expire=now", "--all"),
    "a stash dropped": lambda root: git(root, "stash", "drop", "stash@{1}"),
    "all stashes dropped": lambda root: git(root, "stash", "clear"),
    "an index emptied": lambda root: git(root, "read-tree", "--empty"),
    "an index gone": lambda root: (root / ".git" / "index").unlink(),
    "a file to be overlooked": lambda root: git(root, "update-index", "--skip-worktree", "a.py"),
    "uncommitted work gone": lambda root: (root / "dirty.py").unlink(),
    "ruff.toml": lambda root: write(root, {"ruff.toml": "lint.ignore = ['ALL']\n"}),
    "pyproject.toml": lambda root: write(root, {"pyproject.toml": ""}),
    "ruff.toml above": ruff_config_above,
    "the environment's ruff": lambda root: write(root, {".venv/bin/ruff": "#!/bin/sh\n"}),
    "a package of the environment": lambda root: write(root, {".venv/bin/evil.pth": "import evil\n"}),
}  # fmt: skip


def stash(root: Path) -> object:
    """Put work aside, once more."""
    write(root, {"a.py": "x = 5\n"})
    return git(root, "stash", "push", "a.py")


def stage(root: Path) -> object:
    """Edit and add."""
    write(root, {"a.py": "x = 8\n"})
    return git(root, "add", "a.py")


def refresh(root: Path) -> object:
    """What git does to the index by itself."""
    os.utime(root / "a.py")
    return git(root, "status")


def fetch(root: Path) -> object:
    """What a remote has: branches, tags."""
    git(root.parent, "clone", "--quiet", str(root), "elsewhere")
    git(root.parent / "elsewhere", "tag", "v9")
    return git(
        root, "fetch", "--quiet", "--tags", str(root.parent / "elsewhere"), "+refs/heads/*:refs/remotes/origin/*"
    )


NOTED: dict[str, Callable[[Path], object]] = {
    "an edit": lambda root: write(root, {"a.py": "x = 7\n"}),
    "a second edit": lambda root: write(root, {"dirty.py": "x = 777\n"}),
    "an edit taken back": lambda root: git(root, "checkout", "dirty.py"),
    "a file deleted": lambda root: (root / "a.py").unlink(),
    "a file staged": stage,
    "a new file": lambda root: write(root, {"notes.txt": "mine\n"}),
    "a swap file": lambda root: write(root, {".a.py.swp": ""}),
    "a backup": lambda root: write(root, {"a.py~": "x = 1\n"}),
    "an editor's folder": lambda root: write(root, {".vscode/settings.json": "{}", ".idea/workspace.xml": ""}),
    "caches": lambda root: write(root, {"__pycache__/a.cpython-311.pyc": "", ".pytest_cache/x": "", ".coverage": ""}),
    "a stash": stash,
    "a fetch": fetch,
    "a new tag": lambda root: git(root, "tag", "v2"),
    "a new branch": lambda root: git(root, "branch", "feature"),
    "a commit on another branch": lambda root: git(root, "update-ref", "refs/heads/other", child(root, "other")),
    "an editor's note of a branch": setting("branch.main.vscode-merge-base", "origin/main"),
    "an upstream": setting("branch.main.remote", "origin"),
    "a setting of git's window": setting("gui.geometry", "1x1"),
    "an index refreshed": refresh,
    "bytecode of the environment": lambda root: write(root, {".venv/bin/__pycache__/x.cpython-311.pyc": ""}),
}  # fmt: skip


def orphan(root: Path) -> str:
    """A commit that has none before it."""
    return git(root, "commit-tree", "-m", "alone", "HEAD^{tree}")


def child(root: Path, branch: str) -> str:
    """A commit on top of *branch*."""
    return git(root, "commit-tree", "-m", "more", "-p", branch, f"{branch}^{{tree}}")


@pytest.fixture
def root(make_repo: MakeRepo) -> Path:
    """A repository with some of everything."""
    made = make_repo({"a.py": UNUSED, "dirty.py": "x = 1\n", ".gitignore": ".venv\n__pycache__\n.coverage\n"})
    commit(made, "a.py", "x = 3\n")
    for name in ("one", "two"):
        write(made, {"a.py": f"{name} = 1\n"})
        git(made, "stash")
    git(made, "branch", "other")
    git(made, "tag", "v1")
    write(made, {"dirty.py": "x = 2\n", ".venv/bin/ruff": "#!/bin/sh\nexit 0\n"})
    (made / ".venv" / "bin" / "ruff").chmod(0o755)
    (made / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return made


@pytest.mark.parametrize("act", HARM)
def test_harm_stops_the_landing(root: Path, act: str) -> None:
    """Whoever did it: what landing, judges, hooks or configuration use is another now, or something is lost."""
    session = open_run(root, test_validation="none")
    try:
        with session.watch.during("agent", "z.py"):
            HARM[act](root)
        found = session.watch.found()
        assert found
        assert all(violation.agents == ("agent on z.py",) for violation in found)
        assert len({violation.words for violation in found}) == len(found)
    finally:
        session.close()


@pytest.mark.parametrize("act", NOTED)
def test_who_works_meanwhile_does_not_lose_the_landing(root: Path, act: str) -> None:
    """What people, their editors and their tests do all day is told at most."""
    session = open_run(root, test_validation="none")
    try:
        with session.watch.during("agent", "z.py"):
            NOTED[act](root)
        assert [violation.words for violation in session.watch.found()] == []
    finally:
        session.close()
