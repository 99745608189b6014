"""What the shell completes behind a flag. It is asked at every Tab, so it reads fixed words and no settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from stomper.config.choices import Land, StrategyChoice, TestValidation
from stomper.config.kinds import AGENTS, CHECKERS

Completer = Callable[[str], list[str]]


def _one_of(*words: str) -> Completer:
    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def _list_of(*words: str) -> Completer:
    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        given = before.split(",")
        return [f"{before}{comma}{word}" for word in words if word.startswith(last) and word not in given]

    return complete


land = _one_of(*get_args(Land))
test_validation = _one_of(*get_args(TestValidation))
strategy = _one_of(*(word for word in get_args(StrategyChoice) if word != "auto"))
# The kinds left out are what tables of one's own are made of. Their names are in the settings, which take long to load.
checkers = _list_of(*(kind for kind in CHECKERS if kind not in ("sarif", "command")))
agents = _list_of(*(kind for kind in AGENTS if kind not in ("command", "scripted")))
