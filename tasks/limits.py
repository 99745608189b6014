"""The concurrency limits: made before they are used, since Prefect runs unprotected on one that does not exist."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from stomper.config.loading import load
from stomper.config.settings import Settings
from stomper.errors import StomperError
from stomper.git.repository import open_target
from stomper.server import embedded

TAG = "stomper-process-file"
_AGENT = "stomper-agent-"


def apply_limit_name(git_dir: Path) -> str:
    """The name of the limit around landing: one for each repository on each machine.

    The machine is `$STOMPER_MACHINE`, else its host name, which each container of one machine has another of."""
    machine = os.environ.get("STOMPER_MACHINE") or socket.gethostname()
    digest = hashlib.sha256(f"{machine}:{git_dir}".encode("utf-8", "surrogateescape")).hexdigest()[:10]
    return f"stomper-apply-{digest}"


def create_limits(*, tag_limit: int, apply: str | None = None, agents: Mapping[str, int] | None = None) -> None:
    """Create what is missing. A limit of a tag or an agent that exists is the operator's and stays as it is.

    On the embedded server there is no operator: a limit that no run uses becomes what this run says."""
    with get_client(sync_client=True) as client:
        own = {f"{_AGENT}{name}": most for name, most in (agents or {}).items()}
        for name, most in {f"tag:{TAG}": tag_limit, **own}.items():
            try:
                found = client.read_global_concurrency_limit_by_name(name)
            except ObjectNotFound:
                _make(client, name, most)
            else:
                if embedded.in_use() and not found.active_slots and found.limit != most:
                    _make(client, name, most)
        if apply is not None:
            _make(client, apply, 1)


def _make(client: SyncPrefectClient, name: str, most: int) -> None:
    with suppress(ObjectAlreadyExists):  # another run was quicker
        client.upsert_global_concurrency_limit_by_name(name, most)


def agent_limits(settings: Settings) -> dict[str, int]:
    """How many calls at once, of the agents that have a limit of their own."""
    return {name: t.max_parallel for name, t in settings.agents.items() if t.enabled and t.max_parallel}


def create_limits_for(repository: str = "") -> None:
    """Create what runs over *repository* need, as far as it is on this machine. Raises StomperError for its settings."""
    if repository and Path(repository).exists():
        target = open_target(Path(repository))
        settings, apply = load(target.root, flags={}), apply_limit_name(target.git_dir)
    else:
        settings, apply = load(Path("/nonexistent"), flags={}), None
    create_limits(tag_limit=settings.max_parallel_files, apply=apply, agents=agent_limits(settings))


def agent_slot(limited: Collection[str], name: str) -> AbstractContextManager[None]:
    """Hold one of the agent's own slots, where it is *limited*."""
    return concurrency(f"{_AGENT}{name}", occupy=1, strict=True) if name in limited else nullcontext()


@contextmanager
def applying(name: str) -> Iterator[None]:
    """Hold the limit *name*. The caller holds the repository's OS lock: who still has the slot is dead, so it is freed."""
    with get_client(sync_client=True) as client:
        if client.read_global_concurrency_limit_by_name(name).active_slots:
            client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=0))
    with concurrency(name, occupy=1, strict=True, lease_duration=60):
        yield


def main() -> None:
    """Create the limits that runs over the repository named on the command line need, or of any."""
    try:
        create_limits_for(*sys.argv[1:])
    except StomperError as wrong:
        sys.exit(str(wrong))
