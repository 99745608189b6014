"""The one place that spells git's command lines: with the configuration that ours depend on, and in an environment without
redirections.

What the user has set up for people to read, or to save typing, changes nothing of what is done here. What says who commits,
how files look on disk, and how a remote is reached, stays theirs."""

from __future__ import annotations

from collections.abc import Sequence

from stomper.system import proxies

HOOKS = "core.hooksPath"
PINNED = {
    # Nothing beside what is asked for: no hooks, no upkeep in the background, no monitors.
    HOOKS: "/dev/null", "gc.auto": "0", "maintenance.auto": "false", "core.fsmonitor": "false",
    "fetch.writeCommitGraph": "false", "rerere.enabled": "false", "submodule.recurse": "false",
    # A repository of our own is made as git makes one, whatever templates there are.
    "init.templateDir": "", "init.defaultObjectFormat": "sha1", "init.defaultRefFormat": "files",
    "worktree.useRelativePaths": "false", "safe.bareRepository": "all",
    # Names, patches and objects as they are. An order file has to be one that can be read.
    "core.quotePath": "false", "core.useReplaceRefs": "false", "core.abbrev": "auto", "core.bigFileThreshold": "512m",
    "diff.orderFile": "/dev/null", "diff.renames": "false", "diff.relative": "false",
    "diff.ignoreSubmodules": "none", "diff.suppressBlankEmpty": "false", "diff.noprefix": "false",
    "diff.mnemonicPrefix": "false", "diff.algorithm": "default", "diff.context": "3", "diff.interHunkContext": "0",
    "diff.submodule": "short", "diff.wsErrorHighlight": "none",
    "apply.whitespace": "nowarn", "apply.ignoreWhitespace": "no", "merge.conflictStyle": "merge", "merge.default": "text",
    "merge.renormalize": "false",
    # All that was written is seen, whenever it was.
    "core.ignoreStat": "false", "core.checkStat": "default", "core.trustctime": "true",
    "status.showUntrackedFiles": "all", "status.renames": "false", "core.safecrlf": "false",
    # Plain words in one encoding.
    "color.ui": "false", "column.ui": "never", "core.commentChar": "#", "advice.detachedHead": "false",
    "log.showSignature": "false", "log.follow": "false", "log.decorate": "false", "log.date": "default",
    "log.mailmap": "false", "grep.patternType": "default", "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8", "trailer.separators": ":",
    # To and from others goes what is named, no more. Nobody is asked to take a signed push who cannot.
    "fetch.prune": "false", "fetch.pruneTags": "false", "fetch.recurseSubmodules": "false", "push.followTags": "false",
    "push.gpgSign": "false", "push.recurseSubmodules": "no", "push.pushOption": "",
    # A checkout of many files by all cores: measured, twice as fast by two; of a few hundred, one process is faster.
    "checkout.workers": "0", "checkout.thresholdForParallelism": "1000",
}  # fmt: skip
"""What `-c` sets for each call: it counts more than any file, and than what the caller's environment sets."""
_ALIKE = tuple(word for key, value in PINNED.items() for word in ("-c", f"{key}={value}"))


def command(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the argv for git with *arguments*: a command and its own, `-c` for one call before them."""
    return ("git", "--literal-pathspecs", *_ALIKE, *arguments)


def with_users_hooks(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the argv for git as `command` has it, which looks for hooks where the user has them."""
    pinned = (word for key, value in PINNED.items() if key != HOOKS for word in ("-c", f"{key}={value}"))
    return ("git", "--literal-pathspecs", *pinned, *arguments)


def environment() -> dict[str, str]:
    """Return the environment for git: the caller's without its GIT_* redirections, in English, never asking.

    A file of grafts would give the user's repository another history than the private clone has. One that cannot be there is
    named in its place: git complains of any that it finds."""
    kept = {
        k: v
        for k, v in proxies.as_found().items()
        if not k.startswith("GIT_") or k.startswith(("GIT_SSL", "GIT_CONFIG_"))
    }
    ours = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_GRAFT_FILE": "/dev/null/none"}
    return {**kept, "LC_ALL": "C", **ours}
