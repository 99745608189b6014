"""A run that waits for approval: its form on the page, and what lands is what was chosen there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.ui.browser import Page
from tests.ui.repositories import git
from tests.ui.stage import Stage


def approve(page: Page, stage: Stage, repository: Path, deployment: str, picture: Callable[[str], None]) -> None:
    """Start a run that asks, allow one of its two codes in the UI, and see that one commit, no other one, lands."""
    asked = ("-p", f"repository={repository}", "-p", 'landing={"approve": true}')
    stage.command("prefect", "deployment", "run", deployment, *asked)
    run = stage.ended(states=frozenset({"PAUSED"}))
    page.open(f"/runs/flow-run/{run['id']}", run["name"], "Paused")
    page.choose_in_menu("Resume")
    page.wait_for("wait for you", "Land", "Codes (Optional)", "Leave out (Optional)")
    picture("approval")
    assert page.options("Land") == ["everything", "only these codes", "nothing"]
    page.choose("Land", "only these codes")
    page.choose_among("Codes (Optional)", "F401")
    page.press_in_dialog("Resume")
    assert stage.ended()["id"] == run["id"]
    landed = git(repository, "show", "--format=", "--name-only", "HEAD").split()
    subjects = git(repository, "log", "--format=%s").splitlines()
    assert len(subjects) == 2, subjects
    assert "F401" in subjects[0], subjects
    assert landed == ["web.py"]
