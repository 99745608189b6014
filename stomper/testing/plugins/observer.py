"""Runs inside the target's tests and notes what they load: a plugin of pytest, and a `sitecustomize` for other commands.

It is copied there. It may meet any Python that a target has, so there is nothing newer than 3.7 here.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import sys
import time
from typing import Any

# Not as settings are called: a target may run Stomper, which refuses those that it does not know.
NOTES, ONLY, OPTIONS = "_STOMPER_NOTES", "_STOMPER_ONLY", "_STOMPER_OPTIONS"
IMPORTED, READ, PROCESS = 0, -1, -2
"""Where the first line of a function stands otherwise: a file was imported, or opened, or a process was started."""
ADDRESS = re.compile("0x[0-9a-fA-F]+")
_folder = os.environ.get(NOTES)


def leave_note(by: str) -> None:
    """Write down the name and the file of every module that this process loaded. pytest-xdist has several processes."""
    if not _folder or not os.path.isdir(_folder):
        return
    loaded = []
    for module in list(sys.modules.values()):
        try:
            # Objects in sys.modules may load something when they are looked at: only their dictionaries are.
            about = object.__getattribute__(module, "__dict__")
        except AttributeError:
            continue
        # By its own name: vendored packages are listed under a second one, which is no package of theirs.
        name, file = about.get("__name__"), about.get("__file__")
        if isinstance(name, str) and isinstance(file, str):
            loaded.append([name, os.path.realpath(file)])
    place = os.path.join(_folder, f"{by}-{os.getpid()}-{time.time_ns()}")
    with open(place, "w", encoding="utf-8", errors="surrogateescape") as out:
        json.dump({"by": by, "loaded": loaded, "prefixes": [sys.prefix, sys.exec_prefix, sys.base_prefix]}, out)
    os.rename(place, place + ".json")  # what was killed half-way left no note


def key_of(nodeid: str) -> str:
    """The name of a test in any JUnit file."""
    from _pytest.junitxml import mangle_test_address

    *classname, name = mangle_test_address(nodeid)
    return ADDRESS.sub("0x", ".".join(classname) + "::" + name)


def _asked(part: str = "keys") -> set[str]:
    """The tests that are asked for, by their keys, or the files that have none of them."""
    place = os.environ.get(ONLY)
    if not place:
        return set()
    with open(place, encoding="utf-8", errors="surrogateescape") as file:
        return set(json.load(file)[part])


_passed_over = _asked("files") if ONLY in os.environ else set()
_words = {word for key in _asked() for word in re.split("[.:]+", key.partition("[")[0])}


class _PassOver:
    """Files without a test that is asked for are not even read. By the hook of pytest 7 and later."""

    def pytest_ignore_collect(self, collection_path: Any) -> bool | None:
        return True if os.path.realpath(collection_path) in _passed_over else None


class _PassOverNames:
    """No test is made of a function whose name is in none of those that are asked for: it may stand for thousands."""

    def pytest_pycollect_makeitem(self, name: str, obj: Any) -> list[Any] | None:
        return [] if name not in _words and not issubclass(type(obj), type) else None


def pytest_configure(config: Any) -> None:
    """Begin to pass over what is not asked for; over files where pytest is new enough for that."""
    import pytest

    for option in ("setuponly", "setupplan"):
        if getattr(config.option, option, False):
            raise pytest.UsageError("--setup-only and --setup-plan run no test: leave them out of addopts")
    if _words:
        config.pluginmanager.register(_PassOverNames(), "stomper_pass_over_names")
    if _passed_over and int(pytest.__version__.partition(".")[0]) >= 7:
        config.pluginmanager.register(_PassOver(), "stomper_pass_over")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Keep the tests that are asked for by their names in the JUnit file, whatever the command selects otherwise."""
    if not os.environ.get(ONLY):
        return
    asked = _asked()
    kept: list[Any] = []
    others: list[Any] = []
    for item in items:
        (kept if key_of(item.nodeid) in asked else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = kept


def pytest_runtest_setup() -> None:
    """A pytest that a test starts is none of ours: it runs all of its tests, writes no report of ours and no note."""
    # Not earlier: the processes that pytest-xdist starts, also in the place of crashed ones, need these.
    if OPTIONS in os.environ:
        os.environ["PYTEST_ADDOPTS"] = os.environ.pop(OPTIONS)
    for name in (NOTES, ONLY):
        os.environ.pop(name, None)


def pytest_sessionfinish() -> None:
    """The end of a process of pytest."""
    leave_note("pytest")


def _the_targets_own() -> None:
    """Load the `sitecustomize` that this one stands before."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    spec = PathFinder.find_spec("sitecustomize", [p for p in sys.path if os.path.abspath(p) != here])
    if spec is not None and spec.loader is not None:
        sys.modules["sitecustomize"] = module = module_from_spec(spec)
        spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    atexit.register(leave_note, "python")
    _the_targets_own()
