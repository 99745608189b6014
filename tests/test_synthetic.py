"""Synthetic repositories are as they were asked for, by the word of ruff, mypy and pytest."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.synthetic import Shape, make
from benchmarks.synthetic.__main__ import main
from benchmarks.synthetic.make import git
from benchmarks.synthetic.shape import CODES, Code

SAFE, UNSAFE = {"B009", "F401", "F541", "I001"}, {"E711", "F841"}


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Any small repository."""
    files, tests = draw(st.integers(8, 40)), draw(st.integers(0, 3))
    modules = Shape(files=files, tests=tests, broken=0, package_size=4).modules
    codes: list[Code] = draw(st.lists(st.sampled_from(CODES), unique=True, min_size=1))
    broken = draw(st.integers(0, modules))
    return Shape(
        files=files,
        functions=draw(st.integers(1, 3)),
        broken=broken,
        codes=tuple(codes),
        package_size=4,
        imports=draw(st.integers(0, 3)),
        tests=tests,
        culprits=draw(st.integers(0, broken)) if tests and "F401" in codes else 0,
        seed=draw(st.integers(0, 3)),
    )


def found_by_ruff(root: Path) -> list[tuple[str, str, str]]:
    """Path, code and applicability of each error."""
    argv = (str(Path(sys.executable).with_name("ruff")), "check", "--no-cache", "--output-format", "json", ".")
    done = subprocess.run(argv, cwd=root, capture_output=True, check=False)
    entries = json.loads(done.stdout)
    return [
        (Path(e["filename"]).relative_to(root).as_posix(), e["code"], (e["fix"] or {}).get("applicability", "none"))
        for e in entries
    ]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=shapes())
def test_every_count_is_kept(shape: Shape, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As many files as asked for, and in as many of them just the errors asked for, each once."""
    made = make(tmp_path_factory.mktemp("synthetic") / "repo", shape)
    python = [path for path in git(made.root, "ls-files").splitlines() if path.endswith(".py")]
    assert len(python) == shape.files
    assert len(made.tests) == shape.tests
    assert git(made.root, "status", "--porcelain") == ""
    found = found_by_ruff(made.root)
    assert Counter((path, code) for path, code, _ in found) == {(p, c): 1 for p in made.broken for c in shape.codes}
    assert len(made.broken) == shape.broken
    fixable = {code: fix for _, code, fix in found}
    for code, fix in fixable.items():
        assert fix == ("safe" if code in SAFE else "unsafe" if code in UNSAFE else "none")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=shapes())
def test_the_same_shape_is_the_same_tree(shape: Shape, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Seeded: made twice it is one tree, and another seed is another tree."""
    folder = tmp_path_factory.mktemp("synthetic")
    other = shape.model_copy(update={"seed": shape.seed + 1})
    first, again, third = (make(folder / str(n), s) for n, s in enumerate((shape, shape, other)))
    assert first.tree == again.tree
    assert first.tree != third.tree


@pytest.mark.slow
def test_the_culprits_and_no_others_break_a_test(tmp_path: Path) -> None:
    """The suite is green; with the unused imports removed, as many tests fail as there are culprits, for their sake."""
    made = make(tmp_path / "repo", Shape(files=30, broken=8, tests=3, culprits=2, suite_s=0.03))
    pytest_argv = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert subprocess.run(pytest_argv, cwd=made.root, check=False).returncode == 0
    ruff = str(Path(sys.executable).with_name("ruff"))
    subprocess.run((ruff, "check", "--fix", "--quiet", "--no-cache", "."), cwd=made.root, check=True)
    done = subprocess.run(pytest_argv, cwd=made.root, capture_output=True, text=True, check=False)
    failed = {line.split("test_offers_json_")[1][:5] for line in done.stdout.splitlines() if line.startswith("FAILED")}
    assert failed == {Path(path).stem.removeprefix("module_") for path in made.culprits}
    assert len(failed) == 2


def test_type_errors_are_for_mypy(tmp_path: Path) -> None:
    """As many modules as asked for have one error of mypy, those with errors of ruff first."""
    made = make(tmp_path / "repo", Shape(files=12, broken=2, type_errors=3))
    argv = (sys.executable, "-m", "mypy", "--cache-dir=/dev/null", "--no-error-summary", ".")
    done = subprocess.run(argv, cwd=made.root, capture_output=True, text=True, check=False)
    assert sorted(line.partition(":")[0] for line in done.stdout.splitlines()) == sorted(made.mistyped)
    assert set(made.broken) < set(made.mistyped)
    assert len(made.mistyped) == 3


@pytest.mark.parametrize(
    "asked", [{"files": 10, "broken": 10}, {"broken": 3, "culprits": 4, "tests": 1}, {"culprits": 1}, {"codes": ()}]
)
def test_what_cannot_be_is_refused(asked: dict[str, object]) -> None:
    """More errors than modules, more culprits than errors, culprits without tests, errors without codes."""
    with pytest.raises(ValidationError):
        Shape.model_validate(asked)


def test_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what it made; a folder that is there already, and a shape that cannot be, are refused with exit code 2."""
    folder = tmp_path / "repo"

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["synthetic", str(folder), *arguments])
        return main()

    assert run("--files", "10", "--broken", "2", "--codes", "F401,E711") == 0
    assert "10 Python files, 2 with errors" in capsys.readouterr().out
    assert Counter(code for _, code, _ in found_by_ruff(folder)) == {"F401": 2, "E711": 2}
    with pytest.raises(SystemExit, match="2"):
        run("--files", "10", "--broken", "2")
    folder = tmp_path / "other"
    with pytest.raises(SystemExit, match="2"):
        run("--files", "10", "--broken", "11")
    assert not folder.exists()
