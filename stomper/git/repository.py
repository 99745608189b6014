"""The user's repository: where it is, what state it is in, and whether it can be landed in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import git as gitpython

from stomper.errors import RepositoryError
from stomper.git.plumbing import attempt, git, names, text
from stomper.git.unfinished import head_of
from stomper.models import Change

# What of the user's own configuration changes how files look in a worktree or who commits.
_COPIED_CONFIG = (
    r"^(user\.|author\.|committer\.|filter\.|diff\..*\.(binary|text)|commit\.gpgsign$|gpg\.|core\."
    r"(autocrlf|eol|symlinks|filemode|ignorecase|precomposeunicode|attributesfile|excludesfile)$)"
)


@dataclass(frozen=True)
class Target:
    """The user's repository as it was when the run began."""

    root: Path
    git_dir: Path
    own_dir: Path
    """What of git is this checkout's alone; git's own folder, where the repository has but one."""
    head: str
    """The commit that is checked out; empty before the first one."""
    branch: str
    dirty: frozenset[str]
    staged: frozenset[str]
    submodules: frozenset[str]
    shallow: bool

    @property
    def short(self) -> str:
        return self.head[:8]


def open_target(path: Path, *, before_first_commit: bool = False) -> Target:
    """The repository that holds *path*; *before_first_commit*, it may be one without a commit.

    Raises RepositoryError for one that cannot be worked on, with the way out."""
    if not path.exists():
        raise RepositoryError(f"{path}: there is no such file or folder")
    try:
        place = path if path.is_dir() else path.parent
        repo = gitpython.Repo(place, search_parent_directories=True, expand_vars=False)
    except gitpython.InvalidGitRepositoryError:
        raise RepositoryError(f"{path} is not in a git repository: run `git init` and commit there first") from None
    with repo:
        if repo.bare or repo.working_tree_dir is None:
            raise RepositoryError(
                f"{path} is a bare repository, which has no files to check: clone it and use the clone"
            )
        root = Path(repo.working_tree_dir).resolve()
        own_dir = Path(repo.git_dir).resolve()
        # GitPython knows neither the hashes nor the refs of every repository.
        probe = attempt(("rev-parse", "--git-common-dir", "HEAD^{commit}"), cwd=root)
        if b"dubious ownership" in probe.stderr:
            raise RepositoryError(f"{root} belongs to another user: `git config --global --add safe.directory {root}`")
        unborn = b"unknown revision" in probe.stderr
        if unborn and not before_first_commit:
            raise RepositoryError(f"{root} has no commits yet: commit something first")
        if probe.returncode and not unborn:
            raise RepositoryError(f"git cannot work in {root}: {probe.complaint}")
        common, _, head = os.fsdecode(probe.stdout).removesuffix("\n").rpartition("\n")
        if unborn:  # git repeats what it does not know
            head = ""
        name = head_of(own_dir)  # not by git's own rules for names, since a branch may be called HEAD
        branch = name.removeprefix("refs/heads/") if name.startswith("refs/heads/") else ""
        git_dir = (root / common).resolve()
    if git(("ls-files", "-z", "--unmerged"), cwd=root):
        raise RepositoryError(
            f"{root} has unmerged files: finish or abort what is under way first (`git status` says what)"
        )
    dirty, staged = _status(root)
    listing = names(git(("ls-files", "-z", "--stage"), cwd=root))
    return Target(
        root=root,
        git_dir=git_dir,
        own_dir=own_dir,
        head=head,
        branch=branch,
        dirty=dirty,
        staged=staged,
        submodules=frozenset(line.split("\t", 1)[1] for line in listing if line.startswith("160000 ")),
        shallow=(git_dir / "shallow").exists(),
    )


def check_landing(target: Target, land: str, branch_name: str = "") -> None:
    """Raise RepositoryError where landing cannot work: on no branch, on one that two checkouts share, or on a new one
    whose name is taken or is none."""
    if land == "commit" and any((target.own_dir / f"rebase-{kind}").exists() for kind in ("merge", "apply")):
        raise RepositoryError(
            f"{target.root} has a rebase under way: `git rebase --continue` or `--abort` ends it; or use --land branch or "
            "--land patch"
        )
    if land == "commit" and not target.branch:
        raise RepositoryError(
            f"{target.root} is on no branch (detached HEAD): `git switch` to one, or use --land branch or --land patch"
        )
    for what in ("merge", "cherry-pick") if land == "commit" else ():
        if (target.own_dir / f"{what.upper().replace('-', '_')}_HEAD").exists():
            raise RepositoryError(
                f"{target.root} has a {what} under way, which git lets nobody land on: finish or abort it first "
                "(`git status`), or use --land branch or --land patch"
            )
    if land == "commit":
        listing = os.fsdecode(git(("worktree", "list", "--porcelain"), cwd=target.root))
        holders = [b for b in listing.split("\n\n") if f"branch refs/heads/{target.branch}" in b.splitlines()]
        if len(holders) > 1:
            places = ", ".join(b.splitlines()[0].removeprefix("worktree ") for b in holders)
            raise RepositoryError(
                f"branch {target.branch} is checked out more than once ({places}): use --land branch or --land patch"
            )
    if land == "branch" and branch_name:
        git(("check-ref-format", "--branch", branch_name), cwd=target.root)
        there = ("rev-parse", "--verify", "--quiet", f"refs/heads/{branch_name}")
        if text(there, cwd=target.root, ok=(0, 1)):
            raise RepositoryError(f"branch {branch_name} is there already: give branch_name another name, or delete it")
    if land != "patch":
        identity(target.root)


def identity(root: Path) -> tuple[str, str]:
    """Author and committer as git spells them with a date. Raises RepositoryError when git knows none."""
    try:
        return text(("var", "GIT_AUTHOR_IDENT"), cwd=root), text(("var", "GIT_COMMITTER_IDENT"), cwd=root)
    except RepositoryError:
        raise RepositoryError(
            f"git knows no name for commits in {root}: `git config user.name …` and `git config user.email …`"
        ) from None


def is_ancestor(root: Path, old: str, new: str) -> bool:
    """Return whether the commit *new* has *old* in its history; False when either is none, or gone."""
    return attempt(("merge-base", "--is-ancestor", old, new), cwd=root).returncode == 0


def contains(root: Path, branch: str, commit: str) -> bool:
    """Whether *branch* holds *commit*; False when either is gone."""
    return is_ancestor(root, commit, f"refs/heads/{branch}")


def exists(path: Path, commit: str) -> bool:
    """Return whether the repository at *path* has a commit."""
    return bool(git(("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"), cwd=path, ok=(0, 1)))


def signs(root: Path) -> bool:
    """Whether the user's git signs commits."""
    return text(("config", "--type=bool", "--get", "commit.gpgsign"), cwd=root, ok=(0, 1)) == "true"


def blobs_at(cwd: Path, commit: str, paths: Iterable[str]) -> dict[str, str]:
    """The blobs of *paths* in *commit*; a path that is not there is left out."""
    found = {}
    wanted = sorted(set(paths))
    for start in range(0, len(wanted), 200):  # an argument list has its limits
        listing = names(git(("ls-tree", "-r", "-z", commit, "--", *wanted[start : start + 200]), cwd=cwd))
        for entry in listing:
            meta, _, path = entry.partition("\t")
            found[path] = meta.split(" ")[2]
    return found


def _status(root: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Paths with uncommitted changes (untracked included), and those of them with staged changes."""
    fields = names(git(("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"), cwd=root))
    dirty = frozenset(f[3:] for f in fields)
    return dirty, frozenset(f[3:] for f in fields if f[0] not in " ?!")


def files_of(target: Target) -> list[str]:
    """Return the files that git tracks, or would."""
    return names(git(("ls-files", "-z", "--cached", "--others", "--exclude-standard"), cwd=target.root))


def tracks(root: Path, path: str) -> bool:
    """Return whether git tracks the file *path*."""
    return bool(git(("ls-files", "-z", "--", path), cwd=root))


def uncommitted(root: Path) -> frozenset[str]:
    """Paths with uncommitted changes just now."""
    return _status(root)[0]


def changed_since(target: Target, ref: str) -> frozenset[str]:
    """Paths that differ between the merge base of *ref* and HEAD. Raises RepositoryError for an unknown ref."""
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    known = attempt(asked, cwd=target.root)
    if known.returncode != 0:
        hint = "this is a shallow clone: `git fetch --unshallow` or fetch that branch" if target.shallow else "check it"
        raise RepositoryError(f"--since {ref}: git knows no such commit; {hint}")
    since = known.text.strip()
    base = text(("merge-base", since, target.head), cwd=target.root, ok=(0, 1)) or since
    return frozenset(change.path for change in read_changes(target.root, base, target.head))


def read_changes(cwd: Path, base: str, tree: str) -> tuple[Change, ...]:
    """The paths in which *tree* differs from *base*, sorted."""
    return parse_changes(git(("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", base, tree), cwd=cwd))


def parse_changes(listing: bytes) -> tuple[Change, ...]:
    """The paths of a `--raw -z --no-abbrev` listing."""
    return changes_in(names(listing))


def changes_in(fields: Sequence[str]) -> tuple[Change, ...]:
    """The paths of the fields of such a listing: what changed, and the path, in turn."""
    changes = []
    for meta, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_blob, new_blob, _ = meta.lstrip(":").split(" ")
        changes.append(Change(path=path, old_mode=old_mode, new_mode=new_mode, old_blob=old_blob, new_blob=new_blob))
    return tuple(changes)


def copied_config(root: Path) -> list[tuple[str, str]]:
    """The keys of the repository's own configuration that a private clone must share."""
    listing = git(("config", "--local", "--includes", "-z", "--get-regexp", _COPIED_CONFIG), cwd=root, ok=(0, 1))
    pairs = [entry.partition("\n") for entry in names(listing)]
    return [(key, value) for key, _, value in pairs]


def promisors(root: Path) -> list[tuple[str, str]]:
    """For a partial clone, the configuration by which git fetches what is not there yet; else nothing."""
    asked = r"^(remote\..*\.(url|fetch|promisor|partialclonefilter)|extensions\.partialclone)$"
    listing = git(("config", "--local", "-z", "--get-regexp", asked), cwd=root, ok=(0, 1))
    pairs = [(key, value) for key, _, value in (entry.partition("\n") for entry in names(listing))]
    if not any(key.endswith(".promisor") and value == "true" for key, value in pairs):
        return []
    return [("core.repositoryformatversion", "1"), *pairs]
