"""A run that waits for approval, answered through the API as the UI's form answers."""

from __future__ import annotations

from tests.operate.repositories import CURABLE, commits, repository, sound
from tests.operate.stage import Line, Stage, until
from tests.support.approvals import has_form
from tests.support.repositories import git


def lands_what_is_approved(stage: Stage) -> list[Line]:
    """Everything but one file is approved: exactly that lands, and only after the answer."""
    root = repository(stage.folder / "approval", CURABLE, CURABLE, CURABLE)
    given = {"repository": str(root), "advanced": {"settings": {"approve": True}}}
    run = stage.start("fix-repository/ci", given)
    paused = until(lambda: has_form(stage.api, stage.api.get(f"/flow_runs/{run}")), 90)
    before = commits(root)
    answer = {"run_input": {"land": "everything", "drop": ["m1.py"]}}
    status = str(stage.api.post(f"/flow_runs/{run}/resume", answer)["status"])
    state = stage.ended(run)
    changed = git(root, "log", "--name-only", "--format=", f"-{max(commits(root), 1)}").split()
    return [
        Line("it waits", True, paused),
        Line("commits before the answer", 0, before),
        Line("the answer", "ACCEPT", status),
        Line("state", "Failed", state),
        Line("landed", ["m0.py", "m2.py"], sorted(changed)),
        Line("repository", "sound", sound(root)),
    ]
