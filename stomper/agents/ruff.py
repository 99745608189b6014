"""ruff's own fixes: deterministic, free, and the first of the cascade."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.agents.protocol.agent import AgentContext, Answer, Request, Usage
from stomper.agents.ruff_single import apply_only
from stomper.analysis.fingerprints import compare, stamp
from stomper.checkers.ruff import RuffChecker
from stomper.checkers.verify import read_from
from stomper.errors import AgentError, CheckerError
from stomper.models import CleanUp, Diagnostic, FileJob

_ROUNDS = 5


@dataclass(frozen=True)
class Repaired:
    """A file after its fixes: the errors that are in it now, with their fingerprints, and what was cleaned up."""

    found: tuple[Diagnostic, ...]
    cleaned_up: tuple[CleanUp, ...] = ()


@dataclass
class _File:
    """One file on its way: what it is about, and what is in it now."""

    path: str
    aimed_at: frozenset[str]
    """The codes of its job."""
    base: Sequence[Diagnostic]
    """All errors of the file before, those nobody aims at too."""
    found: Sequence[Diagnostic]
    cleaned: frozenset[str] = frozenset()
    """The codes of what its fixes brought about and what is gone again."""

    def due(self, allowed: Collection[str]) -> list[Diagnostic]:
        """The errors in it that are to be repaired: what is aimed at, and what the fixes have brought about."""
        verdict = compare(self.base, self.found)
        gone = {d.code for d in verdict.fixed}
        # One of a code that was there and is gone may be the old one in other words, which nobody aims at.
        brought = {id(d) for d in verdict.introduced if d.code not in gone}
        return [d for d in self.found if d.fix in allowed and (d.code in self.aimed_at or id(d) in brought)]

    def cleaned_up(self) -> tuple[CleanUp, ...]:
        """What was cleaned up, and after which fixes."""
        fixed = {d.code for d in compare(self.base, self.found).fixed if d.fix != "none"} & self.aimed_at
        return (CleanUp(codes=tuple(sorted(self.cleaned)), after=tuple(sorted(fixed))),) if self.cleaned else ()


class RuffAgent:
    """Applies the fixes of the job's codes, and of those errors that its own fixes bring about."""

    reads_prompt = False
    reports_cost = True
    reports_tokens = True
    runs_code = False
    contained = True  # it writes the file it is given

    def __init__(self, context: AgentContext) -> None:
        self.name = context.name
        self._unsafe = context.settings.unsafe_fixes
        self.checkers = [c for c in context.checkers if isinstance(c, RuffChecker)]
        self._allowed = ("safe", "unsafe") if self._unsafe else ("safe",)
        if context.settings.command:
            raise AgentError(f"[agents.{self.name}] command: ruff is found by itself; use `python` for its environment")

    def takes(self, job: FileJob) -> bool:
        return any(d.fix in self._allowed and d.tool in {c.name for c in self.checkers} for d in job.diagnostics)

    def fix(self, request: Request) -> Answer:
        cleaned_up: list[CleanUp] = []
        for checker in self.checkers:
            try:
                before = _errors(checker, request.tree, [request.job.path])
                done = self.repair(checker, request.tree, [request.job], before)
            except CheckerError as error:
                return Answer(problem=str(error))
            cleaned_up += (part for file in done.values() for part in file.cleaned_up)
        return Answer(cost_usd=0.0, usage=Usage(), cleaned_up=tuple(cleaned_up))

    def repair(
        self, checker: RuffChecker, tree: Path, jobs: Sequence[FileJob], base: Mapping[str, Sequence[Diagnostic]]
    ) -> dict[str, Repaired]:
        """Apply *checker*'s fixes in *tree* to the file of each job, all of one kind by one process.

        *base* has all errors that *checker* finds in these files before, by path. What comes back is what each file is
        after it; one that has nothing to fix has no entry. Raises CheckerError where ruff fails: what it has done by
        then stays."""
        files = [file for job in jobs if (file := self._file(checker, job, base)) is not None]
        self._apply(checker, tree, [(file.path, self._codes(file.due(self._allowed))) for file in files])
        _look(checker, tree, files)
        waiting = files
        for _ in range(_ROUNDS):
            due = {file.path: file.due(self._allowed) for file in waiting}
            waiting = [file for file in waiting if due[file.path]]
            if not waiting:
                break
            # A rewrite can leave an import unused that was used before: that too is its own to clear away.
            self._clean_up(checker, tree, waiting, due)
            before = {file.path: file.found for file in waiting}
            _look(checker, tree, waiting)
            waiting = [file for file in waiting if _note_cleaned(file, before[file.path], due[file.path])]
        return {file.path: Repaired(tuple(file.found), file.cleaned_up()) for file in files}

    def _file(self, checker: RuffChecker, job: FileJob, base: Mapping[str, Sequence[Diagnostic]]) -> _File | None:
        mine = [d for d in job.diagnostics if d.tool == checker.name]
        if not any(d.fix in self._allowed for d in mine):
            return None
        before = base.get(job.path, ())
        return _File(job.path, frozenset(d.code for d in mine), before, before)

    def _codes(self, due: Iterable[Diagnostic]) -> frozenset[str]:
        return frozenset(d.code for d in due)

    def _clean_up(
        self, checker: RuffChecker, tree: Path, files: Sequence[_File], due: Mapping[str, Sequence[Diagnostic]]
    ) -> None:
        """Repair what is *due* in each file: by its code, but one by one where the same code stood there before."""
        whole: list[tuple[str, frozenset[str]]] = []
        for file in files:
            wanted = due[file.path]
            these = {id(d) for d in wanted}
            others = self._codes(d for d in file.found if d.fix in self._allowed and id(d) not in these)
            if codes := self._codes(wanted) - others:
                whole.append((file.path, codes))
            for code in sorted(self._codes(wanted) & others):
                apply_only(checker, tree, [d for d in wanted if d.code == code])
        self._apply(checker, tree, whole)

    def _apply(self, checker: RuffChecker, tree: Path, wanted: Iterable[tuple[str, frozenset[str]]]) -> None:
        alike = defaultdict[frozenset[str], list[str]](list)
        for path, codes in wanted:
            alike[codes].append(path)
        for codes, paths in alike.items():
            checker.apply(tree, codes, paths, unsafe=self._unsafe)


def _errors(checker: RuffChecker, tree: Path, paths: Sequence[str]) -> dict[str, list[Diagnostic]]:
    """What *checker* finds in each of *paths*, with fingerprints."""
    found: dict[str, list[Diagnostic]] = {path: [] for path in paths}
    parser = checker.context.environment.parser
    for diagnostic in stamp(checker.check(tree, paths) if paths else (), lambda path: read_from(tree, path), parser):
        found[diagnostic.path].append(diagnostic)
    return found


def _look(checker: RuffChecker, tree: Path, files: Sequence[_File]) -> None:
    found = _errors(checker, tree, [file.path for file in files])
    for file in files:
        file.found = found[file.path]


def _note_cleaned(file: _File, before: Sequence[Diagnostic], due: Sequence[Diagnostic]) -> bool:
    """Take in of which codes that were *due* the file has fewer errors than *before*; False where of none."""
    then, now = (Counter(d.code for d in errors) for errors in (before, file.found))
    gone = {code for code in {d.code for d in due} if now[code] < then[code]}
    file.cleaned |= gone - file.aimed_at
    return bool(gone)


AGENT = RuffAgent
