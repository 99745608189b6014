"""What may import what, beyond what `lint-imports` sees; see the contracts in pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import stomper
from stomper.server import prefect_internals

PACKAGE = Path(stomper.__file__).parent
ROOT = PACKAGE.parent
TOPS = ("stomper", "flows", "tasks", "deployments")
MODULES = sorted(p for top in TOPS for p in (ROOT / top).rglob("*.py") if "sample" not in p.parts)
CORE = [p for p in MODULES if p.is_relative_to(PACKAGE)]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
LAYERS = [
    [room.strip() for room in layer.split("|")] for layer in CONTRACTS["contracts"][1]["layers"]
]  # from the top to the ground
# What a module loads by a name that stands elsewhere.
BY_NAME = {
    "stomper.server.prefect_internals": ("prefect",),
    "stomper.fixing.session": ("stomper.prompts", "detect_secrets"),
    "deployments.serve": ("flows",),
}


def dotted(path: Path) -> str:
    """The name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    """The top-level packages that a module imports anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def height(module: str) -> int:
    """How many layers lie below a module; -1 for what is no module of ours."""
    found = [n for n, rooms in enumerate(reversed(LAYERS)) for room in rooms if f"{module}.".startswith(f"{room}.")]
    return max(found, default=-1)


def loaded_by_name(path: Path) -> Iterator[str]:
    """What a module hands to `import_module`, as far as its source tells: all of the name, or how it begins."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and "import_module" in (getattr(called, "id", ""), getattr(called, "attr", "")):
            given = node.args[0]
            part = given.values[0] if isinstance(given, ast.JoinedStr) else given
            yield str(part.value) if isinstance(part, ast.Constant) else ""


def test_what_is_loaded_by_name_lies_below_too() -> None:
    """No arrow runs up that only `importlib` knows."""
    seen = 0
    for path in MODULES:
        module = dotted(path)
        for name in loaded_by_name(path):
            seen += 1
            for target in [name] if name else BY_NAME[module]:
                inside = target.startswith(module.rpartition(".")[0])
                assert inside or height(target) < height(module), f"{module} loads {target}"
    assert seen > len(BY_NAME)


def test_every_room_has_its_layer() -> None:
    """A new package is put where it belongs before it is used."""
    rooms = {f"stomper.{p.parent.name}" for p in PACKAGE.glob("*/__init__.py")}
    assert sorted(room for room in rooms if height(room) < 0) == []
    assert sorted(room for layer in LAYERS for room in layer if not (ROOT / room.replace(".", "/")).exists()
                  and not (ROOT / f"{room.replace('.', '/')}.py").exists()) == []  # fmt: skip


def test_the_contracts_have_no_exceptions() -> None:
    """What only the type checker reads counts as well."""
    assert CONTRACTS.get("exclude_type_checking_imports", False) is False
    assert [c["name"] for c in CONTRACTS["contracts"] if "ignore_imports" in c] == []


def test_rooms_are_small() -> None:
    """No module is longer than one can know one's way in, and few lie outside of a room."""
    assert [dotted(p) for p in MODULES if len(p.read_bytes().splitlines()) > 400] == []
    assert len(list(PACKAGE.glob("*.py"))) <= 7


@pytest.mark.parametrize(("package", "allowed"), [("subprocess", "system/processes.py"), ("git", "git/repository.py")])
def test_only_one_module_imports(package: str, allowed: str) -> None:
    """Starting processes and talking to git's library each have one module."""
    users = [p.relative_to(PACKAGE).as_posix() for p in CORE if package in imports(p)]
    assert users == [allowed]


def test_one_module_spells_the_command_lines_of_git() -> None:
    """Nobody else does, so that no call depends on how the user's git is set up."""
    users = set()
    for path in CORE:
        for node in ast.walk(ast.parse(path.read_bytes())):
            first = node.elts[0] if isinstance(node, ast.Tuple | ast.List) and node.elts else None
            if isinstance(first, ast.Constant) and first.value == "git":
                users.add(path.relative_to(PACKAGE).as_posix())
    lists_of_programs = {"system/process_usage.py", "environment/judges.py"}
    assert users - lists_of_programs == {"git/command_line.py"}


def test_one_module_knows_what_prefect_does_not_promise() -> None:
    """No other one, and no test, imports a private name of Prefect's."""
    users = set()
    for folder in (*TOPS, "tests", "benchmarks", "docs"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
                whole = [f"{node.module}.{n}" for n in names] if isinstance(node, ast.ImportFrom) else names
                if any(n.startswith("prefect") and "._" in n for n in whole):
                    users.add(dotted(path))
    assert users == set()
    assert len(prefect_internals.ALL) > 5


def test_the_heart_does_not_import_the_flow() -> None:
    """Processing, landing and the command line load without Prefect, the flow and its tasks."""
    code = (
        "import sys, stomper.fixing.fix_file, stomper.landing.land, stomper.cli; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'prefect', 'flows', 'tasks'}))"
    )
    done = subprocess.run((sys.executable, "-c", code), check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_who_watches_over_a_landing_is_there_at_once() -> None:
    """It has a second to settle one whose process was killed, and loads nothing that takes long."""
    code = (
        "import sys, stomper.landing.transaction.keeper; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'git', 'pydantic', 'prefect', 'typer'}))"
    )
    done = subprocess.run((sys.executable, "-c", code), check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_models_import_nothing_of_ours() -> None:
    """The words of Stomper stand on their own."""
    assert "stomper" not in imports(PACKAGE / "models.py")


def test_every_file_of_advice_says_something() -> None:
    """There is advice, as text, and none of it is empty."""
    files = [p for p in (PACKAGE / "prompts" / "advice").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert files
    assert [p.name for p in files if not p.read_text(encoding="utf-8").strip()] == []


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("testing/plugins/observer.py", {"_pytest", "pytest"}),
        ("testing/plugins/tracer.py", {"pytest"}),
        ("environment/dump_syntax.py", set()),
    ],
)
def test_what_runs_in_the_targets_python_is_plain(name: str, may: set[str]) -> None:
    """The observer and the tracer are copied to where the target's tests run, and the syntax is dumped by its Python: an
    old one reads them, and they need nothing of ours."""
    place = PACKAGE / name
    ast.parse(place.read_bytes(), feature_version=(3, 7))
    assert imports(place) - may <= sys.stdlib_module_names
