"""Runs that land by pull requests: a bare repository over git's smart HTTP, and the stub of a forge's API over it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pytest

from stomper.config.parameters import FixParameters
from stomper.fixing.fix_file import process_file
from stomper.git import remotes
from stomper.landing.land_approved import Ask, land_and_ask
from stomper.models import FileJob, Metrics, Outcome, Report, Request
from stomper.run.open import open_session
from stomper.run.report import report_of
from tests.support.forges.github import GitHubStub
from tests.support.forges.gitlab import GitLabStub
from tests.support.forges.server import ForgeServer, serving
from tests.support.forges.store import Held
from tests.support.git_http import GitServer
from tests.support.remotes import bare
from tests.support.repositories import git, write
from tests.support.runs import RULES, nobody

UNUSED = "import os\n\n\ndef one() -> int:\n    return 1\n"
ROOT = Path(__file__).parents[2]
Kind = Literal["github", "gitlab"]
BOTH = pytest.mark.parametrize("place", get_args(Kind), indirect=True)
"""A test at each forge; `place` is a fixture that takes its kind."""
BOTH_AT_NIGHT = pytest.mark.parametrize(
    "place", ["github", pytest.param("gitlab", marks=pytest.mark.slow)], indirect=True
)
"""The same, at GitLab at night alone: what it answers is held every day by `test_forges_gitlab.py`."""
CREATE = "/(pulls|merge_requests)$"
"""Where both forges open pull requests, as a path of their APIs."""
MESS = {"a.py": UNUSED, "b.py": UNUSED}
FIXED = "\n\ndef one() -> int:\n    return 1\n"
_PATHS: dict[Kind, str] = {"github": "acme/tool", "gitlab": "acme/tools/tool"}
_USERS: dict[Kind, str] = {"github": "x-access-token", "gitlab": "oauth2"}


def calls(folder: Path) -> int:
    """How often the command agent was called."""
    log = folder / "calls.log"
    return log.read_text(encoding="utf-8").count("=== call") if log.exists() else 0


@dataclass
class Place:
    """A repository at a forge: its bare repository, and what serves it."""

    bare: Path
    git: GitServer
    stub: GitHubStub | GitLabStub
    api: ForgeServer
    kind: Kind = "github"

    @property
    def address(self) -> str:
        """Where git finds it."""
        return self.git.url(f"{_PATHS[self.kind]}.git")

    @property
    def api_address(self) -> str:
        """The setting `pr.api`."""
        return f"{self.api.api}/v3" if self.kind == "github" else self.api.api

    @property
    def requests(self) -> dict[int, Held]:
        """All pull requests by number."""
        return self.stub.store.held

    @property
    def one(self) -> Held:
        """The only pull request."""
        (held,) = self.requests.values()
        return held

    def branches(self) -> list[str]:
        """The branches but main."""
        names = git(self.bare, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()
        return [name for name in names if name != "main"]

    def tip(self, branch: str = "stomper/fixes") -> str:
        """Where a branch is."""
        return git(self.bare, "rev-parse", f"refs/heads/{branch}")

    def files(self, branch: str = "stomper/fixes") -> list[str]:
        """The files in which a branch differs from where it left main."""
        return git(self.bare, "diff", "--name-only", f"main...{branch}").splitlines()

    def checkout(self, branch: str) -> Path:
        """Somebody's clone, on a branch."""
        work = self.bare.parent / "somebody"
        if not work.exists():
            git(self.bare.parent, "clone", "--quiet", str(self.bare), str(work))
        git(work, "fetch", "--quiet", "--prune", "origin")
        git(work, "checkout", "--quiet", "-B", branch, f"origin/{branch}")
        return work

    def commit(self, branch: str, files: dict[str, str], message: str = "by hand") -> str:
        """Somebody pushes a commit. Returns it."""
        work = self.checkout(branch)
        write(work, files)
        git(work, "add", "--all")
        git(work, "-c", "user.name=Ann", "commit", "--quiet", "-m", message)
        git(work, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return git(work, "rev-parse", "HEAD")

    def settings(self, **pr: object) -> dict[str, object]:
        """Of a run that lands here."""
        return {
            "sandbox": "none",
            "checkers": RULES,
            "test_validation": "none",
            "land": "pr",
            "pr": {"forge": self.kind, "api": self.api_address, "token_env": "FORGE_TOKEN", **pr},
        }

    def run(
        self,
        *,
        pr: dict[str, object] | None = None,
        path: Path | None = None,
        before_landing: Callable[[], object] | None = None,
        ask: Ask = nobody,
        paths: list[str] | None = None,
        **settings: object,
    ) -> Report:
        """A run over the address, or over the checkout at *path*, without Prefect. *before_landing* happens once all
        files are proven."""
        return once(self.parameters(pr=pr, path=path, paths=paths, **settings), before_landing, ask)

    def parameters(
        self,
        *,
        pr: dict[str, object] | None = None,
        path: Path | None = None,
        paths: list[str] | None = None,
        **settings: object,
    ) -> FixParameters:
        """Of a run over the address, or over the checkout at *path*."""
        given = {**self.settings(**(pr or {})), **settings}
        parameters = FixParameters(repository=str(path or self.address), settings=given, paths=paths or [])
        if path is None:
            parameters = parameters.model_copy(update={"token_env": "FORGE_TOKEN", "token_user": _USERS[self.kind]})
        return parameters


def once(parameters: FixParameters, before_landing: Callable[[], object] | None = None, ask: Ask = nobody) -> Report:
    """One run as the flow makes it, without Prefect."""
    session = open_session(parameters, remote=remotes.opened(parameters))

    def again(jobs: Sequence[FileJob]) -> Sequence[Outcome]:
        return [process_file(session, job) for job in jobs]

    try:
        session.collect()
        jobs, left_out = session.select()
        outcomes = again(jobs)
        if before_landing is not None:
            before_landing()
        landing = land_and_ask(session, outcomes, contextlib.nullcontext, again, ask)
        metrics = Metrics.reduce(landing.outcomes)
        report = report_of(session, landing.outcomes, metrics, left_out=left_out, landing=landing)
        session.store.finish(report)
        session.store.forget(session.run_id, session.memory.waiting(landing.outcomes))
        return report
    finally:
        session.close()


def process_of(place: Place, code: str = "", **settings: object) -> subprocess.Popen[str]:
    """A run over the address in a process of its own, after *code*."""
    said = place.parameters(**settings).model_dump_json(exclude_defaults=True)  # type: ignore[arg-type]
    script = (
        f"{code}\nimport sys\nfrom stomper.config.parameters import FixParameters\n"
        "from tests.support.campaigns import once\n"
        "once(FixParameters.model_validate_json(sys.argv[1]))\n"
    )
    argv = (sys.executable, "-c", script, said)
    return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextlib.contextmanager
def serve(folder: Path, files: dict[str, str], kind: Kind = "github") -> Iterator[Place]:
    """A repository with one commit on main; no request to its forge may be against the schemas."""
    parent = (folder / _PATHS[kind]).parent
    parent.mkdir(parents=True)
    place = bare(parent, files, name="tool.git")
    stub = GitHubStub.over(place) if kind == "github" else GitLabStub.over(place)
    with GitServer(folder, token=stub.token, user=_USERS[kind]) as server, serving(stub) as api:
        yield Place(place, server, stub, api, kind)
    assert stub.violations == []


def outcome(report: Report, path: str) -> Outcome:
    """How a file ended."""
    return next(o for o in report.outcomes if o.path == path)


def only(report: Report) -> Request:
    """The one pull request that something was done with."""
    (request,) = report.pull_requests
    return request
