"""Outcomes and reports for tests, made from a few words."""

from __future__ import annotations

from stomper.models import Diagnostic, Metrics, Outcome, Patch, Report, Status

COMMIT = "3f2c1e9a" * 5


def diagnostic(path: str, code: str = "F401", message: str = "unused") -> Diagnostic:
    return Diagnostic(tool="ruff", code=code, message=message, path=path)


def fixed(path: str, **more: object) -> Outcome:
    patch = Patch(base=COMMIT, changes=(), diff=b"-import os\n")
    given: dict[str, object] = {"fixed": (diagnostic(path),), "patch": patch, "agent": "ruff", "commit": COMMIT}
    given |= {"evidence": "tests passed", "required": "tests passed"}
    return Outcome.model_validate({"path": path, "status": Status.FIXED, **given, **more})


def failed(path: str, reason: str = "nothing was changed", **more: object) -> Outcome:
    given: dict[str, object] = {"remaining": (diagnostic(path, "F821"),), "reason": reason}
    return Outcome.model_validate({"path": path, "status": Status.FAILED, **given, **more})


def report(*outcomes: Outcome, **more: object) -> Report:
    given: dict[str, object] = {
        "run_id": "r1",
        "repository": "https://github.com/acme/api.git",
        "base": COMMIT,
        "branch": "main",
        "land": "commit",
        "tests": "passed",
        "outcomes": outcomes,
        "metrics": Metrics.reduce(outcomes),
    }
    return Report.model_validate({**given, **more})
