"""What Stomper takes of Prefect beyond what Prefect promises: every such name, with the signature that is relied on.

No other module knows one of them. Each is looked up when it is wanted. Where a release of Prefect lacks one, or gives it
other parameters, a run goes on as `without` says, with one warning; `stomper doctor` tells it too, and a test fails.
`python -m stomper.server.prefect_internals` prints what is changed, one JSON object a line.
"""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI
    from prefect.client.schemas.objects import State
    from pydantic import BaseModel
    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

EngineSlots = Callable[..., AbstractContextManager[None]]
"""What Prefect's engine holds around each task that has tags; called as `_concurrency` of prefect.task_engine is."""


@dataclass(frozen=True)
class Name:
    """A name of Prefect's, by its module and the path in it, with its parameters where they matter."""

    module: str
    path: str
    takes: tuple[str, ...] | None = None

    def look_up(self) -> Any:
        """Return what has the name. Raises ImportError or AttributeError where nothing has."""
        found: Any = importlib.import_module(self.module)
        for part in self.path.split("."):
            found = getattr(found, part)
        return found

    def change(self) -> str:
        """Return how the name differs from what is relied on; empty when it does not."""
        try:
            found = self.look_up()
        except (ImportError, AttributeError):
            return f"{self.module}.{self.path} is gone"
        if self.takes is None:
            return ""
        try:
            takes = tuple(inspect.signature(found).parameters)
        except (TypeError, ValueError):
            return f"{self.module}.{self.path} is no function any more"
        return "" if takes == self.takes else f"{self.module}.{self.path} takes ({', '.join(takes)}) now"


@dataclass(frozen=True)
class Internal:
    """Names that serve one purpose, and what a run does without them."""

    purpose: str
    names: tuple[Name, ...]
    without: str

    def change(self) -> str:
        """Return the first of its names that is not as it is relied on, and how; empty when all are."""
        return next((said for name in self.names if (said := name.change())), "")


_CLIENT = "prefect.client.orchestration"
SLOTS = Internal(
    "slots go from file to file",
    (
        Name(
            "prefect.task_engine",
            "_concurrency",
            (
                "names", "occupy", "timeout_seconds", "max_retries", "lease_duration", "strict", "holder",
                "suppress_warnings", "raise_on_lease_renewal_failure",
            ),
        ),
        Name(
            _CLIENT,
            "SyncPrefectClient.increment_concurrency_slots_with_lease",
            ("self", "names", "slots", "mode", "lease_duration", "holder"),
        ),
        Name(_CLIENT, "SyncPrefectClient.release_concurrency_slots_with_lease", ("self", "lease_id")),
        Name(_CLIENT, "SyncPrefectClient.renew_concurrency_lease", ("self", "lease_id", "lease_duration")),
        Name("prefect.client.schemas.objects", "ConcurrencyLeaseHolder"),
        Name("prefect.client.schemas.responses", "ConcurrencyLimitWithLeaseResponse"),
    ),
    "each file asks the server for a slot of its own, so that runs over many files are slower",
)  # fmt: skip
FORM = Internal(
    "a paused run has a form",
    (Name("prefect.input.run_input", "keyset_from_paused_state", ("state",)),),
    "nobody can be asked, so that `approve` is refused",
)
EVENTS = Internal(
    "events of the embedded server are not sent",
    (
        Name("prefect.events.worker", "EventsWorker.set_client_override", ("client_type", "client_kwargs")),
        Name("prefect.events.clients", "NullEventsClient"),
    ),
    "they are sent to a server that drops them",
)
HEARTBEATS = Internal(
    "runs on the embedded server send no heartbeats",
    (Name("prefect.settings", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"), Name("prefect.settings", "temporary_settings")),
    "a run ends up to a second later",
)
FAILURES = Internal(
    "a run that leaves errors logs no traceback",
    (Name("prefect.exceptions", "FailedRun"),),
    "the log of such a run shows Prefect's traceback",
)
SERVER = Internal(
    "the embedded server",
    (
        Name(
            "prefect.server.api.server",
            "create_app",
            ("settings", "ephemeral", "webserver_only", "final", "ignore_cache"),
        ),
        Name("prefect.server.database", "provide_database_interface", ()),
    ),
    "it does not start: set PREFECT_API_URL to a server of your own",
)
TRANSACTIONS = Internal(
    "the embedded server's transactions do not collide",
    (
        Name("prefect.server.database.dependencies", "temporary_database_config", ("tmp_database_config",)),
        Name(
            "prefect.server.database.configurations",
            "AioSqliteConfiguration.begin_transaction",
            ("self", "session", "with_for_update"),
        ),
    ),
    "the embedded server answers many requests at once up to 8 times more slowly",
)
LEASES = Internal(
    "slots outlast a restart of the server",
    (Name("prefect.server.concurrency.lease_storage.filesystem", "ConcurrencyLeaseStorage"),),
    "what the documentation says of PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE does not hold",
)
DEPLOYMENT_FILE = Internal(
    "prefect.yaml is checked",
    (
        Name("prefect.cli.deploy._models", "PrefectYamlModel"),
        Name("prefect.cli.deploy._models", "DeploymentConfig"),
    ),
    "the tests cannot tell which keys of prefect.yaml Prefect would ignore",
)
IN_RUNS = (SLOTS, EVENTS, HEARTBEATS, FAILURES)
"""What the process of a run looks at. The embedded server looks at its own: nothing of a server is loaded into a run."""
ALL = (*IN_RUNS, FORM, SERVER, TRANSACTIONS, LEASES, DEPLOYMENT_FILE)


@dataclass(frozen=True)
class Changed:
    """An internal that is not as it is relied on: what for, how it is now, and what a run does without it."""

    purpose: str
    change: str
    without: str


def changed(internals: Iterable[Internal] = ALL) -> list[Changed]:
    """Return those of *internals* that this Prefect has not as they are relied on."""
    return [Changed(i.purpose, said, i.without) for i in internals if (said := i.change())]


def warning(found: Iterable[Changed]) -> str:
    """Return one sentence for all that was *found*; empty when nothing was."""
    parts = [f"{one.change}: {one.without}" for one in found]
    if not parts:
        return ""
    return f"Prefect {version('prefect')} is not one that Stomper knows. {'; '.join(parts)}. See `stomper doctor`"


def replace_engine_slots(own: Callable[[EngineSlots], EngineSlots]) -> bool:
    """Have Prefect's engine hold around each task what *own* makes of its own holder. False, and nothing is replaced,
    where that is not as it is relied on."""
    if SLOTS.change():
        return False
    name = SLOTS.names[0]
    setattr(importlib.import_module(name.module), name.path, own(name.look_up()))
    return True


def form_keys(state: State[Any]) -> Any:
    """Return the keys under which the form of a paused run is kept, and note them in its *state*."""
    keys = FORM.names[0].look_up()(state)
    state.state_details.run_input_keyset = {str(name): key for name, key in keys.items()}
    return keys


@contextmanager
def without_events() -> Iterator[None]:
    """In the block, Prefect's client sends no events; as far as it can be told so."""
    if EVENTS.change():
        yield
        return
    override, nobody = (name.look_up() for name in EVENTS.names)
    override(nobody)
    try:
        yield
    finally:
        override(None)


def without_heartbeats() -> AbstractContextManager[object]:
    """In the block, runs send no heartbeats. No variable of the environment can say so."""
    if HEARTBEATS.change():
        return nullcontext()
    frequency, temporary = (name.look_up() for name in HEARTBEATS.names)
    silent: AbstractContextManager[object] = temporary({frequency: None})
    return silent


def quieten_failures() -> None:
    """Have the log of a run that ends with errors left say so, without the traceback that Prefect adds to every Failed."""
    logging.getLogger("prefect.flow_runs").addFilter(_no_bug)  # an added filter is not added again


def _no_bug(record: logging.LogRecord) -> bool:
    """Return False for what Prefect logs when a flow has returned Failed by itself: an answer, not an exception."""
    kind = record.exc_info[0] if isinstance(record.exc_info, tuple) else None
    return kind is None or kind is not _failed_run()


@cache
def _failed_run() -> object:
    return None if FAILURES.change() else FAILURES.names[0].look_up()


async def create_database() -> None:
    """Migrate the database that the environment names, from nothing to what this Prefect wants."""
    await SERVER.names[1].look_up()().create_db()


@contextmanager
def server_app(database: str) -> Iterator[FastAPI]:
    """The application of a server over the SQLite file *database*, to be served inside the block.

    Every transaction takes the write lock at its start. Deferred ones that write after they read fail at once when another
    wrote in between, and Prefect's client then sleeps two seconds: measured, 8 times the wall time."""
    create_app = SERVER.names[0].look_up()
    if TRANSACTIONS.change():
        yield create_app()
        return
    plain: Any = importlib.import_module(TRANSACTIONS.names[1].module).AioSqliteConfiguration

    class Immediate(plain):  # type: ignore[misc]  # it is known when it is looked up
        @asynccontextmanager
        async def begin_transaction(
            self,
            session: AsyncSession,
            with_for_update: bool = False,  # noqa: ARG002 - it always takes the lock
        ) -> AsyncGenerator[AsyncSessionTransaction, None]:
            async with super().begin_transaction(session, with_for_update=True) as transaction:
                yield transaction

    with TRANSACTIONS.names[0].look_up()(Immediate(connection_url=database, timeout=60)):
        yield create_app()


def deployment_models() -> tuple[type[BaseModel], type[BaseModel]]:
    """Return Prefect's models of a prefect.yaml and of one deployment in it."""
    whole, one = (name.look_up() for name in DEPLOYMENT_FILE.names)
    return whole, one


if __name__ == "__main__":
    for _one in changed():
        sys.stdout.write(json.dumps(asdict(_one)) + "\n")
