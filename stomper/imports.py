"""Whose code the tests and mypy see: it must be the worktree's, wherever an installed copy may point."""

from __future__ import annotations

import json
from pathlib import Path

from stomper import proc
from stomper.errors import SuiteError
from stomper.git import git, names

PROBE = "stomper_probe"
OUT = "STOMPER_PROBE_OUT"
# A plugin for pytest: at the end it writes down the file of every module that was loaded.
_PLUGIN = f"""\
import json, os, sys


def pytest_sessionfinish():
    files = {{}}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            files[name] = os.path.abspath(file)
    with open(os.environ[{OUT!r}], "w", encoding="utf-8", errors="surrogateescape") as out:
        json.dump(files, out)
"""
# What an interpreter would import from, beside its own libraries: path entries, and the mappings of import hooks.
_ROOTS = """\
import json, os, sys
roots = [p for p in sys.path if p]
for finder in sys.meta_path:
    module = sys.modules.get(getattr(finder, "__module__", "") or "")
    mapping = getattr(module, "MAPPING", None) or {}
    roots += [os.path.dirname(str(place)) for place in mapping.values()]
    for places in (getattr(module, "NAMESPACES", None) or {}).values():
        roots += [os.path.dirname(str(place)) for place in places]
print(json.dumps(roots))
"""


def write_probe(folder: Path) -> Path:
    """The plugin, in *folder*. Returns the file that it will write to."""
    (folder / f"{PROBE}.py").write_text(_PLUGIN, encoding="utf-8")
    return folder / "modules.json"


def strangers(found: Path, root: Path, tree: Path) -> list[str]:
    """What was loaded from the checkout at *root* instead of from *tree*, by the probe's notes, one a line."""
    try:
        files = json.loads(found.read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, ValueError):
        return []  # pytest did not come to its end
    return [f"{name} from {file}" for name, file in sorted(files.items()) if _is_own(Path(file), root, tree)]


def _is_own(file: Path, root: Path, tree: Path) -> bool:
    installed = {"site-packages", "dist-packages"} & set(file.parts)
    return not installed and file.is_relative_to(root) and not file.is_relative_to(tree)


def refuse_strangers(found: list[str]) -> None:
    """Raise SuiteError when the tests were about other code than the fix's."""
    if found:
        raise SuiteError(
            f"the tests import your checkout instead of the worktree ({found[0]}): nothing they say would be about the "
            "fix. Uninstall that copy, take away the path that leads there, or use --test-validation none"
        )


def editable_roots(python: tuple[str, ...], root: Path, env: dict[str, str]) -> tuple[str, ...]:
    """The folders of the checkout at *root* that *python* imports from, relative to it: editable installs of both kinds."""
    try:
        done = proc.run((*python, "-c", _ROOTS), cwd=Path("/"), timeout_s=60, env=env)
        entries = [Path(entry) for entry in json.loads(done.text)]
    except (proc.ProgramMissing, ValueError):
        return ()
    inside = [e for e in entries if e.is_relative_to(root) and "site-packages" not in e.parts]
    found = dict.fromkeys(e.relative_to(root).as_posix() for e in inside if e.is_dir())
    # A virtual environment in the checkout is no source of its own.
    return tuple(r for r in found if not (root / r / "pyvenv.cfg").exists() and not r.endswith("/bin"))


def missing_extensions(root: Path) -> tuple[str, ...]:
    """The compiled extensions that lie in the checkout beside tracked files, and are not in git."""
    asked = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard")
    found = [name for name in names(git(asked, cwd=root)) if name.endswith((".so", ".pyd", ".dylib"))]
    inside = [name for name in found if not {"site-packages", "build", "node_modules"} & set(Path(name).parts)]
    return tuple(inside)
