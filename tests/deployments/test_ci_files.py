"""The self-contained pipelines: each of their steps run by a shell as the service would, on a branch of a repository."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.support.campaigns import UNUSED, Place, serve
from tests.support.repositories import MakeRepo, git, write

pytestmark = pytest.mark.slow
FILES = Path(__file__).parents[2] / "deployments" / "ci"
STOMPER = Path(sys.executable).with_name("stomper")
LEFT = "import os\n\n\ndef one() -> int:\n    return nowhere\n"


@pytest.fixture
def workspace(tmp_path: Path, make_repo: MakeRepo) -> Path:
    """A clone of a bare repository, on a branch that adds a file of two errors to one that has an error, too."""
    seed = make_repo({"old.py": "import os\n", "ruff.toml": 'lint.select = ["F"]\n'}, "seed")
    git(tmp_path, "clone", "--quiet", "--bare", str(seed), "origin.git")
    git(tmp_path, "clone", "--quiet", str(tmp_path / "origin.git"), "work/project")
    root = tmp_path / "work" / "project"
    git(root, "switch", "--quiet", "-c", "feature")
    write(root, {"new.py": LEFT})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "feature")
    return root


def linked(folder: Path) -> None:
    """Stomper as the step that installs it would leave it."""
    (folder / "stomper" / "bin").mkdir(parents=True)
    (folder / "stomper" / "bin" / "stomper").symlink_to(STOMPER)


def shell(script: str, root: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What both services do with a step: bash, which ends at the first command that fails."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "STOMPER_", "GITHUB_", "CI"))}
    argv = ("bash", "-e", "-o", "pipefail", "-c", script)
    return subprocess.run(
        argv, cwd=root, env={**kept, **env}, capture_output=True, text=True, check=False, timeout=200
    )  # fmt: skip


def test_github(workspace: Path, tmp_path: Path) -> None:
    """Exit code 1 for what is left, as an annotation of its line and in the summary; reports and diffs where the steps
    after it look for them; the checkout stays as it was."""
    steps: list[Any] = yaml.safe_load((FILES / "github-self-contained.yml").read_text())["jobs"]["repair"]["steps"]
    (step,) = [step for step in steps if step.get("name") == "stomper fix"]
    temp = tmp_path / "runner"
    linked(temp)
    values = {"github.base_ref": "main", "runner.temp": str(temp)}

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values[found[1]], text)

    env = {
        "RUNNER_TEMP": str(temp),
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        **{name: filled(text) for name, text in step["env"].items()},
    }
    done = shell(step["run"], workspace, env)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    shown = [line for line in done.stderr.splitlines() if re.match("::(error|notice|warning) ", line)]
    assert shown[0] == "::error title=ruff F821,file=new.py,line=5,col=12::Undefined name `nowhere`"
    assert shown[1].startswith("::notice title=ruff F401,file=new.py,line=1,col=8::`os` imported but unused%0Aa proven")
    assert len(shown) == 2
    assert "1 error(s) fixed in 1 file(s)" in (tmp_path / "summary.md").read_text()
    (upload,) = [step["with"]["sarif_file"] for step in steps if "sarif_file" in step.get("with", {})]
    results = json.loads(Path(filled(upload)).read_text())["runs"][0]["results"]
    assert {(r["ruleId"], r["level"]) for r in results} == {("ruff/F821", "error"), ("ruff/F401", "note")}
    (kept,) = [step["with"]["path"] for step in steps if "path" in step.get("with", {})]
    assert sorted(p.name for p in Path(filled(kept)).iterdir()) == ["junit.xml", "stomper.patch", "stomper.sarif"]
    assert git(workspace, "status", "--porcelain") == ""
    git(workspace, "apply", "--check", str(Path(filled(kept)) / "stomper.patch"))


def test_gitlab(workspace: Path) -> None:
    """Exit code 1 for what is left; the reports are where the job says that they are, and are what GitLab reads."""
    job = yaml.safe_load((FILES / "gitlab-self-contained.yml").read_text())["stomper"]
    linked(workspace.parent)
    env = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(workspace), "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    env["STOMPER_HOME"] = job["variables"]["STOMPER_HOME"].replace("$CI_PROJECT_DIR", str(workspace))
    done = shell("\n".join(job["script"]), workspace, env)
    assert done.returncode == 1, done.stderr
    assert "::" not in done.stderr.replace("test_", ""), "no commands of another service"
    reports = {name: workspace / path for name, path in job["artifacts"]["reports"].items()}
    entries = json.loads(reports["codequality"].read_text())
    assert {(e["check_name"], e["severity"], e["location"]["path"]) for e in entries} == {
        ("ruff/F821", "major", "new.py"), ("ruff/F401", "info", "new.py"),
    }  # fmt: skip
    suite = ET.parse(reports["junit"]).getroot()[0]  # noqa: S314 - our own
    assert [c.get("name") for c in suite.iter("testcase") if c.find("failure") is not None] == ["new.py"]
    assert "-import os" in (workspace / "stomper-reports" / "stomper.patch").read_text()


def nightly(place: Place, root: Path, *, detached: bool) -> None:
    """The checkout of a job over a repository at a forge, without credentials."""
    git(place.bare.parent, "clone", "--quiet", str(place.bare), str(root))
    git(root, "remote", "set-url", "origin", place.address)
    if detached:  # as GitLab's runner does
        git(root, "checkout", "--quiet", "--detach")


RULES = {"ruff.toml": 'lint.select = ["F"]\n', "stomper.toml": 'test_validation = "none"\n'}


def test_github_pull_request(tmp_path: Path) -> None:
    """The job opens a pull request with the token of the workflow, and leaves reports; the checkout stays as it was."""
    job = yaml.safe_load((FILES / "github-pull-request.yml").read_text())["jobs"]["repair"]
    (step,) = [step for step in job["steps"] if step.get("name") == "stomper fix"]
    temp, root = tmp_path / "runner", tmp_path / "project"
    linked(temp)
    with serve(tmp_path / "remote", {"a.py": UNUSED, **RULES}) as place:
        nightly(place, root, detached=False)
        values = {
            "secrets.STOMPER_TOKEN || github.token": place.stub.token,
            "github.api_url": place.api_address,
            "runner.temp": str(temp),
        }
        own = {n: re.sub(r"\$\{\{ (.+?) \}\}", lambda m: values[m[1]], text) for n, text in step["env"].items()}
        summary = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
        done = shell(step["run"], root, {"RUNNER_TEMP": str(temp), "GITHUB_ACTIONS": "true", **summary, **own})
        assert done.returncode == 0, done.stderr
        assert (place.one.base, place.files()) == ("main", ["a.py"])
        assert place.stub.token not in done.stdout + done.stderr + (tmp_path / "summary.md").read_text()
    assert sorted(p.name for p in (temp / "reports").iterdir()) == ["junit.xml", "stomper.sarif"]
    assert git(root, "status", "--porcelain") == ""


def test_gitlab_merge_request(tmp_path: Path) -> None:
    """The job opens a merge request for the branch of the schedule, and the reports are where it says that they are."""
    job = yaml.safe_load((FILES / "gitlab-merge-request.yml").read_text())["stomper-nightly"]
    root = tmp_path / "work" / "project"
    root.parent.mkdir()
    linked(root.parent)
    with serve(tmp_path / "remote", {"a.py": UNUSED, **RULES}, "gitlab") as place:
        nightly(place, root, detached=True)
        values = {"CI_PROJECT_DIR": str(root), "CI_SERVER_URL": place.api_address, "CI_COMMIT_BRANCH": "main"}
        own = {n: re.sub(r"\$(\w+)", lambda m: values[m[1]], text) for n, text in job["variables"].items()}
        env = {"GITLAB_CI": "true", **values, **own, "MERGE_REQUEST_TOKEN": place.stub.token}
        done = shell("\n".join(job["script"]), root, env)
        assert done.returncode == 0, done.stderr
        assert (place.one.base, place.files()) == ("main", ["a.py"])
        assert place.stub.token not in done.stdout + done.stderr
    assert all((root / path).is_file() for path in job["artifacts"]["reports"].values())
