"""`.git-blame-ignore-revs`: the commits of Stomper that changed nothing but looks, which `git blame` may look through."""

from __future__ import annotations

import re
from pathlib import Path

from stomper.analysis.risk import risk
from stomper.analysis.syntax import OWN, Parser
from stomper.errors import RepositoryError
from stomper.git import history
from stomper.git.plumbing import git
from stomper.git.repository import read_changes
from stomper.landing.pull_requests.commit_chain import Piece
from stomper.models import Change, Patch

FILE = ".git-blame-ignore-revs"
_NEWEST = 300  # commits of Stomper that are looked at
_ID = re.compile(r"^[0-9a-f]{40,64}", re.MULTILINE)
_HEAD = (
    "# Fixes by Stomper that change layout and comments alone: git config blame.ignoreRevsFile .git-blame-ignore-revs\n"
)


def piece(path: Path, tip: str, parser: Parser = OWN) -> Piece | None:
    """The commit that adds what is missing from the file at *tip*; None when nothing is.

    A commit cannot name itself, and a merge may give it another name: so what is added is in the history of *tip*
    already, by its name there."""
    mode, blob = _entry(path, tip)
    before = git(("cat-file", "blob", blob), cwd=path) if blob else b""
    known = set(_ID.findall(before.decode("utf-8", "replace")))
    new = [commit for commit in _cosmetic(path, tip, known, parser) if commit not in known]
    if not new or (blob and not mode.startswith("100")):
        return None
    glue = b"" if not before or before.endswith(b"\n") else b"\n"
    after = before + glue + (b"" if before else _HEAD.encode()) + "".join(f"{commit}\n" for commit in new).encode()
    written = git(("hash-object", "-w", "--stdin"), cwd=path, stdin=after).decode().strip()
    change = Change(
        path=FILE, old_mode=mode or "000000", new_mode=mode or "100644",
        old_blob=blob or "0" * len(written), new_blob=written,
    )  # fmt: skip
    words = b"chore: have git blame look through cosmetic fixes\n\nThey are merged, and change no code.\n\n"
    return Piece(words, Patch(base=tip, changes=(change,), diff=b""))


def _entry(path: Path, tip: str) -> tuple[str, str]:
    entry = git(("ls-tree", "-z", tip, "--", FILE), cwd=path).decode("utf-8", "replace").split("\t")[0].split()
    return (entry[0], entry[2]) if entry else ("", "")


def _cosmetic(path: Path, tip: str, known: set[str], parser: Parser) -> list[str]:
    """The commits of Stomper's in the history of *tip* that are cosmetic by what they change, the oldest first.

    A merge that made one commit of many is among them when all that it changes is."""
    asked = (f"--max-count={_NEWEST}", "--no-merges", "--basic-regexp", "--grep=^Stomper-Risk: cosmetic$", tip)
    listing = history.listed(path, *asked)
    return [c for c in reversed(listing) if c not in known and _is_cosmetic(path, c, parser)]


def _is_cosmetic(path: Path, commit: str, parser: Parser) -> bool:
    try:
        changes = read_changes(path, f"{commit}^", commit)
        sides = [
            {
                c.path: git(("cat-file", "blob", blob), cwd=path)
                for c in changes
                if (blob := getattr(c, side)).strip("0")
            }
            for side in ("old_blob", "new_blob")
        ]
    except RepositoryError:  # the first commit, or the border of a shallow clone
        return False
    return bool(changes) and risk(sides[0], sides[1], parser) == "cosmetic"
