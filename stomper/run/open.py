"""The steps of a run between its stages: opening it from parameters, and reporting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stomper.agents.api.agent import ApiAgent
from stomper.agents.ruff import RuffAgent
from stomper.campaigns import campaign
from stomper.checkers.selection import Scope
from stomper.config.parameters import FixParameters
from stomper.config.settings import Settings, load
from stomper.errors import RepositoryError, SettingsError
from stomper.fixing.session import Session
from stomper.git.remotes import Remote
from stomper.git.repository import Target, changed_since, check_landing, git, names, open_target
from stomper.landing.land import Landing
from stomper.landing.recovery import heal
from stomper.learning import reverts
from stomper.models import Diagnostic, LeftOut, Metrics, Outcome, Report
from stomper.run import history
from stomper.state.locks import sweep_runs
from stomper.state.paths import home
from stomper.state.store import Store


@dataclass(frozen=True)
class Plan:
    """What a run is to do, all of it checked."""

    target: Target
    settings: Settings
    scope: Scope


def plan(parameters: FixParameters, remote: Remote | None = None, *, lands: bool = True) -> Plan:
    """What *parameters* ask for, in the checkout of *remote* where there is one; with *lands*, fixes can land as asked.

    Raises StomperError with the way out; nothing is started or written."""
    target = open_target(Path(parameters.repository))
    config = Path(parameters.config) if parameters.config else None
    settings = load(target.root, flags=parameters.flags(), config=config)
    scope = scope_of(target, parameters)
    land = "patch" if scope.uncommitted else settings.land
    check_landing(target, land, settings.branch_name)
    if land == "pr" and lands and not remote:
        campaign.check(target, settings.pr, named=_names_token(parameters))
    return Plan(target, settings, scope)


def open_session(parameters: FixParameters, *, only_check: bool = False, remote: Remote | None = None) -> Session:
    """The session that *parameters* ask for, over the checkout of *remote* where there is one, which it closes at its end.

    Raises StomperError before anything is touched."""
    local = parameters.model_copy(update={"repository": str(remote.root)}) if remote else parameters
    healed = [] if only_check else _settle(Path(local.repository))
    planned = plan(local, remote, lands=not only_check)
    name = planned.settings.branch_name
    if remote and planned.settings.land == "branch" and name and remote.tip_of(name):
        raise RepositoryError(f"{remote.shown} has a branch {name} already: give branch_name another name")
    session = Session.open(planned.target, planned.settings, planned.scope, only_check=only_check)
    session.remote = remote
    if session.settings.land == "pr" and not only_check:
        _join(session, named=_names_token(parameters))
    if not only_check:
        session.warnings += healed
        session.warnings += history.told(history.unfinished(session.store, planned.target), parameters)
        session.store.begin(session.run_id, str(planned.target.root), parameters.model_dump_json())
    return session


def _join(session: Session, *, named: bool) -> None:
    """Take part in the campaign: what pull requests are for is what the run works on. Closes the session on an error."""
    try:
        pr = session.settings.pr
        joined = campaign.join(session.target, session.clone, session.remote, pr, named=named)
    except BaseException:
        session.remote = None  # whoever opened it closes it
        session.close()
        raise
    session.campaign, session.base = joined, joined.base
    if session.target.head != joined.base:
        session.warnings.append(
            f"pull requests are for {joined.origin.branch} of {joined.origin.shown}, which is at {joined.base[:8]}: "
            f"that is what was worked on, not the checkout's {session.target.short}"
        )
        session.target = replace(session.target, head=joined.base)


def _names_token(parameters: FixParameters) -> bool:
    """Whether the run itself names the variable of the forge's token: no setting of the repository counts more."""
    given = parameters.flags().get("pr")
    return isinstance(given, dict) and bool(given.get("token_env"))


def _settle(path: Path) -> list[str]:
    store = Store(home())
    try:
        sweep_runs(home() / "runs")
        root = open_target(path).root
        reverts.settle(root, store)
        return heal(root, store)
    finally:
        store.close()


def scope_of(target: Target, parameters: FixParameters) -> Scope:
    """The files that *parameters* point at. Raises RepositoryError for a path that is not in the repository."""
    paths = []
    for given in parameters.paths:
        path = Path(parameters.repository, given)
        try:
            there = path.exists() or path.is_symlink()
        except OSError as error:
            raise RepositoryError(f"{given}: cannot be looked at: {error.strerror}") from None
        if not there:
            raise RepositoryError(f"{given}: there is no such file or folder")
        try:
            paths.append((path.parent.resolve() / path.name).resolve(strict=False).relative_to(target.root).as_posix())
        except ValueError:
            raise RepositoryError(f"{given} is outside the repository {target.root}") from None
    only: frozenset[str] | None = None
    if parameters.since:
        only = changed_since(target, parameters.since)
    if parameters.changed and parameters.staged:
        raise SettingsError("--changed and --staged are two versions of the same files: give one of them")
    if parameters.changed:
        only = target.dirty if only is None else only & target.dirty
    if parameters.staged:
        only = target.staged if only is None else only & target.staged
    return Scope(tuple(paths), only, "changed" if parameters.changed else "staged" if parameters.staged else "")


def report_of(
    session: Session,
    outcomes: Sequence[Outcome],
    metrics: Metrics,
    *,
    left_out: LeftOut,
    landing: Landing | None,
    failure: str = "",
) -> Report:
    """All of the run as data, patches left out: they are in git or in their files."""
    baseline = session.baselines.known(session.target.head) or session.baselines.known(session.base)
    return Report(
        run_id=session.run_id,
        repository=session.shown,
        base=session.target.head,
        branch=session.lands_on,
        land=session.settings.land,
        checkers=session.checker_runs,
        tests=baseline.words if baseline else "not run",
        test_validation=session.settings.test_validation,
        test_runs=session.suite.whole_runs,
        part_test_runs=session.suite.part_runs,
        test_seconds=session.suite.seconds,
        errors_found=session.found,
        left_out=left_out,
        outcomes=tuple(sorted((_placed(session, o) for o in outcomes), key=lambda o: o.path)),
        metrics=metrics,
        landed=landing.landed if landing else tuple(session.landed),
        pull_requests=session.campaign.requests if session.campaign else (),
        warnings=(*session.warnings, *session.calls.words),
        half_staged=_half_staged(session, outcomes),
        sandbox=session.sandbox.words
        if any(not isinstance(a, RuffAgent | ApiAgent) for a in session.agents)
        else "not needed",
        seconds=session.elapsed(),
        effort=session.meter.read(),
        max_parallel_files=session.settings.max_parallel_files,
        failure=failure or (landing.failure if landing else ""),
    )


def _half_staged(session: Session, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """The files of proven patches for what is staged that have edits beside it."""
    if session.scope.uncommitted != "staged":
        return ()
    edited = set(names(git(("diff", "--name-only", "-z", "--no-ext-diff"), cwd=session.target.root)))
    return tuple(sorted(o.path for o in outcomes if o.proven and o.patch and edited & set(o.patch.paths)))


def _placed(session: Session, outcome: Outcome) -> Outcome:
    """The outcome with what is left where it is in the code: a patch that did not land has moved no line."""
    if outcome.commit or outcome.patch is None:
        return outcome
    there: dict[str, list[Diagnostic]] = {}
    for diagnostic in session.collected.by_path.get(outcome.path, ()):
        there.setdefault(diagnostic.fingerprint, []).append(diagnostic)

    def placed(some: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
        return tuple(there[d.fingerprint].pop(0) if there.get(d.fingerprint) else d for d in some)

    return outcome.model_copy(update={"remaining": placed(outcome.remaining), "unknown": placed(outcome.unknown)})
