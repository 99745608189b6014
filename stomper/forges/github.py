"""Pull requests at GitHub, by PyGithub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import github
import requests
from github.PullRequest import PullRequest as Pull
from github.Repository import Repository

from stomper.forges import ci_tokens
from stomper.forges.base import PullRequest, RequestState, Wanted
from stomper.forges.hosts import Place
from stomper.forges.retries import LOST, Asking, Patience, Refusal, plain

_TIMEOUT_S = 30
_PAGE = 100
_MOST_FILES = 3000  # GitHub lists no more of one pull request
_ACTIONS = " (for GITHUB_TOKEN also the setting «Allow GitHub Actions to create and approve pull requests»)"


class GitHub:
    """The pull requests of one repository at GitHub."""

    def __init__(self, place: Place, token: str, patience: Patience) -> None:
        self._path = place.path
        self._client = github.Github(
            auth=github.Auth.Token(token),
            base_url=place.api,
            timeout=_TIMEOUT_S,
            per_page=_PAGE,
            retry=None,  # `Asking` does it, and knows how long
            seconds_between_requests=None,
            seconds_between_writes=None,
        )
        self._asking = Asking("GitHub", f"{place.api} {place.path}", place.rights + _ACTIONS, read, token, patience)
        self.notes = self._asking.notes
        self._own_token = ci_tokens.is_of_actions(token)

    @cached_property
    def _repository(self) -> Repository:
        return self._asking.ask("read the repository", lambda: self._client.get_repo(self._path))

    def open_requests(self) -> Sequence[PullRequest]:
        """All that are open, the oldest first."""
        repository = self._repository
        return self._asking.ask(
            "list the open pull requests",
            lambda: [self._told(p) for p in repository.get_pulls(state="open", sort="created", direction="asc")],
        )

    def latest_of(self, branch: str) -> PullRequest | None:
        """The newest, in any state, from *branch* of this very repository."""
        return self._asking.ask(f"look for a pull request from {branch}", lambda: self._newest(branch, "all"))

    def files_of(self, number: int) -> frozenset[str]:
        """The paths that a pull request touches. What GitHub does not list, beyond 3,000 files, is said in a note."""

        def read_files() -> tuple[frozenset[str], int, int]:
            pull = self._repository.get_pull(number)
            files = list(pull.get_files())
            paths = {path for file in files for path in (file.filename, file.previous_filename) if path}
            return frozenset(paths), len(files), pull.changed_files

        paths, listed, changed = self._asking.ask(f"list the files of #{number}", read_files)
        if listed < changed:
            self._asking.note(
                f"#{number} changes {changed} files, and GitHub lists {listed} of them (at most {_MOST_FILES})"
            )
        return paths

    def create(self, wanted: Wanted) -> PullRequest:
        """Open one. Where one from that branch is open already, that one is updated and returned."""

        def look_and_open(draft: bool) -> Pull | PullRequest:
            # Looked for at each try: what a lost answer was about may have been done.
            return self._newest(wanted.branch, "open") or self._repository.create_pull(
                wanted.base, wanted.branch, title=wanted.title, body=wanted.body, draft=draft
            )

        what = f"open a pull request from {wanted.branch}"
        _ = self._repository
        try:
            made = self._asking.attempt(lambda: look_and_open(bool(wanted.draft)))
        except Refusal as refusal:
            refused = refusal
        else:
            return self._finished(made, wanted)
        if refused.status == 422 and "already exists" in refused.words.lower():
            found = self._asking.ask(what, lambda: self._newest(wanted.branch, "open"))
            if found:
                return self.update(found.number, replace(wanted, draft=None))
        if wanted.draft and refused.status == 422 and "draft" in refused.words.lower():
            self._asking.note(
                f"the pull request is no draft, since this repository has none: {self._asking.said(refused)}"
            )
            return self._finished(self._asking.ask(what, lambda: look_and_open(False)), wanted, draft=False)
        raise self._asking.error(what, refused)

    def _finished(self, made: Pull | PullRequest, wanted: Wanted, *, draft: bool | None = None) -> PullRequest:
        """What `create` returns: one that was found instead is updated, a new one gets the rest."""
        if isinstance(made, PullRequest):
            return self.update(made.number, replace(wanted, draft=None))
        self._extras(made, wanted, wanted.draft if draft is None else draft)
        return self._told(made)

    def update(self, number: int, wanted: Wanted) -> PullRequest:
        """Make title, body and the rest as wanted; what is so already is not written again."""

        def write() -> Pull:
            pull = self._repository.get_pull(number)
            same = github.GithubObject.NotSet
            title, body, base = (
                same if plain(old) == plain(new) else new
                for old, new in ((pull.title, wanted.title), (pull.body, wanted.body), (pull.base.ref, wanted.base))
            )
            if any(new is not same for new in (title, body, base)):
                pull.edit(title=title, body=body, base=base)
            return pull

        pull = self._asking.ask(f"update #{number}", write)
        self._extras(pull, wanted, wanted.draft)
        return self._told(pull)

    def close(self, number: int, why: str) -> None:
        """Close it, with *why* as a comment. No error when it is closed already."""

        def comment_and_close() -> None:
            pull = self._repository.get_pull(number)
            if pull.state == "closed":
                return
            # A try before this one may have got as far as the comment.
            if why and all(plain(c.body) != plain(why) for c in pull.get_issue_comments()):
                pull.create_issue_comment(why)
            pull.edit(state="closed")

        self._asking.ask(f"close #{number}", comment_and_close)

    def _newest(self, branch: str, state: str) -> PullRequest | None:
        head = f"{self._repository.owner.login}:{branch}"
        pulls = self._repository.get_pulls(state=state, head=head, sort="created", direction="desc")
        told = (self._told(pull) for pull in pulls)
        return next((one for one in told if one.own and one.branch == branch), None)

    def _told(self, pull: Pull) -> PullRequest:
        home = pull.head.repo  # None when the fork is gone
        state = RequestState.MERGED if pull.merged_at else RequestState(pull.state)
        return PullRequest(
            number=pull.number,
            url=pull.html_url,
            state=state,
            branch=pull.head.ref,
            base=pull.base.ref,
            head=pull.head.sha,
            title=pull.title,
            body=pull.body or "",
            draft=bool(pull.draft),
            own=home is not None and home.full_name.lower() == self._repository.full_name.lower(),
        )

    # What is wanted beside it. None of these is an error.

    def _extras(self, pull: Pull, wanted: Wanted, draft: bool | None) -> None:
        if self._own_token or (pull.user and pull.user.login == ci_tokens.GITHUB_BOT):
            self._asking.note(ci_tokens.GITHUB)
        if pull.state != "open":
            return
        there = {label.name.lower() for label in pull.labels}
        if labels := [name for name in wanted.labels if name.lower() not in there]:
            self._asking.wish(f"the labels {', '.join(labels)} were not set", lambda: pull.add_to_labels(*labels))
        self._ask_reviewers(pull, wanted.reviewers)
        draft = bool(pull.draft) if draft is None else draft
        if bool(pull.draft) != draft:
            switch = pull.convert_to_draft if draft else pull.mark_ready_for_review
            self._asking.wish(f"#{pull.number} was not {'made a draft' if draft else 'marked as ready'}", switch)
        if wanted.auto_merge and not draft and not pull.raw_data.get("auto_merge"):
            method = self._merge_method()
            self._asking.wish(
                f"auto-merge of #{pull.number} was not set", lambda: pull.enable_automerge(merge_method=method)
            )

    def _ask_reviewers(self, pull: Pull, reviewers: Sequence[str]) -> None:
        if not reviewers:
            return
        author = pull.user.login if pull.user else ""
        asked = {author.lower(), *(u.login.lower() for u in pull.requested_reviewers)}
        teams = {team.slug.lower() for team in pull.requested_teams}
        fresh = [r for r in reviewers if (_team(r) not in teams if "/" in r else r.lower() not in asked)]
        if not fresh:
            return
        # Who has given a review is not on the list any more; asking again each night would be a nuisance.
        done: set[str] = set()
        self._asking.wish(
            f"the reviews of #{pull.number} were not read",
            lambda: done.update(review.user.login.lower() for review in pull.get_reviews() if review.user),
        )
        fresh = [r for r in fresh if r.lower() not in done]
        if fresh and (refusal := self._asking.refused(lambda: _request(pull, fresh))):
            for one in fresh if len(fresh) > 1 and refusal.status == 422 else ():  # one unknown name refuses them all
                self._asking.wish(f"the reviewer {one} was not asked", lambda one=one: _request(pull, [one]))  # type: ignore[misc]
            if len(fresh) == 1 or refusal.status != 422:
                self._asking.note(f"the reviewers {', '.join(fresh)} were not asked: {self._asking.said(refusal)}")

    def _merge_method(self) -> str:
        """One that the repository allows: best one that keeps the commits, each of which is one fix."""
        allowed = self._repository.raw_data
        order = {"MERGE": "allow_merge_commit", "REBASE": "allow_rebase_merge", "SQUASH": "allow_squash_merge"}
        return next((method for method, key in order.items() if allowed.get(key, method == "MERGE")), "MERGE")


def read(error: Exception) -> Refusal | None:
    """What GitHub said, of the exception that PyGithub made of it."""
    if isinstance(error, github.GithubException):
        headers = {str(name).lower(): str(value) for name, value in (error.headers or {}).items()}
        return Refusal(error.status, _words(error.data) or error.message or "", headers)
    if isinstance(error, requests.RequestException | OSError):
        return Refusal(LOST, type(error).__name__)
    return None


def _words(data: object) -> str:
    """GitHub's message with what it says of each field."""
    if not isinstance(data, dict):
        return data[:200] if isinstance(data, str) else ""
    errors = data.get("errors")
    of_fields = [
        e.get("message") or f"{e.get('field')}: {e.get('code')}" if isinstance(e, dict) else str(e)
        for e in errors or ()
    ]
    return "; ".join(str(word) for word in (data.get("message"), *of_fields) if word)


def _request(pull: Pull, reviewers: Sequence[str]) -> None:
    users = [name for name in reviewers if "/" not in name]
    teams = [_team(name) for name in reviewers if "/" in name]
    pull.create_review_request(
        reviewers=users or github.GithubObject.NotSet, team_reviewers=teams or github.GithubObject.NotSet
    )


def _team(name: str) -> str:
    return name.rpartition("/")[2].lower()


FORGE = GitHub
