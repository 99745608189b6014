"""This process's hold on the folder of an embedded server: the one that lives there, else a new one. See embedded.py."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from stomper.errors import Cancelled, StomperError
from stomper.server.prefect_internals import Changed
from stomper.state.locks import Lock
from stomper.system import processes
from stomper.system.processes import Background

START_TIMEOUT_S = 120.0
_END_TIMEOUT_S = 30.0
_LOOK_S = 0.02
_TAIL = 1500
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on loopback
CHANGED = "changed.json"
"""The file of a server's folder that lists which of Prefect's internals it could not use."""


class Attached:
    """The embedded server of a folder, which answers or is on its way; it lives as long as this process, at least."""

    def __init__(self, folder: Path, clients: Lock, starting: Lock) -> None:
        self.address = ""
        self._folder = folder
        self._clients, self._starting = clients, starting
        self._process: Background | None = None
        self._answers = False
        self._began = time.monotonic()

    @classmethod
    def to(cls, folder: Path, settings: Mapping[str, str]) -> Attached:
        """The living server of *folder*, or a new one with *settings*, which need not answer yet.

        While another process starts one, this waits for it. Raises StomperError if that takes too long."""
        folder.mkdir(parents=True, exist_ok=True)
        clients, starting = Lock(folder / "clients"), Lock(folder / "starting")
        # A server that is about to end holds the lock alone for a moment.
        if not clients.acquire(shared=True, timeout_s=_END_TIMEOUT_S):
            raise StomperError(_stuck(folder, f"has been ending for {_END_TIMEOUT_S:g} s"))
        if not starting.acquire(timeout_s=START_TIMEOUT_S):
            raise StomperError(_stuck(folder, f"is being started by another run, for {START_TIMEOUT_S:g} s by now"))
        server = cls(folder, clients, starting)
        try:
            server.address = living(folder)
            if server.address:
                server._answered()
            else:
                server._start(settings)
        except BaseException:
            server.leave()
            raise
        return server

    def _start(self, settings: Mapping[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/api"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        env = {**kept, **settings, "PREFECT_HOME": str(self._folder / "home")}
        # -P: the folder that it runs in must not shadow installed packages.
        argv = (sys.executable, "-P", "-m", "stomper.server.process", str(self._folder), str(port), str(os.getpid()))
        self._process = processes.start_background(argv, cwd=self._folder, env=env, log=self._folder / "server.log")
        (self._folder / "pid").write_text(str(self._process.pid))

    def wait(self, unless: Callable[[], bool]) -> bool:
        """Wait until the server answers; False once *unless*, asked now and then, says that nobody needs it.

        Raises StomperError when it does not come up, and Cancelled once `processes.stop_all` was called."""
        if unless():
            return False
        if self._answers:
            return True
        while not healthy(self.address):
            if unless():
                return False
            self._look()
            time.sleep(_LOOK_S)
        (self._folder / "address").write_text(self.address)
        self._answered()
        return True

    def changed(self) -> list[Changed]:
        """Return which of Prefect's internals the server could not use."""
        try:
            return [Changed(**one) for one in json.loads((self._folder / CHANGED).read_text())]
        except OSError:
            return []

    def _look(self) -> None:
        """Raise what there is no use in waiting any longer for."""
        if processes.stopping():
            raise Cancelled("the run was stopped")
        code = None if self._process is None else self._process.poll()
        if code is not None:
            raise StomperError(f"the embedded Prefect server did not start: {processes.ending(code)}; {self._told()}")
        if time.monotonic() - self._began > START_TIMEOUT_S:
            late = f"it did not answer at {self.address} within {START_TIMEOUT_S:g} s"
            raise StomperError(f"the embedded Prefect server did not start: {late}; {self._told()}")

    def _told(self) -> str:
        """The end of what the server has printed, in words for a message."""
        log = self._folder / "server.log"
        tail = log.read_text(errors="replace").strip()[-_TAIL:]
        return f"{log} ends with:\n{tail}" if tail else f"it printed nothing to {log}"

    def _answered(self) -> None:
        self._answers = True
        self._starting.release()

    def leave(self) -> None:
        """End the server if this process began it and it does not answer yet: nobody else can have attached to it."""
        if self._answers:
            return
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._clients.release()
        self._starting.release()


def _stuck(folder: Path, why: str) -> str:
    return f"the embedded Prefect server in {folder} {why}: end the process named in {folder / 'pid'}, then run again"


def living(folder: Path) -> str:
    """The address of the server of *folder* that answers; empty when none does."""
    address = (folder / "address").read_text() if (folder / "address").exists() else ""
    return address if address and healthy(address) else ""


def healthy(address: str) -> bool:
    """Whether a server answers at *address*."""
    try:
        with _DIRECT.open(f"{address}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False
