"""`python -m tests.agents_real [PROGRAM ...] [--case NAME] [--docs FILE]`: real programs × cases, and a table of them.

Each program has a process of its own, a few of them at once: the cases of one program mind who else is running."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import TypeAdapter

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


_LINE = "verdict "
_VERDICT = TypeAdapter(tuple[str, Verdict])


def one(kind: str, cases: Sequence[str] | None) -> None:
    """The cases of one program, each with a line for people and a line for the process that asked."""
    for name, case in every(kind).items():
        if not cases or name in cases:
            verdict = in_folder(case)
            ending = f"WRONG: {verdict.wrong} · {verdict.words}" if verdict.wrong else verdict.words
            print(f"{kind}: {name}: {verdict.seconds:.1f} s: {ending}")
            print(_LINE + _VERDICT.dump_json((name, verdict)).decode(), flush=True)


def apart(kind: str, cases: Sequence[str]) -> dict[str, Verdict]:
    """The same in a process of its own. What it prints for people is passed on."""
    words = [word for case in cases for word in ("--case", case)]
    argv = (sys.executable, "-m", "tests.agents_real", "--one", kind, *words)
    found: dict[str, Verdict] = {}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(_LINE):
                name, verdict = _VERDICT.validate_json(line.removeprefix(_LINE))
                found[name] = verdict
            else:
                print(line, end="", flush=True)
    if process.returncode:
        found["all"] = Verdict(f"the cases ended with exit code {process.returncode}", "", 0.0)
    return found


def main() -> int:
    """Install, run the cases, print the table; exit code 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.agents_real", description=__doc__)
    parser.add_argument("programs", nargs="*", help=f"of {', '.join(PINS)}; all, when none is named")
    parser.add_argument("--case", action="append", help="only this case; repeatable")
    parser.add_argument("--at-once", type=int, default=2, help="how many programs at once; 2")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--docs", type=Path, help="the page whose table is to be written anew")
    given = parser.parse_args()
    kinds = given.programs or list(PINS)
    os.environ["PATH"] = os.pathsep.join([*map(str, install(kinds)), os.environ["PATH"]])
    if given.one:
        one(kinds[0], given.case)
        return 0
    with ThreadPoolExecutor(given.at_once) as pool:
        verdicts = dict(zip(kinds, pool.map(lambda kind: apart(kind, given.case or ()), kinds), strict=True))
    shown = table(verdicts)
    print(f"\n{shown}")
    if given.docs:
        page = given.docs.read_text(encoding="utf-8")
        head, mark, rest = page.partition("<!-- table measured -->\n")
        given.docs.write_text(f"{head}{mark}{shown}\n{rest[rest.index('<!-- end -->') :]}", encoding="utf-8")
    return int(any(v.wrong for found in verdicts.values() for v in found.values()))


if __name__ == "__main__":
    sys.exit(main())
