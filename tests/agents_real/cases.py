"""The cases: what the model does, how Stomper is run, and what must come of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from stomper.landing.land import Landing
from stomper.models import Status
from tests.agents_real.place import CHILD, EDIT, Place
from tests.support.clock import Clock
from tests.support.model_api import (
    Edit,
    Play,
    ask_for_ever,
    cheat,
    commit,
    cut_stream,
    edit_other,
    fails,
    fix,
    leave_child,
    no_op,
    syntax_error,
)
from tests.support.repositories import git
from tests.support.runs import repair

_WITH_SHELL = ("codex", "mini-swe-agent", "copilot")
_STOMPER = str(Path(sys.executable).with_name("stomper"))


@dataclass(frozen=True)
class Verdict:
    """How a case went: what is wrong, or what it came to."""

    wrong: str
    words: str
    seconds: float


@dataclass(frozen=True)
class Case:
    """*says* are the words of which one must be in the reason; none for a fix that lands."""

    play: Play
    says: tuple[str, ...] = ()
    timeout_s: float = 100
    off: bool = False
    """Whether the agent must be switched off afterwards, so that no other file is tried."""
    address: str = ""


CASES: dict[str, Case] = {
    "fix": Case(fix(EDIT)),
    "commits": Case(commit(EDIT)),
    "no-op": Case(no_op, says=("nothing was changed",)),
    "cheats": Case(cheat(Edit("shop.py", "    l = 0", "")), says=("guard suppression",)),
    "syntax": Case(syntax_error(EDIT), says=("guard syntax",)),
    "other file": Case(
        edit_other(Edit("test_shop.py", "    assert total([1, 2]) == 3", "    assert total([1, 2]) == 4")),
        says=("guard scope",),
    ),
    "loops": Case(ask_for_ever, says=("limit", "nothing was changed", "took more than"), timeout_s=25),
    "401": Case(fails(401), says=("invalid", "api key", "authentic"), off=True),
    "402": Case(fails(402), says=("credit balance", "402"), off=True),
    "429, then well": Case(fails(429, times=1, retry_after_s=1, then=fix(EDIT))),
    "429": Case(fails(429), says=("rate limit", "429", "took more than"), timeout_s=25),
    "500": Case(fails(500), says=("internal server error", "500", "high demand", "took more than"), timeout_s=25),
    "529": Case(fails(529), says=("overloaded", "529", "took more than"), timeout_s=25),
    "refused": Case(
        no_op, says=("onnect", "fetch failed", "took more than"), timeout_s=25, address="http://127.0.0.1:9"
    ),
    "cut stream": Case(cut_stream, says=("it failed", "took more than", "nothing was changed"), timeout_s=25),
    "hangs": Case(leave_child(CHILD), says=("took more than 15 s and was killed",), timeout_s=15),
}


def run_core(kind: str, case: Case, folder: Path) -> Verdict:
    """Without Prefect: the failures."""
    place = Place(folder, kind, case.play, **({"till.py": "l = 1\n"} if case.off else {}))
    began, clock = time.monotonic(), Clock()
    pauses = (
        mock.patch("stomper.agents.dispatcher.processes.pause", clock.pause),
        mock.patch("stomper.agents.protocol.circuit_breaker.time", clock),
    )
    with place.open(), pauses[0], pauses[1]:
        table = place.table(timeout_s=case.timeout_s)
        if case.address:
            table["base_url"] = str(table["base_url"]).replace(place.server.url, case.address)
        agents = {"ruff": {"enabled": False}, kind: table}
        landing = repair(place.root, checkers={"ruff": {}}, agents=agents, test_validation="none", max_parallel_files=1)
        seconds = time.monotonic() - began
        wrong = _judged(case, place, landing) + place.leftovers()
    outcome = landing.outcomes[0]
    return Verdict("; ".join(wrong), outcome.reason or f"{outcome.status.value}", seconds)


def _judged(case: Case, place: Place, landing: Landing) -> list[str]:
    outcome = landing.outcomes[0]
    wrong = [landing.failure] if landing.failure else []
    if not case.says:
        if outcome.status is not Status.FIXED or EDIT.new not in (place.root / EDIT.path).read_text():
            wrong.append(f"it did not land: {outcome.reason}")
        if git(place.root, "log", "--format=%s").splitlines() != [f"fix: resolve E741 in {EDIT.path}", "start"]:
            wrong.append("the commits are not Stomper's")
    elif not any(words in outcome.reason.lower() for words in map(str.lower, case.says)) or landing.landed:
        wrong.append(f"said {outcome.reason!r}")
    if outcome.attempts and not case.says and outcome.attempts[-1].tokens is None and place.kind != "copilot":
        wrong.append("its tokens are unknown")
    if case.off and "is off for this run" not in landing.outcomes[1].reason:
        wrong.append("it was not switched off")
    return wrong


def _start(place: Place, *more: str) -> subprocess.Popen[str]:
    table = [
        word
        for key, value in place.table(timeout_s=60).items()
        for word in ("--set", f"agents.{place.kind}.{key}={value}")
    ]
    argv = (_STOMPER, "fix", "--agent", place.kind, *table, *more)
    env = {**os.environ, "PREFECT_HOME": str(place.folder / "prefect")}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        argv, cwd=place.root, env=env, stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, text=True
    )


def run_fix(kind: str, folder: Path) -> Verdict:
    """The command as a user gives it: the fix is proven by the tests and lands, and its tokens are in the report."""
    place = Place(folder, kind, fix(EDIT))
    began = time.monotonic()
    with place.open():
        out, err = _start(place, "--json").communicate(timeout=300)
        seconds = time.monotonic() - began
        wrong = []
        try:
            report = json.loads(out)
            metrics = report["metrics"]
            words = f"{metrics['tokens']} tokens, ${metrics['cost_microusd'] / 1e6:.4f}"
            if report["outcomes"][0]["status"] != "fixed" or len(report["landed"]) != 1:
                wrong.append(f"it did not land: {report['outcomes'][0]['reason']} {report['failure']}")
            if not metrics["tokens"] and kind != "copilot":
                wrong.append("its tokens are not in the report")
        except ValueError:
            words, wrong = "", [err[-300:]]
        if not all(request.key == "sk-of-the-test" for request in place.server.requests):
            wrong.append("another key was used")
        wrong += place.leftovers()
    return Verdict("; ".join(wrong), words, seconds)


def run_cut_off(kind: str, folder: Path, *, by: signal.Signals) -> Verdict:
    """Stomper is ended while the agent waits for the model: nothing lands, and no process stays."""
    place = Place(folder, kind, leave_child(CHILD))
    wanted = 2 if kind in _WITH_SHELL else 1
    began = time.monotonic()
    with place.open():
        process = _start(place)
        while process.poll() is None and len(place.server.requests) < wanted and time.monotonic() - began < 120:
            time.sleep(0.1)
        time.sleep(0.5)
        asked = len(place.server.requests)
        cut = time.monotonic()
        process.send_signal(by)
        _, err = process.communicate(timeout=60)
        wrong = [] if asked else [f"it was never called: {err[-300:]}"]
        wrong += place.leftovers(dead=by is signal.SIGKILL)
        if git(place.root, "rev-list", "--count", "HEAD") != "1":
            wrong.append("something landed")
        if by is signal.SIGINT and process.returncode != 2:
            wrong.append(f"exit code {process.returncode}")
    return Verdict("; ".join(wrong), f"all gone after {time.monotonic() - cut:.1f} s", time.monotonic() - began)


def every(kind: str) -> dict[str, Callable[[Path], Verdict]]:
    """All cases for one program, by name."""
    cases: dict[str, Callable[[Path], Verdict]] = {"stomper fix": lambda folder: run_fix(kind, folder)}
    for name, case in CASES.items():
        cases[name] = lambda folder, case=case: run_core(kind, case, folder)  # type: ignore[misc]
    cases["SIGINT"] = lambda folder: run_cut_off(kind, folder, by=signal.SIGINT)
    cases["SIGKILL"] = lambda folder: run_cut_off(kind, folder, by=signal.SIGKILL)
    return cases


def in_folder(case: Callable[[Path], Verdict]) -> Verdict:
    """The case in a folder of its own, whatever happens in it."""
    with tempfile.TemporaryDirectory(prefix="stomper-agent-", ignore_cleanup_errors=True) as name:
        try:
            return case(Path(name).resolve())
        except Exception as error:
            return Verdict(f"{type(error).__name__}: {error}", "", 0.0)
