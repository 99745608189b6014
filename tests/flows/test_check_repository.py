"""The flow check-repository on the embedded server: its state is the verdict, and its artifacts say why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repositories import MakeRepo, git

ROOT = Path(__file__).parents[2]
SCRIPT = """\
import json, sys
from stomper import bundle
from stomper.state import paths
bundle.activate()
from stomper.server import embedded
embedded.prepare(paths.home())
from flows.check_repository import check_repository
from prefect.client.orchestration import get_client
said = []
for argument in sys.argv[1:]:
    state = check_repository(**json.loads(argument), return_state=True)
    said.append((state.name, state.message))
with get_client(sync_client=True) as client:
    artifacts = [artifact.model_dump(mode="json") for artifact in client.read_artifacts(limit=200)]
print(json.dumps({"said": said, "artifacts": artifacts}))
"""


@pytest.mark.slow
def test_the_state_is_the_verdict(make_repo: MakeRepo, fenced: Path) -> None:
    """Completed when there is nothing to fix; Failed when there is, or a checker could not say."""
    clean = make_repo({"a.py": "X = 1\n"}, "clean")
    dirty = make_repo({"a.py": "import os\n", "b.py": "import sys\n"}, "dirty")
    gone = {"kind": "command", "command": ["no-such-program"], "pattern": "(?P<path>.+): (?P<message>.+)"}
    crashes = {"checks": {"checkers": ["gone"]}, "advanced": {"settings": {"checkers": {"gone": gone}}}}
    runs: list[dict[str, object]] = [
        {"repository": str(clean)},
        {"repository": str(dirty)},
        {"repository": str(dirty), "files": {"paths": ["a.py"]}, "advanced": {"setup_command": "touch was_here"}},
        {"repository": str(dirty), "limits": {"max_files": 1}, "checks": {"checkers": ["ruff"]}},
        {"repository": str(fenced)},
        {"repository": str(clean), **crashes},
        {"repository": dirty.as_uri(), "remote": {"ref": "main"}, "files": {"paths": ["b.py"]}},
        {"repository": str(clean), "remote": {"ref": "main"}},
    ]
    env = {**os.environ, "PREFECT_HOME": str(fenced / "prefect"), "PYTHONPATH": str(ROOT), "PATH": os.defpath}
    arguments = [json.dumps(run) for run in runs]
    done = subprocess.run(
        (sys.executable, "-c", SCRIPT, *arguments), env=env, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    said = found["said"]
    assert said[0] == ["Completed", "nothing to fix"]
    assert said[1] == ["Failed", "2 error(s) to fix in 2 file(s)"]
    assert said[2] == ["Failed", "1 error(s) to fix in 1 file(s)"]
    assert said[3] == ["Failed", "1 error(s) to fix in 1 file(s), 1 over a limit"]
    assert said[4][0] == "Failed"
    assert "repository" in said[4][1]
    assert said[5][0] == "Failed"
    assert "no-such-program" in said[5][1]
    assert said[6] == ["Failed", "1 error(s) to fix in 1 file(s)"]
    assert said[7] == ["Failed", "ref: only for a repository by its address, and this is a path"]
    assert git(dirty, "status", "--porcelain") == "?? was_here"
    keys = [artifact["key"] for artifact in found["artifacts"]]
    assert keys.count("stomper-check") == 5
    assert keys.count("stomper-errors") == 4
    page = next(a["data"] for a in found["artifacts"] if "# 2 error(s) to fix" in str(a["data"]))
    assert "| ruff F401 | 2 |" in page
