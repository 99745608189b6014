"""The steps of a run between its stages: opening it from parameters, and reporting it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from stomper.campaigns import campaign
from stomper.checkers.selection import Scope, globs, within
from stomper.config.loading import load
from stomper.config.parameters import FixParameters
from stomper.config.settings import Settings
from stomper.errors import RepositoryError, SettingsError
from stomper.fixing.session import Session
from stomper.git.hook_index import index_of_hook, staged_in
from stomper.git.remotes import Remote
from stomper.git.repository import Target, changed_since, check_landing, files_of, open_target, tracks
from stomper.landing.recovery import heal
from stomper.learning import reverts
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
    target = open_target(Path(parameters.repository), before_first_commit=bool(parameters.uncommitted))
    config = Path(parameters.config) if parameters.config else None
    settings = load(target.root, flags=parameters.flags(), config=config)
    _check_include(target, parameters)
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
    healed = [] if only_check else _settle(local)
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


def _settle(parameters: FixParameters) -> list[str]:
    store = Store(home())
    try:
        sweep_runs(home() / "runs")
        target = open_target(Path(parameters.repository), before_first_commit=bool(parameters.uncommitted))
        reverts.settle(target.root, store)
        return heal(target)
    finally:
        store.close()


def _check_include(target: Target, parameters: FixParameters) -> None:
    """Raise SettingsError where the run itself, not a settings file, asks for files of which the repository has none."""
    asked = parameters.settings.get("include")
    patterns = [str(pattern) for pattern in asked] if isinstance(asked, list | tuple) else []
    inside = within(_inside(target, parameters, given) for given in parameters.paths)
    if patterns and not any(inside(path) for path in globs(patterns).match_files(files_of(target))):
        among = f"{', '.join(parameters.paths)} (is the pattern quoted, so that the shell leaves it alone?)"
        where = among if parameters.paths else str(target.root)
        raise SettingsError(f"include: no file of {where} matches {', '.join(patterns)}")


def scope_of(target: Target, parameters: FixParameters) -> Scope:
    """The files that *parameters* point at. Raises RepositoryError for a path that is not in the repository."""
    paths = tuple(_inside(target, parameters, given) for given in parameters.paths)
    versions = parameters.uncommitted
    if len(versions) > 1:
        flags = " and ".join(f"--{name.replace('_', '-')}" for name in versions)
        raise SettingsError(f"{flags} are {len(versions)} versions of the same files: give one of them")
    index = index_of_hook(target) if parameters.staged or parameters.on_disk else None
    sets = [changed_since(target, parameters.since)] if parameters.since else []
    if parameters.changed:
        sets.append(target.dirty)
    if parameters.staged:
        sets.append(staged_in(target, index) if index else target.staged)
    only = frozenset.intersection(*sets) if sets else None
    return Scope(paths, only, versions[0] if versions else "", index)


def _inside(target: Target, parameters: FixParameters, given: str) -> str:
    """The path *given* as git spells it."""
    path = Path(parameters.repository, given)
    try:
        there = path.exists() or path.is_symlink()
    except OSError as error:
        raise RepositoryError(f"{given}: cannot be looked at: {error.strerror}") from None
    place = (path.parent.resolve() / path.name).resolve(strict=False)
    inside = place.relative_to(target.root).as_posix() if place.is_relative_to(target.root) else ""
    # Hooks are given what was deleted meanwhile, too.
    if not there and not (parameters.uncommitted and inside in target.dirty):
        raise RepositoryError(f"{given}: there is no such file or folder")
    if not inside:
        raise RepositoryError(f"{given} is outside the repository {target.root}")
    if not parameters.uncommitted and place.is_file() and not tracks(target.root, inside):
        raise RepositoryError(f"{given}: git does not track it; --on-disk takes it as it lies there")
    return inside
