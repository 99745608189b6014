"""What a user's git is set up to print, check or ignore changes nothing of what a run does."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stomper.landing.undo import Wanted, undo
from stomper.models import Status
from tests.support.processes import begin
from tests.support.repositories import MakeRepo, git, write
from tests.support.runs import only, raw, repair, scripted

BODY = "".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(12))
SOURCE = f"import os\n\n{BODY}l = 1\nprint('a' +\n\n      'b')\n"
CURED = f"\n{BODY}size = 1\nprint('a' +\n\n      'b')\n"
RUN = re.compile(r"^Stomper-Run: (\S+)$", re.MULTILINE)
KINDS: dict[str, dict[str, str]] = {
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


MORE = {
    "core.commentChar": "S", "core.pager": "false", "core.editor": "false", "core.askPass": "false",
    "core.hooksPath": "{hooks}", "core.fsmonitor": "{hooks}/pre-commit", "core.ignoreStat": "true",
    "core.checkStat": "minimal", "core.trustctime": "false", "core.bigFileThreshold": "1", "core.logAllRefUpdates": "always",
    "index.sparse": "true", "color.branch": "always", "color.grep": "always", "color.interactive": "always",
    "color.showBranch": "always", "column.ui": "always", "column.status": "always", "log.date": "relative",
    "log.follow": "true", "log.mailmap": "true", "log.abbrevCommit": "true", "log.diffMerges": "combined",
    "format.pretty": "oneline", "notes.displayRef": "refs/notes/*", "i18n.commitEncoding": "latin1",
    "trailer.separators": "=", "trailer.ifexists": "doNothing", "trailer.run.key": "Stomper-Run",
    "grep.patternType": "fixed", "grep.lineNumber": "true", "grep.column": "true", "blame.ignoreRevsFile": "{home}/nowhere",
    "blame.coloring": "highlightRecent", "merge.log": "true", "merge.default": "union", "merge.renormalize": "true",
    "merge.stat": "false", "merge.branchdesc": "true", "pull.rebase": "true", "rebase.autoStash": "true",
    "push.default": "nothing", "push.followTags": "true", "push.gpgSign": "true", "push.pushOption": "mine",
    "push.recurseSubmodules": "only", "fetch.pruneTags": "true", "fetch.recurseSubmodules": "true",
    "commit.cleanup": "strip", "commit.template": "{attributes}", "commit.status": "true", "commit.verbose": "true",
    "tag.gpgSign": "true", "tag.sort": "-creatordate", "branch.sort": "-committerdate", "branch.autoSetupRebase": "always",
    "user.useConfigOnly": "true", "init.templateDir": "{home}/template", "init.defaultBranch": "trunk",
    "init.defaultRefFormat": "reftable", "init.defaultObjectFormat": "sha256", "worktree.useRelativePaths": "true",
    "checkout.defaultRemote": "mine", "checkout.guess": "false", "gc.auto": "1", "maintenance.auto": "true",
    "rerere.enabled": "true", "rerere.autoUpdate": "true", "advice.statusHints": "true", "advice.detachedHead": "true",
    "help.autocorrect": "immediate", "protocol.version": "0", "transfer.fsckObjects": "true",
    "receive.denyCurrentBranch": "refuse", "receive.denyNonFastForwards": "true", "uploadpack.allowFilter": "false",
    "safe.directory": "*", "credential.helper": "!false", "url.https://nowhere.invalid/.insteadOf": "/nowhere/",
    "alias.status": "!false", "alias.log": "!false", "alias.diff-tree": "!false", "alias.rev-list": "!false",
    "apply.whitespace": "fix",
}  # fmt: skip
KINDS["all"] = {key: value for kind in list(KINDS.values()) for key, value in kind.items()} | MORE


def filled(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings with the places that they name, which are made."""
    home = Path(os.environ["HOME"])
    write(home, {"attributes": "*.py diff=mine\n", "hooks/pre-commit": "#!/bin/sh\nexit 1\n"})
    write(home, {"template/config": "[core]\n\tautocrlf = true\n[user]\n\tname = Template\n"})
    (home / "hooks" / "pre-commit").chmod(0o755)
    places = {"attributes": home / "attributes", "hooks": home / "hooks", "home": home}
    return {key: value.format(**places) for key, value in settings.items()}


def set_up(settings: Mapping[str, str]) -> None:
    """Put these keys into the user's own configuration of git."""
    with Path(os.environ["GIT_CONFIG_GLOBAL"]).open("a") as file:
        for key, value in filled(settings).items():
            section, _, name = key.rpartition(".")
            kind, _, part = section.partition(".")
            file.write(f'[{kind} "{part}"]\n' if part else f"[{kind}]\n")
            file.write(f'\t{name} = "{value}"\n')


def counted(settings: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a program gives git such settings."""
    pairs = list(filled(settings).items())
    numbered = [
        (f"GIT_CONFIG_{what}_{n}", pair[i]) for n, pair in enumerate(pairs) for i, what in enumerate(("KEY", "VALUE"))
    ]
    return {"GIT_CONFIG_COUNT": str(len(pairs)), **dict(numbered)}


def handed_on(settings: Mapping[str, str]) -> dict[str, str]:
    """The variable by which git hands the settings of its command line on."""
    return {"GIT_CONFIG_PARAMETERS": " ".join(f"'{key}'='{value}'" for key, value in filled(settings).items())}


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


@pytest.mark.parametrize(
    "given", [None, pytest.param(counted, marks=pytest.mark.slow), pytest.param(handed_on, marks=pytest.mark.slow)]
)
def test_undo_under_all_of_them(
    make_repo: MakeRepo, monkeypatch: pytest.MonkeyPatch, given: Callable[[Mapping[str, str]], dict[str, str]] | None
) -> None:
    """A run and its undo, with all settings in a file or in the environment: the tree is that of before."""
    root = make_repo({"größe.py": SOURCE, "b.py": SOURCE})
    before = git(root, "rev-parse", "HEAD^{tree}")
    with monkeypatch.context() as patch:
        if given is None:
            set_up(KINDS["all"])
        for name, value in (given(KINDS["all"]) if given else {}).items():
            patch.setenv(name, value)
        landing = repair(root, select=["F401"])
        assert [o.reason for o in landing.outcomes] == ["", ""]
        (run,) = dict.fromkeys(RUN.findall(raw(root, "cat-file", "commit", "HEAD").decode()))
        assert len(undo(root, Wanted(run)).reverts) == 2
    assert git(root, "rev-parse", "HEAD^{tree}") == before
    assert git(root, "rev-list", "--count", "HEAD") == "5"
    assert "encoding" not in git(root, "cat-file", "commit", "HEAD").partition("\n\n")[0]


def worked(root: Path, state: Path) -> tuple[object, ...]:
    """What check, fix and undo come to, as a user calls them: exit codes, what they find, trees and messages."""
    checked, _, code = called(root, state, "check", "--json", "--checkers", "ruff")
    found = [job["path"] for job in json.loads(checked)["jobs"]]
    _, _, fixed = called(root, state, "fix", "--checkers", "ruff", "--test-validation", "none")
    commits = [raw(root, "cat-file", "commit", f"HEAD~{n}").partition(b"\n\n")[2].decode() for n in range(2)]
    run = RUN.findall(commits[0])[0]
    after = git(root, "rev-parse", "HEAD^{tree}")
    _, said, undone = called(root, state, "undo", run)
    messages = [words.replace(run, "RUN") for words in commits]
    return code, found, fixed, messages, after, undone, said, git(root, "rev-parse", "HEAD^{tree}")


def called(root: Path, state: Path, *words: str) -> tuple[str, str, int]:
    """stdout, stderr and exit code of a command in a process of its own."""
    process = begin(root, state, *words)
    out, err = process.communicate(timeout=300)
    return out, err, process.returncode


@pytest.mark.slow
def test_the_command_under_all_of_them(make_repo: MakeRepo, state: Path) -> None:
    """Check, fix and undo come to the same as under a configuration that holds a name alone."""
    plain = worked(make_repo({"größe.py": SOURCE, "b.py": SOURCE}), state)
    other = make_repo({"größe.py": SOURCE, "b.py": SOURCE}, "other")
    set_up(KINDS["all"])
    assert worked(other, state) == plain
    assert plain[0] == 1
    assert plain[5] == 0


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
