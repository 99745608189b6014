"""From proven patches to commits on the user's branch: proven together, built apart, moved in by one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from stomper import progress, store
from stomper.bisect import drop_culprits
from stomper.errors import CheckerError, RepositoryError
from stomper.fingerprints import compare
from stomper.git import git, identity, text, uncommitted
from stomper.locks import Lock
from stomper.models import Landed, Outcome, Patch
from stomper.session import Session
from stomper.testing import SuiteState, worse
from stomper.verify import verify
from stomper.worktrees import build_commits

_TRIES = 5
Limit = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Landing:
    """What landed, and every outcome as it is now."""

    outcomes: tuple[Outcome, ...]
    landed: tuple[Landed, ...]


def land(session: Session, outcomes: Sequence[Outcome], limit: Limit) -> Landing:
    """Prove the proven patches together, drop the culprits, and land the rest inside *limit*.

    The tip is read before the proof and compared when the branch is moved: if it moved meanwhile, the commits are built
    on the new tip and proven again.
    """
    ready = [o for o in outcomes if o.proven and o.patch]
    turned_down: dict[str, Outcome] = {}
    landed: list[Landed] = []
    if session.settings.land == "patch":
        kept = _prove_all(session, ready, session.base, turned_down)
        landed_paths = {o.path for o in kept}
        done = [_write_patch(session, o, landed=True) if o.path in landed_paths else o for o in outcomes]
        return Landing(_finish(session, done, turned_down), ())
    for _ in range(_TRIES):
        tip = _tip(session)
        candidates = [o for o in ready if o.path not in turned_down]
        for outcome in candidates:
            if why := _stale(session, outcome, tip):
                turned_down[outcome.path] = outcome.rejected(why)
        kept = _prove_all(session, [o for o in candidates if o.path not in turned_down], tip, turned_down)
        if not kept:
            break
        progress.emit(progress.StageBegan("land", detail=f"{len(kept)} file(s)"))
        commits = _build(session, kept, tip)
        with _repository_lock(session), limit():
            if not _move(session, tip, commits[-1]):
                continue
        landed = [Landed(commit=c, path=o.path, subject=_subject(o)) for c, o in zip(commits, kept, strict=True)]
        break
    else:
        for outcome in ready:
            turned_down.setdefault(
                outcome.path, outcome.rejected(f"the branch moved {_TRIES} times while this was proven")
            )
    where = {entry.path: entry.commit for entry in landed}
    done = [o.model_copy(update={"commit": where[o.path]}) if o.path in where else o for o in outcomes]
    return Landing(_finish(session, done, turned_down), tuple(landed))


def _finish(session: Session, outcomes: Sequence[Outcome], turned_down: dict[str, Outcome]) -> tuple[Outcome, ...]:
    final = []
    for outcome in outcomes:
        now = turned_down.get(outcome.path, outcome)
        final.append(_write_patch(session, now) if now.patch and not now.proven else now)
    return tuple(final)


def _prove_all(
    session: Session, outcomes: Sequence[Outcome], tip: str, turned_down: dict[str, Outcome]
) -> list[Outcome]:
    """The outcomes whose patches hold together on *tip*; the others go to *turned_down* with the reason."""
    if not outcomes:
        return []
    progress.emit(progress.StageBegan("prove", detail=f"{len(outcomes)} file(s) together"))
    kept, dropped = drop_culprits(list(outcomes), lambda some: _check(session, some, tip))
    if session.settings.test_validation != "none":
        session.baseline(tip)
        kept, failing = drop_culprits(kept, lambda some: _test(session, some, tip))
        dropped += failing
        # Dropping a patch can bring back what another one relied on.
        while kept and failing and (said := _check(session, kept, tip)):
            dropped.append((kept.pop(), said))
    turned_down.update({o.path: o.rejected(why) for o, why in dropped})
    return kept


def _check(session: Session, outcomes: Sequence[Outcome], tip: str) -> str:
    """What the checkers have against these patches together; empty when nothing."""
    patches = [o.patch for o in outcomes if o.patch]
    with session.pool.lease(_combine(session, patches, tip)) as tree:
        try:
            verdict = verify(
                tree.path, session.checkers, session.collected_at(tip), sorted({p for x in patches for p in x.paths})
            )
        except CheckerError as error:
            return f"unknown, so not a fix: {error}"
    if verdict.introduced:
        first = verdict.introduced[0]
        return f"together with the others, a new error: {first.path}:{first.line} {first.code} {first.message}"
    missing = compare([d for o in outcomes for d in o.fixed], verdict.fixed).fixed
    return f"together with the others, still there: {missing[0].path} {missing[0].code}" if missing else ""


def _test(session: Session, outcomes: Sequence[Outcome], tip: str) -> str:
    """What the tests have against these patches together; empty when nothing."""
    baseline = session.baseline(tip)
    if baseline.state is SuiteState.NONE:
        return ""
    with session.pool.lease(_combine(session, [o.patch for o in outcomes if o.patch], tip)) as tree:
        bad = worse(baseline, session.suite.run(tree.path))
        # Once more: what fails now and then is not the patch's doing.
        bad = bad and [b for b in worse(baseline, session.suite.run(tree.path)) if b in bad]
    return f"tests: {'; '.join(bad[:5])}" if bad else ""


def _combine(session: Session, patches: Sequence[Patch], tip: str) -> str:
    """A commit in the private clone with all *patches* on *tip*."""
    if not patches:
        return tip
    changes = tuple(change for patch in patches for change in patch.changes)
    whole = Patch(base=tip, changes=changes, diff=b"")
    author, committer = "Stomper <stomper@localhost> 0 +0000", "Stomper <stomper@localhost> 0 +0000"
    return build_commits(session.clone, tip, [(whole, b"combined\n")], author=author, committer=committer)[0]


def _build(session: Session, outcomes: Sequence[Outcome], tip: str) -> list[str]:
    author, committer = identity(session.target.root)
    messages = [(o.patch, _message(session, o)) for o in outcomes if o.patch]
    return build_commits(session.clone, tip, messages, author=author, committer=committer)


def _subject(outcome: Outcome) -> str:
    codes = sorted({d.code for d in outcome.fixed})
    shown = ", ".join(codes[:4]) + (", …" if len(codes) > 4 else "")
    name = outcome.path.replace("\n", " ")
    return f"fix: resolve {shown} in {name}"


def _message(session: Session, outcome: Outcome) -> bytes:
    """A Conventional Commit with the codes fixed and trailers that programs can read."""
    counts: dict[tuple[str, str], int] = {}
    for diagnostic in outcome.fixed:
        counts[diagnostic.tool, diagnostic.code] = counts.get((diagnostic.tool, diagnostic.code), 0) + 1
    body = "\n".join(f"- {tool} {code}: {count}" for (tool, code), count in sorted(counts.items()))
    codes = ", ".join(f"{tool}:{code}" for tool, code in sorted(counts))
    trailers = f"Stomper-Run: {session.run_id}\nStomper-Agent: {outcome.agent}\nStomper-Codes: {codes}"
    return f"{_subject(outcome)}\n\n{body}\n\n{trailers}\n".encode("utf-8", "surrogateescape")


def _tip(session: Session) -> str:
    """The commit to build on: the branch's tip now. Its objects are visible to the clone, which borrows them."""
    if session.settings.land == "branch" or not session.target.branch:
        return session.base
    tip = text(
        ("rev-parse", "--verify", "--quiet", f"refs/heads/{session.target.branch}"), cwd=session.target.root, ok=(0, 1)
    )
    if not tip:
        raise RepositoryError(f"branch {session.target.branch} was deleted during the run: nothing was landed")
    return tip


def _stale(session: Session, outcome: Outcome, tip: str) -> str:
    """Why a patch does not fit *tip* or the checkout any more; empty when it does."""
    if outcome.patch is None:
        return "it has no patch"
    if tip != session.base:
        for change in outcome.patch.changes:
            now = text(
                ("rev-parse", "--verify", "--quiet", f"{tip}:{change.path}"), cwd=session.clone.path, ok=(0, 1, 128)
            )
            if (now or "0" * len(change.old_blob)) != change.old_blob:
                return "conflict: the file was committed to during the run; run again"
    if session.settings.land == "commit" and uncommitted(session.target.root) & set(outcome.patch.paths):
        return "it was edited during the run: commit or stash the edits, then run again"
    return ""


def _move(session: Session, tip: str, commit: str) -> bool:
    """Bring the commits in and move the branch from *tip* to *commit*. False when the tip is another by now."""
    root = session.target.root
    quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
    if session.settings.land == "branch":
        name = session.lands_on
        git(("check-ref-format", "--branch", name), cwd=root)
        git(("fetch", *quiet, str(session.clone.path), "refs/stomper/built"), cwd=root)
        git(("update-ref", "-m", "stomper", f"refs/heads/{name}", commit, "0" * len(commit)), cwd=root)
        return True
    git(("fetch", *quiet, str(session.clone.path), "refs/stomper/built"), cwd=root)
    if _tip(session) != tip:
        return False
    head = text(("symbolic-ref", "--quiet", "HEAD"), cwd=root, ok=(0, 1))
    if head != f"refs/heads/{session.target.branch}":
        # The user is on another branch by now: the branch moves, the checkout is none of ours.
        git(("update-ref", "-m", "stomper", f"refs/heads/{session.target.branch}", commit, tip), cwd=root)
        return True
    try:
        plain = ("-c", "merge.autoStash=false", "-c", "merge.verifySignatures=false")
        git((*plain, "merge", "--ff-only", "--quiet", "--no-autostash", commit), cwd=root)
    except RepositoryError:
        if _tip(session) != tip:
            return False
        raise
    return True


def _repository_lock(session: Session) -> Lock:
    """The lock of this repository on this machine, held."""
    lock = Lock(lock_path(str(session.target.git_dir)))
    if not lock.acquire(timeout_s=3600):
        raise RepositoryError(f"another run has been landing in {session.target.root} for an hour")
    return lock


def lock_path(repository: str) -> Path:
    """Where the landing lock of a repository is."""
    return store.home() / "locks" / store.digest(repository)


def _write_patch(session: Session, outcome: Outcome, *, landed: bool = False) -> Outcome:
    """Keep the patch as a file: the way to land by `patch`, and what keeps rejected work from being lost."""
    if outcome.patch is None:
        return outcome
    folder = store.home() / "patches" / session.run_id / ("proven" if landed else "rejected")
    folder.mkdir(parents=True, exist_ok=True)
    name = store.digest(outcome.path)[:8]
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in outcome.path)[-80:]
    file = folder / f"{stem}.{name}.patch"
    file.write_bytes(outcome.patch.diff)
    return outcome.model_copy(update={"patch_file": str(file)})
