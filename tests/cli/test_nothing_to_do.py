"""`stomper fix` where nothing is to be done: it does not wait for the server that it has begun, and all else is the same."""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from stomper.server.attach import living
from stomper.state.locks import Lock
from stomper.state.store import Store
from tests.support.processes import UNUSED, begin, running, wait_for
from tests.support.repositories import MakeRepo, git

CLEAN = "x = 1\n"
PATTERN = 'pattern="(?P<path>x)(?P<message>y)"'
_VOLATILE = ("seconds", "effort")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state folder for this module, of a user who has never run anything."""
    return tmp_path_factory.mktemp("state")


def ended(root: Path, state: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `stomper`."""
    process = begin(root, state, *arguments, **more)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def whole(database: Path) -> bool:
    """Whether a template was migrated to its end: it is renamed only then."""
    with sqlite3.connect(database) as db:
        return bool(db.execute("SELECT version_num FROM alembic_version").fetchall())


@pytest.mark.slow
def test_the_first_run_of_a_user_waits_for_no_server(make_repo: MakeRepo, tmp_path: Path) -> None:
    """It says that nothing is to fix, is remembered, writes its report, and leaves no server, nor a database half made."""
    root, state = make_repo({"a.py": CLEAN}), tmp_path / "new"
    code, out, err = ended(root, state, "fix", "--report", "json=../report.json")
    assert code == 0, err
    assert "nothing to fix" in out
    assert err.splitlines() == [
        "start Prefect",
        "initialize",
        "collect",
        "0 error(s) in 0 file(s) to repair",
        "cleanup",
    ]
    assert json.loads((root.parent / "report.json").read_text())["failure"] == ""
    kept = Store(state)
    assert [json.loads(report)["failure"] for _, _, report in kept.runs(str(root))] == [""]
    kept.close()
    assert not running(str(state / "server"))
    assert not (state / "server" / "address").exists(), "no server was waited for"
    assert all(whole(database) for database in (state / "server").glob("template-*")), "a database half made"
    assert not list((state / "runs").iterdir())


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server, for runs that are told of it as of one of the user's own."""
    state = tmp_path_factory.mktemp("server")
    process = begin(Path.home(), state, "server")
    assert process.stdout is not None
    process.stdout.readline()
    yield living(state / "server")
    process.terminate()
    process.communicate()
    wait_for(lambda: not running(str(state / "server")))


def flow_runs(address: str) -> int:
    """How many runs of flows the server knows."""
    asked = urllib.request.Request(f"{address}/flow_runs/count", b"{}", {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - the same
        return int(json.load(answer))


def told(text: str) -> str:
    """The same, whatever it took and whenever it was."""
    return re.sub(r"\d{8}-\d{6}-\w{6}", "RUN", re.sub(r"\d+\.\d s", "0.0 s", text))


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--dry-run",),
        ("--changed",),
        ("--staged", "--exclude", "b.py"),
        ("a.py", "--quiet"),
        ("--select", "E9", "--max-files", "1"),
        ("--select", "F999"),
        (
            "--set",
            'checkers.gone.command=["/no/such/program"]',
            "--set",
            "checkers.gone.kind=command",
            "--set",
            f"checkers.gone.{PATTERN}",
        ),
        ("--land", "branch", "--set", 'guards_off=["size"]'),
    ],
)
def test_it_is_as_with_a_server_that_is_waited_for(
    make_repo: MakeRepo, state: Path, address: str, arguments: tuple[str, ...]
) -> None:
    """Terminal, report, exit code and what is remembered are those of the flow, which a server of one's own has seen."""
    root = make_repo({"a.py": CLEAN, "b.py": CLEAN})
    if "--staged" in arguments:
        (root / "b.py").write_text(UNUSED)
        git(root, "add", "b.py")
    seen = flow_runs(address)
    runs = [
        ended(root, state, "fix", *arguments, "--report", f"json=../{n}.json", **more)
        for n, more in enumerate(({}, {"PREFECT_API_URL": address}))
    ]
    assert [told(part) for part in map(str, runs[0])] == [told(part) for part in map(str, runs[1])]
    reports = [json.loads(told((root.parent / f"{n}.json").read_text())) for n in range(2)]
    assert flow_runs(address) == seen + 1
    for report in reports:
        for checker in report.get("checkers", ()):
            checker["seconds"] = 0
        for key in _VOLATILE:
            report.pop(key, None)
    assert reports[0] == reports[1]
    lines = [line.split()[-4:] for line in ended(root, state, "runs")[1].splitlines()]
    assert lines[:1] == lines[1:]
    assert not running(str(state / "server"))


def database_begun(state: Path) -> bool:
    """Whether a server makes the database that later ones copy, right now."""
    made = list((state / "server").glob("prefect*.db"))
    return any(place.stat().st_size for place in made) and not list((state / "server").glob("template-*"))


@pytest.mark.slow
def test_a_server_that_is_given_up_leaves_nothing_half_made(make_repo: MakeRepo, tmp_path: Path) -> None:
    """The very first server is killed by its run while it makes the database, then abandoned by one that is killed while the
    next run begins: that one lands its fix, on a database that is whole, and so does the run after it."""
    root, state = make_repo({"a.py": UNUSED, "b.py": UNUSED, "c.py": CLEAN}), tmp_path / "new"
    go = root.parent / "go"
    waits = f'checkers.mine.command=["sh", "-c", "while ! [ -e {go} ]; do sleep 0.1; done"]'
    table = [f"checkers.mine.{setting}" for setting in ("kind=command", PATTERN)]
    flags = [word for setting in (waits, *table) for word in ("--set", setting)]
    asked = begin(root, state, "fix", "c.py", "--checkers", "mine", *flags)
    wait_for(lambda: database_begun(state))
    go.touch()
    assert "nothing to fix" in asked.communicate(timeout=60)[0]
    assert all(whole(database) for database in (state / "server").glob("template-*")), "a database half made"
    killed = begin(root, state, "fix", "a.py")
    wait_for(lambda: database_begun(state) and len(running(str(state / "server"))) == 1)
    (abandoned,) = running(str(state / "server"))
    with Lock(state / "server" / "clients") as waiting:  # as a run does that waits for the one which starts a server
        assert waiting.acquire(shared=True, timeout_s=10)
        killed.kill()
        killed.communicate()
        code, out, err = ended(root, state, "fix", "a.py")
        assert code == 0, out + err
        wait_for(lambda: abandoned not in running(str(state / "server")))
    wait_for(lambda: not running(str(state / "server")))
    code, out, err = ended(root, state, "fix", "b.py")
    assert code == 0, out + err
    assert len(list((state / "server").glob("template-*"))) == 1
    assert git(root, "rev-list", "--count", "HEAD") == "3"


@pytest.mark.slow
def test_it_does_no_harm_to_a_run_beside_it(make_repo: MakeRepo, state: Path) -> None:
    """One that waits for the server that is given up begins its own, and one that had begun it keeps it."""
    root, clean = make_repo({"a.py": UNUSED, "b.py": UNUSED}), make_repo({"a.py": CLEAN}, "clean")
    for order in ((clean, root, clean), (root, clean, clean)):
        name = "a.py" if order[0] == clean else "b.py"
        processes = [begin(where, state, "fix", *([name] if where == root else [])) for where in order]
        for process in processes:
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, out + err
    assert git(root, "rev-list", "--count", "HEAD") == "3"
    wait_for(lambda: not running(str(state / "server")))
