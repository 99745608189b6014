"""The pause in which somebody looks at what is proven, and says in Prefect's form what of it may land."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.input import RunInput
from prefect.states import Paused
from prefect.utilities.urls import url_for
from pydantic import Field, create_model

from stomper import progress
from stomper.errors import Cancelled, StomperError
from stomper.landing.approval import Answer, Choice, codes_of
from stomper.models import Outcome
from stomper.server import prefect_internals
from stomper.system import processes
from tasks.artifacts import publish_proposed

_POLL_S = 2.0
_MARGIN_S = 120.0  # Prefect gives up after us: what is said of the end is ours


def ask(outcomes: Sequence[Outcome], timeout_s: float) -> Answer | None:
    """What may land of *outcomes*, as somebody answers in Prefect's UI or through its API; None when nobody does in time.

    Raises StomperError when the server does not let the run wait, Cancelled when the run is stopped meanwhile."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise StomperError("approve: this is no flow run, so nobody can be asked")
    run = context.flow_run.id
    publish_proposed(outcomes)
    form = form_for(outcomes)
    until = datetime.now(UTC) + timedelta(seconds=timeout_s)
    state: State[Any] = Paused(timeout_seconds=int(timeout_s + _MARGIN_S), reschedule=False, pause_key="approval")
    keys = prefect_internals.form_keys(state)
    _save(form, keys, run)  # before anybody can see that the run waits
    with get_client(sync_client=True) as client:
        answer = client.set_flow_run_state(run, state)
        if answer.state is None or not answer.state.is_paused():
            raise StomperError(f"approve: the server does not let the run wait: {answer.details}")
        _save(form, keys, run)  # Prefect 3.9 removes the form of a run as it pauses, 3.8 keeps it
        where = url_for(context.flow_run) or f"flow run {run}"
        progress.emit(progress.StageBegan("approve", detail=f"until {until:%Y-%m-%d %H:%M} UTC, at {where}"))
        if not _resumed(client, run, timeout_s):
            return None
        given = form.load(keys, flow_run_id=run)
    assert isinstance(given, RunInput)  # noqa: S101 - a coroutine only where it is called from one
    said = given.model_dump()
    return Answer(land=said["land"], codes=frozenset(said["codes"]), dropped=frozenset(said["drop"]))


def _save(form: type[RunInput], keys: Any, run: UUID) -> None:
    """Have the server keep the form, unless it has it already."""
    try:
        form.save(keys, flow_run_id=run)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.CONFLICT:
            raise


def form_for(outcomes: Sequence[Outcome]) -> type[RunInput]:
    """The form: what is not one of its codes or files is refused by the server. What to land has to be said."""
    fields: dict[str, Any] = {
        "land": (Choice, Field(title="Land", description="Each fix is a commit of its own; it is proven again first.")),
        "codes": (
            _some_of(codes_of(outcomes)),
            Field(default=[], title="Codes", description="For ‘only these codes’: a file lands when it has no others."),
        ),
        "drop": (
            _some_of(sorted(o.path for o in outcomes)),
            Field(default=[], title="Leave out", description="Files that are not to land in any case."),
        ),
    }
    errors = sum(len(o.fixed) for o in outcomes)
    return create_model("Approval", __base__=RunInput, **fields).with_initial_data(
        f"**{errors} error(s) fixed in {len(outcomes)} file(s)** wait for you. All of it is proven; the diffs are among the "
        "artifacts of this run."
    )


def _some_of(words: Sequence[str]) -> Any:
    chosen: Any = Literal.__getitem__(tuple(words))  # known only when the run is
    return list[chosen]


def _resumed(client: SyncPrefectClient, run: UUID, timeout_s: float) -> bool:
    """Whether somebody answered. Prefect's own wait knows nothing of Ctrl-C, nor of a run that was cancelled meanwhile."""
    give_up, state = time.monotonic() + timeout_s, client.read_flow_run(run).state
    while True:
        with contextlib.suppress(httpx.HTTPError):  # a server that is away for a moment
            state = client.read_flow_run(run).state
        if state is not None and state.is_running():
            return True
        if processes.stopping() or state is None or not state.is_paused():
            raise Cancelled("the run was stopped while it waited for approval")
        if time.monotonic() >= give_up:
            return False
        time.sleep(min(_POLL_S, timeout_s))
