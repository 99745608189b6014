"""The first answers for many files at once: where ruff alone repairs and judges, one process does it for hundreds.

ruff looks at each file by itself, however many it is given, so that what it makes of one and says of it afterwards is the
same as alone; git takes all of it in by one look. What that is worth is found out file by file, as for any other answer."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Sequence

from stomper.agents.ruff import Repaired, RuffAgent
from stomper.checkers.ruff import SUFFIXES, RuffChecker
from stomper.checkers.verify import read_from
from stomper.errors import Cancelled, RepositoryError, StomperError
from stomper.fixing.pending import Ready
from stomper.fixing.session import Session
from stomper.git.objects import read_blobs
from stomper.git.worktree import Worktree
from stomper.guards.base import Diff
from stomper.models import FileJob, Patch

_MOST, _BYTES = 500, 32 * 1024**2
"""How many files are worked on together, and how much source they have; what is ready for them is in memory meanwhile."""
_log = logging.getLogger(__name__)


def take(session: Session, job: FileJob) -> Ready | None:
    """What is ready for *job*, found out now for the files after it too; None where it has to be worked on by itself.

    Safe to call from threads. Raises Cancelled."""
    pending = session.pending
    with pending.lock:
        if pending.waiting.get(job.path) == job:
            _prepare(session, job)
        ready = pending.ready.pop(job.path, None)
        return ready if ready and ready.job == job else None


def _prepare(session: Session, first: FileJob) -> None:
    del session.pending.waiting[first.path]
    agent = _agent(session, first)
    if agent is None:
        return
    try:
        with session.pool.lease(session.base) as tree:
            began = time.monotonic()
            calls = _calls(session, agent, tree, first)
            session.pending.ready |= {ready.job.path: ready for ready in _answers(session, agent, tree, calls, began)}
    except Cancelled:
        raise
    except StomperError as error:  # each by itself will tell whose fault it is
        _log.debug("not together: %s", error)


def _calls(session: Session, agent: RuffAgent, tree: Worktree, first: FileJob) -> list[tuple[FileJob, str]]:
    """The next files that wait and can be worked on together, each with what memory knows the call by."""
    calls: list[tuple[FileJob, str]] = []
    size = 0
    for job in (first, *session.pending.waiting.values()):
        if len(calls) >= _MOST or size > _BYTES:
            break
        if job is not first and (_agent(session, job) is not agent or session.skip_reason(job.path)):
            continue
        source = read_from(tree.path, job.path)
        if source is not None:
            call = session.memory.call(agent, job, source.decode("utf-8", errors="surrogateescape"))
            if session.memory.proven_before(call) is None:
                calls.append((job, call))
                size += len(source)
    for job, _ in calls:
        session.pending.waiting.pop(job.path, None)
    return calls


def _agent(session: Session, job: FileJob) -> RuffAgent | None:
    """Who begins with *job*, if it is ruff and what becomes of it can be told without looking at other files."""
    if session.settings.test_validation in ("full", "quick") or not job.path.endswith(SUFFIXES):
        return None
    if session.campaign and session.campaign.recorded(job.path):
        return None
    agent = next(iter(session.agents_for(job)), None)
    if not isinstance(agent, RuffAgent) or not agent.takes(job):
        return None
    broken = {run.name for run in session.collected.runs if run.error}
    judges = [checker for checker in session.checkers if checker.name not in broken]
    alone = len(judges) == 1 and isinstance(judges[0], RuffChecker)
    return agent if alone and agent.checkers == judges else None


def _answers(
    session: Session, agent: RuffAgent, tree: Worktree, calls: Sequence[tuple[FileJob, str]], began: float
) -> Iterator[Ready]:
    """What *agent* makes of each file. Raises StomperError when it cannot be told file by file."""
    jobs, parser = [job for job, _ in calls], session.environment.parser
    checker = agent.checkers[0]
    base = {job.path: session.collected.of(checker.name, [job.path]) for job in jobs}
    after = agent.repair(checker, tree.path, jobs, base)
    whole = tree.patch(session.base)
    patches = split(whole) if whole else {}
    if not patches.keys() <= base.keys():
        raise RepositoryError("ruff has changed files that it was not given")
    blobs = read_blobs(
        session.clone.path, (b for p in patches.values() for c in p.changes for b in (c.old_blob, c.new_blob))
    )
    if parser.asked_target:
        parser.prepare(blobs.values())
    seconds = (time.monotonic() - began) / max(len(calls), 1)
    for job, call in calls:
        diff = None
        if patch := patches.get(job.path):
            (change,) = patch.changes
            before, now = blobs[change.old_blob], blobs[change.new_blob]
            diff = Diff(
                job=job,
                patch=patch,
                before={job.path: before},
                after={job.path: now},
                may_edit=session.may_edit,
                parser=parser,
                foreign=lambda path: session.foreign.said(session.base, path),
            )
        done = after.get(job.path, Repaired(()))
        yield Ready(job, agent, call, diff, done, seconds)


_PART = re.compile(rb"^diff --git ", re.MULTILINE)
_BLOBS = re.compile(rb"^index ([0-9a-f]+)\.\.([0-9a-f]+)", re.MULTILINE)


def split(whole: Patch) -> dict[str, Patch]:
    """The patch of each path, by its path. Raises RepositoryError for any that does more than change what is in a file."""
    # No line of a diff's content begins like this: they have a mark in front, and those of binary files hold no blank.
    starts = [part.start() for part in _PART.finditer(whole.diff)]
    parts = [whole.diff[start:end] for start, end in zip(starts, [*starts[1:], len(whole.diff)], strict=True)]
    if len(parts) != len(whole.changes):
        raise RepositoryError(f"git names {len(whole.changes)} files, and shows {len(parts)}")
    found = {}
    for change, diff in zip(whole.changes, parts, strict=True):
        blobs = _BLOBS.search(diff)
        shown = blobs and (blobs[1].decode(), blobs[2].decode())
        if shown != (change.old_blob, change.new_blob) or change.old_mode != change.new_mode:
            raise RepositoryError(f"what git shows of {change.path} is more than an edit")
        found[change.path] = Patch(base=whole.base, changes=(change,), diff=diff)
    return found
