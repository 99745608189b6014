"""The embedded server's own process: `python -m stomper.server.process FOLDER PORT STARTER`; see embedded.py.

STARTER is the process that began it."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import socket
import sys
import threading
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from stomper.server import prefect_internals
from stomper.server.attach import CHANGED
from stomper.state.locks import Lock

_answers = threading.Event()


def _end_with_last_client(folder: Path, starter: int) -> None:
    """End this process once nobody holds the clients' lock: the kernel lets go of it however a client dies.

    Nobody attaches to a server that does not answer yet, so without its *starter* that one is of no use."""
    while not Lock(folder / "clients").acquire():
        time.sleep(0.5)
        if os.getppid() != starter and not _answers.is_set():
            break
    os._exit(0)


def _database(folder: Path) -> Path:
    """A fresh database: a copy of one that was migrated once, since migrating takes longer than all the rest.

    Each server has a file of its own, in which it migrates too: one that was abandoned may still be at that."""
    template = folder / f"template-{version('prefect')}.db"
    database = _own_database(folder)
    for old in folder.glob("prefect*.db*"):
        process = old.name.removeprefix("prefect-").partition(".")[0]
        if not (process.isdigit() and Path("/proc", process).exists()) or old.name.startswith(database.name):
            old.unlink(missing_ok=True)
    if not template.exists():
        asyncio.run(prefect_internals.create_database())
        for half in folder.glob(f"{database.name}-*"):
            half.unlink()
        database.rename(template)
    shutil.copyfile(template, database)
    return database


def _own_database(folder: Path) -> Path:
    return folder / f"prefect-{os.getpid()}.db"


def main() -> None:
    """Serve until the last client is gone."""
    gc.disable()  # what is imported stays: looking for garbage in it takes a fifth of the start
    folder, port, starter = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    threading.Thread(target=_end_with_last_client, args=(folder, starter), daemon=True).start()
    os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{_own_database(folder)}"
    os.environ["PREFECT_API_DATABASE_MIGRATE_ON_START"] = "false"
    database = _database(folder)
    found = prefect_internals.changed([prefect_internals.TRANSACTIONS])
    (folder / CHANGED).write_text(json.dumps([asdict(one) for one in found]))

    import uvicorn  # after the environment is set

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _answers.set()

    with prefect_internals.server_app(f"sqlite+aiosqlite:///{database}") as app:
        gc.freeze()  # nor does any later look go through it
        gc.enable()
        Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="on")).run()


if __name__ == "__main__":
    main()
