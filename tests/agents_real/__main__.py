"""`python -m tests.agents_real [PROGRAM ...] [--case NAME] [--docs FILE]`: real programs × cases, and a table of them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.agents_real.cases import Verdict, every, in_folder
from tests.agents_real.install import PINS, install


def table(verdicts: dict[str, dict[str, Verdict]]) -> str:
    """A row for each case, a column for each program: seconds, or what is wrong."""
    kinds = list(verdicts)
    names = list(dict.fromkeys(name for found in verdicts.values() for name in found))
    rows = [f"| Case | {' | '.join(kinds)} |", f"| --- |{' ---: |' * len(kinds)}"]
    for name in names:
        cells = (verdicts[kind].get(name) for kind in kinds)
        shown = ("" if v is None else f"{v.seconds:.0f} s" if not v.wrong else "**wrong**" for v in cells)
        rows.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join(rows)


def main() -> int:
    """Install, run the cases, print the table; exit code 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.agents_real", description=__doc__)
    parser.add_argument("programs", nargs="*", help=f"of {', '.join(PINS)}; all, when none is named")
    parser.add_argument("--case", action="append", help="only this case; repeatable")
    parser.add_argument("--docs", type=Path, help="the page whose table is to be written anew")
    given = parser.parse_args()
    kinds = given.programs or list(PINS)
    os.environ["PATH"] = os.pathsep.join([*map(str, install(kinds)), os.environ["PATH"]])
    verdicts: dict[str, dict[str, Verdict]] = {kind: {} for kind in kinds}
    for kind in kinds:
        for name, case in every(kind).items():
            if not given.case or name in given.case:
                verdict = verdicts[kind][name] = in_folder(case)
                ending = f"WRONG: {verdict.wrong} · {verdict.words}" if verdict.wrong else verdict.words
                print(f"{kind}: {name}: {verdict.seconds:.1f} s: {ending}", flush=True)
    shown = table(verdicts)
    print(f"\n{shown}")
    if given.docs:
        page = given.docs.read_text(encoding="utf-8")
        head, mark, rest = page.partition("<!-- table measured -->\n")
        given.docs.write_text(f"{head}{mark}{shown}\n{rest[rest.index('<!-- end -->') :]}", encoding="utf-8")
    return int(any(v.wrong for found in verdicts.values() for v in found.values()))


if __name__ == "__main__":
    sys.exit(main())
