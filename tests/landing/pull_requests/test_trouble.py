"""Pull requests when something goes wrong: a busy forge, a process that is killed, a library that is missing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stomper.forges.base import ForgeError
from tests.support.campaigns import BOTH, CREATE, UNUSED, Place, only, process_of, serve
from tests.support.forges.server import Fault, Hold
from tests.support.repositories import git
from tests.support.runs import command

pytestmark = pytest.mark.slow

ONE = "/(pulls|merge_requests)/1$"
SOON, LATER = {"Retry-After": "0"}, {"Retry-After": "7200"}


@pytest.fixture(params=["github"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A repository with two files to repair, at a forge."""
    with serve(tmp_path / "remote", {"a.py": UNUSED, "b.py": UNUSED}, request.param) as served:
        monkeypatch.setenv("FORGE_TOKEN", served.stub.token)
        yield served


def calls(folder: Path) -> int:
    """How often the command agent was called."""
    log = folder / "calls.log"
    return log.read_text(encoding="utf-8").count("=== call") if log.exists() else 0


@BOTH
def test_a_short_rate_limit_is_waited_for(place: Place) -> None:
    """Both before the work and after it, each time as long as the forge says."""
    place.api.faults += [Fault(method, CREATE, 429, "Slow down.", SOON, times=2) for method in ("GET", "POST")]
    report = place.run()
    assert (only(report).done, report.exit_code, len(place.requests)) == ("opened", 0, 1)
    assert [fault.times for fault in place.api.faults] == [0, 0]


@BOTH
def test_a_long_rate_limit(place: Place, tmp_path: Path) -> None:
    """Met at first, it ends the run before anybody is paid; met after the push, the fixes are kept on the branch, and
    the next run opens the pull request for nothing."""
    agent = command(tmp_path / "repo", "fix")
    place.api.faults = [Fault("GET", CREATE, 429, "Slow down.", LATER)]
    with pytest.raises(ForgeError, match="rate limit until"):
        place.run(agents=agent)
    assert (calls(tmp_path), place.branches()) == (0, [])
    place.api.faults = [Fault("POST", CREATE, 429, "Slow down.", LATER)]
    report = place.run(agents=agent)
    assert (report.exit_code, calls(tmp_path), place.requests, place.branches()) == (2, 2, {}, ["stomper/fixes"])
    assert "rate limit until" in report.failure
    (tmp_path / "state").rename(tmp_path / "forgotten")
    assert only(place.run(agents=agent)).done == "opened"
    assert calls(tmp_path) == 2


@BOTH
@pytest.mark.parametrize("status", [403, 422])
def test_an_update_or_the_end_is_refused(place: Place, status: int) -> None:
    """The run says so and ends with 2; the next one does what is missing."""
    place.run()
    place.commit("main", {"c.py": UNUSED})
    faults = [Fault(method, ONE, status, "No.", times=99) for method in ("PUT", "PATCH")]
    place.api.faults = list(faults)
    report = place.run()
    assert (report.exit_code, place.one.title) == (2, "fix: resolve 2 errors in 2 files")
    assert place.files() == ["a.py", "b.py", "c.py"]
    place.api.faults = []
    assert (only(place.run()).done, place.one.title) == ("updated", "fix: resolve 3 errors in 3 files")
    place.commit("main", dict.fromkeys(["a.py", "b.py", "c.py"], "x = 1\n"))
    place.api.faults = list(faults)
    report = place.run()
    assert (report.exit_code, place.one.state) == (2, "open")
    assert "could not be closed" in report.failure
    place.api.faults = []
    assert (only(place.run()).done, place.one.state, place.branches()) == ("closed", "closed", [])


@BOTH
@pytest.mark.parametrize("arrived", [False, True])
def test_killed_between_the_push_and_the_pull_request(place: Place, tmp_path: Path, arrived: bool) -> None:
    """The next run finishes it, wherever it runs: one pull request, and nobody is paid again."""
    agent = command(tmp_path / "repo", "fix")
    hold = Hold()
    place.api.fail(Fault("POST", CREATE, executed=arrived, cut=True, hold=hold))
    with process_of(place, agents=agent) as process:
        try:
            assert hold.came.wait(60), process.communicate(timeout=10)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            hold.free.set()
    assert process.returncode == -signal.SIGKILL
    assert (len(place.requests), calls(tmp_path), place.branches()) == (int(arrived), 2, ["stomper/fixes"])
    tip = place.tip()
    if arrived:  # on another machine
        (tmp_path / "state").rename(tmp_path / "forgotten")
    report = place.run(agents=agent)
    assert (report.exit_code, len(place.requests), place.tip(), calls(tmp_path)) == (0, 1, tip, 2)
    assert only(report).files == ("a.py", "b.py")
    assert "2 calls of agents" in place.one.body
    assert git(place.bare, "rev-list", "--count", "main..stomper/fixes") == "2"


@BOTH
def test_the_extra_is_missing(place: Place, tmp_path: Path) -> None:
    """It is said with the command that installs it, before anybody is paid or anything is pushed."""
    hidden = f"import sys\nsys.modules[{place.kind!r}] = None"
    process = process_of(place, hidden, agents=command(tmp_path / "repo", "fix"))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    wanted = f"the library {place.kind} is not installed: pip install 'stomper-prefect[pr]'"
    assert wanted in said.splitlines()[-1]
    assert (calls(tmp_path), place.branches(), place.api.requests) == (0, [], [])
