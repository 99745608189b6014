"""Many repositories, one after another or side by side: which they are, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from stomper.config import form, repository_url
from stomper.config.parameters import FixParameters
from stomper.errors import SettingsError
from stomper.models import Metrics, Model, Report
from stomper.progress import Event

_FOR_ADDRESSES = ("ref", "partial", "token_env", "token_block", "token_user")
_FOR_TOKENS = ("token_env", "token_block", "token_user")


class FleetParameters(form.Fleet):
    """One run over many repositories."""

    shared: dict[str, Any] = Field(
        default={}, title="For all of them", description='Parameters of each run, for example {"land": "branch"}.'
    )


class Summary(Model):
    """What one run came to, as it is told to a fleet that waits for it on another machine."""

    exit_code: int
    landed: int
    metrics: Metrics

    @classmethod
    def of(cls, report: Report) -> Summary:
        """The report without its files."""
        return cls(exit_code=report.exit_code, landed=len(report.landed), metrics=report.metrics)


class Result(Model):
    """How one repository of a fleet ended; exit code 2 and no metrics where its run could not do its job."""

    repository: str
    exit_code: int
    why: str
    landed: int = 0
    metrics: Metrics = Metrics()


class FleetReport(Model):
    """All of a fleet's run: the repositories in their order, and the sum of their metrics."""

    repositories: tuple[Result, ...]
    metrics: Metrics

    @classmethod
    def of(cls, results: Sequence[Result]) -> FleetReport:
        """The results, reduced."""
        return cls(repositories=tuple(results), metrics=sum((r.metrics for r in results), Metrics()))

    @property
    def exit_code(self) -> int:
        """The worst of theirs."""
        return max((r.exit_code for r in self.repositories), default=0)

    @property
    def headline(self) -> str:
        """The run in one line."""
        done = sum(r.exit_code == 0 for r in self.repositories)
        return (
            f"{done} of {len(self.repositories)} repositories have nothing left; {self.metrics.total_errors_fixed} "
            f"error(s) fixed, {self.metrics.errors_remaining} left"
        )


@dataclass(frozen=True)
class FleetDone(Event):
    """All repositories of a fleet came to their ends."""

    report: FleetReport


def rows(report: FleetReport) -> list[dict[str, str | int]]:
    """One row a repository."""
    words = ("nothing left", "something left", "failed")
    return [
        {
            "repository": r.repository,
            "ended": words[r.exit_code],
            "fixed": r.metrics.total_errors_fixed,
            "left": r.metrics.errors_remaining,
            "commits": r.landed,
            "why": r.why[:500],
        }
        for r in report.repositories
    ]


def fleet_of(fleet: form.Fleet, shared: FixParameters) -> FleetParameters:
    """The fleet's run that a filled-in form asks for; the repository of *shared* is none of them."""
    given = shared.model_dump(mode="json", exclude={"repository"}, exclude_defaults=True)
    return FleetParameters(**fleet.model_dump(), shared=given)


def form_of_fleet(parameters: FleetParameters) -> dict[str, Any]:
    """The form that asks for the run that *parameters* are, as arguments of the flow."""
    own = {name: getattr(parameters, name) for name in form.Fleet.model_fields}
    filled = form.form_of(FixParameters.model_validate({**parameters.shared, "repository": "."}))
    del filled["repository"]
    return {"fleet": form.Fleet(**own), **filled}


def runs_of(parameters: FleetParameters) -> list[FixParameters]:
    """The runs that make up a fleet's. Raises SettingsError for what can be told before any of them begins."""
    if parameters.at_once > 1 and not parameters.deployment:
        raise SettingsError("at_once: one process works on one repository at a time; for more, name a deployment")
    given = list(dict.fromkeys([*parameters.repositories, *_read(parameters.file)]))
    if not given:
        raise SettingsError("a fleet needs repositories: give them in repositories or in file")
    shared = parameters.shared
    if any(shared.get(name) for name in ("token_env", "token_block")):
        parsed = [repository_url.parse(text) for text in given if repository_url.is_address(text)]
        if len(hosts := sorted({a.netloc for a in parsed if a.takes_token})) > 1:
            raise SettingsError(f"one token is for one host, and these are {', '.join(hosts)}: make a fleet for each")
    try:
        return [FixParameters.model_validate({**_fitting(shared, text), "repository": text}) for text in given]
    except ValidationError as error:
        raise SettingsError(f"shared: {error}") from None


def _fitting(shared: dict[str, Any], repository: str) -> dict[str, Any]:
    """What of the shared parameters is for this kind of repository."""
    left_out: tuple[str, ...] = ()
    if not repository_url.is_address(repository):
        left_out = _FOR_ADDRESSES
    elif not repository_url.parse(repository).takes_token:
        left_out = _FOR_TOKENS
    return {name: value for name, value in shared.items() if name not in left_out}


def _read(file: str) -> list[str]:
    """The repositories that a file lists; paths are relative to its folder."""
    if not file:
        return []
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"file: {file} cannot be read: {error}") from None
    found = []
    for number, line in enumerate(lines, start=1):
        text = line.partition(" #")[0].strip() if not line.lstrip().startswith("#") else ""
        if not text:
            continue
        try:
            repository_url.refuse_credentials(text)
        except ValueError as error:
            raise SettingsError(f"{file}, line {number}: {error}") from None
        found.append(text if repository_url.is_address(text) else str(Path(file).resolve().parent / text))
    return found
