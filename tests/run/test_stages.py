"""The stages of a run, and how it ends when it cannot go on."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from stomper.fixing.fix_file import process_file
from stomper.landing.land import Landing, land
from stomper.models import FileJob
from stomper.run import stages
from tests.support.repositories import MakeRepo, git, open_run
from tests.support.runs import RULES, commit

UNUSED = "import os\nx = 1\n"


def test_a_base_that_was_pruned(make_repo: MakeRepo) -> None:
    """The commit that the run began with is gone: one message that says so, and exit code 2."""
    root = make_repo({"a.py": UNUSED})
    commit(root, "b.py", UNUSED)
    session = open_run(root, checkers=RULES, test_validation="none")

    def pruned(jobs: Sequence[FileJob]) -> Landing:
        git(root, "reset", "--quiet", "--hard", "HEAD~1")
        git(root, "reflog", "expire", "--expire=now", "--all")
        git(root, "gc", "--quiet", "--prune=now")
        return land(session, [process_file(session, job) for job in jobs], contextlib.nullcontext)

    try:
        report = stages.carried_out(session, pruned, lambda _report, _outcomes: None)
    finally:
        stages.cleanup(session)
    assert report.exit_code == 2
    assert "was pruned meanwhile" in report.failure


def test_no_memory_left(make_repo: MakeRepo) -> None:
    """The report says so, with exit code 2."""
    session = open_run(make_repo({"a.py": UNUSED}), checkers=RULES, test_validation="none")

    def starved(_: Sequence[FileJob]) -> Landing:
        raise MemoryError

    try:
        report = stages.carried_out(session, starved, lambda _report, _outcomes: None)
    finally:
        stages.cleanup(session)
    assert (report.exit_code, report.failure.partition(":")[0]) == (2, "there is no memory left")
