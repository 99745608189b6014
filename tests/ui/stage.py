"""What the UI is looked at over: a Prefect server with its UI, all deployments, a worker, and what the API knows."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.prefect_servers.servers import BIN, RECOMMENDED, environment, prefect_server, worker

_RUN_S = 180
_END = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})
UI = {**RECOMMENDED, "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false"}


@dataclass(frozen=True)
class Stage:
    """A server at *address*, with the worker's files in *user*."""

    address: str
    user: Path

    @property
    def ui(self) -> str:
        """Where Prefect's UI is: the one that `/` leads to."""
        return self.address.removesuffix("/api") + "/v2"

    def found(self, path: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        """What the API finds."""
        sent = json.dumps(query).encode()
        request = urllib.request.Request(self.address + path, data=sent, headers={"content-type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return list(json.load(answer))

    def deployment(self, name: str) -> str:
        """The id of the deployment `flow/name`."""
        flow, _, own = name.partition("/")
        query = {"deployments": {"name": {"any_": [own]}}, "flows": {"name": {"any_": [flow]}}}
        return str(self.found("/deployments/filter", query)[0]["id"])

    def runs(self) -> list[dict[str, Any]]:
        """All flow runs, the last one first. Schedules are off, so each was asked for."""
        return self.found("/flow_runs/filter", {"sort": "EXPECTED_START_TIME_DESC"})

    def ended(self, but: str = "", states: frozenset[str] = _END) -> dict[str, Any]:
        """The last flow run, when it is in one of *states*, those of the end; not the one with the id *but*."""
        give_up = time.monotonic() + _RUN_S
        while time.monotonic() < give_up:
            run = next(iter(self.runs()), {})
            if run.get("id", but) != but and run["state_type"] in states:
                return run
            time.sleep(0.3)
        raise AssertionError(f"no run ended: {self.runs()[:1]}")

    def artifacts(self, run: str) -> list[dict[str, Any]]:
        """The artifacts of a flow run."""
        return self.found("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})

    def command(self, *argv: str, code: int = 0) -> str:
        """What a command of this installation prints, which must end with *code*."""
        done = subprocess.run(
            (str(BIN / argv[0]), *argv[1:]), env=environment(self.user, self.address), cwd=self.user, check=False,
            capture_output=True, text=True, timeout=_RUN_S,
        )  # fmt: skip
        assert done.returncode == code, (
            f"{argv} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
        return done.stdout


@contextlib.contextmanager
def stage(folder: Path, repository: Path) -> Iterator[Stage]:
    """A new server over SQLite, with everything deployed for *repository* and a worker that runs it."""
    user = folder / "user"
    user.mkdir()
    with prefect_server(folder / "server", settings=UI) as server:
        made = Stage(server.address, user)
        made.command("stomper", "deploy", "--create-pool", str(repository))
        with worker(user, server.address):
            yield made
