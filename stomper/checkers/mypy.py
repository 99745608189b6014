"""mypy, by its JSON output, over the whole program each time: one file alone gives other verdicts."""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tomllib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from stomper.checkers.base import CheckerContext, refuse, relative
from stomper.errors import CheckerError
from stomper.models import Diagnostic
from stomper.system import processes

_FIRST_WITH_JSON = (1, 11)
_VERSION = re.compile(r"(\d+)\.(\d+)")
_PLAIN = ("--show-column-numbers", "--show-error-codes", "--no-pretty", "--hide-error-context", "--no-color-output")
_LINE = re.compile(
    r"(?P<path>.+?):(?:(?P<line>\d+):)?(?:(?P<column>\d+):)? (?P<kind>error|note|warning): (?P<message>.*?)"
    r"(?:  \[(?P<code>[\w-]+)\])?"
)
"""A line of one that is older."""
_REFUSES = 2
_NARROW = "`files` or `exclude` in mypy's own configuration say what there is to check"


def configured_targets(root: Path) -> bool | None:
    """Whether the target's mypy configuration says what to check; None when it has no mypy configuration."""
    options = _configured(root)
    return None if options is None else not options.isdisjoint({"files", "packages", "modules"})


def _configured(root: Path) -> set[str] | None:
    """The options that the target's mypy configuration sets; None when it has none."""
    for name, section in (("mypy.ini", "mypy"), (".mypy.ini", "mypy"), ("setup.cfg", "mypy")):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(root / name, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        if parser.has_section(section):
            return set(parser.options(section))
    try:
        table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {}).get("mypy")
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    return None if table is None else set(table)


class MypyChecker:
    """`mypy`, with the target's configuration and the arguments of `[checkers.mypy]`."""

    whole_program = True

    def __init__(self, context: CheckerContext) -> None:
        self.name = context.name
        self.context = context
        self._first_made = False
        self._settled: dict[str, int] = {}

    def describe(self) -> tuple[str, str]:
        program, origin = self.context.environment.tool("mypy")
        done = processes.run((*program, "--version"), cwd=Path("/"), timeout_s=60)
        return done.text.strip().removeprefix("mypy ").split(" ")[0], origin

    def check(self, tree: Path, paths: Sequence[str] = ()) -> list[Diagnostic]:
        program, origin = self.context.environment.tool("mypy")
        self._settle(tree)
        argv = [
            *program,
            *(("--output", "json") if self._gives_json else _PLAIN),
            "--no-error-summary",
            "--sqlite-cache",
            "--cache-dir",
            str(self._cache(tree)),
        ]
        if origin == "Stomper's own environment" and self.context.environment.python != (sys.executable,):
            argv += ["--python-executable", self.context.environment.python[0], *self._version(tree)]
        args = self.context.settings.args
        # A word may be the value of an option before it: it names a target only if it is there.
        options = ("-p", "-m", "-c", "--package", "--module", "--command")
        named = any(a in options or a.startswith(("--package=", "--module=")) or (tree / a).exists() for a in args)
        names_targets = named or configured_targets(tree)
        argv += [*args, *(() if names_targets else (".",))]
        given = self.context.environment.tool_variables(tree)
        environment = {k: v for k, v in given.items() if k != "PYTHONPATH"}
        if roots := self.context.environment.editable_roots:
            # An editable install would lead mypy to the user's checkout wherever it is not given the files themselves.
            given_paths = filter(None, [environment.get("MYPYPATH", "")])
            environment["MYPYPATH"] = os.pathsep.join((*given_paths, *(str(tree / root) for root in roots)))
        done = processes.run(argv, cwd=tree, timeout_s=self.context.timeout_s, env=environment)
        if why := _refused(done):
            raise CheckerError(f"{self.name}: {why}")
        refuse(self.name, done, self.context.timeout_s, (0, 1))
        found = [d for line in done.text.splitlines() if (d := self._diagnostic(tree, line)) is not None]
        if done.returncode == 1 and not found:
            raise CheckerError(f"{self.name} failed without naming an error: {done.complaint or 'it said nothing'}")
        return found

    def _version(self, tree: Path) -> tuple[str, ...]:
        """What makes our own mypy take the syntax of a target that is newer than our Python.

        An older one's version it may not know any more."""
        theirs = self.context.environment.version
        if theirs <= sys.version_info[:2] or "python_version" in (_configured(tree) or ()):
            return ()
        return ("--python-version", ".".join(map(str, theirs)))

    def _settle(self, tree: Path) -> None:
        """Give each source a time of change that follows from its content.

        mypy takes a file for unchanged whose size and whole second of change are those in its cache: an edit of the same
        length within the second would go unseen. The kernel's own time of change, which nobody can set, says which files
        were written since."""
        for folder, subfolders, files in os.walk(tree):
            subfolders[:] = [name for name in subfolders if name != ".git"]
            for name in files:
                if name.endswith((".py", ".pyi")):
                    path = os.path.join(folder, name)  # noqa: PTH118 - many files, each time
                    about = os.lstat(path)
                    if self._settled.get(path) != about.st_ctime_ns and stat.S_ISREG(about.st_mode):
                        seconds = int(hashlib.sha256(Path(path).read_bytes()).hexdigest()[:7], 16)
                        os.utime(path, (seconds, seconds))
                        self._settled[path] = os.lstat(path).st_ctime_ns

    def _cache(self, tree: Path) -> Path:
        """A cache for each worktree, begun as a copy of the first one: mypy may not share one between processes."""
        first = self.context.lasting / "mypy"
        own = self.context.cache / "mypy" / hashlib.sha256(str(tree).encode()).hexdigest()[:12]
        if not self._first_made:
            self._first_made = True
            return first
        if not own.exists():
            shutil.copytree(first, own)
        return own

    @cached_property
    def _gives_json(self) -> bool:
        """Return whether it is new enough for that. One that does not say how old it is may be."""
        version = _VERSION.match(self.describe()[0])
        return version is None or (int(version[1]), int(version[2])) >= _FIRST_WITH_JSON

    def _diagnostic(self, tree: Path, line: str) -> Diagnostic | None:
        if not line.strip():
            return None
        if not self._gives_json:
            return self._of_text(tree, line)
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            raise CheckerError(f"{self.name} printed what is not JSON: {line[:300]}") from None
        if entry.get("severity") == "note":
            return None
        return Diagnostic(
            tool=self.name,
            code=entry.get("code") or "misc",
            message=entry["message"],
            path=relative(tree, entry["file"]),
            line=max(entry.get("line") or 0, 0),
            column=max(entry.get("column") or 0, 0),
        )

    def _of_text(self, tree: Path, line: str) -> Diagnostic | None:
        found = _LINE.fullmatch(line)
        if found is None:
            raise CheckerError(f"{self.name} printed what cannot be read: {line[:300]}")
        if found["kind"] != "error":
            return None
        return Diagnostic(
            tool=self.name,
            code=found["code"] or "misc",
            message=found["message"],
            path=relative(tree, found["path"]),
            line=int(found["line"] or 0),
            column=max(int(found["column"] or 0) - 1, 0),
        )


def _refused(done: processes.Finished) -> str:
    """Return why mypy would not check anything, in its own words; empty when it did, or said nothing of the kind."""
    said, hint = list[str](), _NARROW
    for line in done.text.splitlines() if done.returncode == _REFUSES else ():
        with contextlib.suppress(json.JSONDecodeError, KeyError, TypeError):
            entry = json.loads(line)
            said += [f"{entry['file']}: {entry['message']}", *str(entry.get("hint") or "").splitlines()]
            hint = "" if entry.get("code") == "syntax" else hint
    return "\n".join([*said, *filter(None, [hint])]) if said else ""


CHECKER = MypyChecker
