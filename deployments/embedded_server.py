"""The embedded server's own process: `embedded_server.py FOLDER PORT`. See embedded.py."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import sys
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file's folder must not shadow installed packages


def _end_with_last_client(folder: Path) -> None:
    """End this process once nobody holds the clients' lock: the kernel lets go of it however a client dies."""
    from stomper.locks import Lock

    while not Lock(folder / "clients").acquire():
        time.sleep(0.5)
    os._exit(0)


def _database(folder: Path) -> Path:
    """A fresh database: a copy of one that was migrated once, since migrating takes longer than all the rest."""
    template = folder / f"template-{version('prefect')}.db"
    database = folder / "prefect.db"
    for old in folder.glob("prefect.db*"):
        old.unlink()
    if not template.exists():
        from prefect.server.database import provide_database_interface

        asyncio.run(provide_database_interface().create_db())
        for half in folder.glob("prefect.db-*"):
            half.unlink()
        database.rename(template)
    shutil.copyfile(template, database)
    return database


def main() -> None:
    """Serve until the last client is gone."""
    gc.disable()  # what is imported stays: looking for garbage in it takes a fifth of the start
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    threading.Thread(target=_end_with_last_client, args=(folder,), daemon=True).start()
    os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{folder / 'prefect.db'}"
    os.environ["PREFECT_API_DATABASE_MIGRATE_ON_START"] = "false"
    database = _database(folder)

    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.server.database import dependencies
    from prefect.server.database.configurations import AioSqliteConfiguration
    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

    class Immediate(AioSqliteConfiguration):
        """Every transaction takes the write lock at its start. Deferred ones that write after they read fail at once when
        another wrote in between, and Prefect's client then sleeps two seconds: measured, 8 times the wall time."""

        @asynccontextmanager
        async def begin_transaction(
            self, session: AsyncSession, with_for_update: bool = False
        ) -> AsyncGenerator[AsyncSessionTransaction, None]:
            async with super().begin_transaction(session, with_for_update=True) as transaction:
                yield transaction

    url = f"sqlite+aiosqlite:///{database}"
    dependencies.MODELS_DEPENDENCIES["database_config"] = Immediate(connection_url=url, timeout=60)
    app = create_app()
    gc.freeze()  # nor does any later look go through it
    gc.enable()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", lifespan="on")


if __name__ == "__main__":
    main()
