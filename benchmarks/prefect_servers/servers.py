"""Real Prefect servers on the loopback interface, over SQLite and over PostgreSQL, and a process worker."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.prefect_servers.postgres import postgres
from benchmarks.prefect_servers.programs import Program, free_port

Kind = Literal["sqlite", "postgres"]
BIN = Path(sys.executable).parent
_START_S = 180.0
# What the documentation recommends for every server that stays.
RECOMMENDED = {
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}
# A test waits for nothing that an operator would wait for gladly.
QUICK_WORKER = {
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "5",
    "PREFECT_RUNNER_POLL_FREQUENCY": "1",
}


def environment(folder: Path, address: str = "") -> dict[str, str]:
    """The environment of a user whose files are all in *folder*; without an *address* no server is configured."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "STOMPER_", "GIT_"))}
    own = {
        "HOME": str(folder),
        "PREFECT_HOME": str(folder / "prefect"),
        "STOMPER_HOME": str(folder / "state"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    return {**kept, **own, **({"PREFECT_API_URL": address} if address else {})}


@dataclass(frozen=True)
class Server:
    """A Prefect server that is up: its API, and the program behind it, which can be stopped and started again."""

    address: str
    program: Program

    def restart(self) -> None:
        """Kill it, and start it again over the same database and files."""
        self.program.kill()
        self.program.start()
        wait_until_up(self.address, self.program)


def wait_until_up(address: str, program: Program) -> None:
    """Return when the API at *address* answers. Ends the script when *program* does not come up."""
    give_up = time.monotonic() + _START_S
    while time.monotonic() < give_up and program.exit_code() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=2) as answer:  # noqa: S310
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise SystemExit(f"the server did not come up:\n{program.tail()}")


@contextlib.contextmanager
def prefect_server(
    folder: Path, kind: Kind = "sqlite", settings: Mapping[str, str] = RECOMMENDED, *, python: str = sys.executable
) -> Iterator[Server]:
    """`prefect server start` with its files in *folder*, over SQLite there or over a PostgreSQL of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        port = free_port()
        address = f"http://127.0.0.1:{port}/api"
        # The UI asks the API at the address that the server was told, and would take the default port.
        env = {**environment(folder), "PREFECT_UI_API_URL": address, **settings}
        if kind == "postgres":
            env["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = stack.enter_context(postgres()).url
        argv = (python, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
        program = stack.enter_context(Program(argv, env, folder / "server.log", cwd=folder))
        wait_until_up(address, program)
        yield Server(address, program)


@contextlib.contextmanager
def worker(
    folder: Path, address: str, *, pool: str = "stomper", settings: Mapping[str, str] = QUICK_WORKER
) -> Iterator[Program]:
    """`prefect worker start` as a user with all files in *folder*, in the environment of this Python."""
    folder.mkdir(parents=True, exist_ok=True)
    env = {**environment(folder, address), **settings}
    argv = (sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--name", "worker")
    with Program(argv, env, folder / "worker.log", cwd=folder) as program:
        yield program
