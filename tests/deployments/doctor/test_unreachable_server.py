"""`stomper doctor` without a server that answers: it says so, soon."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmarks.prefect_servers.servers import environment
from deployments.api import Api, Unreachable
from deployments.doctor.diagnose import check_server
from deployments.doctor.findings import Finding, run_checks
from deployments.doctor.machine import check_agents, check_checkers, check_disk, check_git
from stomper.errors import StomperError
from stomper.server.configured import Configured
from tests.support.repositories import MakeRepo

STOMPER = str(Path(sys.executable).with_name("stomper"))


def doctor(folder: Path, address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in *folder*."""
    env = environment(folder.parent / "home", address)
    return subprocess.run(
        (STOMPER, "doctor", *arguments), env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.slow
def test_without_a_server_nothing_is_a_problem(make_repo: MakeRepo) -> None:
    """The embedded server does for one's own runs: exit 0."""
    root = make_repo({"a.py": "X = 1\n"})
    done = doctor(root, "")
    assert done.returncode == 0, done.stdout
    assert "ok       server" in done.stdout
    assert "checker ruff" in done.stdout
    assert "agent ruff" in done.stdout
    assert "0 problem(s)" in done.stdout.splitlines()[-1]


def test_a_silent_server_is_a_problem_soon(make_repo: MakeRepo) -> None:
    """It accepts connections and never answers: exit 2, and all other lines are there."""
    root = make_repo({"a.py": "X = 1\n"})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        done = doctor(root, f"http://127.0.0.1:{listening.getsockname()[1]}/api", "--json")
    found = {one["subject"]: one for one in json.loads(done.stdout)}
    assert done.returncode == 2
    assert found["server"]["verdict"] == "problem"
    assert "timed out" in found["server"]["said"]
    assert {"git", "disk", "sandbox", "checker ruff", "agent ruff"} <= set(found)


def test_a_check_that_hangs_does_not_hold_up_the_rest() -> None:
    """What is not there in time is a problem; what a check dies of is one too."""
    over = threading.Event()

    def hang() -> list[Finding]:
        over.wait(30)
        return []

    def refuse() -> list[Finding]:
        raise StomperError("it is broken")

    def crash() -> list[Finding]:
        raise KeyError("x")

    fine = Finding(subject="fine", verdict="ok", said="it is")
    found = run_checks({"a": hang, "b": refuse, "c": crash, "d": lambda: [fine]}, timeout_s=0.3)
    over.set()
    assert [f.verdict for f in found] == ["problem", "problem", "problem", "ok"]
    assert found[0].said == "no answer within 0.3 s"
    assert found[1].said == "it is broken"
    assert "KeyError" in found[2].said


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/api", "nonsense", "http://[", "file:///etc/passwd"])
def test_an_address_where_nothing_answers(address: str) -> None:
    """Refused, no address at all, not HTTP: one kind of problem that names it, and where the address is from."""
    (found,) = check_server(Configured(address, "a profile", "`unset it`"))
    assert found.verdict == "problem"
    assert "answer" in found.said
    assert found.mend.startswith("its address is from a profile: start that server")
    assert found.mend.endswith("take it out by `unset it`")


def test_the_login_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Prefect's own client would send; a refusal names the variables."""
    seen: list[bytes] = []

    def answer(listening: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listening.accept()
            with connection:
                seen.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        api = Api(f"http://127.0.0.1:{listening.getsockname()[1]}/api")
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", "user:pass")
        with pytest.raises(Unreachable, match="PREFECT_API_AUTH_STRING"):
            api.get("/admin/version")
        monkeypatch.setenv("PREFECT_API_KEY", "key")
        with pytest.raises(Unreachable, match="401"):
            api.get("/admin/version")
        thread.join()
    assert b"Authorization: Basic dXNlcjpwYXNz" in seen[0]
    assert b"Authorization: Bearer key" in seen[1]


def test_what_the_machine_lacks_is_said(make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing git, checker or agent is a problem that says how to mend it; the state folder's room is told."""
    gone = (
        "[checkers.gone]\nkind = 'command'\ncommand = ['no-such-program']\npattern = '(?P<path>.+):(?P<message>.+)'\n"
    )
    agent = "[agents.mine]\nkind = 'command'\ncommand = ['no-such-agent', '{file}']\n"
    root = make_repo({"a.py": "X = 1\n", "stomper.toml": gone + agent})
    checker = next(f for f in check_checkers(root) if f.subject == "checker gone")
    assert (checker.verdict, "no-such-program" in checker.said) == ("problem", True)
    assert checker.mend
    mine = next(f for f in check_agents(root) if f.subject == "agent mine")
    assert (mine.verdict, "no-such-agent" in mine.said) == ("problem", True)
    (disk,) = check_disk(tmp_path / "not" / "yet")
    assert "GiB free" in disk.said
    assert not (tmp_path / "not").exists()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_git()[0].mend == "install git"
