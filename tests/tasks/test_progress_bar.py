"""What the progress bar says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stomper.progress import FileDone, JobsSelected, StageBegan
from tasks import progress_bar
from tasks.progress_bar import Bar, Standing
from tests.support.outcomes import failed


def test_it_says_how_many_and_which_are_in_work() -> None:
    """Files with their stages, until they are done; a second round adds to the first."""
    standing = Standing()
    assert standing.said() == (0.0, "")
    standing.take(JobsSelected(4, 9))
    standing.take(StageBegan("collect"))
    standing.take(StageBegan("worktree", "a|b.py"))
    standing.take(StageBegan("tests", "a|b.py"))
    standing.take(StageBegan("ruff", "c.py"))
    assert standing.said() == (0.0, "0 of 4 files; now: a\\|b.py (tests), c.py (ruff)")
    standing.take(FileDone(failed("a|b.py")))
    assert standing.said() == (25.0, "1 of 4 files; now: c.py (ruff)")
    standing.take(JobsSelected(1, 1, again=True))
    assert standing.said()[0] == 20.0


@given(st.integers(1, 50), st.integers(0, 60))
def test_it_stays_short_and_within_its_bounds(files: int, done: int) -> None:
    """Whatever arrives, the bar is from 0 to 100 and names a few files."""
    standing = Standing()
    standing.take(JobsSelected(files, files))
    for number in range(files):
        standing.take(StageBegan("ruff", f"{number}.py"))
    for number in range(done):
        standing.take(FileDone(failed(f"{number}.py")))
    percent, words = standing.said()
    assert 0 <= percent <= 100
    assert words.count(".py") <= 5


def test_a_server_that_fails_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be shown is not shown; the run and its end know nothing of it."""
    asked: list[float] = []

    def refuse(progress: float, description: str) -> None:
        asked.append(progress)
        raise OSError(description)

    monkeypatch.setattr(progress_bar, "create_progress_artifact", refuse)
    shown = Bar(each_s=0.01)
    shown(JobsSelected(1, 1))
    shown(FileDone(failed("a.py")))
    shown.close()
    assert asked[-1] == 100.0


def test_without_files_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run with nothing to fix makes no bar."""
    monkeypatch.setattr(progress_bar, "create_progress_artifact", lambda **_: pytest.fail("there is nothing to show"))
    shown = Bar()
    shown(JobsSelected(0, 0))
    shown.close()
    assert shown._artifact is None
