"""What the pages beside the form must show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deployments.deployment_specs import described
from tests.ui.browser import Page
from tests.ui.stage import Stage


def check_deployments(page: Page) -> None:
    """The list names every deployment of prefect.yaml, and its flow."""
    names = [one.full_name for one in described(Path(__file__).resolve().parents[2])]
    assert len(names) == 5
    text = page.open("/deployments", "5 Deployments", *(name.rpartition("/")[2] for name in names))
    lines = text.splitlines()
    for name in names:
        flow, _, own = name.partition("/")
        assert any(lines[n : n + 2] == [own, flow] for n in range(len(lines))), f"{name} is not in\n{text}"


def check_run(page: Page, run: dict[str, Any], files: tuple[str, ...]) -> None:
    """The run by its name, how it ended, and one task a file by the file's name."""
    text = page.open(f"/runs/flow-run/{run['id']}?tab=TaskRuns", run["name"], *files)
    assert run["state_name"] in text
    assert f"{len(files)} Task runs" in text


def check_summary(page: Page, stage: Stage, run: str, files: tuple[str, ...]) -> None:
    """The artifacts of the run, and the summary: its headline, every file that was worked on, and codes."""
    artifacts = stage.artifacts(run)
    keys = {str(one["key"]) for one in artifacts if one["key"]}
    page.open(f"/runs/flow-run/{run}?tab=Artifacts", "PROGRESS", *(str(one["description"]) for one in artifacts))
    assert {"stomper-summary", "stomper-files"} <= keys
    summary = next(one for one in artifacts if one["key"] == "stomper-summary")
    headline = next(line.lstrip("# ") for line in summary["data"].splitlines() if line.startswith("# "))
    text = page.open(f"/artifacts/artifact/{summary['id']}", headline, *files)
    assert "fixed" in headline
    assert "F401" in text


def check_table(page: Page, stage: Stage, run: str, files: tuple[str, ...]) -> None:
    """Every file and how it ended: one row a file, and why a fix was turned down or an error is left."""
    table = next(one for one in stage.artifacts(run) if one["key"] == "stomper-files")
    text = page.open(f"/artifacts/artifact/{table['id']}", *files)
    for said in ("fixed", "partial", "failed", "F821", "test_compat"):
        assert said in text, f"the table does not say {said!r}:\n{text}"


def check_progress(page: Page, stage: Stage, run: str) -> None:
    """The bar is full."""
    bar = next(one for one in stage.artifacts(run) if one["type"] == "progress")
    page.open(f"/artifacts/artifact/{bar['id']}", "100%")


def check_started(page: Page, stage: Stage, run: dict[str, Any], repository: Path) -> None:
    """The run that the form started has what was filled in, nothing else, and did that."""
    asked = run["parameters"]
    assert asked["repository"] == str(repository)
    assert asked["limits"] == {"max_parallel_files": 2, "max_files": 1}, asked
    assert asked["landing"] == {"land": "patch"}, asked
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    page.open(f"/runs/flow-run/{run['id']}?tab=Parameters", str(repository), '"land": "patch"', '"max_files": 1')
    patches = [path for path in (stage.user / "state" / "patches").rglob("*.patch") if "proven" in path.parts]
    assert any("web.py" in path.read_text(encoding="utf-8") for path in patches), patches
