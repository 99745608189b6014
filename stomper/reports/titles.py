"""What a run and a repository are called where people look for them, and where their forge shows them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from stomper import hashing
from stomper.config import repository_url
from stomper.models import Outcome, Status
from stomper.reports.escaping import printable

# What a host's name holds → where its web pages have a commit. Any other host's pages are not known.
_COMMITS = {"gitlab": "/-/commit/", "github": "/commit/", "gitea": "/commit/", "codeberg": "/commit/",
            "forgejo": "/commit/", "bitbucket": "/commits/"}  # fmt: skip
_SCP = re.compile(r"^[^/:@\s]+@([^/:@\s]+):([^\s]+)$")


def short_name(repository: str) -> str:
    """`owner/name` of an address, the folder's name of a path."""
    if not repository_url.is_address(repository):
        return printable(PurePosixPath(repository).name) or repository
    path = repository.rpartition(":")[2] if _SCP.match(repository) else urlsplit(repository).path
    parts = [part for part in path.removesuffix("/").removesuffix(".git").split("/") if part]
    return printable("/".join(parts[-2:])) or repository


def why(outcome: Outcome) -> str:
    """Return the file's end in a line: what its patch cleaned up beside its errors, unless it was turned down, then the
    verdict; empty without either."""
    stands = outcome.proven or outcome.status is Status.WAITING
    cleaned = [part.words for part in outcome.cleaned_up] if stands else []
    # The last line is the verdict; what is before it is a traceback.
    return "; ".join((*cleaned, *outcome.reason.strip().splitlines()[-1:]))


def run_title(verb: str, repository: str, base: str) -> str:
    """The name of a run: what it does, to what, from which commit."""
    return f"{verb} {short_name(repository)} @ {base[:7]}"


def fleet_title(repositories: int) -> str:
    """The name of a fleet's run."""
    return f"fix {repositories} repositor{'y' if repositories == 1 else 'ies'}"


def slug(repository: str) -> str:
    """The short name in small letters, digits and dashes; not empty, and not always unique."""
    return re.sub(r"[^a-z0-9]+", "-", short_name(repository).lower()).strip("-")[:60].strip("-") or "repository"


def unique_slug(repository: str) -> str:
    """The same, told from others of that name."""
    return f"{slug(repository)}-{hashing.digest(repository)[:8]}"


def web_address(repository: str) -> str:
    """Where a forge of a known kind shows the repository; empty for any other, and for a path."""
    if found := _SCP.match(repository):
        host, path = found[1], found[2]
    elif repository_url.is_address(repository) and urlsplit(repository).scheme in ("https", "ssh"):
        host, path = urlsplit(repository).hostname or "", urlsplit(repository).path
    else:
        return ""
    path = path.strip("/").removesuffix(".git")
    known = _commits(host) and path.count("/") >= 1 and re.fullmatch(r"[\w./~-]+", path, re.ASCII)
    return f"https://{host.lower()}/{path}" if known else ""


def commit_address(repository: str, commit: str) -> str:
    """Where its forge shows a commit; empty where that is not known."""
    page = web_address(repository)
    return f"{page}{_commits(urlsplit(page).hostname or '')}{commit}" if page and commit else ""


def _commits(host: str) -> str:
    labels = host.lower().split(".")
    return next((path for kind, path in _COMMITS.items() if kind in labels), "")
