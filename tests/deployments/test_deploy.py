"""`stomper deploy`, `serve` and `doctor` against one real Prefect server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.prefect_servers.programs import Program
from benchmarks.prefect_servers.servers import environment, prefect_server
from deployments.api import Api
from tests.support.processes import wait_for
from tests.support.repositories import git, write

pytestmark = pytest.mark.slow
STOMPER = str(Path(sys.executable).with_name("stomper"))
SLOW = "[checkers.slow]\nkind = 'command'\ncommand = ['sleep', '98765']\npattern = '(?P<path>.+):(?P<message>.+)'\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deploying")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    # As `prefect server start` comes, without what the documentation recommends.
    with prefect_server(folder / "server", settings={}) as server:
        yield server.address


@pytest.fixture(scope="module")
def repository(folder: Path) -> Path:
    root = folder / "project"
    root.mkdir()
    write(root, {"a.py": "import os\n", "stomper.toml": f"max_parallel_files = 3\n{SLOW}"})
    git(root, "init", "--quiet", "-b", "main")
    git(root, "add", "--all")
    git(root, "-c", "user.name=T", "-c", "user.email=t@example.invalid", "commit", "--quiet", "-m", "start")
    return root


@pytest.fixture
def stomper(folder: Path, address: str, repository: Path) -> Any:
    """Runs the command in the repository, with the server configured."""

    def run(*arguments: str, at: str = address) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (STOMPER, *arguments),
            env=environment(folder, at),
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def sleeping() -> bool:
    """Whether the checker that never ends is running."""
    found = subprocess.run(("pgrep", "-f", "^sleep 98765"), capture_output=True, check=False)
    return found.returncode == 0


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """The verdict and the words of every finding, by its subject."""
    return {one["subject"]: (one["verdict"], one["said"]) for one in json.loads(done.stdout)}


def test_without_a_server_it_says_so(stomper: Any) -> None:
    """Neither deploy nor serve can do without; each names the next step, and a dead address is named."""
    for command in ("deploy", "serve"):
        done = stomper(command, at="")
        assert done.returncode == 2
        assert "prefect server start" in done.stderr
        done = stomper(command, at="http://127.0.0.1:9/api")
        assert done.returncode == 2
        assert "http://127.0.0.1:9/api does not answer" in done.stderr
        assert "Traceback" not in done.stderr


def test_without_a_work_pool_it_says_so(stomper: Any) -> None:
    """Nothing is deployed then, and the command that makes the pool is named."""
    done = stomper("deploy")
    assert done.returncode == 2
    assert "prefect work-pool create stomper --type process" in " ".join(done.stderr.split())
    assert findings(stomper("doctor", "--json"))["work pool"][0] == "warning"


def test_it_deploys_all_and_again(stomper: Any, address: str, repository: Path) -> None:
    """Pool, limits and deployments are there; a second time nothing that the operator changed is changed back."""
    done = stomper("deploy", "--create-pool")
    assert done.returncode == 0, done.stderr
    assert "limit tag:stomper-process-file: 3" in done.stdout
    assert "deployment check-repository/ci" in done.stdout
    assert "automation Stomper: a run that is silent has crashed" in done.stdout
    assert "nobody is told of failed runs" in done.stdout
    assert "worker start --pool stomper" in done.stdout.splitlines()[-1]
    api = Api(address)
    nightly = api.get("/deployments/name/fix-repository/nightly")
    assert nightly["parameters"] == {"repository": str(repository)}
    assert nightly["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert nightly["global_concurrency_limit"]["limit"] == 1
    assert [s["active"] for s in nightly["schedules"]] == [False]
    schedule = nightly["schedules"][0]["id"]
    api.patch(f"/deployments/{nightly['id']}/schedules/{schedule}", {"active": True})
    api.patch("/v2/concurrency_limits/tag:stomper-process-file", {"limit": 7})
    again = stomper("deploy")
    assert again.returncode == 0, again.stderr
    assert "limit tag:stomper-process-file: 7" in again.stdout
    wrong = stomper("deploy", "--notify", "nobody")
    assert wrong.returncode == 2
    assert "knows no block of that name" in wrong.stderr
    after = api.get("/deployments/name/fix-repository/nightly")["schedules"]
    assert [s["active"] for s in after] == [True]


def test_the_doctor_sees_what_is_there(stomper: Any, address: str) -> None:
    """It tells the server, its storage, the limits, and that no worker is online: a problem, so the exit code is 2."""
    done = stomper("doctor", "--json")
    found = findings(done)
    assert found["server"] == ("ok", address)
    assert found["version"][0] == "ok"
    assert "SQLite" in found["database"][1]
    assert found["leases"][0] == "warning"
    assert found["limit tag:stomper-process-file"] == ("ok", "0 of 7 taken")
    assert found["deployments"][0] == "ok"
    assert found["automations"] == ("ok", "a silent run becomes Crashed")
    assert "--notify" in found["messages"][1]
    assert found["worker"][0] == "problem"
    assert found["checker slow"][0] == "ok"
    assert done.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serving_ends_with_all_that_it_started(
    folder: Path, address: str, repository: Path, stomper: Any, number: signal.Signals
) -> None:
    """A run is under way in a checker that never ends: the signal ends the server, the run and the checker. A schedule that
    was switched on before stays on."""
    api, env, log = Api(address), environment(folder, address), folder / f"serve{number}.log"
    assert stomper("deploy", "--create-pool").returncode == 0
    nightly = api.get("/deployments/name/fix-repository/nightly")
    api.patch(f"/deployments/{nightly['id']}/schedules/{nightly['schedules'][0]['id']}", {"active": True})
    with Program((STOMPER, "serve"), env, log, cwd=repository) as process:
        wait_for(lambda: b"next:" in log.read_bytes() or process.exit_code() is not None)
        assert api.get("/deployments/name/fix-repository/nightly")["schedules"][0]["active"]
        deployment = api.get("/deployments/name/check-repository/ci")
        run = api.post(f"/deployments/{deployment['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
        wait_for(lambda: sleeping() or process.exit_code() is not None or b"Traceback" in log.read_bytes())
        assert sleeping(), log.read_text()
        os.kill(process.pid, number)
        assert process.wait(60) == 0, log.read_text()
        wait_for(lambda: not sleeping())
    assert api.get(f"/flow_runs/{run['id']}")["state"]["type"] in ("CANCELLED", "CANCELLING", "CRASHED", "FAILED")
    assert "Traceback" not in log.read_text()
    state = folder / "state" / "runs"
    assert [p for p in state.glob("*/worktrees/*") if p.is_dir()] == []
