"""The settings of worktrees: what they are given of the checkout that git does not carry. settings.py has it as a table."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class WorktreeSettings(BaseModel):
    """The table `[worktree]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    carry: tuple[str, ...] = ()
    """Files that git ignores and worktrees get copies of (gitignore-style), beside those of `.worktreeinclude` and those
    that are found by looking: code beside tracked code, `.env`, `node_modules`, `vendor`, and files that tracked ones
    name. `!PATTERN` leaves out what would be found so."""
    env: tuple[str, ...] = ()
    """Variables of the caller's that checkers and tests are given (`NAME`, `PREFIX_*`), beside those that tracked files
    speak of and that are not called like secrets. Agents get only what their own `env` names."""
    env_files: tuple[str, ...] = ()
    """Files of lines `NAME=value` that checkers and tests are given as variables, for example `.env`."""
