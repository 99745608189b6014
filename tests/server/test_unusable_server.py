"""A Prefect server of one's own that cannot be reached, or fails in the middle of a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from stomper import progress
from stomper.cli import launch
from stomper.config.parameters import FixParameters
from stomper.errors import StomperError
from stomper.models import Report
from tests.support.repositories import MakeRepo

STOMPER = str(Path(sys.executable).with_name("stomper"))


@pytest.mark.slow
def test_a_server_that_cannot_be_reached_is_named(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message with the next step and exit code 2; a traceback and exit code 1 would say that errors are left."""
    monkeypatch.setenv("PREFECT_API_URL", address := "http://127.0.0.1:9/api")
    done = subprocess.run((STOMPER, "fix"), cwd=make_repo({"a.py": "import os\n"}), capture_output=True, check=False)
    said = done.stderr.decode()
    assert done.returncode == 2, said
    assert f"the Prefect server at {address} cannot be worked with" in said
    assert "stomper doctor" in said
    assert "Traceback" not in said


def test_what_landed_is_told_though_the_server_is_gone(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report outlives a server that fails when it is told how the run ended."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    root = str(make_repo({"a.py": "x = 1\n"}))
    report = Report(run_id="r", repository=root, base="0", branch="main", land="commit")

    def flow(**_: object) -> None:
        progress.emit(progress.RunDone(report))
        raise httpx.ConnectError("gone")

    monkeypatch.setattr(launch, "_fix_repository", lambda: flow)
    assert launch.run_flow(FixParameters(repository=root), quiet=True) == report


def test_without_a_report_the_server_is_named(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Prefect's client raises is an error of the run, in words."""
    monkeypatch.setenv("PREFECT_API_URL", address := "http://127.0.0.1:9/api")

    def flow(**_: object) -> None:
        raise RuntimeError("no API")

    monkeypatch.setattr(launch, "_fix_repository", lambda: flow)
    with pytest.raises(StomperError, match=rf"{address}.*no API\n.*stomper doctor"):
        launch.run_flow(FixParameters(repository=str(make_repo({"a.py": "x = 1\n"}))), quiet=True)
