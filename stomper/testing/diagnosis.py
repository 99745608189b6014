"""Why the tests at the base commit prove nothing, and what would help."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from stomper.testing.results import CaseResult, SuiteRun, SuiteState

_NO_MODULE = re.compile(r"No module named ['\"]([\w.]+)['\"]|cannot import name .*? from ['\"]?([\w.]+)")
_FEW = 3
_EXPLICIT = "or go on without tests: --test-validation none"


@dataclass(frozen=True)
class Here:
    """What can be seen from here that the tests could not see: the checkout, what git does not carry of it, variables
    that tests are not given, and the interpreter that runs them."""

    root: Path
    ignored: Sequence[str] = ()
    better_beside: bool = False
    """Whether the tests end better where that is."""
    variables: Collection[str] = ()
    python: str = ""


def proves_nothing(run: SuiteRun) -> str:
    """Return why *run*, of the base commit, is no measure for fixes; empty when it is one."""
    passed = sum(test.status == "passed" for test in run.tests)
    uncollected = [test for test in run.tests if not test.collected]
    if not run.state.is_verdict:
        return run.words
    if uncollected:
        return f"{len(uncollected)} file(s) with tests cannot be read: {_listed(uncollected)}"
    if run.state is SuiteState.FAILED and run.tests and not passed:
        return f"none of {len(run.tests)} tests passes: {_listed([t for t in run.tests if t.status == 'failed'])}"
    if run.state is SuiteState.PASSED and run.passed == 0:
        return f"none of {len(run.tests) or 'the'} tests passes: all are skipped"
    if run.state is SuiteState.FAILED and not run.tests:
        return f"the test command fails, and names no test: exit code {run.returncode}: {run.complaint}"
    return ""


def cure(run: SuiteRun, here: Here, command: str) -> str:
    """Return what would help against the failures of *run*, one way a line; *command* is how the tests are run."""
    lines = [*_modules(run, here), *_unset(run, here)]
    if here.better_beside and not lines:
        named = ", ".join(f'"{path}"' for path in here.ignored[:_FEW])
        lines.append(f"have worktrees carry what of it the tests need: --set 'worktree.carry=[{named}]'")
    others = any(test.status == "passed" for test in run.tests)
    if others and (files := sorted({_file(test) for test in run.tests if not test.collected} - {""})):
        ignores = " ".join(f"--ignore={file}" for file in files[:_FEW])
        lines.append(f"leave those files out: --set 'test_command={command} {ignores}'")
    if not lines:
        lines.append("set test_command to what runs your tests, raise test_timeout_s")
    return "\n".join((*lines, _EXPLICIT))


def not_as_in_the_checkout(alone: SuiteRun, beside: SuiteRun, copied: Sequence[str]) -> str:
    """Return how the tests end better *beside* the files *copied* from the checkout than *alone*; empty when they do not."""
    before, after = alone.worst(), beside.worst()
    better = [key for key, test in after.items() if test.status == "passed" and _failed(before.get(key))]
    if not better and not (beside.state is SuiteState.PASSED and alone.state is not SuiteState.PASSED):
        return ""
    which = f"{len(better)} test(s) fail" if better else "the tests fail"
    return (
        f"{which} where only what git tracks is, and would pass beside what your checkout has as well: "
        f"{', '.join(copied[:_FEW])}{f' and {len(copied) - _FEW} more' if len(copied) > _FEW else ''}"
    )


def _failed(test: CaseResult | None) -> bool:
    return test is None or test.status == "failed"


def missing_modules(run: SuiteRun) -> list[str]:
    """Return the names of modules that the tests of *run* could not import, each once."""
    texts = [run.complaint, *(f"{test.message}\n{test.output}" for test in run.tests if test.status == "failed")]
    found = [one or other for text in texts for one, other in _NO_MODULE.findall(text)]
    return list(dict.fromkeys(found))


def _modules(run: SuiteRun, here: Here) -> list[str]:
    lines = []
    for module in missing_modules(run)[:_FEW]:
        path = module.replace(".", "/")
        ignored = [
            p for p in here.ignored if p.removesuffix(".py").endswith(path.rpartition("/")[2]) and p.endswith(".py")
        ]
        own = (here.root / f"{path.split('/')[0]}.py").exists() or (here.root / path.split("/")[0]).is_dir()
        if ignored:
            lines.append(
                f"{module} is {ignored[0]} in your checkout, which git ignores: have worktrees carry it: "
                f"--set 'worktree.carry=[\"{ignored[0]}\"]'"
            )
        elif not own:
            lines.append(
                f"install {module.split('.')[0]} for {here.python or 'the interpreter of the tests'}, or set `python`"
            )
    return lines


def _unset(run: SuiteRun, here: Here) -> list[str]:
    """Variables of the caller's that failures speak of."""
    named = variables_in(run, here.variables)
    return [
        f"{name} is set here, and tests are not given it: set it in test_command (env {name}=… python -m pytest)"
        for name in named
    ]


def variables_in(run: SuiteRun, variables: Collection[str]) -> list[str]:
    """Return those of *variables* that a failure of *run* names."""
    words = {
        word
        for text in (run.complaint, *(f"{t.message}\n{t.output}" for t in run.tests if t.status == "failed"))
        for word in re.findall(r"\b[A-Z][A-Z0-9_]{2,}\b", text)
    }
    return sorted(words & set(variables))[:_FEW]


def _listed(tests: Sequence[CaseResult]) -> str:
    said = "; ".join(f"{_file(test) or test.key}: {test.message}" for test in tests[:_FEW])
    return said + (f" and {len(tests) - _FEW} more" if len(tests) > _FEW else "")


def _file(test: CaseResult) -> str:
    """The file of a test; of one that could not be read it is its name, with dots."""
    if test.path:
        return test.path
    name = test.name.rpartition("::")[2] if not test.collected else ""
    return f"{name.replace('.', '/')}.py" if name and not name.endswith(".py") else name
