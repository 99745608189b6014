"""`stomper server`: an embedded server that stays between runs, so that none of them waits for its start.

It is a client of that server that does nothing but hold the clients' lock; see embedded.py. Imports nothing of Prefect.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from stomper.errors import Cancelled, StomperError
from stomper.server import embedded
from stomper.server.attach import living
from stomper.server.configured import configured_api
from stomper.state.locks import Lock
from stomper.system import processes, signals

_LOOK_S = 0.2


def keep_warm(home: Path, say: Callable[[str], object]) -> None:
    """Hold the embedded server of *home* until this process is asked to end, or at once where another one holds it so.

    Raises StomperError where it would be of no use, does not come up, or dies."""
    if own := configured_api():
        raise StomperError(
            f"not needed: all runs use the Prefect API that is configured, {own.address}, and would not look for an "
            f"embedded server. It is from {own.source}; to go without one of your own, take it out by {own.cure}"
        )
    folder = home / "server"
    place = folder / "warm"
    with Lock(place) as warm:
        if not warm.acquire():
            say(
                f"process {place.read_text()} keeps it warm already: {living(folder) or 'about to answer'}. Nothing to do"
            )
            return
        place.write_text(str(os.getpid()))
        with contextlib.suppress(Cancelled), signals.stopping_on_signals(), embedded.begun(home):
            embedded.wait()
            say(
                f"the server is warm: {living(folder)}, process {(folder / 'pid').read_text()}\n"
                "runs of this user find it by themselves and do not wait for a start; Ctrl-C ends it, after the last of them"
            )
            _until_stopped(folder)
    say("ended")


def _until_stopped(folder: Path) -> None:
    """Wait for a signal. Raises StomperError when the server dies first."""
    dead = threading.Event()
    with embedded.watched(dead.set):
        while not dead.wait(_LOOK_S):
            if processes.stopping():
                return
    raise StomperError(f"the embedded Prefect server died: see {folder / 'server.log'}")
