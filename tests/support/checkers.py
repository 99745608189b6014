"""A checker of a run with a table of settings, for tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from stomper.checkers.base import Checker
from stomper.checkers.registry import make_checkers
from stomper.config.settings import Settings
from stomper.environment.python import Environment


def environment(root: Path) -> Environment:
    """The programs beside the interpreter of these tests."""
    return Environment(root, "these tests", (sys.executable,), Path(sys.executable).parent)


def checker(root: Path, name: str, **table: Any) -> Checker:
    """The one checker *name* with this table of settings."""
    settings = Settings.model_validate({"checkers": {name: {"enabled": True, **table}}})
    (made,) = make_checkers(settings, environment(root), root.parent / "cache")
    return made


def program(root: Path, code: str, **table: Any) -> dict[str, Any]:
    """A table whose command runs *code*, which lies outside the tree."""
    path = root.parent / "program.py"
    path.write_text(code)
    return {"command": [sys.executable, str(path)], **table}
