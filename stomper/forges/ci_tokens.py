"""The tokens that a CI gives to its own jobs, and what they cannot do."""

from __future__ import annotations

import os
from collections.abc import Mapping

GITHUB_BOT = "github-actions[bot]"
GITHUB = (
    "this is the CI's own token (GITHUB_TOKEN): GitHub starts no workflow for what it pushes or opens, so the pull request "
    "gets no checks. Use a fine-grained token or a GitHub App's, with contents and pull requests: write"
)
GITLAB = (
    "this is the CI's own token (CI_JOB_TOKEN): GitLab lets it open no merge requests, and starts no pipeline for what it "
    "pushes. Use a project access token with the scope api and the role Developer"
)


def is_of_actions(token: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether GitHub Actions gave *token* to this job."""
    return environ.get("GITHUB_ACTIONS") == "true" and bool(token) and token == environ.get("GITHUB_TOKEN")


def is_of_job(token: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether GitLab CI gave *token* to this job."""
    return bool(token) and token == environ.get("CI_JOB_TOKEN")
