"""The run's progress bar in Prefect's UI: kept up by a thread of its own, at most every two seconds."""

from __future__ import annotations

import contextvars
import logging
import threading
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from stomper.progress import Event, FileDone, JobsSelected, StageBegan
from stomper.reports.escaping import inline

_EACH_S = 2.0
_LAST_S = 5.0
_MOST_NAMES = 5
_log = logging.getLogger(__name__)


class Standing:
    """What there is to say of a run under way. Fed from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total = self._done = 0
        self._stages: dict[str, str] = {}

    def take(self, event: Event) -> None:
        """Take in an event."""
        with self._lock:
            match event:
                case JobsSelected(files=files, again=again):
                    self._total = self._total * again + files
                case StageBegan(stage=stage, path=path) if path:
                    self._stages[path] = stage
                case FileDone(outcome=outcome):
                    self._stages.pop(outcome.path, None)
                    self._done += 1
                case _:
                    pass

    def said(self) -> tuple[float, str]:
        """Percent, and the line beneath the bar; nothing in that before files are selected."""
        with self._lock:
            if not self._total:
                return 0.0, ""
            names = [f"{inline(path, 80)} ({stage})" for path, stage in list(self._stages.items())[:_MOST_NAMES]]
            more = f" and {len(self._stages) - _MOST_NAMES} more" if len(self._stages) > _MOST_NAMES else ""
            now = f"; now: {', '.join(names)}{more}" if names else ""
            return 100 * min(self._done / self._total, 1.0), f"{self._done} of {self._total} files{now}"


class Bar:
    """The artifact. What it cannot send it does without: no run fails or waits for it."""

    def __init__(self, each_s: float = _EACH_S) -> None:
        self._each_s = each_s
        self._standing = Standing()
        self._over = threading.Event()
        self._begun = threading.Event()
        self._artifact: UUID | None = None
        self._shown = ""
        run = contextvars.copy_context().run  # so that the artifact belongs to the flow's run
        self._thread = threading.Thread(target=run, args=(self._work,), name="progress bar", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        """Take in an event; returns at once."""
        self._standing.take(event)
        if isinstance(event, JobsSelected):
            self._begun.set()

    def close(self) -> None:
        """Show how it stands at last, and end the thread; waits for a server that does not answer for seconds only."""
        self._over.set()
        self._begun.set()
        self._thread.join(timeout=_LAST_S)

    def _work(self) -> None:
        self._begun.wait()
        while True:
            last = self._over.is_set()
            try:
                self._show()
            except Exception:  # whatever the server is at
                _log.debug("the progress bar could not be shown", exc_info=True)
            if last:
                return
            self._over.wait(self._each_s)

    def _show(self) -> None:
        percent, words = self._standing.said()
        if not words or words == self._shown:
            return
        if self._artifact is None:
            made = create_progress_artifact(progress=percent, description=words)
            assert isinstance(made, UUID)  # noqa: S101 - a coroutine only where it is called from one
            self._artifact = made
        else:
            update_progress_artifact(self._artifact, progress=percent, description=words)
        self._shown = words
