"""From a shape to a git repository on disk."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.synthetic.shape import Shape
from benchmarks.synthetic.sources import configuration, modules_of, test_of, text_of

_MESSAGE = b"chore: as it was"
_WHEN = 1_767_225_600  # the same shape is the same commit


@dataclass(frozen=True)
class Made:
    """What was made: the tree, and which files are how."""

    root: Path
    tree: str
    broken: tuple[str, ...]
    mistyped: tuple[str, ...]
    culprits: tuple[str, ...]
    tests: tuple[str, ...]


def git(root: Path, *arguments: str, stdin: bytes = b"") -> str:
    """What git prints, in a repository of the benchmark's own."""
    kept = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(root), "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(("git", *arguments), cwd=root, env=kept, check=True, capture_output=True, input=stdin)
    return done.stdout.decode().strip()


def _commit(root: Path, texts: Mapping[str, str]) -> None:
    """Make a repository of *texts* at *root*. By one pack and one checkout: 20,000 loose objects take far longer."""
    stream = [f"commit refs/heads/main\ncommitter Bench <bench@example.invalid> {_WHEN} +0000\n".encode()]
    stream.append(b"data %d\n%s\n" % (len(_MESSAGE), _MESSAGE))
    for path, text in texts.items():
        content = text.encode()
        stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
    root.mkdir(parents=True)
    git(root, "init", "--quiet", "-b", "main")
    git(root, "config", "user.name", "Bench")
    git(root, "config", "user.email", "bench@example.invalid")
    git(root, "fast-import", "--quiet", "--date-format=raw", stdin=b"".join(stream))
    git(root, "reset", "--hard", "--quiet")


def make(root: Path, shape: Shape) -> Made:
    """A repository of this *shape* in the new folder *root*, as one commit on `main`."""
    rng = random.Random(f"synthetic {shape.seed}")  # noqa: S311 - a synthetic repository
    modules = modules_of(shape, rng)
    broken = [m for m in modules if m.codes]
    culprits = set(rng.sample([m.number for m in broken], shape.culprits))
    texts = {"pyproject.toml": configuration(shape), ".gitignore": "__pycache__/\n.mypy_cache/\n.ruff_cache/\n"}
    texts |= {f"{package}/__init__.py": "" for package in {m.package for m in modules}}
    texts |= {m.path: text_of(m, shape.functions, rng) for m in modules}
    tests = []
    for number in range(shape.tests):
        mine = modules[number :: shape.tests]
        bad = [m for m in mine if m.number in culprits]
        tests.append(f"tests/test_{number:05}.py")
        texts[tests[-1]] = test_of(number, mine, bad, shape.suite_s / shape.tests)
    _commit(root, texts)
    return Made(
        root=root,
        tree=git(root, "rev-parse", "HEAD^{tree}"),
        broken=tuple(m.path for m in broken),
        mistyped=tuple(m.path for m in modules if m.type_error),
        culprits=tuple(m.path for m in modules if m.number in culprits),
        tests=tuple(tests),
    )
