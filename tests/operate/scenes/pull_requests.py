"""Landing by pull requests through a worker, at a stub of a forge over a real repository."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.operate.repositories import CLEAN, CURABLE
from tests.operate.stage import Ended, Line, Stage
from tests.support.campaigns import CREATE, Place, serve
from tests.support.forges.server import Fault
from tests.support.repositories import git, write

_BLOCK = "forge-token"
_OURS = "stomper/fixes"
_KEEP = f"from prefect.blocks.system import Secret; import os; Secret(value=os.environ['TOKEN']).save('{_BLOCK}')"
_IDENTITY = {f"GIT_{who}_{what}": f"operator{at}" for who in ("AUTHOR", "COMMITTER")
             for what, at in (("NAME", ""), ("EMAIL", "@example.invalid"))}  # fmt: skip


def from_opened_to_closed(stage: Stage) -> list[Line]:
    """Refused in several ways, opened, updated on a base that moved, left to people, closed; never is the token shown."""
    with _place(stage.folder / "forge") as place:
        _keep_token(stage, place.stub.token)
        # A worker needs a name for commits; other scenes' repositories bring theirs.
        write(stage.folder / "home", {".gitconfig": "[user]\nname = Operator\nemail = operator@example.invalid\n"})
        lines, runs = [], []

        def run(exit_code: int, state: str, words: str, *seen: Line) -> None:
            ended = _run(stage, place)
            runs.append(ended)
            lines.extend([*ended.as_expected(exit_code, state, words), *seen])

        place.api.faults = [Fault("GET", CREATE, 429, "Slow down.", {"Retry-After": "7200"}, times=99)]
        run(1, "Failed", "rate limit until")
        lines.append(Line("branches before the work", [], place.branches()))
        for status in (422, 403):
            place.api.faults = [Fault("POST", CREATE, status, "Not so.", times=99)]
            run(1, "Failed", "is pushed, but its pull request failed")
        lines.append(Line("pushed, and none opened", ([_OURS], 0), (place.branches(), len(place.requests))))
        place.api.faults = []
        tip = place.tip()
        run(0, "Completed", "")
        lines.append(Line("opened with what was pushed", (1, tip), (place.one.number, place.tip())))
        place.commit("main", {"m0.py": CURABLE.replace("import os\n", "import os\nimport sys\n"), "m2.py": CURABLE})
        run(0, "Completed", "")
        lines += [
            Line("updated", ["m0.py", "m1.py", "m2.py"], place.files()),
            Line("on the base that moved", place.tip("main"), git(place.bare, "merge-base", "main", _OURS)),
        ]
        ours = place.tip()
        theirs = place.commit(_OURS, {"m1.py": CLEAN + "\n# by hand\n"})
        run(1, "Failed", "")
        lines.append(Line("a human's commit stays", (theirs, "open"), (place.tip(), place.one.state)))
        git(place.bare, "update-ref", f"refs/heads/{_OURS}", ours)
        place.commit("main", dict.fromkeys(["m0.py", "m1.py", "m2.py"], CLEAN))
        run(0, "Completed", "")
        lines += [
            Line("closed, its branch gone", ("closed", []), (place.one.state, place.branches())),
            Line("pull requests in all", 1, len(place.requests)),
            Line("against the published schemas", [], place.stub.violations),
            Line("the token is shown in", [], _seen(stage, place.stub.token, runs)),
        ]
        return lines


@contextlib.contextmanager
def _place(folder: Path) -> Iterator[Place]:
    """A repository with two files to repair at a forge, with settings of its own."""
    for name, value in _IDENTITY.items():
        os.environ.setdefault(name, value)
    with serve(folder, {"m0.py": CURABLE, "m1.py": CURABLE, "ruff.toml": 'lint.select = ["E", "F"]\n'}) as place:
        own = f'test_validation = "none"\n[pr]\nforge = "github"\napi = "{place.api_address}"\n'
        place.commit("main", {"stomper.toml": own}, "settings")
        yield place


def _keep_token(stage: Stage, token: str) -> None:
    """Save it as a Secret block of the server, as an operator does in the UI."""
    done = stage.command("env", f"TOKEN={token}", sys.executable, "-c", _KEEP)
    assert done.returncode == 0, done.stderr


def _run(stage: Stage, place: Place) -> Ended:
    given = {"repository": place.address, "landing": {"land": "pr"}, "remote": {"token_block": _BLOCK}}
    return stage.run("fix-repository/on-demand", given)


def _seen(stage: Stage, token: str, runs: list[Ended]) -> list[str]:
    """Where the token can be read that is no Secret block."""
    texts = {"worker's log": stage.worker.log.read_text(errors="replace")}
    for number, ended in enumerate(runs):
        texts[f"run {number}: API"] = json.dumps(stage.api.get(f"/flow_runs/{ended.run}"))
        texts[f"run {number}: log"] = stage.log(ended.run)
        texts[f"run {number}: artifacts"] = json.dumps(stage.artifacts(ended.run))
        texts[f"run {number}: terminal"] = ended.said
    for file in stage.state_folder.rglob("*"):
        if file.is_file():
            texts[str(file)] = file.read_bytes().decode("latin-1")
    return [where for where, text in texts.items() if token in text]
