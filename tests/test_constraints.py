"""What users install, and the two ends of the range of Prefects that is admitted."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parents[1]
FILES = ("constraints.txt", "tests/operate/constraints-oldest.txt", "tests/operate/constraints-newest.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned(name: str) -> dict[str, str]:
    """The versions that a file names."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        plain = re.fullmatch(r"([a-z0-9-]+)==([^\s;]+)( ; [^#]+)?", line)
        assert plain, f"{name}: {line}"  # no hash, no extra, no address of an index
        found[plain[1]] = plain[2]
    return found


def needed(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """Every package that the installed *name* brings along here."""
    found: set[str] = set()
    waiting = [(name, extras)]
    while waiting:
        current, asked = waiting.pop()
        for line in distribution(current).requires or ():
            one = Requirement(line)
            held = one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*asked, ""))
            name = re.sub(r"[-_.]+", "-", one.name).lower()
            if held and name not in found:
                found.add(name)
                waiting.append((name, frozenset(one.extras)))
    return found


@pytest.mark.parametrize("name", FILES)
def test_everything_is_pinned_and_nothing_else(name: str) -> None:
    """A version for each package that is asked for, and no line that tells pip where to look."""
    direct = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert direct <= set(pinned(name))
    assert "stomper" not in pinned(name)


def test_users_get_what_is_tested() -> None:
    """The versions of the lock, for every package that Stomper brings along, extras included."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==([^\s;]+)", lock, re.MULTILINE))
    assert {name: locked.get(name) for name in pinned("constraints.txt")} == pinned("constraints.txt")
    assert needed("stomper-prefect", frozenset(PROJECT["optional-dependencies"])) <= set(pinned("constraints.txt"))


def test_both_ends_of_the_range_are_pinned() -> None:
    """The oldest is the one from which on Prefects are admitted; the newest is not older than what is locked."""
    (line,) = (one for one in PROJECT["dependencies"] if Requirement(one).name == "prefect")
    admitted: SpecifierSet = Requirement(line).specifier
    oldest, newest, locked = (pinned(name)["prefect"] for name in (*FILES[1:], FILES[0]))
    assert f">={oldest}" in str(admitted).split(",")
    assert newest in admitted
    assert Version(oldest) <= Version(locked) <= Version(newest)
    (below,) = (one.version for one in admitted if one.operator == "<")
    assert Version(newest).release[:2] == (Version(below).major, Version(below).minor - 1)


def test_no_line_leads_to_another_project() -> None:
    """The name `stomper` on the package index is not ours, and ours is not there: wheels are installed by their file or
    address."""
    tracked = subprocess.run(("git", "ls-files"), cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    texts = [name for name in tracked if name.endswith((".md", ".yml", ".yaml", ".service", "Dockerfile", "Makefile"))]
    installs = re.compile(r"(?:pipx?|uv tool|uv pip|uvx)\b[^\n]*?\binstall\b(?P<what>[^\n#]*)")
    for name in texts:
        for found in installs.finditer((ROOT / name).read_text(encoding="utf-8")):
            assert not re.search(r"(?:^|[\s'\"])stomper(?:-prefect)?(?:\[|[\s'\"=<>]|$)", found["what"]), (
                name,
                found[0],
            )
