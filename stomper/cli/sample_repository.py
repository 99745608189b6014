"""The bundled sample: a small shop with errors, one of whose files has a "safe" fix that breaks a test."""

from __future__ import annotations

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path

from stomper.config.parameters import FixParameters
from stomper.errors import StomperError
from stomper.git.plumbing import git
from stomper.models import Report

_LATENCY_S = 0.5


def make_sample(folder: Path) -> FixParameters:
    """The sample as a git repository in *folder*, and the run that repairs it. Raises StomperError if it is there."""
    root, script = folder / "orders-shop", folder / "repairs.json"
    if there := next((place for place in (root, script) if place.exists()), None):
        raise StomperError(f"{there} is there already: give --keep another folder")
    with as_file(files("stomper") / "cli" / "sample") as sample:
        shutil.copytree(sample / "repository", root)
        replacements = json.loads((sample / "repairs.json").read_text(encoding="utf-8"))["replacements"]
    rules = [{"path": r["path"], "action": "replace", "old": r["old"], "new": r["new"]} for r in replacements]
    script.write_text(json.dumps({"latency_s": _LATENCY_S, "rules": rules}), encoding="utf-8")
    git(("init", "--quiet", "-b", "main"), cwd=root)
    git(("config", "user.name", "Demo"), cwd=root)
    git(("config", "user.email", "demo@example.invalid"), cwd=root)
    git(("add", "--all"), cwd=root)
    git(("commit", "--quiet", "-m", "feat: a small shop with some errors"), cwd=root)
    agents = {"ruff": {}, "scripted": {"script": str(script), "max_attempts": 1}}
    # mypy is not among what Stomper installs: without it there is less to repair, and as much to see.
    return FixParameters(repository=str(root), settings={"agents": agents, "allow_missing_checker": True})


def ran_as_it_should(report: Report) -> bool:
    """Whether something landed, and the fix that breaks a test did not."""
    kept_out = any("tests:" in outcome.reason for outcome in report.outcomes)
    return not report.failure and bool(report.landed) and kept_out
