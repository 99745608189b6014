"""The embedded Prefect server: started when none is configured, shared by all runs of a user, gone with the last one.

A run holds a shared lock on a file for as long as it lives. The server looks for the moment in which nobody holds it any
more, which the kernel makes true even after SIGKILL, and ends itself. So two runs share one server, hence its limits, and
no server is left behind. Imports nothing of Prefect: the server starts while the caller imports it.
"""

from __future__ import annotations

import os
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stomper.server.attach import Attached
from stomper.server.configured import Configured, configured_api
from stomper.server.prefect_internals import Changed
from stomper.system import proxies

_MISSES = 3  # in a row, half a second apart
_held: list[Attached] = []
_own: list[Configured] = []
"""The user's own server, where it is used: from then on the environment says where it is, and no longer who said so."""

# Measured: with SQLite the defaults stall every slot of a limit for seconds. Waits are short, and what only a server with a
# UI needs is off.
SERVER_VARIABLES = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    # Half of what a file costs it: what happened is written down for a UI, and the database goes with the server.
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED": "false",
    "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "0.2",
    "PREFECT_SERVER_CONCURRENCY_MAXIMUM_CONCURRENCY_SLOT_WAIT_SECONDS": "0.2",
    "PREFECT_UI_ENABLED": "false",
    # A tenth of its start: kinds of blocks, which nobody makes on it, and checks of types inside a library.
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PY_KEY_VALUE_DISABLE_BEARTYPE": "true",
    "DO_NOT_TRACK": "1",
}
# For the client of that server alone: nothing to forge on loopback, and it would cost a request for every slot taken.
CLIENT_VARIABLES = {
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


def in_use() -> bool:
    """Whether the server of this process is an embedded one, which has no UI."""
    return bool(_held)


def next_step() -> str:
    """Return what to do about a server that is not embedded and does not answer; empty where that one is in use."""
    return "".join(own.next_step for own in _own)


def changed() -> list[Changed]:
    """Return which of Prefect's internals the embedded server in use could not use."""
    return [one for server in _held for one in server.changed()]


def prepare(home: Path, *, verbose: bool = False) -> str:
    """Set the environment for Prefect and have a server that answers. Returns the API address. Raises StomperError."""
    with begun(home, verbose=verbose):
        wait()
    return os.environ["PREFECT_API_URL"]


@contextmanager
def begun(home: Path, *, verbose: bool = False) -> Iterator[None]:
    """As `prepare`, but the server need not answer yet in the block: see `wait`. One that never did ends with the block."""
    _begin(home, verbose=verbose)
    try:
        yield
    finally:
        for server in _held:
            server.leave()


def wait(unless: Callable[[], bool] | None = None) -> bool:
    """Wait until the server that was begun answers; False once *unless* says that nobody needs it.

    Raises StomperError when the server does not come up, and Cancelled when the run is stopped."""
    return all(server.wait(unless or _never) for server in _held)


def _never() -> bool:
    return False


def _begin(home: Path, *, verbose: bool) -> None:
    """Set the environment for Prefect, before it is imported, and start the embedded server if none is configured.

    Explicit variables win over a `prefect.toml` or `.env` of the folder one happens to be in, often the target's.
    """
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "INFO" if verbose else "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    if own := configured_api():
        _own[:] = [own]
        os.environ["PREFECT_API_URL"] = own.address
        proxies.spare_loopback(own.address)
        return
    os.environ.update(CLIENT_VARIABLES)
    os.environ["PREFECT_HOME"] = str(home / "prefect")
    os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
    _held.append(Attached.to(home / "server", SERVER_VARIABLES))
    os.environ["PREFECT_API_URL"] = _held[-1].address


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
