"""The target's tests: run in a worktree, and run again where they are worse than a baseline."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest
from pathlib import Path

from stomper.environment.python import Environment
from stomper.errors import SuiteError
from stomper.system import processes
from stomper.testing.impact.coverage import Contexts, read_contexts
from stomper.testing.import_probe import PLUGIN, TRACER, Probe, install, read_notes
from stomper.testing.plugins.observer import NOTES, ONLY, OPTIONS
from stomper.testing.results import (
    AS_A_WHOLE,
    CaseResult,
    SuiteRun,
    SuiteState,
    files_without,
    is_pytest,
    judge,
    worse,
)

_JUNIT = "junit.xml"
_WAY_OUT = "Uninstall that copy, set `python` to an interpreter without it, or use --test-validation none"
_ALONE = 50
"""Broken needs one test that fails twice: of very many some are enough."""


@dataclass(frozen=True)
class _Asked:
    """What is wanted of one run."""

    only: Collection[str] = ()
    without: Collection[str] = ()
    enough: int = 0
    traced: bool = False
    patched: bool = False
    """Whether the tests were seen to be about the tree without what it has now."""


class Suite:
    """How the target's tests are run. pytest is read through its JUnit file, anything else by its exit code."""

    def __init__(self, environment: Environment, command: str, timeout_s: float, scratch: Path) -> None:
        self._environment = environment
        self._timeout_s = timeout_s
        self._scratch = scratch
        self._counting = threading.Lock()
        self._plugin = True
        self.whole_runs = 0
        self.part_runs = 0
        self.seconds = 0.0
        """Of all runs together."""
        self.selects = False
        """Whether tests can be asked for by name: known after a run."""
        try:
            self._given = tuple(shlex.split(command))
        except ValueError as error:
            raise SuiteError(f"test_command {command!r} cannot be split into words: {error}") from None

    def argv(self) -> tuple[str, ...]:
        """The command, before what is added for the JUnit file."""
        return self._given or (*self._environment.test_python, "-m", "pytest")

    def find(self) -> None:
        """Raise SuiteError when the command's program does not exist, before anything is paid for."""
        program = self.argv()[0]
        if "/" not in program and shutil.which(program, path=self._environment.variables().get("PATH")) is None:
            raise SuiteError(
                f"test command: there is no program {program!r}; set test_command or --test-validation none"
            )

    def run(
        self, tree: Path, only: Collection[str] = (), *, known: SuiteRun | None = None, enough: int = 0
    ) -> SuiteRun:
        """Run all tests in *tree*, or *only* those of these keys, where the suite `selects`: then files that by the run
        *known* have none of them are not even read. With so many failures as are *enough* it ends; 0 is never.

        *known* is a run of the tests at the commit that *tree* is held against. Raises SuiteError when the command does not
        exist, or without such a run when the tests are about other code than *tree*'s: with it, that is what the tree's
        patches do, and is in the result."""
        without = files_without(known, only) if known and only else ()
        return self._run(tree, _Asked(only, without, enough, patched=known is not None))[0]

    def trace(self, tree: Path) -> tuple[SuiteRun, Contexts | None]:
        """Run all tests, and note what each of them runs and reads; None where that cannot be noted. Takes two to
        three times as long."""
        return self._run(tree, _Asked(traced=True))

    def _run(self, tree: Path, asked: _Asked) -> tuple[SuiteRun, Contexts | None]:
        self._scratch.mkdir(parents=True, exist_ok=True)
        with self._counting:
            self.whole_runs += not asked.only
            self.part_runs += bool(asked.only)
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="tests-") as name:
            folder = Path(name)
            done = self._start(tree, folder, asked)
            if self._plugin and f"'{PLUGIN}'".encode() in done.stdout + done.stderr and not (folder / _JUNIT).exists():
                self._plugin = False  # the command has an import path of its own, which the plugin is not on
                done = self._start(tree, folder, asked)
            run = judge(done, folder / _JUNIT, tree, self.argv(), enough=asked.enough)
            with self._counting:
                self.seconds += run.seconds
            elsewhere = self._other_code(tree, folder, run.state, patched=asked.patched)
            return replace(run, elsewhere=elsewhere), read_contexts(folder) if asked.traced else None

    def _start(self, tree: Path, folder: Path, asked: _Asked) -> processes.Finished:
        env = {**self._environment.variables(tree), "TMPDIR": str(folder), NOTES: str(folder)}
        # xunit1 names the file of each test; the cache goes elsewhere, so that nothing is written into the tree; a run
        # that ends at a failure or unreadable file says nothing about the tests after it.
        inis = ("-o", "junit_family=xunit1", "-o", f"cache_dir={folder}/cache")
        whole = (f"--maxfail={asked.enough}", "--continue-on-collection-errors")
        plugins = [PLUGIN, *([TRACER] if asked.traced else [])] if self._plugin else []
        options = (f"--junitxml={folder / _JUNIT}", *inis, *whole, *(word for name in plugins for word in ("-p", name)))
        if asked.only:
            files = sorted(os.path.realpath(tree / file) for file in asked.without)
            told = json.dumps({"keys": sorted(asked.only), "files": files})
            (folder / "only.json").write_text(told, encoding="utf-8")
            env[ONLY] = str(folder / "only.json")
        argv = self.argv()
        if is_pytest(argv):
            argv = (*argv, *options)
        else:
            env[OPTIONS] = os.environ.get("PYTEST_ADDOPTS", "")
            env["PYTEST_ADDOPTS"] = " ".join([env[OPTIONS], *map(shlex.quote, options)])
        install(folder, everywhere=not is_pytest(argv))
        env["PYTHONPATH"] = os.pathsep.join((env["PYTHONPATH"], str(folder)))
        try:
            return processes.run(argv, cwd=tree, timeout_s=self._timeout_s, env=env, contain=True)
        except processes.ProgramMissing as error:
            raise SuiteError(f"test command: {error}; set test_command or --test-validation none") from None

    def _other_code(self, tree: Path, folder: Path, state: SuiteState, *, patched: bool) -> str:
        """Return what shows that the tests were not about *tree*: by what they loaded, else by what they could not load.

        Raises SuiteError instead unless the tree is *patched*: where tests import from is the environment's affair until it
        was seen to be the tree."""
        probe = Probe(self._environment.root, tree, self._environment.source_roots(tree), self._scratch)
        notes = read_notes(folder)
        self.selects = self.selects or any(note.by == "pytest" for note in notes)
        if other := probe.loaded_elsewhere(notes):
            said = f"the tests do not import the worktree ({other})"
            if not patched:
                raise SuiteError(f"{said}: nothing they say would be about a fix. {_WAY_OUT}")
            return said
        if not state.is_verdict or state is SuiteState.NONE or probe.saw_the_tree(notes):
            return ""
        if other := probe.installed(self._environment.test_python, self._environment.variables()):
            if not patched:
                raise SuiteError(
                    "nothing shows that the tests import the worktree: the test command does not take PYTHONPATH, or "
                    f"runs no Python, and there is {other}. {_WAY_OUT}"
                )
            return f"the tests import nothing of the worktree any more, and there is {other}"
        return ""


@dataclass(frozen=True)
class Judgement:
    """What a run that was worse than the baseline comes to once it was looked at again."""

    broken: Mapping[str, str] = field(default_factory=dict)
    """What is broken, in words, by the tests' keys."""
    alone: frozenset[str] = frozenset()
    """The keys of those that are broken also when they are run by themselves."""
    flaky: tuple[str, ...] = ()
    """What was worse once and not again, in words."""
    runs: int = 1
    """How many complete runs were made."""

    @property
    def said(self) -> list[str]:
        """What is broken in words."""
        return sorted(self.broken.values())


def confirmed(suite: Suite, tree: Path, base: SuiteRun, now: SuiteRun) -> Judgement:
    """What is broken in *tree* and what is only flaky, of what is worse in *now* than in *base*.

    What fails is run once more alone, which is cheap: if it fails there too, it is broken. What passes alone may still
    be broken by what runs before it, so the whole suite has the last word: what is worse in it twice is broken, what was
    worse once is flaky. Where no test is named (a crash, an exit code alone), any two bad runs are broken.
    """
    bad = worse(base, now)
    failed = some_of(test for key, test in now.worst().items() if key in bad and test.status == "failed")
    if failed and suite.selects:
        alone = suite.run(tree, failed, known=base)
        ranks = {key: test.rank for key, test in alone.worst().items()}
        again = [key for key in failed if ranks.get(key) == 0]
        if again or alone.state is SuiteState.TIMED_OUT or alone.returncode < 0:
            return Judgement({key: bad[key] for key in again or failed}, frozenset(again))
    if not bad:
        return Judgement()
    second = worse(base, suite.run(tree, known=base))
    unnamed = bool(second) and AS_A_WHOLE in {**bad, **second}
    broken = bad if unnamed else {key: said for key, said in bad.items() if key in second}
    flaky = {} if unnamed else {key: said for key, said in {**second, **bad}.items() if key not in broken}
    return Judgement(broken, flaky=tuple(sorted(flaky.values())), runs=2)


def some_of(tests: Iterable[CaseResult], most: int = _ALONE) -> list[str]:
    """The keys of at most so many tests, from as many files as there are: one file's failures hide no other's."""
    by_file: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        by_file[test.path or test.name.rpartition("::")[0]].append(test.key)
    return list(islice(_in_turn(by_file.values()), most))


def _in_turn(lists: Collection[list[str]]) -> Iterator[str]:
    return (key for key in chain.from_iterable(zip_longest(*lists)) if key is not None)
