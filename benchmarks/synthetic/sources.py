"""The text of a synthetic repository's files."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.synthetic.shape import Code, Shape

_UNUSED = "import json"
# The body of one more function for each code; F401 and I001 are in the imports.
_WRONG: dict[Code, str] = {
    "B009": 'return getattr(given, "real")',
    "F541": 'return f"nothing"',
    "E711": "return given == None",
    "F841": "kept = given\n    return 1",
    "E722": "try:\n        return int(given)\n    except:\n        return 0",
    "E741": "l = given\n    return l",
}


@dataclass(frozen=True)
class Module:
    """One module: where it is, what it imports, and what is wrong with it."""

    number: int
    package: str
    imports: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()
    type_error: bool = False

    @property
    def name(self) -> str:
        """Its dotted name."""
        return f"{self.package}.module_{self.number:05}"

    @property
    def path(self) -> str:
        """Its place in the repository."""
        return f"{self.package}/module_{self.number:05}.py"


def text_of(module: Module, functions: int, rng: random.Random) -> str:
    """The source of *module*, clean but for its errors."""
    lines = [f'"""Module {module.number}."""', "", *_imports(module)]
    for number in range(functions):
        factor = rng.randrange(2, 1000)
        lines += [
            "",
            "",
            f"def value_{number}(given: int) -> int:",
            f"    total = given * {factor}",
            "    return total + 1",
        ]
    if module.imports:
        sums = " + ".join(f"{name}.value_0(given)" for name in module.imports)
        lines += ["", "", "def reached(given: int) -> int:", f"    return {sums}"]
    for code in module.codes:
        if code in _WRONG:
            lines += ["", "", f"def wrong_{code.lower()}(given):", f"    {_WRONG[code]}"]
    if module.type_error:
        lines += ["", "", "def mistyped(given: int) -> int:", "    return str(given)"]
    return "\n".join(lines) + "\n"


def _imports(module: Module) -> list[str]:
    """The import lines: sorted, but for I001 those of the standard library the wrong way round."""
    standard = ["import os", "import sys"] if "I001" in module.codes else []
    if "F401" in module.codes:
        standard.append(_UNUSED)
    used = ["", "PLACES = (os.sep, sys.path)"] if "I001" in module.codes else []
    standard.sort(reverse="I001" in module.codes)
    ours = [f"import {name}" for name in sorted(module.imports)]
    return [*standard, *([""] if standard and ours else []), *ours, *used]


def modules_of(shape: Shape, rng: random.Random) -> list[Module]:
    """All modules: which imports which, and which are broken, by chance."""
    packages = [f"package_{number:04}" for number in range(shape.packages)]
    places = list(range(shape.modules))
    broken = frozenset(rng.sample(places, shape.broken))
    first = [*sorted(broken), *(n for n in places if n not in broken)]
    mistyped = frozenset(first[: shape.type_errors])
    made: list[Module] = []
    for number in places:
        # The nearer, the likelier: a module uses its neighbours, and some far away.
        window = made if rng.random() < 0.2 else made[-2 * shape.package_size :]
        uses = rng.sample(window, min(shape.imports, len(window)))
        made.append(
            Module(
                number=number,
                package=packages[number * len(packages) // shape.modules],
                imports=tuple(m.name for m in uses),
                codes=shape.codes if number in broken else (),
                type_error=number in mistyped,
            )
        )
    return made


def test_of(number: int, modules: Sequence[Module], culprits: Iterable[Module], seconds: float) -> str:
    """A test file that imports *modules*, sleeps, and has a test for each of the *culprits* among them."""
    lines = [f'"""Tests {number}."""', "", "import importlib", "import time", ""]
    lines += ["import pytest", "", f"MODULES = {[m.name for m in modules]!r}".replace("'", '"'), ""]
    lines += ["", '@pytest.mark.parametrize("name", MODULES)', "def test_value(name):"]
    lines += ["    assert importlib.import_module(name).value_0(1) > 0"]
    lines += ["", "", "def test_takes_its_time():", f"    time.sleep({seconds:.6f})"]
    for module in culprits:
        lines += ["", "", f"def test_offers_json_{module.number:05}():"]
        lines += [f'    assert hasattr(importlib.import_module("{module.name}"), "json")']
    return "\n".join(lines) + "\n"


def configuration(shape: Shape) -> str:
    """The pyproject.toml: just the codes asked for are checked, and mypy where there is something for it."""
    selected = ", ".join(f'"{code}"' for code in sorted({*shape.codes, "F401"}))
    lines = ["[tool.ruff]", "line-length = 120", "", "[tool.ruff.lint]", f"select = [{selected}]"]
    lines += ["", "[tool.pytest.ini_options]", 'testpaths = ["tests"]', 'pythonpath = ["."]']
    if shape.type_errors:
        lines += ["", "[tool.mypy]", 'exclude = ["tests/"]']
    return "\n".join(lines) + "\n"
