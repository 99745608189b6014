"""How a run ends for CI: exit codes, states, messages, commits and artifacts."""

from __future__ import annotations

import subprocess

import yaml

from tests.operate.image import ROOT
from tests.operate.repositories import CLEAN, CURABLE, LEFT, commits, repository, sound
from tests.operate.stage import Line, Stage

_ARTIFACTS = {"stomper-summary", "stomper-files", "stomper-metrics"}


def all_fixed(stage: Stage) -> list[Line]:
    """Everything lands: 0, Completed, a commit a file."""
    root = repository(stage.folder / "fixed", CURABLE, CURABLE, CURABLE)
    ended = stage.run("fix-repository/ci", {"repository": str(root)}, "of-fixed")
    found = stage.artifacts(ended.run)
    summary = found.get("stomper-summary", "")
    return [
        *ended.as_expected(0, "Completed", "3 error(s) fixed in 3 file(s), 0 left"),
        Line("commits", 3, commits(root)),
        Line("repository", "sound", sound(root)),
        Line("artifacts", [], sorted(_ARTIFACTS - set(found))),
        Line("summary", True, "fixed in 3 file(s)" in summary),
        Line("the pipeline's summary is that", True, pipeline_summary(stage, "of-fixed").strip() == summary.strip()),
    ]


def pipeline_summary(stage: Stage, tag: str) -> str:
    """What the step of deployments/ci/github-server.yml that is for the summary adds to it."""
    jobs = yaml.safe_load((ROOT / "deployments" / "ci" / "github-server.yml").read_text(encoding="utf-8"))["jobs"]
    (script,) = [step["run"] for step in jobs["repair"]["steps"] if step.get("name") == "summary"]
    file = stage.folder / f"{tag}.md"
    own = {"TAG": tag, "RUNNER_TEMP": str(stage.folder), "GITHUB_STEP_SUMMARY": str(file)}
    argv = ("bash", "-e", "-o", "pipefail", "-c", script)
    done = subprocess.run(argv, cwd=stage.folder, env={**stage.env, **own}, capture_output=True, text=True, check=False)
    return file.read_text(encoding="utf-8") if done.returncode == 0 else done.stderr


def some_left(stage: Stage) -> list[Line]:
    """What can be repaired lands, and CI is told that something is left."""
    root = repository(stage.folder / "left", CURABLE, LEFT)
    ended = stage.run("fix-repository/ci", {"repository": str(root)})
    return [
        *ended.as_expected(1, "Failed", "1 left"),
        Line("log", "no traceback", "Traceback" if "Traceback" in stage.log(ended.run) else "no traceback"),
        Line("commits", 2, commits(root)),
        Line("repository", "sound", sound(root)),
    ]


def nothing_to_do(stage: Stage) -> list[Line]:
    """A clean repository: 0, and no commit."""
    root = repository(stage.folder / "clean", CLEAN)
    ended = stage.run("fix-repository/ci", {"repository": str(root)})
    return [*ended.as_expected(0, "Completed", "0 error(s) fixed"), Line("commits", 0, commits(root))]


def refused_parameter(stage: Stage) -> list[Line]:
    """A misspelt field is refused by the server: no run is made."""
    root = repository(stage.folder / "refused", CURABLE)
    ended = stage.run("fix-repository/ci", {"repository": str(root), "landing": {"lend": "patch"}})
    words = " ".join(ended.said.split())
    return [
        Line("exit code", 1, ended.exit_code),
        Line("run", "", ended.run),
        Line("message", True, "lend" in words and "Traceback" not in words),
        Line("commits", 0, commits(root)),
    ]


def no_repository(stage: Stage) -> list[Line]:
    """A folder that is no repository: only the run can tell, and it names it."""
    (stage.folder / "plain").mkdir()
    ended = stage.run("fix-repository/ci", {"repository": str(stage.folder / "plain")})
    return ended.as_expected(1, "Failed", str(stage.folder / "plain"))


def check_clean(stage: Stage) -> list[Line]:
    """check-repository/ci: nothing to fix is 0."""
    root = repository(stage.folder / "check-clean", CLEAN)
    return stage.run("check-repository/ci", {"repository": str(root)}).as_expected(0, "Completed")


def check_dirty(stage: Stage) -> list[Line]:
    """check-repository/ci: something to fix is 1, and nothing is changed."""
    root = repository(stage.folder / "check-dirty", CURABLE)
    ended = stage.run("check-repository/ci", {"repository": str(root)})
    return [
        *ended.as_expected(1, "Failed"),
        Line("commits", 0, commits(root)),
        Line("repository", "sound", sound(root)),
    ]
