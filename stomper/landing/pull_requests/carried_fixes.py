"""What may go into the pull requests: fixes of this run, and those on the branches that the run did not aim at."""

from __future__ import annotations

from collections.abc import Sequence

from stomper.campaigns.campaign import Campaign, Carried
from stomper.campaigns.cost_trailer import Spent
from stomper.campaigns.grouping import Group
from stomper.fixing.fix_file import process_file
from stomper.fixing.session import Session
from stomper.models import Diagnostic, FileJob, Outcome


def carried(session: Session, campaign: Campaign, paths: Sequence[str]) -> Carried:
    """Prove again what the branches have beside the files at *paths*, which the run aimed at."""
    sure = {run.name for run in session.collected.runs if not run.error}
    found: dict[str, list[Diagnostic]] = {}
    for diagnostic in session.collected.diagnostics:
        found.setdefault(diagnostic.path, []).append(diagnostic)
    outcomes, gone, failed, unsure = [], set(), {}, {}
    for path, kept in sorted(campaign.state.recorded.items()):
        tools = {code.partition(":")[0] for code in kept.part.codes}
        if missing := tools - sure:
            unsure[kept.branch] = f"it has fixes for {', '.join(sorted(missing))}, which this run could not ask"
        elif path not in paths and kept.branch not in unsure:
            errors = tuple(found.get(path, ()))
            if not any(f"{d.tool}:{d.code}" in kept.part.codes for d in errors):
                gone.add(path)
                continue
            outcome = process_file(session, FileJob(path=path, diagnostics=errors), only_recorded=True)
            if outcome.proven and outcome.risk in session.settings.risks:
                outcomes.append(outcome)
            else:
                failed[path] = outcome.reason or f"its risk is {outcome.risk}"
    return Carried(tuple(outcomes), frozenset(gone), failed, unsure)


def aims(outcome: Outcome) -> tuple[Diagnostic, ...]:
    """The errors that a file had at the base."""
    return (*outcome.fixed, *outcome.remaining, *outcome.unknown)


def grouped(campaign: Campaign, outcomes: Sequence[Outcome]) -> list[tuple[Group, list[Outcome]]]:
    """The outcomes by their pull requests: those that are open already first, then those that fix the most."""
    groups: dict[Group, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(campaign.grouping.group(outcome.path, aims(outcome)), []).append(outcome)

    def rank(group: Group) -> tuple[bool, int, str]:
        there = campaign.state.branches.get(group.branch)
        return not (there and there.open), -sum(len(o.fixed) for o in groups[group]), group.branch

    on_branch = {path for branch in campaign.state.branches.values() for path in branch.files}
    return [(g, sorted(groups[g], key=lambda o: (o.path not in on_branch, o.path))) for g in sorted(groups, key=rank)]


def spent(campaign: Campaign, outcome: Outcome) -> Spent:
    """What a fix cost, in this run and in those before that its branch tells of."""
    kept = campaign.recorded(outcome.path)
    taken = kept is not None and any(attempt.reused for attempt in outcome.attempts)
    before = kept.part.spent if kept is not None and taken else Spent()
    return before + Spent.of(outcome.attempts)
