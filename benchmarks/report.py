"""docs/performance.md from what the benchmarks have measured: `python -m benchmarks.report [FOLDER]`.

Gathers the JSON files of FOLDER (`.bench`) into docs/performance.json, which is kept beside the page, and writes the
measured part of the page anew. What no file of the folder is about stays as it was."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmarks.command import BENCH
from benchmarks.results import Figure, Ratio, Result, Results, spelt, verdict

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, DATA = DOCS / "performance.md", DOCS / "performance.json"
_BEGIN, _END = "<!-- measured -->", "<!-- end of what was measured -->"
ORDER = ("fan_out", "deterministic", "landing", "suites", "start", "many", "two_runs")
TITLES = {
    "fan_out": "Fan-out",
    "deterministic": "Against a shell loop",
    "landing": "Landing",
    "suites": "Tests",
    "start": "Start-up",
    "many": "Many files",
    "two_runs": "Two runs on one server",
}


class Measurements(BaseModel):
    """The results of all benchmarks, in the order of the page."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    benchmarks: tuple[Results, ...] = ()

    def with_newer(self, newer: Sequence[Results]) -> Measurements:
        """These, with those that were measured again in their place."""
        found = {r.benchmark: r for r in (*self.benchmarks, *newer)}
        return Measurements(benchmarks=tuple(found[name] for name in ORDER if name in found))


def table(results: Results) -> str:
    """One benchmark as a section: ratios first, then what this machine took."""
    rows = [f"### {TITLES[results.benchmark]}", "", f"`python -m benchmarks.{results.benchmark}`"]
    for result in results.results:
        rows += ["", _sentence(result), "", "| | Median | Least to most | Limit | |", "| --- | --- | --- | --- | --- |"]
        rows += [_row(ratio) for ratio in result.ratios]
        rows += [_row(figure) for figure in result.figures]
    return "\n".join(rows)


def _sentence(result: Result) -> str:
    rounds = "One round" if result.rounds == 1 else f"{result.rounds} rounds"
    quick = ", less than the whole size" if result.quick else ""
    return f"{result.setup[:1].upper()}{result.setup[1:]}. {rounds}{quick}:"


def _row(number: Ratio | Figure) -> str:
    median = spelt(number.median, number.unit)
    least, most = spelt(min(number.values), ""), spelt(max(number.values), "")
    span = f"{least} – {most}" if len(number.values) > 1 else ""
    if isinstance(number, Figure):
        return f"| {number.name} | {median} | {span} | | |"
    return f"| **{number.name}** | **{median}** | {span} | {number.limit} | {verdict(number)} |"


def overview(measured: Measurements) -> str:
    """Every number that has a limit, in one table, and the machine in words."""
    rows = ["| What | | Measured | Limit | |", "| --- | --- | --- | --- | --- |"]
    for results in measured.benchmarks:
        for result in results.results:
            for ratio in result.ratios:
                if ratio.limit:
                    value = spelt(ratio.median, ratio.unit)
                    rows.append(f"| {result.setup} | {ratio.name} | {value} | {ratio.limit} | {verdict(ratio)} |")
    machines = sorted({f"{r.cores} core(s), Python {r.python}" for r in measured.benchmarks})
    return "\n".join([*rows, "", f"Measured on {'; '.join(machines)}."])


def rendered(page: str, measured: Measurements) -> str:
    """*page* with its measured part made of *measured*. Raises ValueError when it has no such part."""
    parts = "\n\n".join([overview(measured), *(table(results) for results in measured.benchmarks)])
    made, number = re.subn(
        f"{re.escape(_BEGIN)}.*{re.escape(_END)}",
        lambda _: f"{_BEGIN}\n\n{parts}\n\n{_END}",
        page,
        flags=re.DOTALL,
    )
    if number != 1:
        raise ValueError(f"the page has no part between {_BEGIN} and {_END}")
    return made


def kept(path: Path = DATA) -> Measurements:
    """What the page was made of last."""
    return Measurements.model_validate_json(path.read_bytes()) if path.exists() else Measurements()


def found_in(folder: Path) -> list[Results]:
    """The results in the JSON files of *folder*, by name; files of other programs are passed over."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            results = Results.model_validate_json(path.read_bytes())
        except ValidationError:
            continue
        if results.benchmark in ORDER:
            found.append(results)
    return found


def main() -> int:
    """Gather, keep, write."""
    measured = kept().with_newer(found_in(Path(sys.argv[1]) if len(sys.argv) > 1 else BENCH))
    DATA.write_text(measured.model_dump_json(indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8"), measured), encoding="utf-8")
    print(f"{PAGE}: {len(measured.benchmarks)} benchmark(s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
