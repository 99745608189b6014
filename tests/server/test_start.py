"""An embedded server that does not start says why, and what limit it hit."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from stomper.errors import StomperError
from stomper.server import attach
from stomper.server.attach import Attached
from stomper.state.locks import Lock


def fail(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, *, within_s: float = 120.0) -> str:
    """What is said where the server's process does what the shell *script* says."""
    program = folder / "python"
    folder.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(attach, "START_TIMEOUT_S", within_s)
    server = Attached.to(folder / "server", {})
    with pytest.raises(StomperError) as caught:
        server.wait(lambda: False)
    server.leave()
    return str(caught.value)


def test_one_that_ends_says_how_and_what_it_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once: its process is gone, and no limit has to be waited for."""
    began = time.monotonic()
    said = fail(tmp_path / "exit", monkeypatch, "echo first; echo 'no space left' >&2; exit 3")
    assert "did not start: it ended with exit code 3; " in said
    assert said.endswith("server.log ends with:\nfirst\nno space left")
    said = fail(tmp_path / "signal", monkeypatch, "kill -9 $$")
    assert "did not start: it was ended by SIGKILL; it printed nothing to " in said
    assert time.monotonic() - began < 10


def test_one_that_never_answers_names_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address that it was asked at, and the end of what it printed."""
    said = fail(tmp_path / "late", monkeypatch, "echo migrating; sleep 60", within_s=0.5)
    assert "it did not answer at http://127.0.0.1:" in said
    assert "/api within 0.5 s; " in said
    assert said.endswith("ends with:\nmigrating")


def test_one_that_another_run_starts_for_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says for how long, and which process to end."""
    folder = tmp_path / "server"
    folder.mkdir()
    monkeypatch.setattr(attach, "START_TIMEOUT_S", 0.2)
    with Lock(folder / "starting") as starting:
        assert starting.acquire()
        with pytest.raises(
            StomperError, match=r"started by another run, for 0\.2 s by now: end the process named in .*pid"
        ):
            Attached.to(folder, {})
