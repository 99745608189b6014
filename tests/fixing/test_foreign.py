"""Vendored and generated files: left out of the jobs, or reported where somebody asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.checkers.selection import Scope
from stomper.git.attributes import linguist
from stomper.models import LeftOut, Status
from tests.support.repositories import MakeRepo, git, open_run
from tests.support.runs import RULES, by_path, repair

UNUSED = "import os\n"
ATTRIBUTES = "lib/** linguist-vendored\nschema.py linguist-generated=true\nvendor/ours.py -linguist-vendored\n"


@pytest.fixture
def root(make_repo: MakeRepo) -> Path:
    """A repository with code of its own, other people's, and some that is generated."""
    paths = ("a.py", "vendor/x.py", "src/third_party/y.py", "lib/z.py", "schema.py", "vendor/ours.py")
    return make_repo({".gitattributes": ATTRIBUTES, **dict.fromkeys(paths, UNUSED)})


def chosen(root: Path, *paths: str, **settings: object) -> tuple[list[str], LeftOut]:
    """The jobs of a run over *paths*, and what it leaves out."""
    session = open_run(root, checkers=RULES, test_validation="none", **settings)
    session.scope = Scope(paths=paths)
    try:
        session.collect()
        jobs, left_out = session.select()
        return sorted(job.path for job in jobs), left_out
    finally:
        session.close()


def test_vendored_files_are_left_out_and_counted(root: Path) -> None:
    """By their folders and by the repository's attributes, which also say what is not vendored."""
    jobs, left_out = chosen(root)
    assert jobs == ["a.py", "schema.py", "vendor/ours.py"]
    assert left_out.vendored == {"lib/z.py": 1, "src/third_party/": 1, "vendor/": 1}
    assert left_out.words == "3 vendored (lib/z.py, src/third_party/, vendor/)"


def test_what_is_named_is_reported(root: Path) -> None:
    """A vendored file, or a folder of such, on the command line is a job, which is skipped for that reason."""
    assert chosen(root, "vendor/x.py")[0] == ["vendor/x.py"]
    assert chosen(root, "vendor")[0] == ["vendor/ours.py", "vendor/x.py"]
    assert chosen(root, "src/third_party")[0] == ["src/third_party/y.py"]
    assert chosen(root, "lib/z.py")[0] == ["lib/z.py"]
    assert chosen(root, "src")[1].vendored == {"src/third_party/": 1}


def test_with_the_guard_off_all_are_jobs(root: Path) -> None:
    """It is the guard for such files that keeps them out."""
    assert len(chosen(root, guards_off=("generated",))[0]) == 6


def test_a_generated_file_is_skipped_before_anybody_is_paid(root: Path) -> None:
    """The attribute says so; the others are repaired."""
    landing = repair(root)
    found = by_path(landing)
    assert found["schema.py"].status is Status.SKIPPED
    assert ".gitattributes" in found["schema.py"].reason
    assert {entry.path for entry in landing.landed} == {"a.py", "vendor/ours.py"}


def test_attributes_are_those_of_the_commit(root: Path) -> None:
    """What lies in the checkout does not count."""
    (root / ".gitattributes").write_text("a.py linguist-generated\n")
    said = linguist(root, git(root, "rev-parse", "HEAD"))
    assert said["schema.py"] == {"generated": True}
    assert said["vendor/ours.py"] == {"vendored": False}
    assert "a.py" not in said
