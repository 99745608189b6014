"""`python -m tests.faults [--every N] [--docs FILE]`: agents × kill points × repositories, and a table of what survived."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.faults.agents import BEHAVIOURS
from tests.faults.harness import POINTS, Case, Verdict, run_case
from tests.faults.shapes import SHAPES

CASES = tuple(
    Case(shape, behaviour, *point)
    for shape in SHAPES
    for behaviour in BEHAVIOURS
    for point in (POINTS if behaviour.may_land else POINTS[:7])  # what never lands never comes to the later ones
)


def fence(folder: Path) -> None:
    """A HOME and a git configuration of our own."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    (home / "gitconfig").write_text(
        "[user]\n\tname = Tester\n\temail = tester@example.invalid\n[init]\n\tdefaultBranch = main\n"
    )
    os.environ.update({"HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"})


def table(verdicts: list[Verdict]) -> str:
    """Cases tried and survived, by the kind of repository, in Markdown."""
    titles = ("Repository", "Runs", "Cut off", "Survived", "Lost edits", "Unproven landings", "Leftovers")
    rows = [f"| {' | '.join(titles)} |", f"| --- |{' ---: |' * (len(titles) - 1)}"]
    groups = [(shape.name, [v for v in verdicts if v.case.shape is shape]) for shape in SHAPES]
    for name, group in (*groups, ("**all**", verdicts)):
        if group:
            numbers = (
                len(group), sum(v.cut for v in group), sum(v.survived for v in group), sum(len(v.lost_edits) for v in group),
                sum(len(v.unproven) for v in group), sum(len(v.leftovers) for v in group),
            )  # fmt: skip
            rows.append(f"| {name} | " + " | ".join(map(str, numbers)) + " |")
    return "\n".join(rows)


def main() -> int:
    """Run the cases, print the table; exit code 1 when one did not survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every n-th case")
    parser.add_argument("--docs", type=Path, help="the page whose table is to be written anew")
    given = parser.parse_args()
    verdicts = []
    chosen = CASES[:: given.every]
    for number, case in enumerate(chosen, start=1):
        with tempfile.TemporaryDirectory(prefix="stomper-fault-") as name:
            folder = Path(name).resolve()
            fence(folder)
            verdict = run_case(case, folder)
        verdicts.append(verdict)
        if not verdict.survived:
            wrong = [*verdict.lost_edits, *verdict.unproven, *verdict.leftovers, *verdict.other]
            print(f"{case.label}: {'; '.join(wrong)}", flush=True)
        if number % 100 == 0:
            print(f"… {number} of {len(chosen)}", file=sys.stderr, flush=True)
    print(table(verdicts))
    reached = Counter(f"{v.case.point} {v.case.count}" for v in verdicts if v.cut)
    print("killed at: " + ", ".join(f"{point} ({n})" for point, n in reached.most_common()))
    good = all(v.survived for v in verdicts)
    if given.docs is not None and good:
        page = given.docs.read_text(encoding="utf-8")
        head, rest = page.split("<!-- table faults -->\n", 1)
        tail = rest.split("<!-- end -->", 1)[1]
        given.docs.write_text(f"{head}<!-- table faults -->\n{table(verdicts)}\n<!-- end -->{tail}", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
