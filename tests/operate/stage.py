"""What a scene plays on: a server, a worker, and the commands that CI and an operator give."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.prefect_servers.programs import Program
from benchmarks.prefect_servers.servers import BIN, Kind, Server, environment
from deployments.api import Api, Unreachable

PREFECT = str(BIN / "prefect")
STOMPER = str(BIN / "stomper")
WATCH_S = 150
_RUN = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Line:
    """One thing that was looked at."""

    what: str
    expected: object
    seen: object

    @property
    def good(self) -> bool:
        return self.expected == self.seen


@dataclass(frozen=True)
class Ended:
    """A run as CI and the UI see it."""

    exit_code: int
    state: str
    message: str
    run: str
    said: str

    def as_expected(self, exit_code: int, state: str, words: str = "") -> list[Line]:
        """The lines for the exit code, the state and *words* in its message."""
        lines = [Line("exit code", exit_code, self.exit_code), Line("state", state, self.state)]
        if words:
            lines.append(Line("message", words, words if words in self.message else self.message or self.said[-300:]))
        return lines


@dataclass
class Stage:
    """A server with a worker, and a folder for a scene's files."""

    kind: Kind
    server: Server
    worker: Program
    folder: Path
    leftovers: list[str] = field(default_factory=list)

    @property
    def api(self) -> Api:
        return Api(self.server.address, timeout_s=30)

    @property
    def env(self) -> dict[str, str]:
        """The environment of the operator; the worker's files are in the same folder."""
        return environment(self.folder / "home", self.server.address)

    @property
    def state_folder(self) -> Path:
        """The worker's state folder."""
        return self.folder / "home" / "state"

    def command(self, *argv: str, timeout_s: float = 200, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A command as an operator gives it, in a folder that is nobody's."""
        return subprocess.run(
            argv, cwd=cwd or self.folder, env=self.env, capture_output=True, text=True, check=False, timeout=timeout_s
        )

    def run(self, deployment: str, parameters: Mapping[str, object], *tags: str, watch_s: int = WATCH_S) -> Ended:
        """`prefect deployment run --watch`, and what the server says of the run afterwards."""
        given = [word for name, value in parameters.items() for word in ("-p", f"{name}={json.dumps(value)}")]
        given += [word for tag in tags for word in ("--tag", tag)]
        watch = ("--watch", "--watch-interval", "1", "--watch-timeout", str(watch_s))
        done = self.command(PREFECT, "deployment", "run", deployment, *given, *watch, timeout_s=watch_s + 60)
        said = done.stdout + done.stderr
        run = next(iter(_RUN.findall(said)), "")
        state = (self.api.get(f"/flow_runs/{run}") or {}).get("state") or {} if run else {}
        return Ended(done.returncode, str(state.get("name", "")), str(state.get("message") or ""), run, said)

    def start(self, deployment: str, parameters: Mapping[str, object]) -> str:
        """Start a run as the UI does; its id."""
        deployed = self.api.get(f"/deployments/name/{deployment}")
        asked = {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}}
        for _ in range(10):
            # Over SQLite the server answers 503 to whoever meets another's write; Prefect's own client tries again too.
            with contextlib.suppress(Unreachable):
                return str(self.api.post(f"/deployments/{deployed['id']}/create_flow_run", asked)["id"])
            time.sleep(1)
        raise AssertionError(f"{deployment} could not be started")

    def state(self, run: str) -> str:
        """The name of the run's state."""
        return str(self.api.get(f"/flow_runs/{run}")["state"]["name"])

    def ended(self, run: str, timeout_s: float = 120) -> str:
        """The name of the run's final state, or of the one it is in when it takes too long."""
        final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        until(lambda: self.api.get(f"/flow_runs/{run}")["state"]["type"] in final, timeout_s)
        return self.state(run)

    def artifacts(self, run: str) -> dict[str, str]:
        """The keyed artifacts of a run."""
        query = {"artifacts": {"flow_run_id": {"any_": [run]}}, "limit": 200}
        found = self.api.post("/artifacts/filter", query)
        return {str(one["key"]): str(one["data"]) for one in found if one.get("key")}

    def log(self, run: str) -> str:
        """What the UI shows as the log of a run."""
        query = {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200}
        return "\n".join(str(one["message"]) for one in self.api.post("/logs/filter", query))

    def slots(self, limit: str) -> int:
        """How many slots of a limit are taken."""
        return int(self.api.get(f"/v2/concurrency_limits/{limit}")["active_slots"])

    def left_of_runs(self) -> list[str]:
        """The folders of runs that are still there."""
        runs = self.state_folder / "runs"
        return sorted(path.name for path in runs.iterdir()) if runs.exists() else []


def until(condition: Callable[[], Any], timeout_s: float) -> bool:
    """Whether *condition* came true in time."""
    give_up = time.monotonic() + timeout_s
    while not (true := bool(condition())) and time.monotonic() < give_up:
        time.sleep(0.1)
    return true
