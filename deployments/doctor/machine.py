"""What of this machine Stomper needs: git, the state folder, the sandbox, and the repository's checkers and agents."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from deployments.doctor.findings import Finding
from stomper.agents.inventory import root_of, survey
from stomper.checkers.base import Checker
from stomper.checkers.registry import make_checkers
from stomper.config.loading import load
from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.environment.sandbox import make_sandbox
from stomper.errors import CheckerError
from stomper.state.paths import home
from stomper.system import processes

GIT_AT_LEAST = (2, 30)
LOW_BYTES, FULL_BYTES = 2 * 1024**3, 200 * 1024**2


def check_git() -> list[Finding]:
    """Whether git is there, and new enough for the worktrees of a private clone."""
    try:
        said = processes.run(("git", "--version"), cwd=Path("/"), timeout_s=5).text.strip()
    except processes.ProgramMissing:
        return [Finding(subject="git", verdict="problem", said="not on PATH", mend="install git")]
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if numbers and tuple(map(int, numbers.groups())) >= GIT_AT_LEAST:
        return [Finding(subject="git", verdict="ok", said=said)]
    least = ".".join(map(str, GIT_AT_LEAST))
    return [Finding(subject="git", verdict="problem", said=said or "no version", mend=f"install git {least} or later")]


def check_disk(folder: Path | None = None) -> list[Finding]:
    """Whether the state folder can be written, and how much room there is."""
    folder = folder or home()
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(there).free
    said = f"{folder}: {free / 1024**3:.1f} GiB free"
    mend = "make room there, or set STOMPER_HOME to a folder elsewhere"
    verdict = "ok" if free >= LOW_BYTES else "warning" if free >= FULL_BYTES else "problem"
    if not os.access(there, os.W_OK):
        verdict, said = "problem", f"{there} cannot be written"
    return [
        Finding.model_validate({"subject": "disk", "verdict": verdict, "said": said, "mend": _unless_ok(verdict, mend)})
    ]


def check_sandbox() -> list[Finding]:
    """Whether agents are fenced in."""
    sandbox = make_sandbox("auto", Environment(Path("/"), "", ()), readable=())
    if sandbox.on:
        return [Finding(subject="sandbox", verdict="ok", said=sandbox.words)]
    mend = "install bubblewrap; without it a change to your checkout while an agent ran stops all landing"
    return [Finding(subject="sandbox", verdict="warning", said=sandbox.words, mend=mend)]


def check_checkers(folder: Path) -> list[Finding]:
    """Each checker of the repository around *folder*: its version and where it is, or what it lacks."""
    root = root_of(folder)
    settings = load(root, flags={})
    scratch = home() / "doctor"
    found = []
    for checker in make_checkers(settings, Environment.detect(root, python=settings.python), scratch):
        subject = f"checker {checker.name}"
        try:
            version, origin = _describe(checker, settings.checkers[checker.name].command, root)
        except CheckerError as error:
            mend = f"install it, or switch it off: [checkers.{checker.name}] enabled = false"
            found.append(Finding(subject=subject, verdict="problem", said=str(error), mend=mend))
        else:
            found.append(Finding(subject=subject, verdict="ok", said=f"{version} ({origin})".strip()))
    return found


def _describe(checker: Checker, command: tuple[str, ...], root: Path) -> tuple[str, str]:
    """Its version and place. Raises CheckerError when it is missing; a command is not called for it, only looked for."""
    if command and shutil.which(command[0]) is None and not (root / command[0]).exists():
        raise CheckerError(f"{command[0]} is not on PATH")
    return checker.describe()


def check_agents(folder: Path) -> list[Finding]:
    """Each agent that the next run would call, and whether it can be; the others are counted."""
    root = root_of(folder)
    settings: Settings = load(root, flags={})
    entries = survey(settings, root)
    found = []
    for entry in (e for e in entries if e.enabled):
        said = entry.missing or " ".join(part for part in (entry.version, entry.path) if part) or "ready"
        mend = f"`stomper agents` says more; or switch it off: [agents.{entry.name}] enabled = false"
        verdict = "problem" if entry.missing else "ok"
        found.append(
            Finding.model_validate(
                {"subject": f"agent {entry.name}", "verdict": verdict, "said": said, "mend": _unless_ok(verdict, mend)}
            )
        )
    if not found:
        said = "none is switched on: nothing can be repaired"
        found.append(Finding(subject="agents", verdict="problem", said=said, mend="--set agents=ruff"))
    return found


def _unless_ok(verdict: str, mend: str) -> str:
    return "" if verdict == "ok" else mend
