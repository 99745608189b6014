"""What is done of a run before its flow begins: it is taken over whole, or nothing is left of it."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import cast

import pytest

from stomper.campaigns.campaign import Campaign
from stomper.config.parameters import FixParameters
from stomper.errors import Cancelled, CheckerError, SettingsError, StomperError
from stomper.run import prefetch, stages
from stomper.state import paths, store
from stomper.system import processes
from tests.support.repositories import MakeRepo, open_run

UNUSED = "import os\n\n\ndef one() -> int:\n    return 1\n"


def parameters(root: Path, script: str = "", **settings: object) -> FixParameters:
    """A run over *root*; with *script*, its checker is this shell script, which writes a line into `log` beside *root*."""
    own: dict[str, object] = {"sandbox": "none", "test_validation": "none"}
    if script:
        command = ["sh", "-c", f"echo ran >> '{root.parent / 'log'}'; {script}"]
        table = {"kind": "command", "command": command, "pattern": "(?P<path>.*):(?P<line>[0-9]+):(?P<message>.*)"}
        own |= {"checkers": {"ruff": {"enabled": False}, "mypy": {"enabled": False}, "mine": table}}
    return FixParameters(repository=str(root), settings=own | settings)


def ran(root: Path) -> int:
    """How often the checker of `parameters` was started."""
    log = root.parent / "log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_the_session_is_taken_over_with_its_errors(make_repo: MakeRepo) -> None:
    """The flow asks for the run in the words of its form: it gets the open session, and no checker runs again."""
    root = make_repo({"a.py": UNUSED})
    first = parameters(root, "echo 'a.py:1:wrong'").model_copy(update={"land": "patch"})
    same = parameters(root, "echo 'a.py:1:wrong'", land="patch")
    with prefetch.begun(first):
        session = prefetch.taken(same)
        assert session is not None
        assert prefetch.taken(same) is None, "it has one owner"
    try:
        assert [d.message for d in session.collect().diagnostics] == ["wrong"]
        assert ran(root) == 1
    finally:
        session.close()
    assert not list((paths.home() / "runs").iterdir())


def test_nothing_is_left_of_what_nobody_took(make_repo: MakeRepo, fenced: Path) -> None:
    """The flow never began, while a checker ran: it is killed, and neither a folder nor a line of history is left."""
    root = make_repo({"a.py": UNUSED})
    with pytest.raises(StomperError, match="no server"), prefetch.begun(parameters(root, "sleep 987653")):
        while not ran(root):
            time.sleep(0.05)
        raise StomperError("no server")
    assert not processes.stopping(), "others may start processes again"
    assert not list((fenced / "runs").iterdir())
    kept = store.Store(fenced)
    assert kept.runs(str(root)) == []
    assert kept.do("SELECT * FROM journal") == []
    kept.close()
    left = [p for p in Path("/proc").glob("[0-9]*/cmdline") if _line(p) == ["sleep", "987653"]]
    assert left == []


def _line(place: Path) -> list[str]:
    try:
        return os.fsdecode(place.read_bytes()).rstrip("\0").split("\0")
    except OSError:
        return []


def known(ahead: prefetch.HeadStart) -> bool:
    """What a head start says when it has come to its end."""
    for thread in threading.enumerate():
        if thread.name == "head start":
            thread.join()
    return ahead.over()


def test_why_it_cannot_be_opened_is_known_at_once(make_repo: MakeRepo) -> None:
    """Whoever waits for the server need not, and the flow hears the same."""
    asked = parameters(make_repo({"a.py": UNUSED}), agents={"mine": {"kind": "nobody"}})
    with prefetch.begun(asked) as ahead:
        assert ahead
        assert known(ahead)
        with pytest.raises(SettingsError, match="nobody"):
            prefetch.taken(asked)


@pytest.mark.parametrize(
    ("script", "settings", "over"),
    [
        ("true", {}, True),
        ("echo 'a.py:1:wrong'", {}, False),
        ("echo 'a.py:1:wrong'", {"exclude": ["a.py"]}, True),
        ("echo 'a.py:1:wrong'", {"max_files": 1}, False),
        ("exit 3", {}, True),
        ("true", {"approve": True}, False),
        ("", {"select": ["F401"]}, False),
        ("", {"select": ["E9"]}, True),
        ("", {"select": ["F999"]}, True),
    ],
)
def test_it_knows_when_there_is_nothing_to_do(
    make_repo: MakeRepo, script: str, settings: dict[str, object], over: bool
) -> None:
    """No error that is aimed at, or a run that cannot go on, wants no orchestrator. One that asks people does: the flow says
    that it would need a server of their own."""
    asked = parameters(make_repo({"a.py": UNUSED}), script, **settings)
    with prefetch.begun(asked) as ahead:
        assert ahead
        assert known(ahead) is over


def test_a_campaign_is_never_over(make_repo: MakeRepo) -> None:
    """It has pull requests that may have to be settled, though nothing is to fix."""
    session = open_run(make_repo({"a.py": "x = 1\n"}))
    try:
        assert stages.over(session, session.collect)
        session.campaign = cast(Campaign, object())
        assert not stages.over(session, session.collect)
    finally:
        session.campaign = None
        session.close()


def test_a_stopped_run_is_not_over(make_repo: MakeRepo) -> None:
    """What was interrupted before its errors were known is no run with nothing to do."""
    root = make_repo({"a.py": UNUSED})
    with prefetch.begun(parameters(root, "sleep 987653")) as ahead:
        assert ahead
        assert not ahead.over()
        while not ran(root):
            time.sleep(0.05)
        processes.stop_all()
        try:
            assert not known(ahead)
        finally:
            processes.resume_all()


def test_a_checker_that_fails_is_not_run_twice(make_repo: MakeRepo) -> None:
    """The session opens; who asks for its errors hears why there are none."""
    root = make_repo({"a.py": UNUSED})
    asked = parameters(root, "exit 3")
    with prefetch.begun(asked):
        session = prefetch.taken(asked)
        assert session is not None
        with pytest.raises(CheckerError):
            session.collect()
        session.close()
    assert ran(root) == 1


def test_a_stopped_run_is_cancelled(make_repo: MakeRepo) -> None:
    """A signal while the errors are collected: the flow that took the session hears that it was stopped."""
    root = make_repo({"a.py": UNUSED})
    asked = parameters(root, "sleep 987653")
    with prefetch.begun(asked):
        session = prefetch.taken(asked)
        assert session is not None
        while not ran(root):
            time.sleep(0.05)
        processes.stop_all()
        try:
            with pytest.raises(Cancelled):
                session.collect()
        finally:
            processes.resume_all()
            session.close()


@pytest.mark.parametrize(
    "asked",
    [
        FixParameters(repository="https://example.invalid/a.git"),
        FixParameters(repository="/nowhere", setup_command="make"),
    ],
)
def test_what_comes_before_the_session_is_the_flows(asked: FixParameters) -> None:
    """A repository that is fetched, and one that is set up first, are opened by the flow alone."""
    with prefetch.begun(asked) as ahead:
        assert ahead is None
        assert prefetch.taken(asked) is None


def test_an_interrupt_while_it_is_put_away_counts(make_repo: MakeRepo, fenced: Path) -> None:
    """Ctrl-C in the middle of that is not forgotten when it is done: nothing may start any more."""
    ahead = prefetch.HeadStart(parameters(make_repo({"a.py": UNUSED})))
    known(ahead)
    other = sqlite3.connect(fenced / "stomper.db", check_same_thread=False, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # it has to wait for this until the interrupt is there

    def interrupt() -> None:
        while not processes.stopping():
            time.sleep(0.01)
        processes.stop_all()
        other.execute("ROLLBACK")

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        ahead.put_away()
        assert processes.stopping()
    finally:
        thread.join()
        other.close()
        processes.resume_all()
