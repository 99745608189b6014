"""`python -m tests.landing.transaction [--histories N] [--killed N] [--docs FILE]`: seeded histories, and a table."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.landing.transaction.histories import Planned, play, wrong
from tests.landing.transaction.world import ACTS, PLACES, make_template

STEPS = 13
_MARKS = ("<!-- table landing -->\n", "<!-- end -->")


@dataclass(frozen=True)
class History:
    """How the history of one seed ended."""

    seed: int
    ended: str
    wrong: tuple[str, ...]
    settled_s: float
    acts: tuple[str, ...]


def planned(seed: int) -> list[Planned]:
    """The acts of one seed."""
    rng = random.Random(seed)  # noqa: S311 - for tests
    number = rng.choice((1, 1, 2, 2, 3, 4, 6))
    return [Planned(rng.randint(0, STEPS), rng.randrange(len(ACTS)), rng.randrange(len(PLACES))) for _ in range(number)]


def history(template: Path, seed: int, *, killed: bool) -> History:
    """Play the history of one seed."""
    plan = planned(seed) if not killed else []
    with tempfile.TemporaryDirectory(prefix="stomper-history-", ignore_cleanup_errors=True) as name:
        world, ended, seconds = play(template, Path(name).resolve(), plan, killed_at=seed % STEPS + 1 if killed else 0)
        return History(seed, ended, tuple(wrong(world, ended)), seconds, tuple(p.words for p in plan))


def table(histories: Sequence[History]) -> str:
    """How they ended, in Markdown."""
    rows = ["| The landing | Histories | Something lost, or half landed |", "| --- | ---: | ---: |"]
    by_end = Counter(h.ended for h in histories)
    bad = Counter(h.ended for h in histories if h.wrong)
    rows += [f"| {ended} | {number} | {bad[ended]} |" for ended, number in by_end.most_common()]
    return "\n".join([*rows, f"| **all** | {len(histories)} | {sum(bad.values())} |"])


def played(template: Path, seeds: range, *, killed: bool) -> Iterator[History]:
    """The histories of *seeds*, on all cores. What is wrong is printed as it is found."""
    with ProcessPoolExecutor(max_workers=os.cpu_count(), mp_context=get_context("fork")) as pool:
        for one in pool.map(partial(history, template, killed=killed), seeds, chunksize=8):
            if one.wrong:
                print(f"seed {one.seed}, {one.ended}: {'; '.join(one.wrong)} after {', '.join(one.acts)}", flush=True)
            yield one


def main() -> int:
    """Play the histories and print the table; exit code 1 when something is wrong in one."""
    parser = argparse.ArgumentParser(prog="python -m tests.landing.transaction", description=__doc__)
    parser.add_argument("--histories", type=int, default=3000, help="with acts of a user (%(default)s)")
    parser.add_argument("--killed", type=int, default=200, help="with a kill -9 (%(default)s)")
    parser.add_argument("--docs", type=Path, help="the page whose table is to be written anew")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stomper-history-") as name:
        os.environ.update({"HOME": name, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull})
        template = Path(name).resolve() / "repo"
        make_template(template)
        done = [*played(template, range(given.histories), killed=False)]
        cut = [*played(template, range(given.killed), killed=True)]
    shown = table([*done, *cut])
    print(shown)
    slowest = max((h.settled_s for h in cut), default=0.0)
    print(f"longest time from a kill until all was settled: {slowest:.2f} s")
    good = not any(h.wrong for h in (*done, *cut))
    if given.docs is not None and good:
        head, rest = given.docs.read_text(encoding="utf-8").split(_MARKS[0], 1)
        tail = rest.split(_MARKS[1], 1)[1]
        given.docs.write_text(f"{head}{_MARKS[0]}{shown}\n{_MARKS[1]}{tail}", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
