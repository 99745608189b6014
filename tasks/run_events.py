"""What Prefect is told while a run works: its name, its progress, and events for automations. None of it can fail a run."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.runtime import flow_run

from stomper import progress
from stomper.fixing.session import Session
from stomper.reports import events, titles
from stomper.reports.escaping import printable
from stomper.server import embedded, prefect_internals
from tasks.progress_bar import Bar

_MOST_VIOLATIONS = 20
_log = logging.getLogger(__name__)


def name_run(title: str) -> None:
    """Give the flow's run this name; its template could not know the commit. A server that does not take it is no matter."""
    try:
        if run_id := flow_run.get_id():
            with get_client(sync_client=True) as client:
                client.update_flow_run(UUID(run_id), name=title)
    except Exception:
        _log.debug("the run could not be named", exc_info=True)


def begin_telling(session: Session) -> ExitStack:
    """Name the run of *session*, and tell of it until the stack is closed."""
    until = ExitStack()
    if embedded.in_use():
        # It has no UI and no automations, and is gone with the run: Prefect's own events go nowhere too.
        until.enter_context(prefect_internals.without_events())
        return until
    name_run(titles.run_title("fix", session.shown, session.base))
    until.enter_context(_shown())
    until.enter_context(progress.listening(_Teller(session.run_id, printable(session.shown))))
    return until


@contextmanager
def _shown() -> Iterator[None]:
    bar = Bar()
    try:
        with progress.listening(bar):
            yield
    finally:
        bar.close()


class _Teller:
    """A listener that makes Prefect's events of what the run says. Prefect sends them, from a thread of its own."""

    def __init__(self, run_id: str, repository: str) -> None:
        self._run_id, self._repository = run_id, repository
        # Whatever thread something happens in, the event belongs to the flow's run.
        self._context = contextvars.copy_context()
        self._violations = 0

    def __call__(self, event: progress.Event) -> None:
        try:
            for told in self._events(event):
                self._context.copy().run(send, told)
        except Exception:  # an event that is not sent is no reason to fail
            _log.debug("an event could not be sent", exc_info=True)

    def _events(self, event: progress.Event) -> Iterator[events.RunEvent]:
        about = {"run_id": self._run_id, "repository": self._repository}
        match event:
            case progress.Violated(what=what, agents=agents):
                self._violations += 1
                if self._violations <= _MOST_VIOLATIONS:
                    yield events.RunViolation(**about, what=what, agents=agents)
            case progress.BudgetReached(limit=limit, spent_usd=usd, spent_tokens=tokens, calls=calls):
                yield events.RunBudget(**about, limit=limit, spent_usd=usd, spent_tokens=tokens, calls=calls)
            case progress.RunDone(report=report):
                yield from events.of_report(report)
            case _:
                pass


def send(told: events.RunEvent) -> None:
    """Hand an event to Prefect, which adds the flow's run, flow, deployment and tags as related resources."""
    emit_event(
        event=told.name,
        resource={
            "prefect.resource.id": f"stomper.repository.{titles.slug(told.repository)}",
            "prefect.resource.name": titles.short_name(told.repository),
            "stomper.repository": told.repository,
            "stomper.run": told.run_id,
        },
        payload=told.model_dump(mode="json"),
    )
