"""What of a run needs no orchestrator, done while that starts: its session is opened, and its errors are collected.

The flow takes the open session over; a flow that was begun by a worker finds none, and opens its own. Where there is nothing
to do, an embedded server is not waited for: see stomper/cli/launch.py.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future

from stomper.checkers.verify import Collected
from stomper.config import form
from stomper.config.parameters import FixParameters
from stomper.config.repository_url import is_address
from stomper.fixing.session import Session
from stomper.run import stages
from stomper.run.open import open_session
from stomper.system import processes

_begun: list[HeadStart] = []


class HeadStart:
    """A session that is being opened in a thread of its own."""

    def __init__(self, parameters: FixParameters) -> None:
        self.parameters = parameters
        self._opened: Future[Session] = Future()
        self._over = False
        self._thread = threading.Thread(target=self._work, name="head start")
        self._thread.start()

    def _work(self) -> None:
        collected: Future[Collected] = Future()
        try:
            session = open_session(self.parameters)
            session.ahead = collected
            self._opened.set_result(session)
        except BaseException as error:  # told to whoever takes the session
            self._opened.set_exception(error)
            return
        try:
            collected.set_result(session.collected_at(session.base))
        except BaseException as error:  # told to whoever asks for the errors
            collected.set_exception(error)
        with contextlib.suppress(Exception):  # whoever asks for the errors, or wants a worktree, meets it again
            self._over = stages.over(session, collected.result)
            if not self._over:
                session.prepare()

    def over(self) -> bool:
        """Whether it is known by now that no orchestrator is wanted: the session could not be opened, or is over."""
        return self._over or (self._opened.done() and self._opened.exception() is not None)

    def take(self) -> Session:
        """The session, from now on the caller's to close. Raises what its opening raised."""
        _begun.remove(self)
        return self._opened.result()

    def put_away(self) -> None:
        """Stop, and leave nothing of the session: as if it had not been begun."""
        with processes.stopped():
            self._thread.join()
            if self._opened.exception() is None:
                session = self._opened.result()
                session.store.withdraw(session.run_id)
                session.close()


@contextlib.contextmanager
def begun(parameters: FixParameters) -> Iterator[HeadStart | None]:
    """Begin the run of *parameters* beside the block, and put away what nobody took of it.

    None where something comes before the session that is the flow's: an address is fetched, a command sets up."""
    asked = form.parameters_of(**form.form_of(parameters))  # as the flow will ask for it
    if is_address(asked.repository) or asked.setup_command:
        yield None
        return
    _begun.append(ahead := HeadStart(asked))
    try:
        yield ahead
    finally:
        if ahead in _begun:
            _begun.remove(ahead)
            ahead.put_away()


def taken(parameters: FixParameters) -> Session | None:
    """The session that was begun for *parameters*, from now on the caller's to close; None where there is none.

    Raises what its opening raised."""
    ahead = next((one for one in _begun if one.parameters == parameters), None)
    return ahead.take() if ahead else None
