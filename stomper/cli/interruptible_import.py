"""An import of Prefect that can be broken off: it takes a second, and what it is for may be done before."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType


class _Checkpoint:
    """A finder that finds nothing, and asks *look* before each module of Prefect's: what that raises ends the import.

    Only there: such an import is Python's own statement, and not one by a compiled module, which may not bear that."""

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look
        self._thread = threading.get_ident()

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> None:
        if name.startswith("prefect.") and threading.get_ident() == self._thread:
            self._look()


@contextlib.contextmanager
def breaking_off(look: Callable[[], object]) -> Iterator[None]:
    """In the block, *look* is called at every step of an import of Prefect by this thread, and may raise out of it.

    After that Prefect cannot be used in this process."""
    checkpoint = _Checkpoint(look)
    sys.meta_path.insert(0, checkpoint)
    try:
        yield
    finally:
        sys.meta_path.remove(checkpoint)
