"""A run that waits for approval on a real Prefect server, and answers given through its API."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.prefect_servers.programs import Program
from benchmarks.prefect_servers.servers import environment, prefect_server
from deployments.api import Api
from tests.support.approvals import has_form
from tests.support.repositories import git, write

pytestmark = pytest.mark.slow
STOMPER = str(Path(sys.executable).with_name("stomper"))
FILES = {"a.py": "import os\n", "b.py": "import sys\n", "c.py": 'import re\n\nprint(f"x")\n'}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("asked")


@pytest.fixture(scope="module")
def api(folder: Path) -> Iterator[Api]:
    with prefect_server(folder / "server", settings={}) as server:
        yield Api(server.address, timeout_s=30)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    write(root, FILES)
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "start")):
        git(root, *words)
    return root


class Waiting:
    """A run in a process of its own that has come to wait."""

    def __init__(self, api: Api, process: Program, report: Path) -> None:
        self.api, self.process, self._report = api, process, report
        self.id = self._paused()

    def _paused(self) -> str:
        for _ in range(600):
            runs = self.api.post("/flow_runs/filter", {"sort": "EXPECTED_START_TIME_DESC", "limit": 1})
            if runs and has_form(self.api, runs[0]):
                return str(runs[0]["id"])
            assert self.process.exit_code() is None, self._report.read_text()
            time.sleep(0.1)
        raise AssertionError("it never came to wait")

    def answer(self, **given: object) -> str:
        """What the server makes of an answer: ACCEPT or REJECT."""
        return str(self.api.post(f"/flow_runs/{self.id}/resume", {"run_input": given} if given else {})["status"])

    def ended(self) -> tuple[int, dict[str, Any]]:
        """The exit code and the report."""
        code = self.process.wait(60)
        text = self._report.read_text()
        return code, json.loads(text[text.index("{") : text.rindex("}") + 1])

    @property
    def state(self) -> tuple[str, str]:
        """The flow run's state and its words."""
        state = self.api.get(f"/flow_runs/{self.id}")["state"]
        return str(state["type"]), str(state["message"])


@pytest.fixture
def waiting(folder: Path, api: Api, repository: Path, tmp_path: Path) -> Iterator[Any]:
    """Begins a run that asks, with more settings."""
    env = {**environment(folder, api.address), "GIT_CONFIG_GLOBAL": str(tmp_path / "home" / "gitconfig")}
    with contextlib.ExitStack() as stack:

        def begin(*more: str) -> Waiting:
            words = [w for setting in ("approve=true", *more) for w in ("--set", setting)]
            argv, log = (STOMPER, "fix", "--json", "--quiet", *words), tmp_path / "report.json"
            return Waiting(api, stack.enter_context(Program(argv, env, log, cwd=repository)), log)

        yield begin


def test_the_answer_lands_what_it_says(waiting: Any, repository: Path, api: Api) -> None:
    """A file that is left out stays; the form knows the run's files and codes, and takes no others."""
    run = waiting()
    assert run.answer() == "REJECT"  # what to land has to be said
    assert run.answer(land="everything", drop=["no.py"]) == "REJECT"
    assert run.answer(land="only these codes", codes=["E999"]) == "REJECT"
    assert git(repository, "rev-list", "--count", "HEAD") == "1"
    diffs = api.post("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run.id]}}})
    shown = sorted(a["description"] for a in diffs if str(a["description"]).startswith("waits"))
    assert shown == [f"waits for approval: {name}" for name in ("a.py", "b.py", "c.py")]
    assert run.answer(land="everything", drop=["b.py"]) == "ACCEPT"
    code, report = run.ended()
    assert code == 1
    assert sorted(one["path"] for one in report["landed"]) == ["a.py", "c.py"]
    assert git(repository, "log", "--format=%s", "-2").splitlines() == [
        "fix: resolve F401 in a.py",
        "fix: resolve F401, F541 in c.py",
    ]
    missing = "no tests: only the checkers were proven"
    assert run.state == ("FAILED", f"{missing}: 3 error(s) fixed in 2 file(s), 1 left, 1 file(s) wait for you")


def test_only_some_codes(waiting: Any, repository: Path) -> None:
    """A file whose patch fixes another code too stays as it is."""
    run = waiting()
    assert run.answer(land="only these codes", codes=["F401"]) == "ACCEPT"
    assert run.ended()[0] == 1
    changed = git(repository, "diff", "--name-only", "HEAD~2").splitlines()
    assert changed == ["a.py", "b.py"]


def test_without_an_answer_it_ends(waiting: Any, repository: Path) -> None:
    """The run says who did not answer, and keeps what is proven."""
    run = waiting("approve_timeout_s=3")
    code, report = run.ended()
    assert code == 1
    assert {o["reason"] for o in report["outcomes"]} == {"proven, and not approved: nobody answered within 3 s"}
    assert all(Path(o["patch_file"]).is_file() for o in report["outcomes"])
    assert run.state == ("FAILED", "0 error(s) fixed in 0 file(s), 4 left, 3 file(s) wait for you")
    assert git(repository, "rev-list", "--count", "HEAD") == "1"


def test_a_run_that_is_cancelled_while_it_waits_ends(waiting: Any, repository: Path, api: Api) -> None:
    """Nothing lands, and the process goes."""
    run = waiting()
    api.post(f"/flow_runs/{run.id}/set_state", {"state": {"type": "CANCELLED", "name": "Cancelled"}, "force": True})
    assert run.process.wait(60) == 2
    assert git(repository, "rev-list", "--count", "HEAD") == "1"


def test_the_embedded_server_cannot_ask(repository: Path, tmp_path: Path) -> None:
    """It has no page to ask on: said at the start, with what to do instead."""
    argv = (STOMPER, "fix", "--set", "approve=true")
    env = {**environment(tmp_path), "GIT_CONFIG_GLOBAL": str(tmp_path / "home" / "gitconfig")}
    done = subprocess.run(argv, env=env, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "approve needs a Prefect server of your own" in done.stderr
    assert git(repository, "rev-list", "--count", "HEAD") == "1"
