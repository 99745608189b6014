"""The tests at the commits that fixes are held against: run once each, kept between runs where all pass."""

from __future__ import annotations

import contextlib
import shlex
import threading
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from stomper.config.settings import Settings
from stomper.environment.python import Environment
from stomper.errors import StomperError, SuiteError
from stomper.git.plumbing import git, names
from stomper.git.worktree_pool import Pool
from stomper.hashing import digest
from stomper.state.store import Store
from stomper.testing.checkout_copy import copy_ignored
from stomper.testing.diagnosis import Here, cure, not_as_in_the_checkout, proves_nothing, variables_in
from stomper.testing.flaky import as_warning, settled
from stomper.testing.impact.coverage import FORMAT, Contexts
from stomper.testing.impact.import_graph import read_graph
from stomper.testing.impact.selection import Selector
from stomper.testing.results import SuiteRun, SuiteState
from stomper.testing.signs import signs_of_tests
from stomper.testing.suite import Suite

_RUN = TypeAdapter(SuiteRun)
_UNKEPT = {"tests": {"__all__": {"output"}}}  # what tests print is nobody's business afterwards
_FORMAT = "green 2"  # only what passes is kept: a failure may be of that day, and would excuse what a fix breaks
_FEW, _HEAD = 3, 65_536


@dataclass
class Baselines:
    """The suite at each commit that was asked for. Safe to use from several threads."""

    suite: Suite
    pool: Pool
    settings: Settings
    environment: Environment
    store: Store
    warnings: list[str]
    aims_at_tests: bool = False
    """Whether failing tests are among the errors that are repaired: then they may all fail."""
    _known: dict[str, SuiteRun | SuiteError] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _contexts: dict[str, Contexts | None] = field(default_factory=dict)
    _selectors: dict[str, Selector] = field(default_factory=dict)
    _early: threading.Thread | None = None
    _fingerprint: str = ""

    def start(self, commit: str) -> None:
        """Run the tests at *commit* while other things go on."""
        if self.settings.test_validation != "none":
            self._early = threading.Thread(target=self._quietly, args=(commit,), name="baseline", daemon=True)
            self._early.start()

    def wait(self) -> None:
        """Wait for what was started."""
        if self._early is not None:
            self._early.join()

    def _quietly(self, commit: str) -> None:
        with contextlib.suppress(StomperError):
            self.at(commit)

    def at(self, commit: str) -> SuiteRun:
        """The tests at *commit*, run once however many ask for them. Raises SuiteError when they prove nothing."""
        with self._lock:
            if commit not in self._known:
                try:
                    self._known[commit] = self._judged(self._kept(commit) or self._run(commit))
                except SuiteError as error:
                    self._known[commit] = error
            known = self._known[commit]
        if isinstance(known, SuiteError):
            raise known
        return known

    def refusal(self, commit: str) -> str:
        """Return why the tests at *commit* prove nothing, as far as that is known by now; empty when they do, or may."""
        known = self._known.get(commit)
        return str(known) if isinstance(known, SuiteError) else ""

    def known(self, commit: str) -> SuiteRun | None:
        """The tests at *commit*, if anything asked for them."""
        known = self._known.get(commit)
        return known if isinstance(known, SuiteRun) else None

    def selector(self, commit: str) -> Selector:
        """Which tests changes on top of *commit* can reach: by what each test ran there, where that is known."""
        run = self.at(commit)
        with self._lock:
            if commit not in self._selectors:
                contexts = self._contexts.get(commit)
                known = contexts or Contexts(tuple(run.worst()), tuple(test.path for test in run.worst().values()))
                with self.pool.lease(commit) as tree:
                    graph = read_graph(tree.path, self.environment.source_roots(tree.path))
                self._selectors[commit] = Selector(
                    tests=known,
                    traced=contexts is not None,
                    graph=graph,
                    source=lambda path: git(("cat-file", "blob", f"{commit}:{path}"), cwd=self.pool.home, ok=(0, 128)),
                    always=frozenset(run.worst()) - set(known.tests),
                    parser=self.environment.parser,
                )
            return self._selectors[commit]

    def _key(self, commit: str) -> str:
        self._fingerprint = self._fingerprint or self.environment.fingerprint()
        lent = self.pool.files.digest() if self.pool.files else ""
        return digest(_FORMAT, commit, *self.suite.argv(), self._fingerprint, lent)

    def _contexts_key(self, commit: str) -> str:
        return digest(self._key(commit), "contexts", FORMAT)

    def _kept(self, commit: str) -> SuiteRun | None:
        """What an earlier run saw at this commit, by this command, in this environment."""
        if self._wants_contexts and (kept := self.store.baseline(self._contexts_key(commit))):
            self._contexts[commit] = Contexts.load(kept[1])
            self.suite.selects = True
        found = self.store.baseline(self._key(commit))
        if found is None or self._wants_contexts:
            return None
        return replace(_RUN.validate_json(found[1]), kept=found[0])

    def _run(self, commit: str) -> SuiteRun:
        with self.pool.lease(commit) as tree:
            run = self._traced(commit, tree.path) if self._wants_contexts else None
            run = run or self.suite.run(tree.path)
            green = run.state is SuiteState.PASSED and run.passed != 0
            if run.state in (SuiteState.FAILED, SuiteState.COLLECTION):
                run = settled(self.suite, tree.path, run)
                said = map(as_warning, sorted(self.suite.flaky & run.worst().keys()))
                self.warnings += [line for line in said if line not in self.warnings]
            self._refuse(run, tree.path)
        if green:
            self.store.keep_baseline(self._key(commit), _RUN.dump_json(run, exclude=_UNKEPT).decode())
        return run

    @property
    def _wants_contexts(self) -> bool:
        return self.settings.test_validation == "quick" and not self._contexts

    def _traced(self, commit: str, tree: Path) -> SuiteRun | None:
        """The suite with a note of what each test runs; None where it does not pass, since that may be for being watched."""
        run, contexts = self.suite.trace(tree)
        self._contexts[commit] = contexts
        if contexts is not None:
            self.store.keep_baseline(self._contexts_key(commit), contexts.dump())
        return run if run.state is SuiteState.PASSED else None

    def _refuse(self, run: SuiteRun, tree: Path) -> None:
        """Raise SuiteError where *run*, just made in *tree*, is no measure for fixes. Changes the tree."""
        if run.state is SuiteState.PASSED and run.passed != 0:
            return
        if run.state is SuiteState.NONE:
            self._refuse_unfound(tree)
            return
        copied = copy_ignored(self.environment.root, tree) if run.state is not SuiteState.TIMED_OUT else []
        why = not_as_in_the_checkout(run, self.suite.run(tree), copied) if copied else ""
        better = bool(why)
        if not why and not (self.aims_at_tests and run.state.is_verdict):
            why = proves_nothing(run)
        kept_back = self.environment.kept_back()
        if not why and (named := variables_in(run, kept_back)):
            why = f"tests fail that speak of {named[0]}, which is set here and not where they run"
        if why:
            here = Here(self.environment.root, copied, better, kept_back, self.environment.found)
            said = f"the tests prove nothing at the base commit: {why}"
            raise SuiteError(f"{said}\n{cure(run, here, shlex.join(self.suite.argv()))}")

    def _refuse_unfound(self, tree: Path) -> None:
        """Raise SuiteError where no test was found, and the repository looks as if it had some."""
        signs = signs_of_tests(names(git(("ls-files", "-z"), cwd=tree)), partial(_head, tree))
        if signs:
            listed = ", ".join(f"{sign.path} ({sign.command})" for sign in signs[:_FEW])
            raise SuiteError(
                f"no tests were found by {shlex.join(self.suite.argv())}, and there are signs of some: {listed}\n"
                f"say how they are run: --set 'test_command={signs[0].command}'\n"
                "or go on without tests: --test-validation none"
            )

    def _judged(self, run: SuiteRun) -> SuiteRun:
        if run.state in (SuiteState.FAILED, SuiteState.COLLECTION):
            failed = [test.key for test in run.worst().values() if test.status == "failed"]
            named = f": {', '.join(failed[:_FEW])}{' …' * (len(failed) > _FEW)}" if failed else ""
            said = f"the tests already fail at the base commit ({run.words}{named})"
            if not self.settings.allow_failing_baseline:
                raise SuiteError(f"{said}: mend them first, or allow it with --set allow_failing_baseline=true")
            self.warnings.append(f"{said}: fixes are held to making none worse")
        if run.state is SuiteState.NONE:
            self.warnings.append("no tests were found: fixes are proven by the checkers alone")
        return run


def _head(tree: Path, path: str) -> bytes:
    """The beginning of a file; nothing of what is no regular one."""
    file = tree / path
    try:
        if file.is_symlink() or not file.is_file():
            return b""
        with file.open("rb") as opened:
            return opened.read(_HEAD)
    except OSError:
        return b""
