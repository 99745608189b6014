"""What became of earlier runs over a repository: those that were cut off, and how to go on with them."""

from __future__ import annotations

from pydantic import BaseModel

from stomper.config.parameters import FixParameters
from stomper.errors import StomperError
from stomper.git.repository import Target, contains
from stomper.models import Report
from stomper.reports.caveat import left
from stomper.state.locks import lives
from stomper.state.paths import home
from stomper.state.store import Store


class Unfinished(BaseModel):
    """A run that did not come to its end, as its journal tells."""

    run_id: str
    began: str
    proven: int
    landed: bool
    parameters: FixParameters

    @property
    def words(self) -> str:
        """One line for people."""
        did = "had landed what it had proven" if self.landed else "had landed nothing"
        again = f"; {self.proven} proven patch(es) of it are used again where they fit" if self.proven else ""
        return f"run {self.run_id} of {self.began} did not come to its end and {did}{again}"


def unfinished(store: Store, target: Target) -> list[Unfinished]:
    """The dead runs over *target*, the newest first. A run is dead when it left no folder that is held."""
    found = []
    for run_id, began in store.unfinished(str(target.root)):
        if lives(home() / "runs", run_id):
            continue
        steps = store.steps(run_id)
        given = next((detail for step, detail in steps if step == "began"), "")
        moves = [detail.rsplit(" ", 2) for step, detail in steps if step == "moving"]
        landed = any(contains(target.root, branch, commit) for branch, _, commit in moves)
        parameters = FixParameters.model_validate_json(given) if given else FixParameters(repository=str(target.root))
        found.append(
            Unfinished(
                run_id=run_id, began=began, proven=store.patches_of(run_id), landed=landed, parameters=parameters
            )
        )
    return found


def told(dead: list[Unfinished], parameters: FixParameters) -> list[str]:
    """What a run with *parameters* warns of: of dead runs that it repeats itself, the last one only."""
    same = [u for u in dead if u.parameters == parameters]
    others = [f"{u.words} (`stomper resume` repeats it)" for u in dead if u not in same]
    return [*(f"{u.words}; this run repeats it" for u in same[:1]), *others]


def to_resume(store: Store, target: Target, run_id: str) -> FixParameters:
    """The parameters of the dead run to go on with: *run_id*, or the last one. Raises StomperError when there is none."""
    dead = unfinished(store, target)
    chosen = next((u for u in dead if not run_id or u.run_id == run_id), None)
    if chosen is None:
        there = f"those that were cut off are {', '.join(u.run_id for u in dead)}" if dead else "none was cut off"
        raise StomperError(f"no run {run_id or 'to resume'} over {target.root}: {there}; `stomper runs` lists them all")
    return chosen.parameters


def past(store: Store, target: Target) -> list[tuple[str, str, str]]:
    """(id, when it began, what it came to) of the last runs over *target*, the newest first."""
    rows = []
    for run_id, began, text in store.runs(str(target.root)):
        report = Report.model_validate_json(text) if text else None
        words = "under way" if lives(home() / "runs", run_id) else "cut off"
        if report:
            back = sum(int(detail) for step, detail in store.steps(run_id) if step == "undone")
            words = _came_to(report) + (f", {back} taken back" if back else "")
        rows.append((run_id, began, report.failure.splitlines()[0] if report and report.failure else words))
    return rows


def _came_to(report: Report) -> str:
    """A run in one line: where its fixes are, and what is left."""
    if report.land == "patch":
        proven = len(report.metrics.successful_fixes)
        kept = f" in {home() / 'patches' / report.run_id / 'proven'}" if proven else ""
        return f"{proven} proven{kept}, {left(report)}"
    where = f" on {report.branch}" if report.landed else ""
    requests = "".join(f", pull request {r.url} {r.done}" for r in report.pull_requests if r.url)
    return f"{len(report.landed)} landed{where}, {left(report)}{requests}"
