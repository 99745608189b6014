"""The repository's own pre-commit hook, run only when asked for, over all that is to land."""

from __future__ import annotations

import os
from pathlib import Path

from stomper.fixing.session import Session
from stomper.git.command_line import environment, with_users_hooks
from stomper.system import processes


def refused_by_hook(session: Session, combined: str, tip: str) -> str:
    """What the pre-commit hook has against *combined* staged on top of *tip*; empty when nothing, or without a hook."""
    hook = _pre_commit(session.target.root)
    if hook is None:
        return ""
    with session.pool.lease(combined) as tree:
        tree.show(tip)
        env = {**environment(), "GIT_DIR": str(tree.git_dir), "GIT_WORK_TREE": str(tree.path)}
        env["GIT_INDEX_FILE"] = str(tree.git_dir / "index")
        done = processes.run(
            (str(hook),), cwd=tree.path, timeout_s=session.settings.test_timeout_s, env=env, contain=True
        )
        edited = tree.patch(combined)
    if done.timed_out:
        return f"the pre-commit hook took more than {session.settings.test_timeout_s:g} s"
    if done.returncode != 0:
        return f"the pre-commit hook refused it: {done.complaint[-300:]}"
    return f"the pre-commit hook changed {', '.join(edited.paths)}" if edited else ""


def _pre_commit(root: Path) -> Path | None:
    """The hook where git would look for it, if it can be run."""
    asked = ("rev-parse", "--git-path", "hooks/pre-commit")
    done = processes.run(with_users_hooks(asked), cwd=root, timeout_s=60, env=environment())
    hook = root / done.text.strip()
    return hook if hook.is_file() and os.access(hook, os.X_OK) else None
