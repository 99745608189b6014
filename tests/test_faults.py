"""A part of the fault matrix; `make faults` runs all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.__main__ import CASES
from tests.faults.harness import Case, run_case


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.label) for case in CASES[3::67]])
def test_a_run_that_is_cut_off(tmp_path: Path, case: Case) -> None:
    """Nothing of the user's is lost, nothing unproven lands, nothing is left behind, and the next run ends right."""
    verdict = run_case(case, tmp_path)
    assert [*verdict.lost_edits, *verdict.unproven, *verdict.leftovers, *verdict.other] == []
