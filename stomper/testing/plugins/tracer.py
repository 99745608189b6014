"""Runs inside the target's tests and notes which functions each test runs, and which files it reads: a plugin of pytest.

It is copied there, beside the observer, for one run at the base commit. It may meet any Python that a target has, so
there is nothing newer than 3.7 here. `contexts.py` reads what it leaves.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from array import array
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

_observer: Any = import_module("stomper_observer")  # as it is called where both are copied to
IMPORTED, READ, PROCESS = _observer.IMPORTED, _observer.READ, _observer.PROCESS
if TYPE_CHECKING:
    _Place = tuple[str, int]  # a file and the first line of a function in it, or one of these three
_root = os.path.realpath(os.getcwd()) + os.sep
_folder = os.environ.get(_observer.NOTES, "")
_STARTS = (
    "subprocess.Popen",
    "os.system",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.exec",
    "pty.spawn",
)

_outside: set[_Place] = set()  # what runs before, between and after the tests, and is no import
_now: set[_Place] = _outside  # where what runs is noted
_waiting: list[set[_Place]] = []  # where it was noted before the imports under way
_imports: dict[str, set[_Place]] = {}  # what runs while a file is imported, by its name
_fixtures: dict[str, set[_Place]] = {}  # what runs in the set-up of fixtures that tests share, by their names
_leftovers: dict[str, set[_Place]] = {}  # what runs in teardowns that tests of a file share
_names: dict[str, str | None] = {}
_numbers: dict[_Place, int] = {}
_tests: dict[str, Any] = {}
_files: dict[str, str] = {}
_over = [False]


def _profile(frame: Any, event: str, _: Any) -> None:
    # Called for whatever is called anywhere, so it does as little as can be.
    if event == "call":
        code = frame.f_code
        if code.co_name == "<module>":
            _begin_import(code.co_filename)
        else:
            _now.add((code.co_filename, code.co_firstlineno))
    elif _waiting and event == "return" and frame.f_code.co_name == "<module>":
        _end_import()


def _begin_import(name: str) -> None:
    global _now  # noqa: PLW0603 - asked at each call of each function
    _now.add((name, IMPORTED))
    _waiting.append(_now)
    _now = _imports.setdefault(name, set())


def _end_import() -> None:
    global _now  # noqa: PLW0603
    if _waiting:
        _now = _waiting.pop()


def _swap(to: set[_Place]) -> set[_Place]:
    global _now
    before, _now = _now, to
    return before


def _note_process() -> None:
    """What a process runs is not seen, so a test that starts one may reach anything. Imports that do are taken on trust:
    they look for libraries and versions."""
    if _now is not _outside and not _waiting:
        _now.add(("", PROCESS))


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: files that are opened, and processes that are started."""
    if event == "open":
        if isinstance(arguments[0], (str, bytes)) and not _over[0]:
            name = os.fsdecode(arguments[0])
            if not name.endswith(".py") or not _is_import(sys._getframe(1)):
                _now.add((os.path.abspath(name), READ))
    elif event in _STARTS:
        _note_process()


def _starts_processes(places: set[_Place]) -> bool:
    """Whether multiprocessing did, which has no audit event for it."""
    util = sys.modules.get("multiprocessing.util")
    code = getattr(getattr(util, "spawnv_passfds", None), "__code__", None)
    return code is not None and (code.co_filename, code.co_firstlineno) in places


def _is_import(frame: Any) -> bool:
    """Whether a source is read because it is imported: by Python, or by what pytest does to assertions."""
    for _ in range(6):
        if frame is None:
            return False
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib") or name.endswith("assertion/rewrite.py"):
            return True
        frame = frame.f_back
    return False


def _look_again() -> None:
    """Note that the test had a profiler of its own, or switched this one off, and may have done anything meanwhile."""
    if sys.getprofile() is not _profile:
        _now.add(("", PROCESS))
        _arm()


def _note_loaded() -> None:
    """What was imported before this was: how is not known, but that it was."""
    for module in list(sys.modules.values()):
        try:
            name = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:
            continue
        if isinstance(name, str):
            _outside.add((name, IMPORTED))


def _arm() -> None:
    sys.setprofile(_profile)
    threading.setprofile(_profile)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: Any) -> Iterator[None]:
    """One test from its set-up to its teardown."""
    key = _observer.key_of(item.nodeid)
    _files[key] = _name_of(str(getattr(item, "path", None) or item.fspath)) or ""
    del _waiting[:]
    mine: set[_Place] = set()
    _swap(mine)
    if sys.getprofile() is not _profile:
        _arm()
    yield
    _look_again()
    _swap(_outside)
    for name in getattr(item, "fixturenames", ()):
        mine |= _fixtures.get(name, set())
    if _starts_processes(mine):
        mine.add(("", PROCESS))
    _tests.setdefault(key, array("L")).extend(_numbered(mine))


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef: Any) -> Iterator[None]:
    """What a fixture does that several tests share counts for all that name it, whoever was first."""
    if fixturedef.scope == "function":
        yield
        return
    shared = _fixtures.setdefault(fixturedef.argname, set())
    before = _swap(shared)
    yield
    _swap(before)
    before |= shared


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: Any, nextitem: Any) -> Iterator[None]:
    """What is torn down after the last test of a class or file may belong to others of the file."""
    _look_again()
    if getattr(nextitem, "parent", None) is item.parent:
        yield
        return
    before = _swap(_leftovers.setdefault(_name_of(str(getattr(item, "path", None) or item.fspath)) or "", set()))
    yield
    _swap(before)


def _name_of(file: str) -> str | None:
    """A file's name in the tree; None for those elsewhere and for code that is in no file."""
    if file not in _names:
        full = os.path.realpath(file)
        _names[file] = full[len(_root) :] if full.startswith(_root) and not file.startswith("<") else None
    return _names[file]


def _numbered(places: set[_Place]) -> Iterator[int]:
    """The numbers of those places that are in the tree."""
    for file, line in list(places):  # a thread that a test left behind may still add to them
        name = "" if line == PROCESS else _name_of(file)
        if name is not None:
            yield _numbers.setdefault((name, line), len(_numbers))


def _by_name(buckets: dict[str, set[_Place]]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for file, places in buckets.items():
        name = _name_of(file)
        if name is not None:
            found.setdefault(name, set()).update(_numbered(places))
    return {name: sorted(numbers) for name, numbers in found.items()}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Write all of it down. pytest-xdist has several processes, each with tests of its own."""
    sys.setprofile(None)
    threading.setprofile(None)
    _over[0] = True
    if not os.path.isdir(_folder):
        return
    told = {
        "tests": {key: sorted(set(numbers)) for key, numbers in _tests.items()},
        "files": _files,
        "imports": _by_name(_imports),
        "leftovers": {file: sorted(_numbered(places)) for file, places in _leftovers.items()},
        "outside": sorted(_numbered(_outside)),
        "places": list(_numbers),  # last: the numbers are given above
    }
    place = os.path.join(_folder, f"traced-{os.getpid()}-{time.time_ns()}")
    with open(place, "w", encoding="utf-8", errors="surrogateescape") as out:
        json.dump(told, out)
    os.rename(place, place + ".json")


if hasattr(sys, "addaudithook"):
    sys.addaudithook(_heard)
_note_loaded()
_arm()
