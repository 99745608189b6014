"""The parts of campaigns that hold for any input: seals, groups, owners, marks, and words that forges would act on."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stomper.campaigns import escaping, pr_metadata, seals
from stomper.campaigns.codeowners import Owners
from stomper.campaigns.cost_trailer import Spent
from stomper.campaigns.grouping import Grouping, slug
from stomper.campaigns.pr_metadata import Mark
from stomper.config.pull_requests import PullRequestSettings
from stomper.landing.pull_requests import body
from stomper.landing.pull_requests.body import Facts
from stomper.models import CheckerRun, Diagnostic, Outcome, Patch, Status
from tests.support.repositories import git

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)
PATHS = st.lists(st.text(string.ascii_letters + " .-_é", min_size=1, max_size=8), min_size=1, max_size=4).map("/".join)


@given(
    st.tuples(st.text("ab01", max_size=4), st.text("ab01", max_size=4), st.binary(max_size=20), st.binary(max_size=40)),
    st.tuples(st.text("ab01", max_size=4), st.text("ab01", max_size=4), st.binary(max_size=20), st.binary(max_size=40)),
)
def test_a_seal_is_of_one_commit(one: tuple[str, str, bytes, bytes], other: tuple[str, str, bytes, bytes]) -> None:
    """Two commits have one seal only when tree, parent's tree, author and message are the same."""
    assert (seals.seal(*one) == seals.seal(*other)) == (one == other)


@given(NAMES, NAMES)
def test_branches_of_groups(one: str, other: str) -> None:
    """Groups with different names have different branches, which git takes and which belong to the campaign."""
    grouping = Grouping(PullRequestSettings())
    assert (slug(one) == slug(other)) == (one == other)
    assert grouping.owns(f"{grouping.prefix}.{slug(one)}")
    assert not Grouping(PullRequestSettings(campaign="fixes-2")).owns(f"{grouping.prefix}.{slug(one)}")


@settings(max_examples=15, deadline=None)
@given(name=NAMES)
def test_git_takes_the_branch_names(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a folder, code or owner is called."""
    git(tmp_path_factory.getbasetemp(), "check-ref-format", f"refs/heads/stomper/fixes.{slug(name)}")


@given(st.sets(PATHS), st.sampled_from(["all", "code", "folder", "codeowners"]), st.data())
def test_grouping_is_a_partition(paths: set[str], way: str, data: st.DataObject) -> None:
    """Each file is in one group, the same each time, whatever the others are and in whatever order its errors come."""
    grouping = Grouping(
        PullRequestSettings.model_validate({"group_by": way}), Owners.parse("* @a\n*.py @b @c\n/x/ @d\n")
    )
    for path in paths:
        errors = [
            Diagnostic(tool="t", code=code, message="", path=path)
            for code in data.draw(st.lists(st.sampled_from("ABC"), min_size=1, max_size=5))
        ]
        assert grouping.group(path, errors) == grouping.group(path, errors[::-1])


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("a.txt", ("@all",)),
        ("a.py", ("@py",)),
        ("docs/a.md", ("@docs",)),
        ("docs/deep/a.md", ("@all",)),
        ("deep/build/x", ("@build",)),
        ("free.go", ()),
        ("with space.c", ("@s",)),
    ],
)
def test_the_last_pattern_that_matches_decides(path: str, owners: tuple[str, ...]) -> None:
    """As at GitHub: a pattern without owners frees its files, `docs/*` is not deep, words behind # are a comment."""
    text = "# x\n* @all # all\n*.py @py\ndocs/* @docs\nbuild/ @build\n*.go\nwith\\ space.c @s\n!a.txt @no\n"
    assert Owners.parse(text).of(path) == owners


def test_sections() -> None:
    """As at GitLab: each section decides for itself, and has owners for the lines that name none."""
    text = "* @all\n[Docs][2] @writers\n*.md\n^[Data] @d\n*.csv @e\n"
    assert Owners.parse(text).of("a.md") == ("@all", "@writers")
    assert Owners.parse(text).of("a.csv") == ("@all", "@e")


@given(NAMES)
def test_strangers_words_are_quiet(words: str) -> None:
    """In titles no name or number is left to act on, in code spans nothing ends the span, the line or the cell."""
    said = escaping.line(words)
    assert "\n" not in said
    assert not any(said[at : at + 1] in "@#" and said[at + 1 : at + 2].isalnum() for at in range(len(said)))
    shown = escaping.code(words)[1:-1]
    assert "`" not in shown
    assert "\n" not in shown
    assert all(part.endswith("\\") for part in shown.split("|")[:-1])


@given(st.lists(st.text("0123456789abcdef", min_size=10, max_size=10), max_size=20), st.booleans())
def test_marks_are_read_back(fixes: list[str], closed: bool) -> None:
    """Also out of a body that somebody wrote into, with other ends of lines."""
    mark = Mark(tuple(fixes), ("x",), closed)
    assert pr_metadata.read(f"text\r\n{mark.written}\r\nmore") == mark
    assert pr_metadata.read(pr_metadata.written_into(f"a\n{Mark().written}\n", mark)) == mark
    assert pr_metadata.read("<!-- stomper {broken} -->") == Mark()


@given(st.builds(Spent, *[st.integers(0, 10**9)] * 3))
def test_costs_are_read_back(spent: Spent) -> None:
    """What a commit remembers is what was paid."""
    assert Spent.read(spent.written) == spent


def test_the_body_is_bounded() -> None:
    """However many files, codes and reasons: it fits, and ends with its mark."""
    patch = Patch(base="b", changes=(), diff=b"")
    outcomes = tuple(
        Outcome(
            path=f"{'d' * 180}/{n}.py", status=Status.FIXED, patch=patch, agent="a" * 300,
            fixed=tuple(Diagnostic(tool="t", code=f"{'C' * 300}{n}{k}", message="", path="p") for k in range(3)),
        )
        for n in range(2000)
    )  # fmt: skip
    checkers = (CheckerRun(name="ruff", version="1"),)
    facts = Facts(
        "",
        outcomes,
        ("c" * 40,) * 2000,
        checkers,
        "x" * 9000,
        "y",
        Spent(),
        ("z" * 500,) * 900,
        Mark(("f" * 10,) * 2000),
    )
    said = body.text(facts)
    assert len(said) <= body.LONGEST
    assert pr_metadata.read(said).fixes == ("f" * 10,) * 1500


def test_a_repository_without_owners(tmp_path: Path) -> None:
    """Nobody owns anything where there is no such file."""
    assert Owners().of(str(tmp_path)) == ()
