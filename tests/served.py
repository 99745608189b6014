"""A real Prefect server for a test module, on a free port of the loopback interface."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path


def environment(folder: Path, address: str = "") -> dict[str, str]:
    """The environment of a user whose files are all in *folder*; without an *address* no server is configured."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "STOMPER_", "GIT_"))}
    own = {
        "HOME": str(folder),
        "PREFECT_HOME": str(folder / "prefect"),
        "STOMPER_HOME": str(folder / "state"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    return {**kept, **own, **({"PREFECT_API_URL": address} if address else {})}


@contextlib.contextmanager
def started(argv: tuple[str, ...], env: Mapping[str, str], log: Path, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a session of its own, ended with its group."""
    with log.open("wb") as out:
        process = subprocess.Popen(argv, env=env, cwd=cwd, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a Prefect server as `prefect server start` starts it, with SQLite in *folder*."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address, log = f"http://127.0.0.1:{port}/api", folder / "server.log"
    argv = (sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    with started(argv, environment(folder / "server"), log, folder) as process:
        for _ in range(1200):
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    break
            time.sleep(0.1)
        yield address
