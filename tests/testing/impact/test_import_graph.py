"""Who imports whom, as it is read from sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from stomper.system import processes
from stomper.testing.impact.import_graph import ImportGraph, read_graph
from tests.support.repositories import write


def test_imports_are_followed_to_those_who_reach_a_file(tmp_path: Path) -> None:
    """In src and beside it, within functions, for types, by names in strings, through packages and conftest files; a
    configuration of the target's that leaves files out is not asked, nor is a module of it called ruff."""
    write(tmp_path, {
        "src/shop/__init__.py": "", "src/shop/core.py": "X = 1\n", "src/shop/till.py": "from shop.core import X\n",
        "src/shop/types.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import till\n",
        "tests/conftest.py": "def f():\n    import shop.till\n", "tests/deep/test_a.py": "x = 1\n",
        "tests/test_b.py": "from unittest.mock import patch\npatch('shop.core.X')\n", "other/test_c.py": "import os\n",
        "ruff.py": "raise SystemExit(3)\n", "pyproject.toml": '[tool.ruff]\nexclude = ["src"]\n', ".gitignore": "shop\n",
    })  # fmt: skip
    graph = read_graph(tmp_path, [tmp_path / "src", tmp_path])
    assert graph is not None
    reached = graph.reaching(["src/shop/core.py"])
    assert reached == {
        "src/shop/core.py", "src/shop/till.py", "src/shop/types.py", "tests/conftest.py", "tests/deep/test_a.py",
        "tests/test_b.py",
    }  # fmt: skip
    assert graph.reaching(["other/test_c.py"]) == {"other/test_c.py"}
    assert "src/shop/core.py" in graph.reaching(["src/shop/__init__.py"])


def test_what_was_seen_to_import_counts_too() -> None:
    """Beside what the sources say."""
    graph = ImportGraph({"a.py": frozenset({"b.py"})}).beside({"c.py": ["b.py", "x.py"]})
    assert graph.reaching(["a.py"]) == {"a.py", "b.py", "c.py"}
    assert graph.reaching(["x.py"]) == {"x.py", "c.py"}


def test_a_ruff_that_does_not_answer_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nobody knows who imports whom."""
    silent = processes.Finished(("ruff",), 2, b"", b"no such command", 0.1)
    monkeypatch.setattr(processes, "run", lambda *_, **__: silent)
    assert read_graph(tmp_path, [tmp_path]) is None
