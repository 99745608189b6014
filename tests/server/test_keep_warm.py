"""`stomper server`: the embedded server that is there already when a run begins."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stomper.server.attach import healthy, living
from tasks.limits import TAG
from tests.support.processes import UNUSED, begin, running, wait_for
from tests.support.repositories import MakeRepo, git


@contextmanager
def warm(state: Path) -> Iterator[subprocess.Popen[str]]:
    """`stomper server`, when its server answers. No server of *state* is left at the end."""
    process = begin(Path.home(), state, "server")
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert living(state / "server") in said
        yield process
    finally:
        process.kill()
        process.communicate()
        wait_for(lambda: not running(str(state / "server")))


def pid(state: Path) -> int:
    """The process of the embedded server."""
    return int((state / "server" / "pid").read_text())


def limit(address: str) -> int:
    """How many files all runs on a server may process at once."""
    with urllib.request.urlopen(f"{address}/v2/concurrency_limits/tag:{TAG}", timeout=10) as answer:  # noqa: S310 - loopback
        return int(json.load(answer)["limit"])


@pytest.mark.slow
def test_runs_use_it_and_leave_it(make_repo: MakeRepo, state: Path) -> None:
    """A run beside it starts no second server and does not end this one; Ctrl-C ends the command, and that the server.

    Each run brings its own limit, as it does on a server of its own."""
    root = make_repo({"a.py": UNUSED, "b.py": UNUSED})
    with warm(state) as process:
        server, address = pid(state), living(state / "server")
        for name, most in (("a.py", 1), ("b.py", 3)):
            run = begin(root, state, "fix", name, "--max-parallel-files", str(most))
            out, err = run.communicate(timeout=120)
            assert run.returncode == 0, out + err
            assert limit(address) == most
            assert (pid(state), living(state / "server")) == (server, address)
        assert running(str(state / "server")) == [server]
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30)[1] == ""
        assert process.returncode == 0
        wait_for(lambda: not running(str(state / "server")))
    assert git(root, "rev-list", "--count", "HEAD") == "3"


def test_a_second_one_says_that_there_is_one_and_a_killed_one_leaves_no_server(state: Path) -> None:
    """It names the process that keeps the server warm and its address, and ends with 0: what was asked for is so.

    When that process is killed the kernel lets go of the lock, and the server sees it."""
    with warm(state) as process:
        out, _ = begin(Path.home(), state, "server").communicate(timeout=60)
        assert f"process {process.pid} keeps it warm already: {living(state / 'server')}" in out
        assert process.poll() is None
        process.kill()
        process.wait()
        wait_for(lambda: not running(str(state / "server")))


@pytest.mark.slow
def test_a_server_that_dies_is_told(state: Path) -> None:
    """The command ends with words and exit code 2."""
    with warm(state) as process:
        os.kill(pid(state), signal.SIGKILL)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "the embedded Prefect server died" in err


@pytest.mark.slow
def test_the_server_of_a_run_is_kept(make_repo: MakeRepo, state: Path) -> None:
    """Begun while a run is under way, it attaches to that run's server, which stays when the run ends."""
    root = make_repo({"a.py": UNUSED})
    agent = root.parent / "agent"
    agent.write_text("#!/bin/sh\nwhile ! [ -e \"$(dirname $0)/go\" ]; do sleep 0.1; done\nsed -i '/^import os$/d' $1\n")
    agent.chmod(0o755)
    own = (
        "--agents",
        "mine",
        "--set",
        f'agents.mine.command=["{agent}", "{{file}}"]',
        "--set",
        "agents.mine.kind=command",
    )
    run = begin(root, state, "fix", *own, "--set", "sandbox=none", "--allow-unproven")
    wait_for(lambda: bool(running(str(agent))))
    with warm(state):
        server = pid(state)
        (root.parent / "go").touch()
        out, err = run.communicate(timeout=120)
        assert run.returncode == 0, out + err
        assert running(str(state / "server")) == [server]
        assert healthy(living(state / "server"))


def test_a_configured_server_makes_it_useless(state: Path) -> None:
    """It says that it is not needed, and why, with exit code 2; nothing is started."""
    process = begin(Path.home(), state, "server", PREFECT_API_URL="http://127.0.0.1:9/api")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "not needed: all runs use the Prefect API that is configured, http://127.0.0.1:9/api" in err
    assert not running(str(state / "server"))
