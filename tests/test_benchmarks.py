"""The benchmarks' own arithmetic, floors and pages. What they measure is not judged here."""

from __future__ import annotations

import http.server
import math
import os
import random
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import report
from benchmarks.command import write_config
from benchmarks.floors import packed_s, shell_loop, whole_tree_s
from benchmarks.landing import flatness
from benchmarks.mutants import damaged, with_unused
from benchmarks.profile import profile
from benchmarks.results import Figure, Ratio, Result, Results, spelt
from benchmarks.runs import Measured, RunEnd, measured_fix, most_at_once
from benchmarks.server_watch import Health, ServerWatch
from benchmarks.synthetic import Shape, make
from benchmarks.synthetic.make import git

SECONDS = st.floats(min_value=0, max_value=100, allow_nan=False)


def result(*ratios: Ratio, name: str = "landing") -> Results:
    """What a benchmark comes to."""
    figures = (Figure(name="the whole run", values=(3.0, 1.0, 2.0)),)
    one = Result(benchmark=name, setup="ten files", rounds=3, ratios=ratios, figures=figures)
    return Results(benchmark=name, cores=2, python="3.12.1", results=(one,))


def test_the_page_is_what_the_program_makes_of_the_measurements() -> None:
    """`python -m benchmarks.report` has been run since a benchmark was, and nobody wrote into its tables by hand."""
    page = report.PAGE.read_text(encoding="utf-8")
    assert report.rendered(page, report.kept()) == page


def test_a_page_tells_ratios_first_with_their_limits_and_whether_they_are_met() -> None:
    """What stands around the measured part stays; there is no place for a page without such a part."""
    good = Ratio(name="wall over ideal", values=(1.2, 1.0, 1.1), at_most=1.15)
    bad = Ratio(name="commits", values=(59.0,), unit="1/s", at_least=60)
    measured = report.Measurements(benchmarks=(result(good, bad),))
    page = report.rendered("# Frame\n<!-- measured -->old<!-- end of what was measured -->\nend\n", measured)
    assert page.startswith("# Frame\n<!-- measured -->")
    assert page.endswith("<!-- end of what was measured -->\nend\n")
    assert "old" not in page
    assert "| **wall over ideal** | **1.10 ×** | 1.00 – 1.20 | ≤ 1.15 × | met |" in page
    assert "| **commits** | **59.0 1/s** |  | ≥ 60.0 1/s | missed |" in page
    assert "| the whole run | 2.00 s | 1.00 – 3.00 | | |" in page
    assert page.index("wall over ideal") < page.index("the whole run")
    assert "2 core(s), Python 3.12.1" in page
    assert report.rendered(page, measured) == page
    with pytest.raises(ValueError, match="no part"):
        report.rendered("# Frame\n", measured)


def test_a_benchmark_that_is_measured_again_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    """Others stay; files of other programs in the folder are passed over."""
    old, new = (result(Ratio(name="r", values=(value,))) for value in (1.0, 2.0))
    other = result(Ratio(name="r", values=(3.0,)), name="fan_out")
    new.write(tmp_path / "landing.json")
    unknown = result(Ratio(name="r", values=(math.nan,), at_most=1), name="many")
    unknown.write(tmp_path / "many.json")
    (tmp_path / "strange.json").write_text('{"a": 1}', encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    merged = report.Measurements(benchmarks=(old, other)).with_newer(report.found_in(tmp_path))
    assert merged.benchmarks[:2] == (other, new)
    assert merged.benchmarks[2].results[0].ratios[0].met is False  # what could not be measured meets no limit


@given(st.lists(SECONDS, min_size=1), SECONDS)
def test_a_limit_is_met_by_the_median(values: list[float], limit: float) -> None:
    """At the limit counts as met, for both kinds; without a limit there is no verdict."""
    ratio = Ratio(name="r", values=tuple(values), at_most=limit)
    assert ratio.met == (ratio.median <= limit)
    assert ratio.model_copy(update={"at_most": None, "at_least": limit}).met == (ratio.median >= limit)
    assert ratio.model_copy(update={"at_most": None}).met is None
    assert Ratio(name="r", values=(1.5,), at_most=1.5, at_least=1.5).met


@given(st.lists(SECONDS), st.integers(1, 8))
def test_no_schedule_is_shorter_than_the_ideal(seconds: list[float], lanes: int) -> None:
    """Longest first is a schedule, so never shorter; and it is at most a third longer than the best there is."""
    load = [0.0] * lanes
    for piece in sorted(seconds, reverse=True):
        load[load.index(min(load))] += piece
    assert max(load) >= packed_s(seconds, lanes) - 1e-6
    assert max(load) <= packed_s(seconds, lanes) * 2 + 1e-6


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5))))
def test_most_at_once_is_the_fullest_moment(begun: list[tuple[int, int]]) -> None:
    """As counted at each half moment; who ends as another begins does not share a moment with it."""
    intervals = [(float(start), float(start + length)) for start, length in begun]
    moments = [number + 0.5 for number in range(26)]
    most = max(sum(start < moment < end for start, end in intervals) for moment in moments)
    assert most_at_once(intervals) == most


def test_the_stages_of_a_run_add_up_to_it() -> None:
    """Each line that begins a stage ends the one before; the files' work begins when they are known."""
    lines = (
        (1.0, "start Prefect"),
        (4.0, "initialize"),
        (5.0, "collect"),
        (6.0, "2 error(s) in 2 file(s) to repair"),
        (7.0, "[1/2] fixed a.py (1 fixed, 0 left)"),
        (8.0, "[2/2] fixed b.py (1 fixed, 0 left)"),
        (8.5, "prove 2 file(s) together"),
        (9.0, "land 2 file(s)"),
    )
    done = Measured(RunEnd(run_id="r"), 10.0, 1.0, 0.0, Health(), lines)
    assert done.stages == {
        "import": 1.0, "start": 3.0, "initialize": 1.0, "collect": 1.0, "repair": 2.5, "prove": 0.5, "land": 1.0,
    }  # fmt: skip
    assert sum(done.stages.values()) == done.seconds
    assert done.done_at == (7.0, 8.0)
    assert done.begun_at == 6.0


@given(st.integers(10, 200), st.floats(0.01, 10))
def test_even_work_is_flat_and_slower_work_is_not(files: int, step: float) -> None:
    """One when each file takes as long as the next; more than one when they take longer and longer."""
    even = [step * (number + 1) for number in range(files)]
    assert flatness(0.0, even) == pytest.approx(1.0)
    slower = [step * (number + 1) ** 2 for number in range(files)]
    assert flatness(0.0, slower) > 1.5


def test_the_shell_loop_does_the_work(tmp_path: Path) -> None:
    """One commit for each file, each clean after it, nothing left over: else it would be no floor."""
    made = make(tmp_path / "repo", Shape(files=12, broken=4, functions=1))
    loop = shell_loop(made.root, 3, tmp_path / "scratch")
    assert len(loop.files_s) == 3
    assert loop.scaled_s(3) == pytest.approx(loop.collect_s + sum(loop.files_s))
    assert git(made.root, "log", "--format=%s").splitlines()[:3] == [
        f"fix: repair {path}" for path in sorted(made.broken)[2::-1]
    ]
    changed = git(made.root, "diff", "--name-only", "HEAD~3", "HEAD").splitlines()
    assert changed == sorted(made.broken)[:3]
    assert git(made.root, "status", "--porcelain") == ""
    assert len(git(made.root, "worktree", "list").splitlines()) == 1
    assert whole_tree_s(made.root) > 0
    assert git(made.root, "status", "--porcelain") == ""


@pytest.mark.slow
def test_a_run_is_measured_from_outside(tmp_path: Path) -> None:
    """Its stages, the files as they were done, its processes, its memory and its server are all seen."""
    made = make(tmp_path / "repo", Shape.around(6))
    config = write_config(tmp_path, None, 2)
    done = measured_fix(made.root, tmp_path / "home", ["--config", str(config)], timeout_s=240)
    assert len(done.end.landed) == len(done.done_at) == 6
    assert {"start", "initialize", "collect", "repair", "prove", "land", "cleanup"} <= set(done.stages)
    assert sum(done.stages.values()) == pytest.approx(done.seconds)
    assert 0 < done.begun_at < min(done.done_at) <= max(done.done_at) < done.seconds
    started = {p.program: p.started for p in done.end.effort.programs}
    assert started["ruff check"] >= 1
    assert started["git fast-import"] >= 1
    assert done.cpu_s > sum(p.cpu_s for p in done.end.effort.programs) / 2
    assert done.end.effort.peak_memory_mib > 20
    assert done.health.asked > 0
    assert done.health.unanswered == 0
    assert done.server_cpu_s > 0
    names = [figure.name for figure in profile([done], 6, 2)]
    assert "stage: repair" in names
    assert "a file: verify" in names
    assert "a file: in no stage of it" in names
    assert "a file, CPU: the Prefect server" in names


@pytest.mark.parametrize("healthy", [True, False])
def test_a_server_is_asked_for_its_health(healthy: bool) -> None:
    """Answers are counted, and once there was one, those that fail as well."""
    asked: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if healthy or len(asked) == 1 else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with ServerWatch.at(f"http://127.0.0.1:{server.server_port}/api", os.getpid()) as watch:
            give_up = time.monotonic() + 30
            while watch.health.asked < 3 and time.monotonic() < give_up:
                time.sleep(0.05)
        server.shutdown()
    assert set(asked) == {"/api/health"}
    assert watch.health.asked >= 3
    assert (watch.health.unanswered == 0) == healthy
    assert watch.cpu_s >= 0


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(1.234, "x", "1.23 ×"), (45.67, "ms", "45.7 ms"), (1234.5, "s", "1,234 s"), (2.0, "", "2.00")],
)
def test_numbers_have_about_three_digits(value: float, unit: str, words: str) -> None:
    """More would say what was not measured."""
    figure = Figure.model_validate({"name": "f", "values": (value,), "unit": unit})
    assert spelt(figure.median, figure.unit) == words


def test_a_mutant_is_the_same_source_but_for_one_thing() -> None:
    """An unused import stands after what must come first; one comparison or number in a function changes."""
    source = '"""Text."""\n\nfrom __future__ import annotations\n\nLIMIT = 1\n\n\ndef small(x):\n    return x < LIMIT\n'
    assert with_unused(source).splitlines()[4:6] == ["import sys as nobody_uses_this", "LIMIT = 1"]
    assert damaged(source, random.Random(1)) == source.replace("x < LIMIT", "x >= LIMIT")  # noqa: S311
    assert damaged("LIMIT = 1\n", random.Random(1)) == "LIMIT = 1\n"  # noqa: S311
