"""What a patch of one file comes to: the guards, then the checkers, then the tests where each file is tested."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from stomper.analysis.fingerprints import Comparison
from stomper.analysis.risk import Risk, risk
from stomper.checkers.verify import verify
from stomper.errors import CheckerError
from stomper.fixing.patch_tests import judge_patch
from stomper.fixing.session import Session
from stomper.git.objects import read_blobs
from stomper.git.worktree import Worktree
from stomper.guards.base import Diff
from stomper.guards.registry import objection
from stomper.models import Diagnostic, FileJob, Judge, Patch


@dataclass(frozen=True)
class Proof:
    """What was found out about a patch. It is proven when there is no *problem*; else *judge* is who turned it down."""

    problem: str = ""
    judge: Judge = ""
    fixed: tuple[Diagnostic, ...] = ()
    left: tuple[Diagnostic, ...] = ()
    introduced: tuple[Diagnostic, ...] = ()
    unknown: bool = False
    """Whether a checker could not say what became of the errors."""
    output: str = ""
    """What the tests printed of their failures."""
    risk: Risk = "logic"
    tests: str = ""
    """Which tests were run, where not all were to be."""
    only_flaky: bool = False
    """Whether only flaky tests speak against the patch: that is neither for nor against it."""


def prove(
    session: Session,
    diff: Diff,
    place: AbstractContextManager[Worktree],
    *,
    fixed_before: int,
    enter: Callable[[str], None],
) -> Proof:
    """Whether *diff* fixes more of its job's errors than *fixed_before* and breaks nothing, in the worktree that *place*
    gives, which is at it and is asked for when the guards have nothing against it.

    The job names all errors of the file that the run aims at. *enter* is told of each stage. Raises what *place* does."""
    if refused := _guarded(session, diff, enter):
        return refused
    with place as tree:
        return _proven_in(tree, session, diff, fixed_before=fixed_before, enter=enter)


def _proven_in(
    tree: Worktree, session: Session, diff: Diff, *, fixed_before: int, enter: Callable[[str], None]
) -> Proof:
    def verdict() -> Comparison:
        return verify(tree.path, session.checkers, session.collected, diff.patch.paths, diff.parser)

    proof = _checked(diff, verdict, fixed_before=fixed_before, enter=enter)
    if proof.problem or session.settings.test_validation not in ("full", "quick"):
        return proof
    enter("tests")
    tested = judge_patch(session, diff, tree)
    session.feedback.note_flaky(tested.judged.flaky)
    if words := session.feedback.note_broken(tested.judged.said, tested.run):
        flaky = tested.judged.broken.keys() <= session.suite.flaky
        output = session.feedback.output(words)
        return Proof(words, "" if flaky else "tests", output=output, tests=tested.words, only_flaky=flaky)
    return replace(proof, tests=tested.words)


def judge(
    session: Session,
    diff: Diff,
    verdict_of: Callable[[], Comparison],
    *,
    fixed_before: int,
    enter: Callable[[str], None],
) -> Proof:
    """What the guards say of *diff*, then the checkers, by what *verdict_of* gives. It raises CheckerError for unknown."""
    return _guarded(session, diff, enter) or _checked(diff, verdict_of, fixed_before=fixed_before, enter=enter)


def _guarded(session: Session, diff: Diff, enter: Callable[[str], None]) -> Proof | None:
    enter("guards")
    said = objection(diff, session.settings.guards_off)
    return Proof(said, "guard") if said else None


def _checked(
    diff: Diff, verdict_of: Callable[[], Comparison], *, fixed_before: int, enter: Callable[[str], None]
) -> Proof:
    enter("verify")
    try:
        verdict = verdict_of()
    except CheckerError as error:
        return Proof(f"unknown, so not a fix: {error}", "checker", unknown=True)
    if verdict.introduced:
        first = verdict.introduced[0]
        said = f"new error: {first.path}:{first.line} {first.code} {first.message}"
        return Proof(said, "checker", introduced=verdict.introduced)
    fixed, left = _parted(diff.job.diagnostics, verdict)
    if len(fixed) <= fixed_before:
        return Proof("none of the errors is gone", "checker")
    return Proof(fixed=fixed, left=left, risk=risk(diff.before, diff.after, diff.parser))


def _parted(
    aimed_at: Sequence[Diagnostic], verdict: Comparison
) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """Those of *aimed_at* that are gone, and the others, where they are now."""
    counts = Counter(d.fingerprint for d in verdict.fixed)
    places: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in reversed(verdict.remaining):
        places[diagnostic.fingerprint].append(diagnostic)
    fixed: list[Diagnostic] = []
    left: list[Diagnostic] = []
    for diagnostic in aimed_at:
        hit = counts[diagnostic.fingerprint] > 0
        counts[diagnostic.fingerprint] -= hit
        if hit:
            fixed.append(diagnostic)
        else:
            now = places[diagnostic.fingerprint]
            left.append(now.pop() if now else diagnostic)
    return tuple(fixed), tuple(left)


def diff_of(session: Session, job: FileJob, patch: Patch, *, at_hand: Iterable[bytes] = ()) -> Diff:
    """The patch with both sides of every path, as git has them: what is on disk may be a link by now.

    Contents that are *at_hand* are not read again where git has the same."""
    old = {c.path: c.old_blob if _is_blob(c.old_mode) else "" for c in patch.changes}
    new = {c.path: c.new_blob if _is_blob(c.new_mode) else "" for c in patch.changes}
    blobs = read_blobs(session.clone.path, (blob for blob in (*old.values(), *new.values()) if blob), at_hand=at_hand)
    before = {path: blobs.get(blob) for path, blob in old.items()}
    after = {path: blobs.get(blob) for path, blob in new.items()}
    return Diff(
        job=job,
        patch=patch,
        before=before,
        after=after,
        may_edit=session.may_edit,
        parser=session.environment.parser,
        foreign=lambda path: session.foreign.said(session.base, path),
    )


def _is_blob(mode: str) -> bool:
    """Whether there is a side at all, and it is no submodule."""
    return int(mode, 8) != 0 and mode != "160000"
