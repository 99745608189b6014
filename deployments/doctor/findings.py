"""What an examination finds: one line each, with how to mend it; and checks that never hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import BaseModel

from stomper.errors import StomperError

Verdict = Literal["ok", "warning", "problem"]


class Finding(BaseModel):
    """One line of `stomper doctor`."""

    subject: str
    verdict: Verdict
    said: str
    mend: str = ""


Check = Callable[[], list[Finding]]


def run_checks(checks: Mapping[str, Check], *, timeout_s: float) -> list[Finding]:
    """The findings of all *checks*, run side by side, in their order. One that does not end in time is a problem.

    Threads of ours that are still stuck then are left behind: a name server that is silent cannot be interrupted."""
    found: dict[str, list[Finding]] = {}
    threads = [
        threading.Thread(target=_run, args=(name, check, found), name=name, daemon=True)
        for name, check in checks.items()
    ]
    give_up = time.monotonic() + timeout_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, give_up - time.monotonic()))
    late = f"no answer within {timeout_s:g} s"
    return [finding for name in checks for finding in found.get(name, [_problem(name, late)])]


def _run(name: str, check: Check, found: dict[str, list[Finding]]) -> None:
    try:
        found[name] = check()
    except StomperError as error:
        found[name] = [_problem(name, str(error))]
    except Exception as error:
        found[name] = [_problem(name, f"the check itself failed: {type(error).__name__}: {error}")]


def _problem(name: str, said: str) -> Finding:
    return Finding(subject=name, verdict="problem", said=said)
