"""Commits out of proven patches: their messages, who makes them, and how they are built and signed."""

from __future__ import annotations

from collections.abc import Sequence

from stomper.errors import RepositoryError
from stomper.fixing.session import Session
from stomper.git.change_sums import as_words, change_sum
from stomper.git.plumbing import git
from stomper.git.repository import identity, signs
from stomper.git.worktrees import SharedClone, build_commits
from stomper.models import Outcome, Patch


def subject(outcome: Outcome) -> str:
    """The first line of a fix's commit."""
    codes = sorted({d.code for d in outcome.fixed})
    shown = ", ".join(codes[:4]) + (", …" if len(codes) > 4 else "")
    name = outcome.path.replace("\n", " ")
    return f"fix: resolve {shown} in {name}"


def message(run_id: str, outcome: Outcome, patch: Patch) -> bytes:
    """A Conventional Commit with the codes fixed and trailers that programs can read; *patch* is what it will change."""
    counts: dict[tuple[str, str], int] = {}
    for diagnostic in outcome.fixed:
        counts[diagnostic.tool, diagnostic.code] = counts.get((diagnostic.tool, diagnostic.code), 0) + 1
    body = "\n".join(
        [
            *(f"- {tool} {code}: {count}" for (tool, code), count in sorted(counts.items())),
            *(f"- {part.words}" for part in outcome.cleaned_up),
        ]
    )
    trailers = {
        "Stomper-Run": run_id,
        "Stomper-Agent": outcome.agent,
        "Stomper-Risk": outcome.risk,
        "Stomper-Codes": ", ".join(f"{tool}:{code}" for tool, code in sorted(counts)),
        "Stomper-Change": as_words(change_sum(patch.diff)),
    }
    shown = "\n".join(f"{key}: {value}" for key, value in trailers.items() if value)
    return f"{subject(outcome)}\n\n{body}\n\n{shown}\n".encode("utf-8", "surrogateescape")


def build(session: Session, outcomes: Sequence[Outcome], patches: Sequence[Patch], tip: str) -> list[str]:
    """One commit for each outcome with its patch as it fits, on top of *tip* in the private clone; their ids in order."""
    author, committer = identity(session.target.root)
    messages = [message(session.run_id, o, p) for o, p in zip(outcomes, patches, strict=True)]
    commits = build_commits(
        session.clone, tip, list(zip(patches, messages, strict=True)), author=author, committer=committer
    )
    return signed(session, commits, tip)


def signed(session: Session, commits: Sequence[str], tip: str) -> list[str]:
    """The same commits, signed where the user's git signs and the settings do not say otherwise."""
    if session.settings.sign and signs(session.target.root):
        return _sign(session.clone, commits, tip)
    return list(commits)


def _sign(clone: SharedClone, commits: Sequence[str], tip: str) -> list[str]:
    """The same commits, signed as the user's git is set up to. Raises RepositoryError when git cannot sign."""
    made: list[str] = []
    for commit in commits:
        raw = git(("cat-file", "commit", commit), cwd=clone.path)
        head, _, words = raw.partition(b"\n\n")
        author = next(line for line in head.split(b"\n") if line.startswith(b"author "))
        name, _, rest = author.removeprefix(b"author ").decode("utf-8", "surrogateescape").rpartition(" <")
        email, _, date = rest.partition("> ")
        env = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": f"@{date}"}
        parent = made[-1] if made else tip
        try:
            new = git(
                ("commit-tree", "-S", f"{commit}^{{tree}}", "-p", parent, "-F", "-"),
                cwd=clone.path,
                stdin=words,
                env=env,
            )
        except RepositoryError as error:
            raise RepositoryError(
                f"the commits could not be signed as commit.gpgsign asks ({error}); unlock the key, or --set sign=false"
            ) from None
        made.append(new.decode().strip())
    git(("update-ref", "refs/stomper/built", made[-1]), cwd=clone.path)
    return made
