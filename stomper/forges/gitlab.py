"""Merge requests at GitLab, by python-gitlab. Its objects take their attributes from the answers, so they have no types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import gitlab
import requests

from stomper.forges import ci_tokens
from stomper.forges.base import PullRequest, Wanted
from stomper.forges.gitlab_models import newest, running, title_of, told, told_or_none, words_of
from stomper.forges.hosts import Place
from stomper.forges.retries import LOST, NOT_UNDERSTOOD, Asking, Patience, Refusal, plain

_TIMEOUT_S = 30
_PAGE = 100
_PIPELINE_S = (1, 2, 4)  # how long is waited for the pipeline of a new merge request, each time


class _Client(gitlab.Gitlab):
    """Waits for nothing by itself: `Asking` does, and knows how long."""

    def http_request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().http_request(*args, **{**kwargs, "obey_rate_limit": False})


class GitLab:
    """The merge requests of one project at GitLab."""

    def __init__(self, place: Place, token: str, patience: Patience) -> None:
        self._path = place.path
        self._own_token = ci_tokens.is_of_job(token)
        self._headers: dict[str, str] = {}
        session = requests.Session()
        session.hooks["response"].append(self._remember)
        # As a bearer's, since requests keeps such a token from another host that it is sent on to.
        way = {"job_token": token} if self._own_token else {"oauth_token": token}
        self._client = _Client(
            place.api,
            **way,  # type: ignore[arg-type]
            timeout=_TIMEOUT_S,
            per_page=_PAGE,
            keep_base_url=True,
            session=session,
        )
        self._asking = Asking("GitLab", f"{place.api} {place.path}", place.rights, self._read, token, patience)
        self.notes = self._asking.notes

    @cached_property
    def _project(self) -> Any:
        return self._asking.ask("read the project", lambda: self._client.projects.get(self._path))

    def open_requests(self) -> Sequence[PullRequest]:
        """All that are open, the oldest first."""
        merges = self._project.mergerequests
        return self._asking.ask(
            "list the open merge requests",
            lambda: [told(m) for m in merges.list(state="opened", order_by="created_at", sort="asc", iterator=True)],
        )

    def latest_of(self, branch: str) -> PullRequest | None:
        """The newest, in any state, from *branch* of this very project."""
        project = self._project
        return self._asking.ask(
            f"look for a merge request from {branch}", lambda: told_or_none(newest(project, branch, "all"))
        )

    def files_of(self, number: int) -> frozenset[str]:
        """The paths that a merge request touches. That GitLab does not list all of very many is said in a note."""
        project = self._project

        def read_files() -> tuple[frozenset[str], int, str]:
            place = f"{project.manager.path}/{project.get_id()}/merge_requests/{number}"
            files: list[Any] = list(self._client.http_list(f"{place}/diffs", iterator=True))
            paths = frozenset(path for file in files for path in (file["new_path"], file["old_path"]))
            return paths, len(files), str(project.mergerequests.get(number).changes_count or "")

        paths, listed, changed = self._asking.ask(f"list the files of !{number}", read_files)
        if changed.endswith("+") or (changed.isdigit() and int(changed) > listed):
            self._asking.note(f"!{number} changes {changed} files, and GitLab lists {listed} of them")
        return paths

    def create(self, wanted: Wanted) -> PullRequest:
        """Open one. Where one from that branch is open already, that one is updated and returned."""
        project = self._project
        what = f"open a merge request from {wanted.branch}"

        def look_and_open() -> tuple[Any, bool]:
            # Looked for at each try: what a lost answer was about may have been done.
            if there := newest(project, wanted.branch, "opened"):
                return there, False
            data = {
                "source_branch": wanted.branch,
                "target_branch": wanted.base,
                "title": title_of(wanted.title, draft=bool(wanted.draft)),
                "description": wanted.body,
            }
            return project.mergerequests.create(data), True

        try:
            made, new = self._asking.attempt(look_and_open)
        except Refusal as refusal:
            refused = refusal
        else:
            if not new:
                return self.update(made.iid, replace(wanted, draft=None))
            return self._with_extras(made.iid, wanted)
        if refused.status == 409:
            found = self._asking.ask(what, lambda: newest(project, wanted.branch, "opened"))
            if found:
                return self.update(found.iid, replace(wanted, draft=None))
        raise self._asking.error(what, refused)

    def update(self, number: int, wanted: Wanted) -> PullRequest:
        """Make title, body and the rest as wanted; what is so already is not written again."""
        merges = self._project.mergerequests

        def write() -> None:
            merge = merges.get(number)
            there = told(merge)
            draft = there.draft if wanted.draft is None else wanted.draft
            fresh: dict[str, str] = {}
            if plain(there.title) != plain(wanted.title) or (merge.state == "opened" and there.draft != draft):
                fresh["title"] = title_of(wanted.title, draft=draft)
            if plain(there.body) != plain(wanted.body):
                fresh["description"] = wanted.body
            if there.base != wanted.base:
                fresh["target_branch"] = wanted.base
            if fresh:
                merges.update(number, fresh)

        self._asking.ask(f"update !{number}", write)
        return self._with_extras(number, wanted)

    def close(self, number: int, why: str) -> None:
        """Close it, with *why* as a comment. No error when it is closed already."""
        merges = self._project.mergerequests

        def comment_and_close() -> None:
            merge = merges.get(number)
            if merge.state in ("closed", "merged"):
                return
            # A try before this one may have got as far as the comment.
            if why and all(plain(note.body) != plain(why) for note in merge.notes.list(iterator=True)):
                merge.notes.create({"body": why})
            merges.update(number, {"state_event": "close"})

        self._asking.ask(f"close !{number}", comment_and_close)

    # What is wanted beside it. None of these is an error.

    def _with_extras(self, number: int, wanted: Wanted) -> PullRequest:
        if self._own_token:
            self._asking.note(ci_tokens.GITLAB)
        merges = self._project.mergerequests
        merge = self._asking.ask(f"read !{number}", lambda: merges.get(number))
        if merge.state == "opened":
            self._label(merge, wanted.labels)
            self._ask_reviewers(merge, wanted.reviewers)
            if wanted.auto_merge and not merge.draft and not merge.merge_when_pipeline_succeeds:
                self._merge_later(number)
        return told(merge)

    def _label(self, merge: Any, wanted: Sequence[str]) -> None:
        there = {label.lower() for label in merge.labels}
        labels = [label for label in wanted if label.lower() not in there]
        if not labels:
            return

        def add() -> None:
            answer = self._project.mergerequests.update(merge.iid, {"add_labels": ",".join(labels)})
            set_now = {label.lower() for label in answer["labels"]}
            if ignored := [label for label in labels if label.lower() not in set_now]:  # without the right: silently
                self._asking.note(f"the labels {', '.join(ignored)} were not set: GitLab ignored them")

        self._asking.wish(f"the labels {', '.join(labels)} were not set", add)

    def _ask_reviewers(self, merge: Any, wanted: Sequence[str]) -> None:
        there = {person["username"].lower(): person["id"] for person in merge.reviewers}
        author = merge.author["username"].lower()
        fresh = {name: 0 for name in wanted if name.lower() not in {*there, author}}
        for name in fresh:

            def look(name: str = name) -> None:
                found: Any = next(iter(self._client.users.list(username=name, iterator=True)), None)
                if found is None:
                    self._asking.note(f"the reviewer {name} was not asked: GitLab knows no user of that name")
                else:
                    fresh[name] = found.id

            self._asking.wish(f"the reviewer {name} was not asked", look)
        new = [number for number in fresh.values() if number]
        if not new:
            return

        def ask_them() -> None:
            # The whole list is written, so those who are on it stay.
            answer = self._project.mergerequests.update(merge.iid, {"reviewer_ids": [*there.values(), *new]})
            now = {person["id"] for person in answer["reviewers"]}
            if ignored := [name for name, number in fresh.items() if number and number not in now]:
                self._asking.note(f"the reviewers {', '.join(ignored)} were not asked: GitLab ignored them")

        self._asking.wish(f"the reviewers {', '.join(fresh)} were not asked", ask_them)

    def _merge_later(self, number: int) -> None:
        """GitLab merges at once what has no pipeline under way: so one is waited for, for some seconds."""
        merges = self._project.mergerequests

        def wait_and_merge() -> None:
            merge = merges.get(number)
            for seconds in _PIPELINE_S:
                if running(merge) or not self._asking.patience.wait(seconds):
                    break
                merge = merges.get(number)
            if not running(merge):
                self._asking.note(
                    f"auto-merge of !{number} was not set: it has no pipeline under way, and GitLab would merge it at once"
                )
                return
            # Both names: an old GitLab would take no notice of the new one, and merge at once.
            later = {"auto_merge": True, "merge_when_pipeline_succeeds": True, "sha": merge.sha}
            self._client.http_put(f"{merges.path}/{number}/merge", post_data=later)

        self._asking.wish(f"auto-merge of !{number} was not set", wait_and_merge)

    # The library.

    def _remember(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """Its exceptions lack the headers."""
        self._headers = {name.lower(): value for name, value in response.headers.items()}

    def _read(self, error: Exception) -> Refusal | None:
        """What GitLab said, of the exception that python-gitlab made of it."""
        if isinstance(error, gitlab.exceptions.GitlabError):
            return Refusal(error.response_code or NOT_UNDERSTOOD, words_of(error.error_message), self._headers)
        if isinstance(error, requests.RequestException | OSError):
            return Refusal(LOST, type(error).__name__)
        return None


FORGE = GitLab
