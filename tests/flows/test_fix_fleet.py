"""Many repositories by one run: which they are, and that one that fails does not stop the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from stomper.errors import SettingsError
from stomper.models import Metrics
from stomper.run.fleet import FleetParameters, FleetReport, Result, runs_of
from tests.support.git_http import GitServer
from tests.support.planted import TOKEN, files_with
from tests.support.remotes import UNUSED, bare, count, hook
from tests.support.repositories import MakeRepo, git

ROOT = Path(__file__).parents[2]
STOMPER = str(Path(sys.executable).with_name("stomper"))
TESTS = ("--set", "test_validation=none")


def fleet(folder: Path, state: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """`stomper fleet` in a process of its own."""
    env = {**os.environ, "STOMPER_HOME": str(state), "PREFECT_HOME": str(folder / "prefect"), **more}
    argv = (STOMPER, "fleet", *arguments, *TESTS)
    return subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=180)


@pytest.mark.slow
def test_one_that_fails_does_not_sink_the_others(tmp_path: Path, fenced: Path, make_repo: MakeRepo) -> None:
    """A path, an address, one that is not there and one with an error that stays: each ends as it would alone."""
    make_repo({"a.py": UNUSED}, "here")
    there = bare(tmp_path / "remote", {"b.py": UNUSED, "c.py": UNUSED})
    stays = bare(tmp_path / "remote", {"d.py": "import sys\n\nprint(undefined, sys)\n"}, "stays.git")
    listing = tmp_path / "fleet.txt"
    listing.write_text(f"# ours\nhere\nfile:///nowhere.git # gone\n\n{there.as_uri()}\n{stays.as_uri()}\nhere\n")
    done = fleet(tmp_path, fenced, str(listing), "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 2, done.stderr
    assert [(r["exit_code"], r["landed"]) for r in report["repositories"]] == [(0, 1), (2, 0), (0, 2), (1, 0)]
    assert "there is no such repository" in report["repositories"][1]["why"]
    assert report["metrics"]["total_errors_fixed"] == 3
    assert report["metrics"]["errors_remaining"] == 1
    assert (count(there), git(tmp_path / "here", "rev-list", "--count", "HEAD")) == (3, "2")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_no_token_is_shown(tmp_path: Path, fenced: Path) -> None:
    """A hook that refuses, through the whole flow and Prefect's database: no token in the output or any file."""
    place = bare(tmp_path / "remote", {"a.py": UNUSED})
    hook(place, "pre-receive", "echo no >&2; exit 1")
    listing = tmp_path / "fleet.txt"
    with GitServer(place.parent, token=TOKEN) as server:
        listing.write_text(f"{server.url(place.name)}\n")
        arguments = (str(listing), "--token-env", "FORGE_TOKEN", "--json", "--verbose")
        done = fleet(tmp_path, fenced, *arguments, FORGE_TOKEN=TOKEN)
    assert done.returncode == 2, done.stderr
    assert "pre-receive hook declined" in json.loads(done.stdout)["repositories"][0]["why"]
    assert TOKEN not in done.stdout + done.stderr
    assert files_with(tmp_path, TOKEN) == []


@pytest.mark.slow
def test_all_of_them_done(tmp_path: Path, fenced: Path, make_repo: MakeRepo) -> None:
    """Exit 0, and a line for each."""
    make_repo({"a.py": UNUSED}, "one")
    make_repo({"a.py": "x = 1\n"}, "two")
    listing = tmp_path / "fleet.txt"
    listing.write_text("one\ntwo\n")
    done = fleet(tmp_path, fenced, str(listing))
    assert done.returncode == 0, done.stderr
    assert "one: nothing left, 1 fixed, 0 left, 1 commit(s)" in done.stdout
    assert "2 of 2 repositories have nothing left" in done.stdout


SERVED = """\
import os, pathlib, subprocess, sys
from stomper.server import embedded
from stomper.state.paths import home
os.environ["PREFECT_API_URL"] = embedded.prepare(home())
from stomper.run.fleet import FleetParameters, form_of_fleet
code = (
    "from prefect import flow\\n"
    "fix = flow.from_source(source='.', entrypoint='flows/fix_repository.py:fix_repository')\\n"
    "fix.serve(name='test', limit=2, pause_on_shutdown=False)"
)
server = subprocess.Popen((sys.executable, "-c", code), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    from prefect.client.orchestration import get_client
    import time
    with get_client(sync_client=True) as client:
        for _ in range(300):
            if client.read_deployments():
                break
            time.sleep(0.2)
    from flows.fix_fleet import fix_fleet
    from tasks import fleet
    fleet._POLL_S = 0.5
    given = FleetParameters.model_validate_json(sys.argv[1])
    from stomper import progress
    with progress.listening(lambda event: print(event.report.model_dump_json())):
        fix_fleet(**form_of_fleet(given), return_state=True)
finally:
    server.terminate()
    server.wait(30)
"""


@pytest.mark.slow
def test_side_by_side_by_a_deployment(tmp_path: Path, fenced: Path, make_repo: MakeRepo) -> None:
    """Each repository is run by a worker in a process of its own, and their metrics come back by the server."""
    there = bare(tmp_path / "remote", {"b.py": UNUSED, "c.py": UNUSED})
    given = [str(make_repo({"a.py": UNUSED}, "one")), there.as_uri(), "file:///nowhere.git"]
    shared = {"test_validation": "none"}
    parameters = FleetParameters(repositories=given, at_once=2, deployment="fix-repository/test", shared=shared)
    env = {**os.environ, "PREFECT_HOME": str(fenced / "prefect"), "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    argv = (sys.executable, "-c", SERVED, parameters.model_dump_json())
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.stdout, done.stderr
    report = FleetReport.model_validate_json(done.stdout)
    assert [(r.exit_code, r.landed) for r in report.repositories] == [(0, 1), (0, 2), (2, 0)], done.stdout + done.stderr
    assert "there is no such repository" in report.repositories[2].why
    assert report.metrics.total_errors_fixed == 3
    assert count(there) == 3


BLOCKS = """\
from stomper.server import embedded
from stomper.state.paths import home
embedded.prepare(home())
from prefect.blocks.system import Secret
from prefect.deployments import run_deployment
from prefect.exceptions import PrefectHTTPStatusError
from flows.fix_repository import fix_repository
from stomper.errors import SettingsError
from tasks.secret_blocks import token_of
Secret(value="planted").save("forge")
assert token_of("forge") == "planted" and token_of("") == ""
try:
    token_of("nope")
except SettingsError as error:
    print(error)
fix_repository.from_source(source=".", entrypoint="flows/fix_repository.py:fix_repository").to_deployment("test").apply()
try:
    run_deployment("fix-repository/test", parameters={"repository": "https://me:planted@h/a"}, timeout=0)
except PrefectHTTPStatusError:
    print("refused")
"""


@pytest.mark.slow
def test_a_token_from_a_block(fenced: Path) -> None:
    """A Secret block is read by its name, one that is missing is said, and the form refuses credentials unstored."""
    env = {**os.environ, "PREFECT_HOME": str(fenced / "prefect")}
    argv = (sys.executable, "-c", BLOCKS)
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "knows no Secret block 'nope'" in done.stdout
    assert done.stdout.endswith("refused\n")


def test_what_is_shared_goes_where_it_fits() -> None:
    """A token to https addresses, a partial clone to addresses, everything else to all."""
    shared = {"token_env": "T", "partial": True, "land": "patch"}
    given = ["https://h/a", "git@h:b", "c"]
    runs = runs_of(FleetParameters(repositories=given, shared=shared))
    assert [(r.repository, r.token_env, r.partial, r.land) for r in runs] == [
        ("https://h/a", "T", True, "patch"), ("git@h:b", "", True, "patch"), ("c", "", False, "patch"),
    ]  # fmt: skip


def test_what_is_no_fleet(tmp_path: Path) -> None:
    """Mistakes are said before anything begins, and credentials are not repeated."""
    listing = tmp_path / "fleet.txt"
    listing.write_text(f"a\nhttps://me:{TOKEN}@h/a\n")
    wrong: list[tuple[FleetParameters, str]] = [
        (FleetParameters(), "needs repositories"),
        (FleetParameters(repositories=["a"], at_once=2), "name a deployment"),
        (FleetParameters(file=str(listing)), "line 2: the address holds credentials"),
        (FleetParameters(file=str(tmp_path / "none")), "cannot be read"),
        (FleetParameters(repositories=["a"], shared={"lend": "x"}), "lend"),
        (FleetParameters(repositories=["https://h/a", "https://i/a"], shared={"token_env": "T"}), "are h, i"),
    ]
    for parameters, words in wrong:
        with pytest.raises(SettingsError, match=words) as raised:
            runs_of(parameters)
        assert TOKEN not in str(raised.value)
    with pytest.raises(ValidationError) as refused:
        FleetParameters(repositories=[f"https://{TOKEN}@h/a"])
    assert TOKEN not in str(refused.value)


def test_the_worst_counts() -> None:
    """A fleet's exit code is its worst, and its metrics are the sum."""
    results = [
        Result(repository=str(n), exit_code=n, why="", metrics=Metrics(total_errors_fixed=n + 1)) for n in range(3)
    ]
    assert [FleetReport.of(results[:n]).exit_code for n in (0, 1, 2, 3)] == [0, 0, 1, 2]
    assert FleetReport.of(results).metrics.total_errors_fixed == 6
