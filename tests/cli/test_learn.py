"""`stomper stats` and `stomper learn`: what was tried is shown, and carried to another machine without its source."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from stomper.cli import app
from stomper.errors import StomperError
from stomper.learning.examples import Example, Examples
from stomper.learning.export import exported, import_from
from stomper.learning.stats import stats_of
from stomper.learning.trials import Trials, repository_of
from stomper.models import Model
from stomper.state.paths import home
from stomper.state.store import Store
from tests.support.repositories import MakeRepo, git
from tests.support.trials import trial

STOMPER = str(Path(sys.executable).with_name("stomper"))

TRIALS = (
    trial(seconds=1.0, cost_usd=0.02, tried={"ruff:F401": 3, "mypy:index": 1}, fixed={"ruff:F401": 2}),
    trial(seconds=3.0, cost_usd=0.01, fixed={}, reason="guard", agent="large", strategy="terse"),
    trial(seconds=9.0, cost_usd=None, rule="mypy:index", strategy=""),
    trial(seconds=2.0, cost_usd=None, rule="mypy:index", fixed={}),
)


def run(root: Path, *words: str) -> str:
    """What a command prints; it ends with exit code 0 and says nothing else."""
    with contextlib.chdir(root):
        done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def known(make_repo: MakeRepo) -> Path:
    """A repository with four trials and an example; another one has a trial of its own."""
    root = make_repo({"a.py": "x = 1\n"})
    here, store = repository_of(root), Store(home())
    Trials(store).add(*(t.model_copy(update={"repository": here}) for t in TRIALS), trial(repository="elsewhere"))
    Examples(store).add(Example(repository=here, rule="ruff:F401", commit="c", hunk="-import SOURCE"))
    store.close()
    return root


def test_what_the_tables_say() -> None:
    """Shares and costs count what failed; a cost that nobody said is unknown."""
    stats = stats_of(TRIALS)
    rows = {row.name: row for row in (*stats.by_code, *stats.by_agent, *stats.by_strategy)}
    assert [row.name for row in stats.by_code] == ["mypy:index", "ruff:F401"]
    f401 = rows["ruff:F401"]
    assert (f401.attempts, f401.tried, f401.proven, f401.share, f401.median_s) == (2, 4, 2, 0.5, 2.0)
    assert f401.cost_per_fix_usd == pytest.approx((0.02 * 3 / 4 + 0.01) / 2)
    assert (f401.unknown_costs, rows["mypy:index"].unknown_costs, rows["mypy:index"].cost_per_fix_usd) == (0, 2, None)
    assert (rows["small"].attempts, rows["small"].proven, rows["large"].cost_per_fix_usd) == (3, 3, None)
    assert {row.name: row.attempts for row in stats.by_strategy} == {"rules": 2, "terse": 1, "": 1}
    assert stats.hardest == ("mypy:index", "ruff:F401")
    assert stats_of(()).trials == 0


def test_what_was_taken_back_does_not_count() -> None:
    """Neither as a fix nor for its price."""
    (row,) = stats_of([trial(), trial(standing=False)]).by_agent
    assert (row.proven, row.share) == (1, 0.5)
    assert row.cost_per_fix_usd == pytest.approx(0.02)


def test_stats(known: Path) -> None:
    """This repository's tables, or those of all, for people and for programs."""
    shown = run(known, "stats")
    lines = [line.split() for line in shown.splitlines()]
    assert shown.startswith("4 call(s) since ")
    assert ["ruff:F401", "2", "4", "2", "50%", "$0.0125", "2.0", "s"] in lines
    assert ["mypy:index", "3", "3", "1", "33%", "none", "fixed", "(2", "unknown)", "2.0", "s"] in lines
    assert ["(no", "prompt)", "1", "1", "1", "100%", "unknown", "9.0", "s"] in lines
    assert ["hardest:", "mypy:index,", "ruff:F401"] in lines
    said: dict[str, Any] = json.loads(run(known, "stats", "--json"))
    assert (said["trials"], said["by_code"][0]["cost_per_fix_usd"]) == (4, None)
    assert json.loads(run(known, "stats", "--json", "--all"))["trials"] == 5


def test_stats_of_what_was_never_tried(make_repo: MakeRepo, tmp_path: Path) -> None:
    """It says so; for all repositories it can be asked anywhere."""
    assert run(make_repo({"a.py": ""}), "stats") == run(tmp_path, "stats", "--all")
    assert run(tmp_path, "stats", "--all").startswith("nothing was tried yet")


def test_stats_look_for_what_was_taken_back(known: Path) -> None:
    """A revert since the last run counts at once."""
    (known / "a.py").write_text("x = 2\n")
    git(known, "commit", "--quiet", "-am", "fix")
    store = Store(home())
    Trials(store).mark_landed("run-1", {"a.py": git(known, "rev-parse", "HEAD")})
    assert run(known, "stats", "--json").count('"proven": 2') > 0
    git(known, "revert", "--no-edit", "HEAD")
    assert {row["proven"] for row in json.loads(run(known, "stats", "--json"))["by_agent"]} == {0}
    store.close()


def test_there_and_back(known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine knows the same afterwards, and not twice when it is told twice."""
    before = json.loads(run(known, "stats", "--json"))
    run(known, "learn", "export", str(tmp_path / "learned.jsonl"), "--with-examples")
    monkeypatch.setenv("STOMPER_HOME", str(tmp_path / "other"))
    assert run(known, "learn", "import", str(tmp_path / "learned.jsonl")) == "4 call(s) read, 4 of them new\n"
    assert run(known, "learn", "import", str(tmp_path / "learned.jsonl")) == "4 call(s) read, 0 of them new\n"
    assert json.loads(run(known, "stats", "--json")) == before
    store = Store(home())
    assert [e.hunk for e in Examples(store).all(repository_of(known))] == ["-import SOURCE"]
    store.close()


def test_what_became_of_a_fix_is_carried_too(tmp_path: Path) -> None:
    """What was taken back on one machine is taken back on the other; nothing is unsaid by an older file."""
    one, two, old, new = Store(tmp_path / "1"), Store(tmp_path / "2"), tmp_path / "old", tmp_path / "new"
    Trials(one).add(trial(commit="c0ffee"))
    old.write_text("".join(exported(one)))
    Trials(one).mark_reverted("c0ffee")
    new.write_text("".join(exported(one)))
    for file, standing in ((old, True), (new, False), (old, False)):
        import_from(two, file)
        assert [(t.commit, t.standing) for t in Trials(two).newest()] == [("c0ffee", standing)]


def test_an_export_holds_no_source_and_no_paths(known: Path) -> None:
    """Unless the source is asked for; then it is the accepted fixes."""
    plain = run(known, "learn", "export", "-")
    assert len(plain.splitlines()) == 5
    assert [w for w in ("SOURCE", "a.py", str(known), '"path"') if w in plain] == []
    assert "SOURCE" in run(known, "learn", "export", "-", "--with-examples")
    assert len(run(known, "learn", "export", "-", "--all").splitlines()) == 6


def changed(line: str, **values: object) -> str:
    """The line of a trial with some other values."""
    return json.dumps({"trial": {**json.loads(line)["trial"], **values}})


@pytest.mark.parametrize(
    "wrong",
    ["{", '{"what": 1}', {"tried": {"ruff:F401": -1}}, {"mood": "good"}, {"tried": {"x": 1}}, {"id": "1"}],
)
def test_a_bad_line_is_named_and_nothing_is_taken_in(
    known: Path, tmp_path: Path, wrong: str | dict[str, object]
) -> None:
    """The file and the line's number, and all other lines are left out too."""
    lines = run(known, "learn", "export", "-").splitlines()
    lines[3] = wrong if isinstance(wrong, str) else changed(lines[3], **wrong)
    file = tmp_path / "learned.jsonl"
    file.write_text("\n".join(lines) + "\n")
    store = Store(tmp_path / "empty")
    with pytest.raises(StomperError, match=r"learned\.jsonl:4: (.|\n)*nothing was imported"):
        import_from(store, file)
    assert Trials(store).newest() == []


def test_files_that_are_none(known: Path, tmp_path: Path) -> None:
    """What is cut short, of a newer Stomper, something else or not there is refused in words."""
    whole = run(known, "learn", "export", "-")
    head, first = whole.splitlines()[:2]
    cases: dict[str, tuple[str | bytes, str]] = {
        "short": (f"{head}\n{first}\n", r"it has 1 trial\(s\) .*nothing was imported"),
        "newer": (whole.replace('"version":1', '"version":2'), ":1: version 2 was written by a newer Stomper"),
        "other": ("hello\n", ":1: this is not the first line"),
        "empty": ("", ":1: this is not the first line"),
        "binary": (b"\xff\xfe", "this is not text"),
    }
    store = Store(tmp_path / "store")
    for name, (content, words) in cases.items():
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(StomperError, match=f"{name}:? ?.*{words}"):
            import_from(store, file)
    with pytest.raises(StomperError, match="missing: cannot be read: No such file"):
        import_from(store, tmp_path / "missing")
    with pytest.raises(StomperError, match="cannot be written: No such file"):
        run(known, "learn", "export", str(tmp_path / "no" / "folder"))
    assert Trials(store).newest() == []


def test_no_table_is_left_out_of_the_file(tmp_path: Path) -> None:
    """What a trial says and what is kept of it have the same parts."""
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / "stomper.db") as db:
        for table, model in (("trials", type(trial())), ("examples", Example)):
            columns = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
            assert issubclass(model, Model)
            names = {"commit_id" if name == "commit" else name for name in model.model_fields}
            assert columns - {"id"} == names - {"id"}
    db.close()


def test_a_reader_that_has_enough_is_no_error(make_repo: MakeRepo) -> None:
    """`stomper learn export - | head` complains of nothing."""
    root = make_repo({"a.py": ""})
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as out:
        done = subprocess.run(
            (STOMPER, "learn", "export", "-"), cwd=root, stdout=out, stderr=subprocess.PIPE, check=False
        )
    assert (done.stderr, done.returncode) == (b"", 0)


def test_a_message_is_not_broken_at_a_width(tmp_path: Path) -> None:
    """So that the paths in it can be copied."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    done = subprocess.run((STOMPER, "stats"), cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
