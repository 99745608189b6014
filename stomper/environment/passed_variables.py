"""Which variables checkers and tests are given of the caller's, and of files: those that somebody names, and those that the
repository's own files speak of."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from stomper.config.secrets import called_like_a_secret
from stomper.errors import SettingsError
from stomper.git.plumbing import git

_ALWAYS = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "MYPYPATH", "PYTHONPATH", "FLASK_APP")
_NEVER = ("PWD", "OLDPWD", "SHLVL", "PS1", "EDITOR", "PAGER", "VISUAL", "DISPLAY", "MAIL", "HOSTNAME", "LS_COLORS")
_OURS = ("STOMPER_", "PREFECT_", "GIT_", "PYTEST_", "PYTHON", "COVERAGE_", "_", "BASH_", "CONDA_", "PIP_", "npm_")
_SHORTEST = 4
_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")


def passed_variables(
    root: Path, names: Sequence[str], files: Sequence[str], caller: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the variables for checkers and tests of the repository at *root*: what its `tox.ini` sets, of the *caller's*
    those that *names* (`NAME`, `PREFIX_*`) match or that its tracked files speak of, unless they are called like secrets,
    and what is in *files*; later ones count more. Raises SettingsError for a file that cannot be read."""
    given = _of_tox(root)
    spoken_of = _spoken_of(root, [name for name in caller if _may_be_looked_for(name)])
    for name, value in caller.items():
        if name in _ALWAYS or name in spoken_of or any(fnmatchcase(name, pattern) for pattern in names):
            given[name] = value
    for file in files:
        given |= _of_file(root, file)
    return given


def in_worktree(value: str, root: Path, tree: Path) -> str:
    """Return *value* as it is meant in *tree*: what it says of the checkout at *root* is said of that."""
    return re.sub(rf"{re.escape(str(root))}(?=$|[/:;,])", lambda _: str(tree), value)


def _may_be_looked_for(name: str) -> bool:
    usual = name in _NEVER or name.startswith(_OURS) or len(name) < _SHORTEST
    return not usual and name.isascii() and not called_like_a_secret(name)


def _spoken_of(root: Path, names: Iterable[str]) -> frozenset[str]:
    """Which of *names* stand as words in files that git tracks."""
    wanted = "\n".join(names)
    if not wanted:
        return frozenset()
    asked = ("grep", "-I", "-h", "-o", "-w", "--cached", "-F", "-f", "-")
    return frozenset(os.fsdecode(git(asked, cwd=root, stdin=wanted.encode(), ok=(0, 1))).split())


def _of_tox(root: Path) -> dict[str, str]:
    """What `setenv` of `[testenv]` sets, but for what only tox can fill in."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(root / "tox.ini", encoding="utf-8")
        said = next((parser["testenv"][key] for key in ("setenv", "set_env") if parser.has_option("testenv", key)), "")
    except (configparser.Error, UnicodeDecodeError):
        return {}
    plain = (line.replace("{toxinidir}", str(root)).replace("{tox_root}", str(root)) for line in said.splitlines())
    return dict(_pairs(line for line in plain if "{" not in line and ":" not in line.partition("=")[0]))


def _of_file(root: Path, name: str) -> dict[str, str]:
    try:
        return dict(_pairs((root / name).read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"worktree.env_files: {name} cannot be read: {why}") from None


def _pairs(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """The variables that *lines* of the kind `NAME=value` set, quotes and comments apart."""
    for line in lines:
        if found := _LINE.match(line):
            name, value = found.groups()
            if value[:1] in ("'", '"') and value[:1] in value[1:]:
                value = value[1 : value.index(value[0], 1)]
            else:
                value = value.partition(" #")[0].rstrip()
            yield name, value
