"""The embedded Prefect server: started when none is configured, shared by all runs of a user, gone with the last one.

A run holds a shared lock on a file for as long as it lives. The server looks for the moment in which nobody holds it any
more, which the kernel makes true even after SIGKILL, and ends itself. So two runs share one server, hence its limits, and
no server is left behind. Imports nothing of Prefect: the server starts while the caller imports it.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stomper import proc
from stomper.errors import StomperError
from stomper.locks import Lock

START_TIMEOUT_S = 120.0
_MISSES = 3  # in a row, half a second apart
_held: list[Lock] = []

# Measured: with SQLite the defaults stall every slot of a limit for seconds. Waits are short, writes come in batches, and
# what only a server with a UI needs is off.
_SERVER = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "0.2",
    "PREFECT_SERVER_CONCURRENCY_MAXIMUM_CONCURRENCY_SLOT_WAIT_SECONDS": "0.2",
    "PREFECT_UI_ENABLED": "false",
    # A tenth of its start: kinds of blocks, which nobody makes on it, and checks of types inside a library.
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PY_KEY_VALUE_DISABLE_BEARTYPE": "true",
    "DO_NOT_TRACK": "1",
}
# For the client of that server alone: nothing to encrypt or to forge on loopback, and each costs a request or a context
# for every slot taken.
_CLIENT = {
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
    "PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


def configured_api() -> str:
    """The API address the user has configured, by PREFECT_API_URL or by the active profile; empty when there is none."""
    if address := os.environ.get("PREFECT_API_URL"):
        return address
    folder = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    try:
        profiles = tomllib.loads((folder / "profiles.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return ""
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active", "")
    return str(profiles.get("profiles", {}).get(active, {}).get("PREFECT_API_URL", ""))


def in_use() -> bool:
    """Whether the server of this process is an embedded one, which has no UI."""
    return bool(_held)


def prepare(home: Path, *, verbose: bool = False) -> str:
    """Set the environment for Prefect, before it is imported, and start the embedded server if none is configured.

    Explicit variables win over a `prefect.toml` or `.env` of the folder one happens to be in, which is often the target's.
    Returns the API address. Raises StomperError when the server does not come up.
    """
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    if address := configured_api():
        os.environ["PREFECT_API_URL"] = address
        return address
    os.environ.update(_CLIENT)
    os.environ["PREFECT_HOME"] = str(home / "prefect")
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
    os.environ["PREFECT_API_URL"] = _attach(home / "server")
    return os.environ["PREFECT_API_URL"]


@contextmanager
def watched(gone: Callable[[], None]) -> Iterator[None]:
    """Call *gone*, from a thread of its own, when the embedded server that this process uses dies inside the block.

    Prefect's client would try again for minutes, and nothing it then did could end well."""
    if not _held:
        yield
        return
    address, over = os.environ["PREFECT_API_URL"], threading.Event()

    def watch() -> None:
        misses = 0
        while not over.wait(0.5):
            misses = 0 if _listening(address) else misses + 1
            if misses == _MISSES:
                gone()
                return

    watcher = threading.Thread(target=watch, name="server watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()


def _listening(address: str) -> bool:
    """Whether something still accepts connections there; a busy server does, and a dead one's port does not."""
    at = urllib.parse.urlsplit(address)
    try:
        with socket.create_connection((at.hostname or "127.0.0.1", at.port or 80), timeout=5):
            return True
    except TimeoutError:
        return True
    except OSError:
        return False


def _attach(folder: Path) -> str:
    """The address of the living server, or of a new one; holds the lock that keeps it alive until this process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    clients, starting = Lock(folder / "clients"), Lock(folder / "starting")
    # A server that is about to end holds the lock alone for a moment.
    if not clients.acquire(shared=True, timeout_s=30) or not starting.acquire(timeout_s=START_TIMEOUT_S):
        raise StomperError(f"the embedded server in {folder} is stuck: end the process named in {folder / 'pid'}")
    _held.append(clients)
    try:
        address = (folder / "address").read_text() if (folder / "address").exists() else ""
        return address if address and healthy(address) else _start(folder)
    finally:
        starting.release()


def _start(folder: Path) -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/api"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    env = {**kept, **_SERVER, "PREFECT_HOME": str(folder / "home")}
    program = Path(__file__).with_name("embedded_server.py")
    log = folder / "server.log"
    server = proc.start_background((sys.executable, str(program), str(folder), str(port)), cwd=folder, env=env, log=log)
    (folder / "pid").write_text(str(server.pid))
    give_up = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up:
        if server.poll() is not None:
            break
        if healthy(address):
            (folder / "address").write_text(address)
            return address
        time.sleep(0.05)
    server.kill()
    server.wait()
    tail = log.read_text(errors="replace")[-1500:]
    raise StomperError(f"the embedded Prefect server did not start; {log} ends with:\n{tail}")


def healthy(address: str) -> bool:
    """Whether a server answers at *address*."""
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False
