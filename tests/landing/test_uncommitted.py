"""`--changed` and `--staged`: what is not committed yet is checked and repaired as it is, and fixes become patches."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from stomper.config.parameters import FixParameters
from stomper.errors import SettingsError
from stomper.fixing.fix_file import process_file
from stomper.landing.land import Landing, land
from stomper.models import LeftOut, Metrics
from stomper.reports.next_step import next_command
from stomper.run.open import open_session, plan
from stomper.run.report import report_of
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import RULES, snapshot

UNUSED = "import os\nx = 1\n"


def repair(root: Path, *, validation: str = "none", **version: bool) -> Landing:
    """A run over what is changed, staged or on disk, which must say that it cannot commit."""
    settings: dict[str, object] = {"checkers": RULES, "test_validation": validation}
    session = open_session(FixParameters.model_validate({"repository": str(root), "settings": settings, **version}))
    try:
        session.collect()
        landing = land(session, [process_file(session, job) for job in session.select()[0]], contextlib.nullcontext)
        assert any("not committed yet" in warning for warning in session.warnings)
        return landing
    finally:
        session.close()


def apply(root: Path, landing: Landing, *options: str) -> None:
    """Apply the patches that the run kept."""
    for outcome in landing.outcomes:
        subprocess.run(("git", "apply", *options, outcome.patch_file), cwd=root, check=True)


def test_changed_files_are_repaired_as_they_are(make_repo: MakeRepo) -> None:
    """Edited, staged and new files are given as they lie there, the committed rest is not; the patches fit."""
    root = make_repo({"committed.py": UNUSED, "edited.py": "x = 1\n", "staged.py": "x = 1\n", "same.txt": "1\n"})
    write(root, {"edited.py": UNUSED, "staged.py": UNUSED, "new file.py": UNUSED})
    git(root, "add", "staged.py")
    before = snapshot(root)
    landing = repair(root, changed=True)
    assert snapshot(root) == before
    assert sorted(o.path for o in landing.outcomes) == ["edited.py", "new file.py", "staged.py"]
    assert not landing.landed
    apply(root, landing)
    assert {(root / name).read_text() for name in ("edited.py", "staged.py", "new file.py")} == {"x = 1\n"}


def test_staged_files_are_repaired_as_they_are_staged(make_repo: MakeRepo) -> None:
    """What is checked is what would be committed, not what was edited after staging."""
    root = make_repo({"one.py": "x = 1\n", "two.py": "x = 1\n", "three.py": UNUSED})
    write(root, {"one.py": UNUSED, "two.py": "x = 2\n"})
    git(root, "add", "one.py", "two.py")
    write(root, {"two.py": UNUSED})
    before = snapshot(root)
    landing = repair(root, staged=True)
    assert snapshot(root) == before
    assert [o.path for o in landing.outcomes] == ["one.py"]
    apply(root, landing, "--index")
    assert git(root, "show", ":one.py") == "x = 1"


def test_an_edit_as_old_as_the_index_is_seen(make_repo: MakeRepo) -> None:
    """By the index's time git knows which files it has to read again: one of the same size may have been edited since."""
    root = make_repo({"a.py": "x = 10000\n"})
    git(root, "config", "core.trustctime", "false")
    os.utime(root / "a.py", (1, 1))
    git(root, "update-index", "--refresh")
    write(root, {"a.py": "import os\n"})
    for file in (root / "a.py", root / ".git" / "index"):
        os.utime(file, (1, 1))
    assert [o.path for o in repair(root, changed=True).outcomes] == ["a.py"]


def test_nothing_is_written_beside_a_split_index(make_repo: MakeRepo) -> None:
    """With so many new files, git would put a new shared index into the user's repository."""
    root = make_repo({f"{n}.py": "x = 1\n" for n in range(9)})
    git(root, "config", "core.splitIndex", "true")
    git(root, "update-index", "--split-index")
    write(root, {f"new/{n}.py": f"x = {n}\n" for n in range(9)})
    before = {path.name for path in (root / ".git").iterdir()}
    assert repair(root, changed=True).outcomes == ()
    assert {path.name for path in (root / ".git").iterdir()} == before


@pytest.mark.slow
def test_tests_see_the_uncommitted_work(make_repo: MakeRepo) -> None:
    """A fix is held to the tests as the user has them now."""
    root = make_repo({"shop.py": "import os\n", "test_shop.py": "def test_it():\n    assert True\n"})
    write(root, {"shop.py": "import os\n\nx = 1\n"})
    write(root, {"test_shop.py": "import shop\n\n\ndef test_it():\n    assert shop.os\n"})
    (outcome,) = repair(root, changed=True, validation="final").outcomes
    assert "test_shop::test_it is failed" in outcome.reason


def test_a_repository_without_a_staged_file_has_nothing_to_do(make_repo: MakeRepo) -> None:
    """Nothing staged: no file is given to an agent."""
    root = make_repo({"a.py": UNUSED})
    write(root, {"a.py": "import sys\n"})
    assert repair(root, staged=True).outcomes == ()


def test_from_a_linked_worktree_and_a_detached_head(make_repo: MakeRepo) -> None:
    """The index is the worktree's own, and nothing needs a branch."""
    root = make_repo({"a.py": "x = 1\n"})
    git(root, "worktree", "add", "--quiet", "--detach", "../linked")
    linked = root.parent / "linked"
    write(linked, {"a.py": UNUSED})
    git(linked, "add", "a.py")
    assert [o.path for o in repair(linked, staged=True).outcomes] == ["a.py"]
    assert repair(root, staged=True).outcomes == ()


def test_before_the_first_commit(make_repo: MakeRepo) -> None:
    """What the first commit is to hold is repaired as any other."""
    root = make_repo({"a.py": UNUSED})
    git(root, "update-ref", "-d", "HEAD")
    landing = repair(root, staged=True)
    apply(root, landing, "--cached")
    assert git(root, "show", ":a.py") == "x = 1"


def test_several_at_once_are_refused(make_repo: MakeRepo) -> None:
    """Two of `--changed`, `--staged` and `--on-disk` are refused in words."""
    root = make_repo({"a.py": UNUSED})
    with pytest.raises(
        SettingsError, match="--changed and --staged are 2 versions of the same files: give one of them"
    ):
        plan(FixParameters(repository=str(root), changed=True, staged=True))
    with pytest.raises(SettingsError, match="--staged and --on-disk are"):
        plan(FixParameters(repository=str(root), on_disk=True, staged=True))


def test_named_files_are_repaired_as_they_lie_on_disk(make_repo: MakeRepo) -> None:
    """Committed ones and edited ones, whose patches fit what lies there."""
    root = make_repo({"committed.py": UNUSED, "edited.py": "x = 1\n"})
    write(root, {"edited.py": UNUSED})
    landing = repair(root, on_disk=True)
    assert sorted(o.path for o in landing.outcomes) == ["committed.py", "edited.py"]
    apply(root, landing)
    assert {(root / name).read_text() for name in ("committed.py", "edited.py")} == {"x = 1\n"}


def test_the_next_step_for_what_is_half_staged(make_repo: MakeRepo) -> None:
    """A patch for what is staged fits the index where the file has other edits; the command shown applies it there."""
    root = make_repo({"half.py": "x = 1\n", "whole.py": "x = 1\n"})
    write(root, {"half.py": UNUSED, "whole.py": UNUSED})
    git(root, "add", "half.py", "whole.py")
    write(root, {"half.py": "y = 2\n"})
    settings: dict[str, object] = {"checkers": RULES, "test_validation": "none"}
    session = open_session(FixParameters(repository=str(root), staged=True, settings=settings))
    try:
        session.collect()
        landing = land(session, [process_file(session, job) for job in session.select()[0]], contextlib.nullcontext)
        report = report_of(session, landing.outcomes, Metrics(), left_out=LeftOut(), landing=landing)
    finally:
        session.close()
    assert report.half_staged == ("half.py",)
    command = next_command(report)
    assert command.startswith("git apply --cached ")
    subprocess.run(command, shell=True, cwd=root, check=True)  # noqa: S602 - as a user would
    assert git(root, "show", ":half.py") == git(root, "show", ":whole.py") == "x = 1"
    assert (root / "half.py").read_text() == "y = 2\n"
    assert (root / "whole.py").read_text() == "x = 1\n"


def test_what_is_left_is_said_where_it_is(make_repo: MakeRepo) -> None:
    """A patch that did not land has moved no line."""
    root = make_repo({"a.py": "import os\nprint(nowhere)\n"})
    settings: dict[str, object] = {"checkers": RULES, "test_validation": "none", "land": "patch"}
    session = open_session(FixParameters(repository=str(root), settings=settings))
    try:
        session.collect()
        landing = land(session, [process_file(session, job) for job in session.select()[0]], contextlib.nullcontext)
        report = report_of(session, landing.outcomes, Metrics(), left_out=LeftOut(), landing=landing)
    finally:
        session.close()
    assert [(d.code, d.line) for d in landing.outcomes[0].remaining] == [("F821", 1)]
    assert [(d.code, d.line) for d in report.outcomes[0].remaining] == [("F821", 2)]
