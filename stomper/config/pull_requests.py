"""The settings of `land = "pr"`. settings.py has it as a table."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from stomper.config.kinds import ForgeKind


class PullRequestSettings(BaseModel):
    """The table `[pr]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    campaign: str = Field(default="fixes", pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)
    """The name of what belongs together: one pull request each, on the branch `stomper/` and this name. Runs with other
    checkers or codes are campaigns of their own."""
    group_by: Literal["all", "code", "folder", "codeowners"] = "all"
    """One pull request for `all` files, or one for each `code` (a file goes with the code it has most errors of),
    `folder` or set of `codeowners`."""
    folder_depth: int = Field(default=1, ge=1, le=9)
    """For `group_by = "folder"`: how many names of a path make up its folder."""
    max_open: int = Field(default=5, ge=1, le=100)
    """How many pull requests of the campaign may be open at once. What is beyond waits."""
    max_files: int = Field(default=0, ge=0)
    """How many files a pull request may have; the rest waits. 0 is no limit."""
    title: str = Field(default="", max_length=200)
    """The title, instead of one that says what was fixed. A group's name is put behind it."""
    labels: tuple[str, ...] = ()
    """Labels to add."""
    reviewers: tuple[str, ...] = ()
    """Who is asked for a review, by user name; `organisation/team` for a team at GitHub."""
    draft: bool = False
    """Open them as drafts. Whether an open one is a draft is for people to say: no run changes it."""
    auto_merge: bool = False
    """Have the forge merge a pull request by itself once its checks pass, where it offers that."""
    base: str = Field(default="", max_length=200)
    """The branch they are for. Default: the one that is checked out, else the repository's default branch."""
    forge: Literal["", ForgeKind] = ""
    """What the host is. Needed where its name does not say it, as with most that are self-hosted."""
    api: str = ""
    """The address of the forge's API, where it is not the usual one for the host."""
    token_env: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")
    """The environment variable with the token. Default: that of the run (`remote.token_env`), else `GH_TOKEN` or
    `GITHUB_TOKEN`, or `GITLAB_TOKEN`."""
    skip_files_in_open: bool = True
    """Leave files alone that others' open pull requests touch."""
    blame_ignore_revs: bool = False
    """Keep `.git-blame-ignore-revs`: a pull request adds the purely cosmetic commits of Stomper that are merged already."""
