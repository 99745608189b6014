"""What git does not carry and worktrees need is found by looking, and by patterns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from stomper.environment.carried import Carried, carried, may_hold_secrets
from stomper.errors import SettingsError
from tests.support.repositories import MakeRepo, write

TRACKED: Mapping[str, str] = {
    "src/pkg/__init__.py": "from pkg._version import version\n",
    "app/settings.py": "DATABASE = 'fixtures.sqlite3'\n",
    "package.json": "{}\n",
    "README.md": "see notes.json\n",
    ".gitignore": "",
}
NEEDED = [
    "src/pkg/_version.py",
    "src/pkg/_speed.cpython-311-x86_64-linux-gnu.so",
    "src/pkg/generated/api_pb2.py",
    "app/local_settings.py",
    ".env",
    "app/.env.test",
    "fixtures.sqlite3",
]
NOT_NEEDED = [
    "build/lib/pkg/_version.py",
    "dist/pkg-1.0.tar.gz",
    "src/pkg.egg-info/PKG-INFO",
    "src/pkg/__pycache__/x.cpython-311.pyc",
    ".mypy_cache/3.11/x.data.json",
    "venv/lib/python3.11/site-packages/x.py",
    "debug.log",
    "notes.json",
    "scratch/other.py",
    "htmlcov/index.html",
]


def checkout(make_repo: MakeRepo, *ignored: str, **more: str) -> Path:
    """A checkout with *ignored* files."""
    root = make_repo({**TRACKED, **more, ".gitignore": "\n".join(f"/{name}" for name in ignored) + "\n"})
    write(root, dict.fromkeys(ignored, "x = 1\n"))
    return root


def test_what_is_needed_is_found(make_repo: MakeRepo) -> None:
    """Generated code beside tracked code, variables, and what a tracked file names; not what builds and tools leave."""
    root = checkout(make_repo, *NEEDED, *NOT_NEEDED)
    write(root, {"venv/pyvenv.cfg": ""})
    found = carried(root, ())
    assert sorted(found.files) == sorted(NEEDED)
    assert found.shared == ()


def test_folders_of_packages_are_shared(make_repo: MakeRepo) -> None:
    """Where a manifest beside them, or a list in them, says that they are such."""
    root = make_repo({**TRACKED, "web/package.json": "{}", ".gitignore": "node_modules\nvendor\n"})
    for name in ("node_modules/a/i.js", "web/node_modules/b/i.js", "vendor/modules.txt", "docs/node_modules/c/i.js"):
        write(root, {name: "x\n"})
    assert carried(root, ()).shared == ("node_modules", "vendor", "web/node_modules")


@pytest.mark.parametrize(
    ("patterns", "include", "files"),
    [
        (("*.log",), "", [".env", "debug.log"]),
        ((), "*.log\n!.env\n", ["debug.log"]),
        (("!*",), "", []),
        (("/scratch/",), "", [".env", "scratch/data/x.bin"]),
    ],
)
def test_patterns_count_more_than_what_is_found(
    make_repo: MakeRepo, patterns: tuple[str, ...], include: str, files: list[str]
) -> None:
    """Those of the settings, and those of `.worktreeinclude`."""
    root = checkout(make_repo, ".env", "debug.log", "scratch/data/x.bin")
    if include:
        write(root, {".worktreeinclude": include})
    assert sorted(carried(root, patterns).files) == files


def test_a_pattern_reaches_into_caches(make_repo: MakeRepo) -> None:
    """They are left out of what is found by looking, and not of what somebody asks for."""
    root = checkout(make_repo, ".cache/model.json", "app/.next/x.py")
    assert carried(root, ()).files == ()
    assert sorted(carried(root, (".cache/", "*.py")).files) == [".cache/model.json", "app/.next/x.py"]


def test_a_checkout_without_ignored_files(make_repo: MakeRepo) -> None:
    """There is nothing to look for."""
    assert carried(make_repo(dict(TRACKED)), ("*",)) == Carried()


def test_a_pattern_that_is_none(make_repo: MakeRepo) -> None:
    """It is named, with where it may stand."""
    with pytest.raises(SettingsError, match=r"worktree\.carry or \.worktreeinclude"):
        carried(checkout(make_repo, ".env"), ("!",))


@pytest.mark.parametrize(
    ("name", "may"),
    [
        (".env", True),
        ("conf/.env.local", True),
        ("deploy.pem", True),
        ("local_settings.py", True),
        ("_version.py", False),
    ],
)
def test_what_may_hold_secrets(name: str, may: bool) -> None:
    """By its name."""
    assert may_hold_secrets(name) is may
    assert (name in Carried(files=(name,)).for_agents) is not may
