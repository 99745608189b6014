"""What was tried is kept as it was, for all who ask, and what became of it since."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from stomper.errors import StomperError
from stomper.learning.trials import Trial, Trials, repository_of
from stomper.state.store import Store
from tests.support.repositories import MakeRepo, git
from tests.support.trials import trial, trials_in


def test_a_trial_comes_back_as_it_was(tmp_path: Path) -> None:
    """Unknown costs stay unknown, and nothing is lost."""
    given = trial(cost_usd=None, tokens=7, tried={"ruff:F401": 2, "mypy:attr-defined": 1}, model="m", path="ä b.py")
    trials = trials_in(tmp_path)
    trials.add(given)
    trials.add(given)
    assert trials.count() == 1
    assert trials_in(tmp_path).newest() == [given]


def test_the_newest_of_a_repository_come_first_and_no_more_than_asked(tmp_path: Path) -> None:
    """What is read is bounded, and another repository's trials are only among all."""
    trials = trials_in(tmp_path)
    made = [trial(at=f"2026-01-0{day}T00:00:00Z", repository="ab"[day % 2]) for day in (3, 1, 4, 2)]
    trials.add(*made)
    assert [t.at[9] for t in trials.newest()] == ["4", "3", "2", "1"]
    assert [t.at[9] for t in trials.newest("a")] == ["4", "2"]
    assert [t.at[9] for t in trials.newest(limit=1)] == ["4"]


def test_what_becomes_of_a_fix(tmp_path: Path) -> None:
    """It counts when proven and landed, not any more once it is taken back; what did not help never does."""
    trials = trials_in(tmp_path)
    trials.add(trial(), trial(fixed={}, reason="tests"), trial(path="b.py"), trial(run="run-2"))
    trials.mark_landed("run-1", {"a.py": "c0ffee"})
    first, second, other, later = trials.newest()[::-1]
    assert (first.commit, second.commit, other.commit, later.commit) == ("c0ffee", "", "", "")
    assert trials.landed("here") == [first]
    assert first.worth == {"ruff:F401": 1}
    assert second.worth == {}
    trials.mark_reverted("c0ffee")
    assert [t.worth for t in trials.newest()[::-1]] == [{}, {}, {"ruff:F401": 1}, {"ruff:F401": 1}]
    assert trials.landed("here") == []


def test_a_patch_that_was_turned_down_after_all_does_not_count(tmp_path: Path) -> None:
    """The proof of all patches together has the last word, for that run and file alone."""
    trials = trials_in(tmp_path)
    trials.add(trial(), trial(fixed={}, reason="guard"), trial(run="run-2"))
    trials.reject("run-1", "a.py", "tests")
    first, second, later = trials.newest()[::-1]
    assert (first.reason, first.standing, first.worth) == ("tests", False, {})
    assert (second.reason, later.reason, later.worth) == ("guard", "proven", {"ruff:F401": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        {"fixed": {"ruff:F401": 2}},
        {"fixed": {"ruff:E501": 1}},
        {"fixed": {}, "reason": "proven"},
        {"tried": {}},
        {"rule": "no tool"},
        {"cost_usd": -1},
        {"cost_usd": float("nan")},
        {"seconds": float("inf")},
        {"tried": {"ruff:F401": 0}},
        {"reason": "luck"},
        {"id": "../x"},
        {"at": "yesterday"},
        {"at": "2026-13-01T00:00:00Z"},
    ],
)
def test_what_cannot_be_is_no_trial(wrong: dict[str, object]) -> None:
    """A trial that says the impossible cannot be made."""
    with pytest.raises(ValidationError):
        trial(**wrong)


def test_a_failed_call_is_known_again(tmp_path: Path) -> None:
    """For ninety days, and only where it says something about the call."""
    store = Store(tmp_path)
    trials = Trials(store)
    trials.remember_failure("one", "guard")
    trials.remember_failure("two", "agent")
    assert (trials.failed_before("one"), trials.failed_before("two")) == ("guard", None)
    store.do("UPDATE failures SET at = datetime('now', '-91 days')")
    assert trials.failed_before("one") is None
    trials.remember_failure("three", "checker")
    assert store.do("SELECT key FROM failures") == [("three",)]


def test_a_repository_is_known_by_its_origin(make_repo: MakeRepo) -> None:
    """All clones of one origin are one repository, however its address is spelled; one without is known by its place."""
    one, two = make_repo({"a.py": ""}, "one"), make_repo({"a.py": ""}, "two")
    assert repository_of(one) == repository_of(one) != repository_of(two)
    git(one, "remote", "add", "origin", "https://me:token@example.org/a/b.git")
    git(two, "remote", "add", "origin", "git@example.org:a/b")
    assert repository_of(one) == repository_of(two)
    assert "example" not in repository_of(one)


def test_threads_share_it(tmp_path: Path) -> None:
    """What many threads add at once is all there."""
    trials = trials_in(tmp_path)

    def work() -> None:
        for _ in range(20):
            trials.add(trial())

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(trials.newest()) == 160


def _add(folder: Path) -> None:
    trials = trials_in(folder)
    for _ in range(10):
        trials.add(trial())


def test_processes_share_it(tmp_path: Path) -> None:
    """The same for processes, which all find a file of an older Stomper and upgrade it."""
    _older(tmp_path)
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(_add, [tmp_path] * 4))
    assert len(trials_in(tmp_path).newest()) == 40


def _older(folder: Path) -> None:
    """A file as Stomper made it before formats were numbered, with a run in it."""
    with sqlite3.connect(folder / "stomper.db") as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE runs (id TEXT PRIMARY KEY, repository TEXT, began TEXT DEFAULT 'then', report TEXT)")
        db.execute("INSERT INTO runs (id, repository) VALUES ('old', '/r')")
    db.close()


def test_an_older_file_is_upgraded_in_place(tmp_path: Path) -> None:
    """What was in it is still there, and trials can be kept in it."""
    _older(tmp_path)
    store = Store(tmp_path)
    assert store.unfinished("/r") == [("old", "then")]
    Trials(store).add(trial())
    store.close()
    assert len(trials_in(tmp_path).newest()) == 1


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    """A table in the way is said, and the file stays what it was."""
    _older(tmp_path)
    with sqlite3.connect(tmp_path / "stomper.db") as db:
        db.execute("CREATE TABLE failures (other TEXT)")
    db.close()
    with pytest.raises(StomperError, match="failures already exists"):
        Store(tmp_path)
    with sqlite3.connect(tmp_path / "stomper.db") as db:
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert db.execute("PRAGMA user_version").fetchone() == (0,)
    db.close()
    assert tables == {"runs", "failures"}


def test_a_file_of_a_newer_stomper_is_left_alone(tmp_path: Path) -> None:
    """It is refused in words, with the way out."""
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / "stomper.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StomperError, match=r"stomper\.db was written by a newer Stomper \(format 99.*STOMPER_HOME"):
        Store(tmp_path)


def test_all_or_none(tmp_path: Path) -> None:
    """When one of several trials cannot be kept, none is."""
    trials = trials_in(tmp_path)
    broken = Trial.model_construct(**{**trial().model_dump(), "seconds": None})
    with pytest.raises(StomperError):
        trials.add(trial(), broken)
    assert trials.newest() == []
