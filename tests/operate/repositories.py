"""Repositories to be repaired, and agents that work for as long as a scene needs them to."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from tests.support.repositories import git, write

CURABLE = '"""A module."""\n\nimport os\n\n\ndef one() -> int:\n    return 1\n'
LEFT = CURABLE + "\n\ndef two() -> int:\n    return undefined\n"
CLEAN = CURABLE.replace("import os\n\n\n", "\n")
_numbers = itertools.count(7_000_001)
# Its second process is in a session of its own, as a coding agent's tools are.
_SLOW = "#!/bin/sh\nsetsid sleep {mark} &\nsleep {mark}\n"
_STEADY = '#!/bin/sh\nsleep {seconds}\nsed -i "/^import os$/d" "$1"\n'


def repository(root: Path, *sources: str, settings: str = "") -> Path:
    """A repository with a module for each of *sources*, and settings of its own; tests are not run."""
    root.mkdir(parents=True)
    write(root, {f"m{number}.py": text for number, text in enumerate(sources)})
    write(root, {"ruff.toml": 'lint.select = ["E", "F"]\n', "stomper.toml": f'test_validation = "none"\n{settings}'})
    for arguments in (
        ("init", "--quiet", "-b", "main"),
        ("config", "user.name", "Operator"),
        ("config", "user.email", "operator@example.invalid"),
        ("add", "--all"),
        ("commit", "--quiet", "-m", "start"),
    ):
        git(root, *arguments)
    return root


def commits(root: Path) -> int:
    """How many commits were made after the first."""
    return int(git(root, "rev-list", "--count", "HEAD")) - 1


def sound(root: Path) -> str:
    """`sound` when git finds nothing wrong, nothing is uncommitted and history is a line; else what is wrong."""
    wrong = [git(root, "fsck", "--strict", "--no-dangling"), git(root, "status", "--porcelain")]
    merges = git(root, "rev-list", "--merges", "HEAD")
    return " ".join((*filter(None, wrong), *merges.split())) or "sound"


def slow_agent(root: Path) -> tuple[str, str]:
    """An agent that works until it is killed: its settings, and the argument that its processes are known by."""
    mark = str(next(_numbers))
    return _agent(root.with_name(f"{root.name}-agent"), _SLOW.format(mark=mark)), mark


def steady_agent(root: Path, seconds: float) -> str:
    """An agent that takes *seconds* for a file and then repairs it."""
    return _agent(root.with_name(f"{root.name}-agent"), _STEADY.format(seconds=seconds))


def _agent(program: Path, text: str) -> str:
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    argv = json.dumps([str(program), "{file}"])
    return f'sandbox = "none"\n[agents.ruff]\nenabled = false\n[agents.own]\nkind = "command"\ncommand = {argv}\n'
