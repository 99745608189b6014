"""The target's tests, run in a worktree."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from stomper.environment.python import Environment
from stomper.errors import SuiteError
from stomper.system import processes
from stomper.testing.impact.coverage import Contexts, read_contexts
from stomper.testing.import_probe import PLUGIN, TRACER, Probe, install, read_notes
from stomper.testing.plugins.observer import NOTES, ONLY, OPTIONS
from stomper.testing.results import SuiteRun, SuiteState, files_without, is_pytest, judge

_JUNIT = "junit.xml"
_WAY_OUT = "Uninstall that copy, set `python` to an interpreter without it, or use --test-validation none"


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
        self.flaky: set[str] = set()
        """The keys of tests that both passed and failed with the same code. It only grows."""
        try:
            self._given = environment.in_place(shlex.split(command))
        except ValueError as error:
            raise SuiteError(f"test_command {command!r} cannot be split into words: {error}") from None

    def argv(self) -> tuple[str, ...]:
        """The command, before what is added for the JUnit file."""
        return self._given or (*self._environment.test_python, "-m", "pytest")

    def find(self) -> None:
        """Raise SuiteError when the command's program does not exist, before anything is paid for."""
        program = self.argv()[0]
        there = (
            (self._environment.root / program).exists()
            if "/" in program
            else shutil.which(program, path=self._environment.variables().get("PATH"))
        )
        if not there:
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
        env = {**self._environment.tool_variables(tree), "TMPDIR": str(folder), NOTES: str(folder)}
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
