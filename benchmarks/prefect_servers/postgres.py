"""A PostgreSQL of Debian's, with a folder of its own, for as long as it is wanted."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.prefect_servers.programs import Program, free_port

NAME = "prefect"
PASSWORD = "operate-test"  # noqa: S105 - of a database that lives for minutes on the loopback interface
_START_S = 60.0


@dataclass(frozen=True)
class Database:
    """Where a PostgreSQL listens that takes the user and the database `prefect` with PASSWORD."""

    port: int
    binaries: Path

    @property
    def url(self) -> str:
        """As Prefect takes it."""
        return f"postgresql+asyncpg://{NAME}:{PASSWORD}@127.0.0.1:{self.port}/{NAME}"


def binaries() -> Path:
    """The folder of the newest PostgreSQL here. Ends the program when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if found:
        return found[-1]
    if there := shutil.which("initdb"):
        return Path(there).resolve().parent
    raise SystemExit("there is no PostgreSQL: apt-get install postgresql, or use --server sqlite")


@contextlib.contextmanager
def postgres(user: str = NAME, password: str = PASSWORD, database: str = NAME) -> Iterator[Database]:
    """A server over an empty database. As root it is run by the user `postgres`, since it refuses root."""
    programs, port = binaries(), free_port()
    runner = "postgres" if os.geteuid() == 0 else None
    # Not in the caller's temporary folder: that one is often closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="operate-postgres-", dir="/tmp"))
    env = {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(folder), "PGPASSWORD": password}
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8")
    if runner:
        for path in (folder, secret):
            shutil.chown(path, runner, runner)
    try:
        initdb = (
            str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username", user, "--pwfile", str(secret),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync",
        )  # fmt: skip
        subprocess.run(
            initdb, env=env, cwd=folder, user=runner, group=runner, check=True, capture_output=True, timeout=120
        )
        argv = (str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-h", "127.0.0.1")
        options = ("-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=200")
        log = Path(tempfile.mkstemp(prefix="operate-postgres-", suffix=".log")[1])
        # SIGINT is its fast shutdown: SIGTERM would wait for every client.
        with Program((*argv, *options), env, log, cwd=folder, user=runner, stop_with=signal.SIGINT) as program:
            found = Database(port, programs)
            _wait_until_up(found, program)
            at = ("-h", "127.0.0.1", "-p", str(port), "-U", user, "--maintenance-db", "postgres")
            subprocess.run((str(programs / "createdb"), *at, database), env=env, check=True, timeout=60)
            yield found
        log.unlink()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_up(database: Database, program: Program) -> None:
    ready = (str(database.binaries / "pg_isready"), "--quiet", "-h", "127.0.0.1", "-p", str(database.port))
    give_up = time.monotonic() + _START_S
    while time.monotonic() < give_up and program.exit_code() is None:
        if subprocess.run(ready, check=False, timeout=30).returncode == 0:
            return
        time.sleep(0.1)
    raise SystemExit(f"PostgreSQL did not come up:\n{program.tail()}")
