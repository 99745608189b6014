"""What Stomper takes of Prefect's internals is there, with the signatures that are relied on; without them runs go on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from stomper.server import embedded, prefect_internals
from stomper.server.prefect_internals import ALL, EVENTS, SLOTS, TRANSACTIONS, Changed, Internal, Name, changed, warning
from tests.support.processes import UNUSED
from tests.support.repositories import MakeRepo, git

STOMPER = str(Path(sys.executable).with_name("stomper"))
# Loaded by every Python that finds it: a release of Prefect in which things are otherwise.
_OTHERWISE = """\
import importlib.abc, importlib.util, sys
EDITS = {edits!r}
class Edited(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name not in EDITS:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            exec(EDITS[name], vars(module))
        spec.loader.exec_module = exec_module
        return spec
sys.meta_path.insert(0, Edited())
"""
_ENGINE, _EVENTS, _DATABASE = (internal.names[0] for internal in (SLOTS, EVENTS, TRANSACTIONS))
OTHERWISE = {
    _ENGINE.module: f"own = {_ENGINE.path}\ndef {_ENGINE.path}(names, occupy=1, *, lease=None, **how):\n"
    "    return own(names, occupy, **how)",
    _EVENTS.module: f"del {_EVENTS.path}",
    _DATABASE.module: f"del {_DATABASE.path}",
}


@pytest.mark.parametrize("internal", ALL, ids=lambda internal: internal.purpose)
def test_prefect_is_as_it_is_relied_on(internal: Internal) -> None:
    """Each name is there, and each function takes what it took when it was looked at."""
    assert internal.change() == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (Name("prefect.no_such_module", "x"), "prefect.no_such_module.x is gone"),
        (Name("prefect.states", "no_such_name"), "prefect.states.no_such_name is gone"),
        (Name("prefect.states", "State.no_such_name"), "prefect.states.State.no_such_name is gone"),
        (Name("shutil", "which", ("cmd",)), "shutil.which takes (cmd, mode, path) now"),
        (Name("prefect.states", "__name__", ()), "prefect.states.__name__ is no function any more"),
        (Name("shutil", "which", ("cmd", "mode", "path")), ""),
        (Name("shutil", "which"), ""),
    ],
)
def test_a_change_is_told_by_name(name: Name, said: str) -> None:
    """What is gone, what takes other parameters, and what is something else now."""
    assert name.change() == said


def test_one_sentence_for_all_that_changed() -> None:
    """A run has one warning, however much is changed; none where nothing is."""
    assert warning(changed([])) == ""
    said = warning(
        [Changed("one", "prefect.a is gone", "it is slower"), Changed("two", "prefect.b is gone", "as well")]
    )
    assert said.count("is not one that Stomper knows") == 1
    assert "prefect.a is gone: it is slower; prefect.b is gone: as well. See `stomper doctor`" in said


def test_nothing_is_replaced_where_the_engine_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect's own way holds the limits then."""
    other = replace(SLOTS.names[0], takes=("names",))
    monkeypatch.setattr(prefect_internals, "SLOTS", replace(SLOTS, names=(other, *SLOTS.names[1:])))
    assert not prefect_internals.replace_engine_slots(lambda _own: pytest.fail("replaced"))


def without(edits: Mapping[str, str], folder: Path) -> dict[str, str]:
    """An environment in which the modules of Prefect are *edits* otherwise."""
    (folder / "sitecustomize.py").write_text(_OTHERWISE.format(edits=dict(edits)))
    return {**os.environ, "PYTHONPATH": str(folder)}


@pytest.mark.slow
def test_a_run_goes_on_with_one_warning(make_repo: MakeRepo, tmp_path: Path) -> None:
    """With another release of Prefect: the fix lands, and the report says once what is slower, and where to look."""
    root = make_repo({"a.py": UNUSED})
    done = subprocess.run(
        (STOMPER, "fix", "--json", "--set", "sandbox=none"),
        env=without(OTHERWISE, tmp_path), cwd=root, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    warnings = [w for w in json.loads(done.stdout)["warnings"] if "is not one that Stomper knows" in w]
    assert len(warnings) == 1, warnings
    told = (f"{_ENGINE.path} takes (", f"{_EVENTS.path} is gone", f"{_DATABASE.path} is gone")
    for name in told:
        assert name in warnings[0]
    assert git(root, "log", "-1", "--format=%s").startswith("fix: ")


@pytest.mark.slow
def test_the_doctor_tells(make_repo: MakeRepo, tmp_path: Path) -> None:
    """One line for each internal that is not as it is known, with what it costs."""
    root = make_repo({"a.py": "X = 1\n"})
    done = subprocess.run(
        (STOMPER, "doctor", "--json"),
        env=without(OTHERWISE, tmp_path), cwd=root, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    told = [one for one in json.loads(done.stdout) if one["subject"] == "prefect"]
    assert {one["verdict"] for one in told} == {"warning"}
    assert sum("runs over many files are slower" in one["said"] for one in told) == 1
    assert len(told) == 3


def test_what_the_embedded_server_is_told_is_known_to_prefect() -> None:
    """Prefect ignores a variable that it does not know: the embedded server would be slow or loud, and nobody would know."""
    from prefect import settings

    told = {*embedded.SERVER_VARIABLES, *embedded.CLIENT_VARIABLES} - {"DO_NOT_TRACK", "PY_KEY_VALUE_DISABLE_BEARTYPE"}
    assert len(told) > 10
    assert [name for name in sorted(told) if not hasattr(settings, name)] == []
