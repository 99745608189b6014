"""Who imports whom in a tree, as `ruff analyze graph` reads it, with what importing brings along by itself."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from stomper.system import processes

_TIMEOUT_S = 120


@dataclass(frozen=True)
class ImportGraph:
    """By file: the files that import it."""

    importers: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def reaching(self, files: Iterable[str]) -> frozenset[str]:
        """*files* and all that import them, directly or not."""
        found: set[str] = set()
        waiting = list(files)
        while waiting:
            file = waiting.pop()
            if file not in found:
                found.add(file)
                waiting += self.importers.get(file, ())
        return frozenset(found)

    def beside(self, more: Mapping[str, Collection[str]]) -> ImportGraph:
        """This graph with *more* imports: by file, what it imports."""
        importers = defaultdict(set, {file: set(users) for file, users in self.importers.items()})
        for file, imported in more.items():
            for name in imported:
                importers[name].add(file)
        return ImportGraph({file: frozenset(users) for file, users in importers.items()})


def read_graph(tree: Path, roots: Sequence[Path]) -> ImportGraph | None:
    """The imports of *tree*, whose packages lie in the folders *roots*; None when ruff cannot say.

    Names in strings count, and imports for types; a package's `__init__.py` is imported with what lies in it, and
    `conftest.py` with the tests beside and below it."""
    settings: dict[str, object] = {
        "src": [str(root) for root in roots],
        "exclude": [".git"],
        "respect-gitignore": False,
    }
    inline = [word for key, value in settings.items() for word in ("--config", f"{key} = {json.dumps(value)}")]
    argv = (sys.executable, "-I", "-m", "ruff", "analyze", "graph", "--isolated", "--quiet", "--detect-string-imports",
            "--min-dots", "1", *inline, ".")  # fmt: skip
    done = processes.run(argv, cwd=tree, timeout_s=_TIMEOUT_S)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return None
    if done.returncode != 0 or not isinstance(found, dict):
        return None
    imports = {str(file): {str(name) for name in names} for file, names in found.items()}
    for file in imports:
        imports[file] |= _brought_along(file, imports.keys())
    return ImportGraph().beside(imports)


def _brought_along(file: str, files: Collection[str]) -> set[str]:
    folder, name = PurePosixPath(file).parent, PurePosixPath(file).name
    found = {str(above / "conftest.py") for above in (folder, *folder.parents)}
    package = folder.parent if name == "__init__.py" else folder
    while str(package / "__init__.py") in files:
        found.add(str(package / "__init__.py"))
        package = package.parent
    return (found & set(files)) - {file}
