"""Many repositories by fix-fleet/weekly, each by a deployment."""

from __future__ import annotations

from tests.operate.repositories import CURABLE, commits, repository, slow_agent, sound
from tests.operate.scenes.cancelled import WITHIN_S, time_until_gone
from tests.operate.stage import Line, Stage, until
from tests.support.processes import running


def one_fails(stage: Stage) -> list[Line]:
    """Three repositories, two at once, of which one is not there: the others are repaired, and CI is told."""
    folder = stage.folder / "fleet"
    one, two = (repository(folder / name, CURABLE, CURABLE) for name in ("one", "two"))
    (folder / "list").write_text("# ours\none\nnowhere\ntwo\n", encoding="utf-8")
    fleet = {"file": str(folder / "list"), "at_once": 2, "deployment": "fix-repository/ci"}
    ended = stage.run("fix-fleet/weekly", {"fleet": fleet})
    table = stage.artifacts(ended.run).get("stomper-fleet", "")
    return [
        *ended.as_expected(1, "Failed", "2 of 3 repositories have nothing left; 4 error(s) fixed, 0 left"),
        Line("commits", [2, 2], [commits(one), commits(two)]),
        Line("in the table", [True] * 3, [str(folder / name) in table for name in ("one", "nowhere", "two")]),
    ]


def cancelled(stage: Stage) -> list[Line]:
    """A cancelled fleet cancels the runs that it started."""
    folder = stage.folder / "fleet-cancelled"
    roots, marks = [], []
    for name in ("one", "two", "three"):
        settings, mark = slow_agent(folder / name)
        roots.append(repository(folder / name, CURABLE, settings=settings))
        marks.append(mark)
    given = {"repositories": [str(root) for root in roots], "at_once": 2, "deployment": "fix-repository/ci"}
    run = stage.start("fix-fleet/weekly", {"fleet": given})
    at_work = until(lambda: all(len(running(mark)) >= 2 for mark in marks[:2]), 120)
    stage.api.post(f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})
    took = max(time_until_gone(mark) for mark in marks)
    stage.leftovers.append(f"fleet: the last agent was gone {took:.1f} s after the cancel had reached the server")
    below = {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}, "limit": 10}
    state = stage.ended(run, 60)
    states = [stage.ended(child["id"], 60) for child in stage.api.post("/flow_runs/filter", below)]
    return [
        Line("agents at work", True, at_work),
        Line(f"agents gone within {2 * WITHIN_S:g} s", True, took <= 2 * WITHIN_S),
        Line("state", "Cancelled", state),
        Line("runs below", ["Cancelled"] * 2, states),
        Line("commits", [0, 0, 0], [commits(root) for root in roots]),
        Line("repositories", ["sound"] * 3, [sound(root) for root in roots]),
        Line("agents of the third", [], running(marks[2])),
    ]
