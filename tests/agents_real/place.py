"""Where a case happens: a sample repository with one error, a HOME, a TMPDIR and a state folder, and what stays in them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from stomper.agents.registry import PROGRAMS
from tests.support.model_api import Edit, ModelServer, Play
from tests.support.repositories import git, write

EDIT = Edit(
    "shop.py",
    "    l = 0\n    for price in prices:\n        l += price\n    return l",
    "    amount = 0\n    for price in prices:\n        amount += price\n    return amount",
)
SAMPLE = {
    "shop.py": f"def total(prices):\n{EDIT.old}\n",
    "test_shop.py": "from shop import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
    "pyproject.toml": '[tool.ruff.lint]\nselect = ["E4", "E7", "E9", "F"]\n',
}
CHILD = "98765.25"  # what a tool's background process sleeps, so that it can be found
MODELS = {"claude": "claude-sonnet-4-5", "gemini": "gemini-2.5-pro"}
_KEY = "sk-of-the-test"


class Place:
    """Made anew for each case; the server plays the model."""

    def __init__(self, folder: Path, kind: str, play: Play, **more: str) -> None:
        self.folder, self.kind, self.sample = folder, kind, {**SAMPLE, **more}
        self.root, self.home, self.tmp = folder / "repo", folder / "home", folder / "tmp"
        for path in (self.root, self.home, self.tmp):
            path.mkdir()
        write(self.home, {"gitconfig": "[user]\n\tname = Tester\n\temail = tester@example.invalid\n"})
        self.server = ModelServer(play)
        self.variables = {
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "STOMPER_HOME": str(folder / "state"),
            "GIT_CONFIG_GLOBAL": str(self.home / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            PROGRAMS[kind].own_key or PROGRAMS[kind].keys[0]: _KEY,
        }

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """With the server running and the repository made."""
        kept = dict(os.environ)
        os.environ.update(self.variables)
        try:
            git(self.root, "init", "--quiet", "--initial-branch", "main")
            write(self.root, self.sample)
            git(self.root, "add", "--all")
            git(self.root, "commit", "--quiet", "-m", "start")
            with self.server:
                yield
        finally:
            os.environ.clear()
            os.environ.update(kept)

    def table(self, **more: object) -> dict[str, object]:
        """The settings of the agent."""
        suffix = "" if self.kind in ("claude", "gemini") else "/v1"
        model = MODELS.get(self.kind, "gpt-4o")
        return {"base_url": f"{self.server.url}{suffix}", "model": model, "max_attempts": 1, "max_turns": 8, **more}

    def leftovers(self, *, dead: bool = False) -> list[str]:
        """What should not be there any more: files in HOME, in TMPDIR, in the checkout or of the run, and processes.

        A *dead* run's own folder waits for the next start."""
        found = [str(p) for p in (*self.home.rglob("*"), *self.tmp.rglob("*")) if p.name != "gitconfig" and p.is_file()]
        runs = self.folder / "state" / "runs"
        found += [str(p) for p in runs.iterdir()] if runs.exists() and not dead else []
        found += git(self.root, "status", "--porcelain", "--ignored").splitlines()
        for _ in range(100):
            if not (running := self._running()):
                break
            time.sleep(0.2)
        return [*found, *running]

    def _running(self) -> list[str]:
        """The processes of this case but for us: by their words, their environment or the folder they work in."""
        marks, found = (str(self.folder).encode(), CHILD.encode()), []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                about = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                about += os.fsencode((entry / "cwd").readlink())
                if int(entry.name) != os.getpid() and any(mark in about for mark in marks):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:80])
        return found
