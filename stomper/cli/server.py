"""The start of a command that runs a flow: its server is on the way before the command loads anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from stomper import bundle


@contextmanager
def server_begun(*, verbose: bool = False) -> Iterator[None]:
    """Begin the embedded server, where there is none yet and none is configured; `deployments.launch` waits for it."""
    bundle.activate()
    from stomper.server import embedded
    from stomper.state.paths import home

    with embedded.begun(home(), verbose=verbose):
        yield
