"""What the tests of both forges share."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stomper.forges.base import ForgeError, Wanted
from stomper.forges.retries import Patience
from tests.support.clock import Clock

WANTED = Wanted("stomper/all", "main", "Repair 3 errors", "One table\n")
FILES = frozenset({"a.py", "renamed a.py", "b.py", "c.py", "d.py", "é.py"})
NOON = 1_800_014_400.0  # 2027-01-15 12:00:00 UTC


def patient(clock: Clock) -> Patience:
    """Patience by a clock that passes by pauses alone, and begins at noon."""
    clock.now = NOON
    return Patience(now=clock.monotonic, pause=clock.pause)


@contextmanager
def kept_secret(token: str, caplog: pytest.LogCaptureFixture) -> Iterator[list[ForgeError]]:
    """The errors that are put on the list, with all that hangs on to them, and what is logged meanwhile, lack the token."""
    errors: list[ForgeError] = []
    with caplog.at_level(logging.DEBUG):
        yield errors
    assert errors
    assert caplog.records
    seen = [caplog.text, json.dumps([record.getMessage() for record in caplog.records])]
    for error in errors:
        assert error.__context__ is None
        assert error.__cause__ is None
        told = traceback.TracebackException.from_exception(error)
        seen += [repr(error), repr(error.args), *told.format()]
    assert [text for text in seen if token in text] == []
