"""Runs that did not come to their end, and going on with them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from stomper.config.parameters import FixParameters
from stomper.errors import StomperError
from stomper.fixing.fix_file import process_file
from stomper.fixing.session import Session
from stomper.git.repository import open_target
from stomper.landing.land import land
from stomper.landing.undo import Wanted, undo
from stomper.models import LeftOut, Metrics
from stomper.run.check import check
from stomper.run.history import past, to_resume, unfinished
from stomper.run.open import open_session
from stomper.run.report import report_of
from stomper.state.paths import home
from stomper.state.store import Store
from tests.support.repositories import MakeRepo, git, write

UNUSED = "import os\nx = 1\n"


def begin(root: Path, **settings: object) -> Session:
    """A run that has proven what it can, with ruff alone."""
    session = open_session(
        FixParameters(repository=str(root), settings={"checkers": ["ruff"], "test_validation": "none", **settings})
    )
    session.collect()
    return session


def die(session: Session) -> None:
    """What is left when the process is gone: the kernel frees the locks, the next start sweeps the folder."""
    session.lasting.release()
    session.alive.release()


def finish(session: Session) -> None:
    """The orderly end."""
    session.store.finish(report_of(session, [], Metrics(), left_out=LeftOut(), landing=None))
    session.close()


def test_a_killed_run_is_told_of_and_can_be_resumed(make_repo: MakeRepo) -> None:
    """The next run warns of it with what it had proven, and `resume` has its own parameters."""
    root = make_repo({"a.py": UNUSED})
    dead = begin(root, select=["F401"])
    process_file(dead, dead.select()[0][0])
    die(dead)
    now = begin(root)
    (words,) = now.warnings
    assert dead.run_id in words
    assert "had landed nothing; 1 proven patch(es) of it are used again" in words
    assert words.endswith("(`stomper resume` repeats it)")
    assert to_resume(now.store, now.target, "").settings["select"] == ["F401"]
    now.close()


def test_a_killed_run_can_be_resumed_at_once(make_repo: MakeRepo) -> None:
    """Nothing has to sweep its folder first; while it lives it is neither offered nor called cut off."""
    session = begin(make_repo({"a.py": UNUSED}), select=["F401"])
    store, target = session.store, session.target
    with pytest.raises(StomperError, match="none was cut off; `stomper runs` lists them all"):
        to_resume(store, target, "")
    assert [words for _, _, words in past(store, target)] == ["under way"]
    die(session)
    assert to_resume(store, target, session.run_id).settings["select"] == ["F401"]
    assert [words for _, _, words in past(store, target)] == ["cut off"]


def test_a_run_killed_after_it_landed_is_told_apart(make_repo: MakeRepo) -> None:
    """The journal and the branch together say whether a dead run had landed."""
    root = make_repo({"a.py": UNUSED})
    dead = begin(root)
    land(dead, [process_file(dead, dead.select()[0][0])], contextlib.nullcontext)
    die(dead)
    now = begin(root)
    assert "had landed what it had proven" in now.warnings[0]
    assert git(root, "rev-list", "--count", "HEAD") == "2"
    now.close()


def test_a_living_run_is_not_unfinished(make_repo: MakeRepo) -> None:
    """A run beside this one is no dead one."""
    root = make_repo({"a.py": UNUSED})
    one = begin(root)
    two = begin(root)
    assert two.warnings == []
    one.close()
    two.close()


def test_a_finished_run_settles_those_before(make_repo: MakeRepo) -> None:
    """After a run came to its end there is nothing to resume, and the list of runs says what each came to."""
    root = make_repo({"a.py": UNUSED})
    die(begin(root))
    finish(begin(root))
    store, target = Store(home()), open_target(root)
    assert unfinished(store, target) == []
    assert [words for _, _, words in past(store, target)] == ["0 landed, 0 left", "cut off"]
    with pytest.raises(StomperError, match="none was cut off"):
        to_resume(store, target, "")


def test_a_run_that_repeats_a_dead_one_says_so_once(make_repo: MakeRepo) -> None:
    """It is not told to resume what it resumes, nor of each try before it."""
    root = make_repo({"a.py": UNUSED})
    die(begin(root, select=["F401"]))
    die(last := begin(root, select=["F401"]))
    now = begin(root, select=["F401"])
    (words,) = now.warnings
    assert last.run_id in words
    assert words.endswith("; this run repeats it")
    now.close()


@pytest.mark.parametrize(
    ("land_by", "words"),
    [
        ("patch", "1 proven in {patches}/proven, 0 left"),
        ("branch", "1 landed on stomper/{run}, 0 left"),
        ("commit", "1 landed on main, 0 left"),
    ],
)
def test_the_list_of_runs_says_where_the_fixes_are(make_repo: MakeRepo, land_by: str, words: str) -> None:
    """In patches, on a branch of the run, or on the branch one is on."""
    session = begin(make_repo({"a.py": UNUSED}), land=land_by)
    landing = land(session, [process_file(session, session.select()[0][0])], contextlib.nullcontext)
    metrics = Metrics.reduce(landing.outcomes)
    session.store.finish(report_of(session, landing.outcomes, metrics, left_out=LeftOut(), landing=landing))
    ((run, _, said),) = past(session.store, session.target)
    assert said == words.format(run=run, patches=home() / "patches" / run)
    session.close()


def test_the_list_of_runs_says_what_was_taken_back(make_repo: MakeRepo) -> None:
    """As many commits as `undo` has reverted."""
    root = make_repo({"a.py": UNUSED})
    session = begin(root)
    landing = land(session, [process_file(session, session.select()[0][0])], contextlib.nullcontext)
    metrics = Metrics.reduce(landing.outcomes)
    session.store.finish(report_of(session, landing.outcomes, metrics, left_out=LeftOut(), landing=landing))
    session.close()
    undo(root, Wanted(session.run_id))
    assert past(Store(home()), open_target(root))[0][2] == "1 landed on main, 0 left, 1 taken back"


def test_edits_that_were_not_looked_at_are_told(make_repo: MakeRepo) -> None:
    """Those in the paths that are asked for, of files that git tracks; not where the edits are what is looked at."""
    root = make_repo({"a.py": "x = 1\n", "b.py": "x = 1\n"})
    write(root, {"a.py": UNUSED, "new.py": UNUSED})
    told = "read as committed, without their uncommitted changes: a.py (--changed takes them as they are)"
    for paths, changed, lines in (([], False, [told]), (["b.py"], False, []), ([], True, [])):
        checked = check(FixParameters(repository=str(root), paths=paths, changed=changed))
        assert [line for line in checked.unchecked if "uncommitted" in line] == lines


def test_another_repository_has_its_own_runs(make_repo: MakeRepo) -> None:
    """What was cut off elsewhere is not told of here."""
    die(begin(make_repo({"a.py": UNUSED}, name="one")))
    other = begin(make_repo({"a.py": UNUSED}, name="two"))
    assert other.warnings == []
    with pytest.raises(StomperError, match="no run 2020"):
        to_resume(other.store, other.target, "2020")
    other.close()
