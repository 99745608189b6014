"""What a user's git is set up to print, check or ignore changes nothing of what a run does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from stomper.models import Status
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import only, raw, repair, scripted

BODY = "".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(12))
SOURCE = f"import os\n\n{BODY}l = 1\nprint('a' +\n\n      'b')\n"
CURED = f"\n{BODY}size = 1\nprint('a' +\n\n      'b')\n"
KINDS = {
    "diff": {
        "diff.noprefix": "true",
        "diff.context": "0",
        "diff.interHunkContext": "100",
        "diff.algorithm": "patience",
        "diff.renames": "copies",
        "diff.relative": "true",
        "diff.submodule": "log",
        "diff.ignoreSubmodules": "all",
        "diff.external": "false",
        "diff.wordRegex": ".",
        "diff.suppressBlankEmpty": "true",
        "diff.wsErrorHighlight": "all",
        "diff.orderFile": "{attributes}",
        "color.ui": "always",
        "color.diff": "always",
    },
    "prefixes": {"diff.mnemonicPrefix": "true", "diff.srcPrefix": "mine/", "diff.dstPrefix": "theirs/"},
    "drivers": {
        "core.attributesFile": "{attributes}",
        "diff.mine.command": "false",
        "diff.mine.textconv": "false",
        "diff.mine.xfuncname": ".*",
    },
    "status": {
        "status.short": "true",
        "status.branch": "true",
        "status.showStash": "true",
        "status.relativePaths": "false",
        "status.renames": "copies",
        "status.showUntrackedFiles": "no",
        "status.submoduleSummary": "true",
        "color.status": "always",
        "core.quotePath": "true",
        "core.abbrev": "4",
        "core.commentChar": "d",
    },
    "apply": {
        "apply.whitespace": "error-all",
        "apply.ignoreWhitespace": "change",
        "core.whitespace": "trailing-space,tab-in-indent,cr-at-eol",
    },
    "index": {
        "core.splitIndex": "true",
        "core.untrackedCache": "true",
        "index.version": "4",
        "feature.manyFiles": "true",
        "submodule.recurse": "true",
    },
    "safety": {
        "safe.bareRepository": "explicit",
        "fetch.fsckObjects": "true",
        "merge.verifySignatures": "true",
        "protocol.allow": "never",
        "protocol.file.allow": "never",
    },
    "habits": {
        "merge.ff": "false",
        "merge.conflictStyle": "diff3",
        "log.showSignature": "true",
        "log.decorate": "full",
        "i18n.logOutputEncoding": "latin1",
        "fetch.prune": "true",
        "fetch.writeCommitGraph": "true",
        "worktree.guessRemote": "true",
    },
}


def set_up(settings: Mapping[str, str]) -> None:
    """Put these keys into the user's own configuration of git."""
    home = Path(os.environ["HOME"])
    for key, value in settings.items():
        git(home, "config", "--global", key, value.format(attributes=home / "attributes"))
    write(home, {"attributes": "*.py diff=mine\n"})


@pytest.mark.parametrize("kind", KINDS)
def test_settings_of_git(make_repo: MakeRepo, kind: str) -> None:
    """Two agents in turn repair a file in many places: the second goes on from the patch of the first, and it lands."""
    root = make_repo({"größe.py": SOURCE, "b.py": "x = 1\n"})
    set_up(KINDS[kind])
    write(root, {"b.py": "mine = 1\n"})
    agents = scripted(root, {"codes": ["E741"], "action": "replace", "old": "l = 1", "new": "size = 1"})
    landing = repair(root, agents={**agents, "ruff": {"enabled": True}})
    assert (only(landing).reason, only(landing).status) == ("", Status.FIXED)
    assert raw(root, "cat-file", "blob", "HEAD:größe.py") == CURED.encode()
    assert git(root, "diff", "--no-ext-diff", "--name-only", "HEAD") == "b.py"


def test_line_endings_that_git_would_refuse(make_repo: MakeRepo) -> None:
    """An agent that writes other line endings than the checkout's is taken in, also where git is to refuse such files."""
    root = make_repo({"a.py": SOURCE})
    set_up({"core.autocrlf": "true", "core.safecrlf": "true"})
    (root / "a.py").unlink()
    git(root, "checkout", "--quiet", "--", "a.py")
    agents = scripted(root, {"action": "replace", "old": "import os\r\n\r\n", "new": "\n"})
    landing = repair(root, agents=agents, select=["F401"])
    assert only(landing).status is Status.FIXED
    assert raw(root, "cat-file", "blob", "HEAD:a.py") == SOURCE.removeprefix("import os\n").encode()
    assert git(root, "status", "--short") == ""


def test_configuration_that_the_repository_includes(make_repo: MakeRepo) -> None:
    """A filter by which the files look as they do counts, wherever the repository's own configuration has it from."""
    own = '[filter "mine"]\nclean = tr a-z b-za\nsmudge = tr b-za a-z\n'
    root = make_repo({".gitattributes": "a.py filter=mine\n", "own.ini": own})
    git(root, "config", "include.path", "../own.ini")
    write(root, {"a.py": "import os\nx = 1\n"})
    git(root, "add", "a.py")
    git(root, "commit", "--quiet", "-m", "filtered")
    assert only(repair(root)).status is Status.FIXED
    assert raw(root, "cat-file", "blob", "HEAD:a.py") == b"y = 1\n"
    assert (root / "a.py").read_text() == "x = 1\n"
